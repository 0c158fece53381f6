"""The VIP follows the nodes' own words on their haproxy: judged by pacemaker's scheduler.

Each node's haproxy is green (1), red (0) or unknown: nobody says anything (any more: what was
deleted may be left there, empty). three_nodes.xml is the
CIB of three nodes that run the document's topology; ours is planned into it.
"""

import itertools
import re
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from saltext_hakube.core import reflex
from saltext_hakube.core.administration import moves
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.objects import Location
from saltext_hakube.core.cib.prediction import Action, actions
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.core.config import Facts
from saltext_hakube.core.declared import declared, given
from saltext_hakube.host import simulate
from tests.generations.generation import Command

BEFORE = Path(__file__).with_name("three_nodes.xml").read_text()
PILLAR = {
    "cluster": {
        "nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"},
        "password": "any",
    },
    "vip": {"address": "192.0.2.100"},
    "fencing": "none",
}
VIP = "VIP-apiserver"
NODES = tuple(PILLAR["cluster"]["nodes"])
GREEN, RED, UNKNOWN = "1", "0", None
CASES = [(seen, it) for seen in itertools.product((GREEN, RED, UNKNOWN), repeat=3) for it in NODES]


def after(text=BEFORE, **pillar):
    """The CIB that the plan makes of this one."""
    return declared({**PILLAR, **pillar}, Facts(names=("node1",))).plan(text)


def world(text, seen, holder, deleted=()):
    """The same cluster with these words of the three nodes, and the VIP there.

    ``deleted``: nodes that said something before, if they say nothing now.
    """
    root = ET.fromstring(text)
    states = {name: root.find(f"status/node_state[@uname='{name}']") for name in NODES}
    for (name, state), word in zip(states.items(), seen, strict=True):
        value = "" if word is UNKNOWN and name in deleted else word
        if value is not None:
            pairs = state.find("transient_attributes/instance_attributes")
            pair = {"id": f"{pairs.get('id')}-seen", "name": reflex.HAPROXY, "value": value}
            ET.SubElement(pairs, "nvpair", pair)
    histories = {name: state.find("lrm/lrm_resources") for name, state in states.items()}
    owned = {name: it.find(f"lrm_resource[@id='{VIP}']") for name, it in histories.items()}
    if holder != "node1":  # which has it in the file
        for mine, others in (("node1", holder), (holder, "node1")):
            histories[mine].remove(owned[mine])
            histories[mine].append(owned[others])
            for done in owned[others]:
                done.set("on_node", mine)
    return ET.tostring(root, encoding="unicode")


def expected(seen, holder):
    """Where the VIP may be then: a red holder goes to a green node, else to an unknown one."""
    words = dict(zip(NODES, seen, strict=True))
    if words[holder] is not RED:
        return {holder}
    better = [name for name in NODES if words[name] is GREEN]
    better = better or [name for name in NODES if words[name] is UNKNOWN]
    return set(better or [holder])


def wrong(seen, holder, found):
    """None where nothing happens but the expected move, if one is."""
    places = expected(seen, holder)
    good = [[]] if holder in places else [[Action("move", VIP, (holder, it))] for it in places]
    return None if list(found) in good else (seen, holder, found)


@pytest.mark.parametrize("deleted", [(), NODES], ids=["never there", "deleted"])
def test_every_combination_of_three_nodes_with_every_holder(deleted):
    text = after().after

    def judged(case):
        graph = simulate._graph(world(text, *case, deleted), 60)
        return wrong(*case, actions(graph, {VIP: {case[1]}}))

    with ThreadPoolExecutor(4) as pool:
        assert [it for it in pool.map(judged, CASES) if it] == []
    assert len(CASES) == 81


def test_three_generations_of_the_scheduler_judge_every_combination_alike(tools, tmp_path):
    # In the newest schema that they know: to come from an older one costs them more than the rest.
    schema = re.search("validate-with=(\\S+)", tools.run(["cibadmin", "--empty"]).out)[0]
    text = re.sub("validate-with=(\\S+)", schema, after().after, count=1)
    commands = []
    for number, case in enumerate(CASES):
        # Both kinds of unknown: by symmetry each meets each.
        (tmp_path / f"{number}.xml").write_text(world(text, *case, deleted=["node2"]))
        argv = ["crm_simulate", "--run", "--quiet", "--xml-file", tmp_path / f"{number}.xml"]
        argv += ["--save-graph", tmp_path / f"{number}.graph"]
        commands.append(Command(argv, env={"CIB_shadow_dir": str(tmp_path)}))
    for number, (case, done) in enumerate(zip(CASES, tools.run_all(commands), strict=True)):
        assert done.code == 0, done.err
        graph = (tmp_path / f"{number}.graph").read_text()
        assert wrong(*case, actions(graph, {VIP: {case[1]}})) is None


