"""No failure bans a resource for good, but a failed stop stays: judged by pacemaker's scheduler."""

import time
import xml.etree.ElementTree as ET

import pytest

from saltext_hakube.core.cib.objects import Primitive
from saltext_hakube.core.cib.prediction import Action, actions
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.host import simulate

from .test_steering import VIP, after

NOW, LONG_AGO = 1, 3600  # seconds
BARE = {"meta": {"failure-timeout": None, "migration-threshold": None}}


def failed(text, name, node, operation, ago):
    """The same when this operation of a resource failed there that long ago."""
    root, when = ET.fromstring(text), str(int(time.time()) - ago)
    state = root.find(f"status/node_state[@uname='{node}']")
    history = state.find(f".//lrm_resource[@id='{name}']")
    last = history.find("lrm_rsc_op[@operation='start']")
    history.remove(history.find("lrm_rsc_op[@operation='monitor']"))
    key = last.get("transition-magic").partition(";")[2]
    failure = {
        "operation": operation,
        "operation_key": f"{name}_{operation}_0",
        "rc-code": "1",
        "transition-magic": f"0:1;{key}",
        "last-rc-change": when,
    }
    last.attrib.update(failure)
    ET.SubElement(history, "lrm_rsc_op", {**last.attrib, "id": f"{name}_last_failure_0"})
    pairs = state.find("transient_attributes/instance_attributes")
    for word, value in (("fail-count", "INFINITY"), ("last-failure", when)):
        attribute = f"{word}-{name}#{operation}_0"
        pair = {"id": attribute.replace("#", "."), "name": attribute, "value": value}
        ET.SubElement(pairs, "nvpair", pair)
    return ET.tostring(root, encoding="unicode")


def done(name, node, operation, ago, text):
    """What the cluster does with that resource then."""
    graph = simulate._graph(failed(text, name, node, operation, ago), 60)
    return [it for it in actions(graph, {}) if it.resource == name]


def test_a_failed_start_is_tried_again_when_it_is_forgotten():
    start = [Action("start", "haproxy", ("node2",))]
    assert done("haproxy", "node2", "start", LONG_AGO, after().after) == start
    assert start[0] not in done("haproxy", "node2", "start", NOW, after().after)


def test_by_pacemakers_own_defaults_it_never_is():
    text = after(resources={"haproxy": BARE}).after
    start = Action("start", "haproxy", ("node2",))
    assert start not in done("haproxy", "node2", "start", LONG_AGO, text)


@pytest.mark.parametrize("ago", [NOW, LONG_AGO])
@pytest.mark.parametrize(
    ("name", "node"), [(VIP, "node1"), ("scheduler", "node2"), ("controller", "node2")]
)
def test_a_failed_stop_of_what_runs_once_is_not_forgotten(name, node, ago):
    assert done(name, node, "stop", ago, after().after) == []


def test_that_is_for_the_block_that_is_written_and_pacemakers_default_would_forget_it():
    text = after().after.replace(' on-fail="block"', "")
    assert done(VIP, "node1", "stop", LONG_AGO, text) == [Action("start", VIP, ("node1",))]


def test_three_generations_do_not_forget_it(tools, tmp_path):
    (tmp_path / "cib.xml").write_text(failed(after().after, VIP, "node1", "stop", LONG_AGO))
    argv = ["crm_simulate", "--run", "--quiet", "--xml-file", tmp_path / "cib.xml"]
    argv += ["--save-graph", tmp_path / "graph.xml"]
    done = tools.run(argv, env={"CIB_shadow_dir": str(tmp_path)})
    assert done.code == 0, done.err
    assert actions((tmp_path / "graph.xml").read_text(), {}) == ()


def stops(found):
    """What becomes of a failed stop, by what it is of."""
    return {
        item.id: {it.name: it for it in item.operations}["stop"].attributes.get("on-fail")
        for item in objects(found.after)
        if isinstance(item, Primitive) and not item.agent.startswith("stonith:")
    }


def test_with_fencing_a_node_is_fenced_and_nothing_is_blocked():
    device = {"agent": "fence_ipmilan", "options": {"ip": "192.0.2.201"}}
    assert set(stops(after(fencing={"fence": device})).values()) == {None}
    watchdog = {"stonith-enabled": True, "stonith-watchdog-timeout": 10}
    assert set(stops(after(properties=watchdog)).values()) == {None}


def test_what_the_pillar_says_of_a_failed_stop_counts():
    own = {"vip": {"operations": {"stop": {"on-fail": "ignore"}}}, "scheduler": BARE}
    assert stops(after(resources=own)) == {
        VIP: "ignore",
        **{"haproxy": None, "apiserver": None, "scheduler": None},
        "controller": "block",
    }