def test_without_a_stickiness_of_their_own_others_would_move_with_the_vip():
    resources = {"controller_group_meta": {"resource-stickiness": None}}
    case = (RED, GREEN, RED), "node1"
    graph = simulate._graph(world(after(resources=resources).after, *case), 60)
    moved = {action.resource for action in actions(graph, {})}
    assert moved == {VIP, "scheduler", "controller"}


def test_a_move_that_stands_holds_the_vip_on_a_red_node_so_the_healing_takes_its_own_back():
    """host.remedy.move; taken back, the VIP stays where it is and follows the haproxies again."""
    text = after().after
    made = Cib.parse(text)
    end = datetime.now(timezone.utc) + timedelta(minutes=10)
    assert list(moves.move(made, VIP, "node2", end))
    moved = made.text()
    red, green = ((GREEN, RED, GREEN), "node2"), ((GREEN, GREEN, GREEN), "node2")

    def judged(text, case):
        return actions(simulate._graph(world(text, *case), 60), {VIP: {case[1]}})

    assert list(judged(moved, red)) == []
    assert wrong(*red, judged(text, red)) is None
    assert list(judged(text, green)) == []


# -- a move waits for nothing ----------------------------------------------------------------------


def haproxy_failed(text, *names):
    """The same when a monitor has just found haproxy dead on these nodes."""
    root = ET.fromstring(text)
    for name in names:
        state = root.find(f"status/node_state[@uname='{name}']")
        history = state.find(".//lrm_resource[@id='haproxy']")
        done = history.find("lrm_rsc_op[@operation='monitor']")
        magic = done.get("transition-magic").partition(";")[2]
        failure = {
            "id": "haproxy_last_failure_0",
            "call-id": str(int(done.get("call-id")) + 1),
            "rc-code": "7",
            "transition-magic": f"0:7;{magic}",
            "last-rc-change": str(int(time.time())),
        }
        ET.SubElement(history, "lrm_rsc_op", {**done.attrib, **failure})
    return ET.tostring(root, encoding="unicode")


def on_standby(text, name):
    root = ET.fromstring(text)
    node = root.find(f"configuration/nodes/node[@uname='{name}']")
    pairs = ET.SubElement(node, "instance_attributes", id=f"{name}-standby")
    ET.SubElement(pairs, "nvpair", id=f"{name}-standby-on", name="standby", value="on")
    return ET.tostring(root, encoding="unicode")


def waits(text):
    """Each operation of the transition, and all that has to be done before it."""
    found = ET.fromstring(simulate._graph(text, 60))
    names, direct = {}, {}
    for synapse in found.iter("synapse"):
        for element in synapse.find("action_set"):
            names[element.get("id")] = (element.get("operation_key"), element.get("on_node"))
            direct[element.get("id")] = {
                it.get("id") for it in synapse.findall("inputs/trigger/*") if it.get("id")
            }

    def before(one):
        return direct[one].union(*(before(it) for it in direct[one]))

    return {names[it]: {names[other] for other in before(it)} for it in names}


MOVED = {(f"{VIP}_stop_0", "node1"), (f"{VIP}_start_0", "node2"), (f"{VIP}_start_0", "node3")}


@pytest.mark.parametrize("failed", [("node1",), NODES])
def test_a_red_holders_vip_waits_for_no_haproxy_that_is_being_recovered(failed):
    text = haproxy_failed(world(after().after, (RED, GREEN, GREEN), "node1"), *failed)
    found = waits(text)
    assert {("haproxy_stop_0", name) for name in failed} <= found.keys()
    (start,) = MOVED & found.keys() - {(f"{VIP}_stop_0", "node1")}
    assert found[f"{VIP}_stop_0", "node1"] == set()
    assert found[start] == {(f"{VIP}_stop_0", "node1")}


def test_a_planned_standby_stops_the_vip_at_once():
    text = on_standby(world(after().after, (GREEN, GREEN, GREEN), "node1"), "node1")
    found = waits(text)
    assert {("haproxy_stop_0", "node1"), ("apiserver_stop_0", "node1")} <= found.keys()
    (start,) = MOVED & found.keys() - {(f"{VIP}_stop_0", "node1")}
    assert found[f"{VIP}_stop_0", "node1"] == set()
    assert found[start] == {(f"{VIP}_stop_0", "node1")}


def test_lost_quorum_stops_the_vip_at_once():
    text = world(after().after, (GREEN, GREEN, GREEN), "node1")
    found = waits(re.sub('have-quorum="1"', 'have-quorum="0"', text))
    assert ("haproxy_stop_0", "node1") in found
    assert found[f"{VIP}_stop_0", "node1"] == set()


def test_with_the_documents_orders_it_would_wait():
    text = after(resources={"orders": {"symmetrical": True}}).after
    text = on_standby(world(text, (GREEN, GREEN, GREEN), "node1"), "node1")
    assert ("haproxy_stop_0", "node1") in waits(text)[f"{VIP}_stop_0", "node1"]


# -- in the cluster's configuration ----------------------------------------------------------------


OURS = {f"location-{VIP}-haproxy-green", f"location-{VIP}-haproxy-unknown"}
OFF = [{"reflex": {"steer": False}}, {"watch": {"enabled": False}}]
BY_HAND = (
    '<rsc_location id="by-hand" rsc="VIP-apiserver"><rule id="by-hand-rule" score="5">'
    '<expression id="by-hand-expr" attribute="rack" operation="eq" value="a"/>'
    "</rule></rsc_location></constraints>"
)


def locations(text):
    return {item.id for item in objects(text) if isinstance(item, Location)}


def meta(text, name=VIP):
    return next(item.meta for item in objects(text) if item.id == name)


def test_a_second_plan_changes_nothing():
    assert locations(after().after) == OURS
    assert after(after().after).told() == {}


def test_the_schemas_of_three_generations_take_it(tools, tmp_path):
    empty = tools.run(["cibadmin", "--empty"])
    assert empty.code == 0, empty.err
    for number, text in enumerate((empty.out, BEFORE)):
        path = tmp_path / f"{number}.xml"
        path.write_text(after(text).after)
        done = tools.run(["crm_verify", "--xml-file", path, "-V"])
        assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize("off", OFF, ids=["not steered", "without the daemon"])
def test_where_it_is_turned_off_our_constraints_go_and_the_stickiness_and_nothing_else(off):
    text = after().after.replace("</constraints>", BY_HAND)
    found = after(text, **off)
    assert found.told() == {
        **{name: {"action": "remove location"} for name in OURS},
        VIP: {"action": "update primitive", "meta resource-stickiness": "500 -> removed"},
    }
    assert locations(found.after) == {"by-hand"}
    assert after(found.after, **off).told() == {}


@pytest.mark.parametrize("off", OFF, ids=["not steered", "without the daemon"])
def test_where_it_was_never_on_nothing_is_removed(off):
    told = after(**off).told()
    assert not [change for change in told.values() if change["action"].startswith("remove")]
    assert locations(after(**off).after) == set()


def test_turned_off_a_constraint_of_the_pillars_own_may_have_the_name_of_ours():
    name = f"location-{VIP}-haproxy-green"
    own = {name: {"resource": VIP, "node": "node1", "options": {"score": 5}}}
    found = after(reflex={"steer": False}, objects={"locations": own})
    assert locations(found.after) == {name}


def test_what_is_declared_in_arguments_does_not_touch_ours():
    facts = Facts(names=("node1",))
    pillar = {**PILLAR, "reflex": {"steer": False}}
    found = given({"properties": {"a": "b"}}, None, None, pillar, facts).plan(after().after)
    assert locations(found.after) == OURS


def test_the_pillars_meta_attributes_go_over_ours_and_an_empty_one_takes_ours_away():
    own = {"resource-stickiness": 400, "failure-timeout": None, "priority": 1}
    found = after(resources={"vip": {"meta": own}})
    assert meta(found.after) == {
        "resource-stickiness": "400",
        "migration-threshold": "3",
        "priority": "1",
    }
