"""The states for single objects with real Salt loaders, on a CIB file that stands for a cluster."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

CIB = """<cib admin_epoch="0" epoch="7" num_updates="3" validate-with="pacemaker-3.9"
  crm_feature_set="3.0.14">
  <configuration>
    <crm_config>
      <cluster_property_set id="cib-bootstrap-options">
        <nvpair id="no-fencing" name="stonith-enabled" value="false"/>
      </cluster_property_set>
    </crm_config>
    <nodes>
      <node id="1" uname="node1"/>
      <node id="2" uname="node2"/>
      <node id="3" uname="node3"/>
    </nodes>
    <resources>
      <primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/>
      <primitive id="b" class="ocf" provider="pacemaker" type="Dummy"/>
      <primitive id="c" class="ocf" provider="pacemaker" type="Dummy"/>
      <primitive id="moved" class="ocf" provider="pacemaker" type="Dummy"/>
      <primitive id="fence1" class="stonith" type="fence_ipmilan"/>
      <primitive id="fence2" class="stonith" type="fence_ipmilan"/>
    </resources>
    <constraints>
      <rsc_location id="cli-ban-moved-on-node3" rsc="moved" node="node3" score="-INFINITY"/>
    </constraints>
    <acls>
      <acl_role id="reader"><acl_permission id="may-read" kind="read" xpath="/cib"/></acl_role>
      <acl_role id="writer"><acl_permission id="may-write" kind="write" xpath="/cib"/></acl_role>
    </acls>
  </configuration>
  <status/>
</cib>
"""
# A cluster of three nodes in which everything runs.
RUNNING = Path(__file__).parents[2] / "unit" / "cib" / "three_nodes.xml"
DUMMY = "ocf:pacemaker:Dummy"
BUNDLE = {"options": {"image": "x"}, "network": {"control-port": 9999}}
NIGHT = {"date": {"operation": "date_spec"}, "date_spec": {"hours": "0-5"}}
DAY = {"date": {"operation": "date_spec"}, "date_spec": {"hours": "6-23"}}


class Kind(NamedTuple):
    """``first`` and ``second``: two ways that it can be; ``differs``: what is told of the change.

    ``where``: arguments that both present and absent have; ``id``: in changes, if not ``new``.
    """

    kind: str
    first: dict[str, Any]
    second: dict[str, Any]
    differs: dict[str, str]
    where: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    name: str = "new"
    id: str = ""


KINDS = [
    Kind(
        "resource",
        {
            "agent": DUMMY,
            "options": {"state": "x", "fake": "y"},
            "operations": {"monitor": {"interval": "60s"}},
            "description": "one",
        },
        {
            "agent": DUMMY,
            "options": {"state": "z"},
            "meta": {"priority": 3},
            "operations": {"monitor": {"interval": "1min", "timeout": "5s"}},
            "utilization": {"cpu": 1},
        },
        {
            "option state": "x -> z",
            "option fake": "y -> removed",
            "meta priority": "3",
            "operation monitor 60s": "interval=60s -> interval=60s timeout=5s",
            "utilization cpu": "1",
        },
    ),
    Kind(
        "template",
        {"agent": DUMMY, "options": {"state": "x"}},
        {"agent": "ocf:pacemaker:Stateful"},
        {"agent": f"{DUMMY} -> ocf:pacemaker:Stateful", "option state": "x -> removed"},
    ),
    Kind(
        "group",
        {"members": ["a", "b"], "meta": {"priority": 1}},
        {"members": ["b", "c", "a"]},
        {"members": "a b -> b c a", "meta priority": "1 -> removed"},
    ),
    Kind(
        "clone",
        {"member": "a", "meta": {"interleave": True}},
        {"member": "b", "meta": {"interleave": "yes", "clone-max": 2}},
        {"member": "a -> b", "meta clone-max": "2"},
    ),
    Kind(
        "bundle",
        {"options": {"image": "httpd:1"}},
        {
            "options": {"image": "httpd:2"},
            "network": {"control-port": 9999},
            "ports": [{"port": 80}],
            "storage": [{"source-dir": "/srv", "target-dir": "/www"}],
        },
        {
            "container": "podman image=httpd:1 -> podman image=httpd:2",
            "network": "network control-port=9999 (port-mapping port=80)",
            "storage": "storage (storage-mapping source-dir=/srv target-dir=/www)",
        },
    ),
    Kind(
        "order",
        {"first": "a", "then": "b", "kind": "Optional", "symmetrical": False},
        {"first": "a", "then": "b", "options": {"kind": "Mandatory"}},
        {"kind": "Optional -> Mandatory", "symmetrical": "false -> true"},
    ),
    Kind(
        "colocation",
        {"resource": "a", "with_resource": "b", "score": 100},
        {"resource": "a", "with_resource": "b", "score": "INFINITY"},
        {"score": "100 -> INFINITY"},
    ),
    Kind(
        "location",
        {"resource": "a", "node": "node1", "score": 100},
        {"resource": "a", "node": "node1", "score": 50, "options": {"resource-discovery": "never"}},
        {"score": "100 -> 50", "resource-discovery": "always -> never"},
    ),
    Kind(
        "ticket",
        {"ticket": "site", "resource": "a", "options": {"loss-policy": "stop"}},
        {"ticket": "site", "resource": "a", "options": {"loss-policy": "freeze"}},
        {"loss-policy": "stop -> freeze"},
    ),
    Kind(
        "property",
        {"value": "stop"},
        {"value": "freeze"},
        {"value": "stop -> freeze"},
        name="no-quorum-policy",
    ),
    Kind(
        "resource_default",
        {"value": 100},
        {"value": "INFINITY"},
        {"value": "100 -> INFINITY"},
        name="resource-stickiness",
    ),
    Kind(
        "operation_default", {"value": "20s"}, {"value": 60}, {"value": "20s -> 60"}, name="timeout"
    ),
    Kind(
        "ruled_properties",
        {"rule": NIGHT, "values": {"batch-limit": 1}},
        {"rule": DAY, "values": {"batch-limit": 5}, "score": 2},
        {},
    ),
    Kind(
        "ruled_resource_defaults",
        {"rule": {"resource": {"class": "ocf"}}, "values": {"resource-stickiness": 0}},
        {"rule": {"resource": {"class": "systemd"}}, "values": {"resource-stickiness": 1}},
        {},
    ),
    Kind(
        "ruled_operation_defaults",
        {"rule": {"operation": {"name": "monitor"}}, "values": {"timeout": "60s"}},
        {"rule": {"operation": {"name": "monitor"}}, "values": {"timeout": "90s"}},
        {},
    ),
    Kind(
        "node_attribute",
        {"value": "r1"},
        {"value": "r2"},
        {"attribute rack": "r1 -> r2"},
        where={"node": "node1"},
        name="rack",
        id="node1",
    ),
    Kind(
        "node_utilization",
        {"value": 2048},
        {"value": 4096},
        {"utilization memory": "2048 -> 4096"},
        where={"node": "node2"},
        name="memory",
        id="node2",
    ),
    Kind(
        "stonith",
        {"agent": "fence_apc", "options": {"ip": "x", "passwd": "s3cret"}},
        {"agent": "stonith:fence_apc", "options": {"ip": "y", "passwd": "s3cret2"}},
        {"option ip": "x -> y", "option passwd": "******** -> ********"},
    ),
    Kind(
        "fencing_level",
        {"target": "node1", "index": 1, "devices": ["fence1"]},
        {"target": "node1", "index": 1, "devices": ["fence2", "fence1"]},
        {"devices": "fence1 -> fence2,fence1"},
    ),
    Kind(
        "tag",
        {"members": ["a", "b"]},
        {"members": ["b", "node1"]},
        {"members": "a; b -> b; node1"},
    ),
    Kind(
        "acl_role",
        {"permissions": [{"kind": "read", "xpath": "/cib"}], "description": "one"},
        {"permissions": [{"kind": "deny", "reference": "a"}]},
        {
            "permissions": "acl_permission kind=read xpath=/cib -> "
            "acl_permission kind=deny reference=a"
        },
    ),
    Kind(
        "acl_user",
        {"roles": ["reader"]},
        {"roles": ["writer", "reader"]},
        {"roles": "reader -> writer; reader"},
        name="alice",
    ),
    Kind(
        "acl_group",
        {"roles": ["reader"]},
        {},
        {"roles": "reader -> removed"},
        name="operators",
    ),
    Kind(
        "alert",
        {"path": "/bin/true", "recipients": {"to": {"value": "x"}}},
        {"path": "/bin/false", "select": ["nodes"], "recipients": {"to": {"value": "y"}}},
        {
            "path": "/bin/true -> /bin/false",
            "select": "select (select_nodes)",
            "recipient to": "x -> y",
        },
    ),
]


@pytest.fixture(scope="module")
def minion_config_overrides(machine_root):
    return {
        "id": "node1",
        "hakube": {"root": str(machine_root), "cib_file": str(machine_root / "cib.xml")},
    }


@pytest.fixture
def path(root):
    path = root / "cib.xml"
    path.write_text(CIB)
    return path


@pytest.fixture
def pcs(states, path):
    """The states; what they leave is right in pacemaker's eyes."""
    yield states.hakube_pcs
    done = tool(path, "crm_verify", "--xml-file", path, "-V")
    assert done.returncode == 0, done.stderr


def tool(path, *argv):
    return subprocess.run(
        argv,
        env={**os.environ, "CIB_file": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def objects(modules):
    """What stands in the cluster, as plain data."""
    return {(item["type"], item["id"]): item for item in modules.hakube_pcs.show()}


# -- every kind ------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case.kind)
def test_an_object_comes_changes_in_place_and_goes(pcs, path, modules, case):
    present = getattr(pcs, f"{case.kind}_present")
    absent = getattr(pcs, f"{case.kind}_absent")
    identity = case.id or case.name
    foreign = objects(modules)

    def change(state, **arguments):
        """Tell, do, and find nothing left to do."""
        before = path.read_text()
        told = state(case.name, **case.where, **arguments, test=True)
        assert told.result is None, told.comment
        assert path.read_text() == before
        done = state(case.name, **case.where, **arguments)
        assert done.result is True, done.comment
        assert done.changes == told.changes
        text = path.read_text()
        again = state(case.name, **case.where, **arguments)
        assert (again.result, again.changes) == (True, {}), again.comment
        assert path.read_text() == text
        assert "s3cret" not in repr(told.raw) + repr(done.raw)
        assert tool(path, "crm_verify", "--xml-file", path).returncode == 0
        return done.changes[identity]

    made = change(present, **case.first)
    assert made["action"].startswith("update node" if case.id else "create ")
    after = change(present, **case.second)
    assert after.pop("action").startswith("update ")
    assert after
    assert case.differs.items() <= after.items()
    # An object says everything about itself: nothing but what was told differs.
    assert not case.differs or after.keys() == case.differs.keys()
    gone = change(absent)
    assert gone["action"].startswith(("remove ", "update node"))
    assert objects(modules) == foreign


def test_there_is_a_state_for_each_kind_and_a_case_for_each_state(states):
    found = {name.partition(".")[2] for name in states if name.startswith("hakube_pcs.")}
    single = {name.rpartition("_")[0] for name in found if name.endswith(("_present", "_absent"))}
    assert single == {case.kind for case in KINDS}
    for name in single:
        assert {f"{name}_present", f"{name}_absent"} <= found


# -- what is wrong ---------------------------------------------------------------------------------


WRONG = [
    ("resource", {}, "primitive new: it needs either an agent or a template"),
    ("resource", {"agent": "nonsense"}, "primitive new: 'nonsense' is no resource agent"),
    ("resource", {"agent": DUMMY, "options": "state=x"}, "options: text is wrong; expected a map"),
    ("resource", {"agent": DUMMY, "meta": {"a": [1]}}, "meta:a: a list is wrong"),
    ("resource", {"template": "a"}, "primitive new: its template a is no template"),
    ("resource", {"agent": DUMMY, "meta": {"priority": "x"}}, "primitive new: priority: 'x' is"),
    ("template", {"agent": 3}, "agent: 3 is wrong; expected text"),
    ("group", {"members": ["a", "x"]}, "group new: its member x is not a primitive"),
    ("group", {"members": []}, "members: empty; expected a list of members"),
    ("group", {"members": None}, "members: missing; expected a list of members"),
    ("clone", {"member": "x"}, "clone new: its member x is not in the cluster"),
    ("bundle", {"container": "box"}, "container: 'box' is wrong; expected one of"),
    ("order", {"first": "a"}, "order new: it needs first and then, or sets"),
    ("order", {"first": "a", "then": "x"}, "order new: its then x is no resource"),
    ("order", {"first": "a", "then": "b", "kind": "Never"}, "order new: kind: 'Never' is wrong"),
    ("order", {"first": "a", "then": "b", "kind": ["x"]}, "kind: a list is wrong"),
    (
        "order",
        {"first": "a", "then": "b", "kind": "Optional", "options": {"kind": "Optional"}},
        "kind: it stands in options, too; leave one of them out",
    ),
    ("order", {"first": "a", "then": "b", "options": 3, "kind": "Optional"}, "options: 3 is wrong"),
    (
        "order",
        {"sets": [{"members": ["a", "b"], "option": {}}]},
        "sets:0:option: unknown key; did you mean options?",
    ),
    ("colocation", {"resource": "a", "with_resource": "b", "score": "x"}, "colocation new: score:"),
    ("location", {"resource": "a"}, "location new: it needs a node"),
    ("location", {"resource": "a", "node": "node1"}, "location new: it needs a score for the no"),
    ("location", {"resource": "a", "rules": [{"scor": 1}]}, "rules:0:scor: unknown key; did you"),
    ("ticket", {"ticket": "t"}, "ticket new: it needs resource, or sets"),
    ("property", {"value": []}, "property new: a list is wrong; expected text, a number"),
    ("ruled_properties", {"rule": {}}, "properties by rule new: a rule"),
    ("ruled_resource_defaults", {"rule": 3}, "rule: 3 is wrong"),
    ("node_attribute", {"node": "nod", "value": 1}, "node nod: the cluster has no such node"),
    ("node_attribute", {"node": "node1", "value": {}}, "value: a mapping is wrong"),
    ("node_attribute", {"node": 5, "value": 1}, "node: the name 5 is wrong"),
    ("node_utilization", {"node": "nod", "value": 1}, "node nod: the cluster has no such node"),
    ("stonith", {"agent": "ocf:heartbeat:Dummy"}, "agent: 'ocf:heartbeat:Dummy' is wrong; expec"),
    ("fencing_level", {"index": 0, "devices": ["fence1"]}, "index: 0 is wrong; expected a whole"),
    ("fencing_level", {"index": 1, "devices": ["fence1"]}, "fencing level new: it needs target"),
    (
        "fencing_level",
        {"index": 1, "devices": ["a"], "target": "node1"},
        "fencing level new: its device a is no fence device",
    ),
    ("tag", {"members": ["x"]}, "tag new: its member x is nothing in the cluster"),
    ("acl_role", {"permissions": [{"kind": "read"}]}, "acl role new: each permission needs exac"),
    ("acl_user", {"roles": ["x"]}, "acl user new: its role x is no role"),
    ("acl_group", {"roles": ["x"]}, "acl group new: its role x is no role"),
    ("alert", {"path": 3}, "path: 3 is wrong; expected text"),
    ("alert", {"path": "/x", "select": ["x"]}, "select:0: 'x' is wrong; expected one of"),
]


@pytest.mark.parametrize(
    ("kind", "arguments", "line"),
    WRONG,
    ids=[f"{number}-{kind}" for number, (kind, _arguments, _line) in enumerate(WRONG)],
)
def test_what_is_wrong_is_one_line_in_the_words_of_the_state(pcs, path, kind, arguments, line):
    ret = getattr(pcs, f"{kind}_present")("new", **arguments)
    assert ret.result is False
    assert ret.changes == {}
    assert ret.comment.startswith(line)
    assert "\n" not in ret.comment
    assert path.read_text() == CIB


@pytest.mark.parametrize("kind", [case.kind for case in KINDS if not case.id])
def test_a_name_that_can_be_none_is_one_line(pcs, path, kind):
    for ending, arguments in (("present", first(kind)), ("absent", {})):
        ret = getattr(pcs, f"{kind}_{ending}")("two\x01words", **arguments)
        assert ret.result is False
        assert "\n" not in ret.comment
        assert "objects:" not in ret.comment
        assert "absent:" not in ret.comment
        assert ret.comment.startswith(("name: ", "the name "))
        assert path.read_text() == CIB


def first(kind):
    return next(case.first for case in KINDS if case.kind == kind)


def test_several_errors_are_a_line_each(pcs):
    ret = pcs.order_present("new", first=3, then=["x"])
    assert [line.split(":")[0] for line in ret.comment.splitlines()] == ["first", "then"]


@pytest.mark.parametrize(
    ("before", "state", "line"),
    [
        (
            [("group", "g", {"members": ["b", "c"]}), ("clone", "k", {"member": "g"})],
            "group",
            "the clone k is of it",
        ),
        (
            [("template", "g", {"agent": DUMMY}), ("resource", "r", {"template": "g"})],
            "template",
            "r is made of it",
        ),
        (
            [("bundle", "g", {**BUNDLE, "member": "b"})],
            "bundle",
            "b is in it",
        ),
    ],
    ids=["a group in a clone", "a template in use", "a bundle with something in it"],
)
def test_what_cannot_go_says_why(pcs, path, before, state, line):
    for kind, name, arguments in before:
        assert getattr(pcs, f"{kind}_present")(name, **arguments).result is True
    text = path.read_text()
    ret = getattr(pcs, f"{state}_absent")("g")
    assert ret.result is False
    assert ret.comment.startswith(f"{state} g: ")
    assert line in ret.comment
    assert path.read_text() == text


# -- what stays, and what goes along ---------------------------------------------------------------


def test_what_an_administrator_set_survives_each_state(pcs, path, modules):
    tool(path, "crm_resource", "-r", "moved", "--meta", "-p", "target-role", "-v", "Stopped")
    tool(path, "crm_resource", "-r", "moved", "--meta", "-p", "is-managed", "-v", "false")
    tool(path, "crm_attribute", "-N", "node1", "-n", "standby", "-v", "on")
    assert pcs.resource_present("moved", agent=DUMMY, meta={"priority": 1}).changes
    assert pcs.resource_present("moved", agent=DUMMY).changes == {
        "moved": {"action": "update primitive", "meta priority": "1 -> removed"}
    }
    pcs.location_present("l", resource="moved", node="node3", score=5)
    pcs.node_attribute_present("rack", node="node1", value="r")
    pcs.node_attribute_absent("rack", node="node1")
    pcs.group_present("g", members=["moved"])
    pcs.group_absent("g")
    found = objects(modules)
    assert found["Primitive", "moved"]["meta"] == {"target-role": "Stopped", "is-managed": "false"}
    assert found["NodeValues", "node1"]["attributes"] == {"standby": "on"}
    assert found["Location", "cli-ban-moved-on-node3"]["options"]["score"] == "-INFINITY"


def test_a_constraint_under_another_id_is_changed_where_it_is(pcs, modules):
    pcs.order_present("order-a-b-mandatory", first="a", then="b", kind="Mandatory")
    ret = pcs.order_present("ours", first="a", then="b", kind="Optional")
    assert ret.changes == {
        "order-a-b-mandatory": {"action": "update order", "kind": "Mandatory -> Optional"}
    }
    assert ("Order", "ours") not in objects(modules)


def test_a_masked_password_keeps_the_one_that_is_there(pcs, path):
    agent, options = "fence_apc", {"ip": "x", "passwd": "s3cret"}
    pcs.stonith_present("dev", agent=agent, options=options)
    ret = pcs.stonith_present("dev", agent=agent, options={"ip": "y", "passwd": "********"})
    assert ret.changes == {"dev": {"action": "update primitive", "option ip": "x -> y"}}
    assert 's3cret"' in path.read_text()
    ret = pcs.stonith_present("dev2", agent=agent, options={"passwd": "********"})
    assert ret.result is False
    assert "write the real one" in ret.comment


def test_a_resource_that_goes_takes_along_what_speaks_of_it(pcs, modules):
    pcs.order_present("o", first="moved", then="b")
    pcs.tag_present("t", members=["moved", "b"])
    pcs.group_present("g", members=["moved"])
    ret = pcs.resource_absent("moved")
    assert ret.result is True
    assert {name: told["action"] for name, told in ret.changes.items()} == {
        "moved": "remove primitive",
        "g": "remove group",
        "o": "remove order",
        "cli-ban-moved-on-node3": "remove location",
        "t": "update tag",
    }
    assert ("Primitive", "b") in objects(modules)


def test_a_container_that_goes_leaves_its_members(pcs, modules):
    pcs.group_present("g", members=["a", "b"])
    pcs.clone_present("k", member="g")
    assert pcs.clone_absent("k").result is True
    assert list(objects(modules)["Group", "g"]["members"]) == ["a", "b"]
    assert pcs.group_absent("g").result is True
    assert {("Primitive", "a"), ("Primitive", "b")} <= objects(modules).keys()


def test_an_attribute_goes_without_the_utilization_of_the_same_name(pcs, modules):
    pcs.node_attribute_present("cpu", node="node1", value="fast")
    pcs.node_utilization_present("cpu", node="node1", value=4)
    pcs.node_attribute_absent("cpu", node="node1")
    found = objects(modules)["NodeValues", "node1"]
    assert (found["attributes"], found["utilization"]) == ({}, {"cpu": "4"})
    assert pcs.node_utilization_absent("cpu", node="nod").changes == {}


@pytest.mark.parametrize("kind", ["order", "colocation"])
def test_a_constraint_may_be_of_sets(pcs, kind):
    present = getattr(pcs, f"{kind}_present")
    sets = [{"members": ["a", "b"]}, {"members": ["c"], "options": {"sequential": False}}]
    assert present("s", sets=sets).result is True
    assert present("s", sets=sets).changes == {}


def test_a_location_may_be_by_pattern_and_by_rules(pcs):
    rule = {"score": 5, "expression": {"attribute": "rack", "operation": "eq", "value": "r1"}}
    arguments = {"pattern": "a|b", "rules": [rule]}
    assert pcs.location_present("l", **arguments).result is True
    assert pcs.location_present("l", **arguments).changes == {}


# -- what may be disturbed ------------------------------------------------------------------------

LIMITED = {"hakube": {"objects": {}, "safety": {"max_disruption": 0}}}


@pytest.mark.parametrize("pillar_data", [LIMITED], indirect=True)
def test_more_than_the_pillar_allows_is_refused_unless_this_run_may(pcs, path):
    path.write_text(RUNNING.read_text())
    text = path.read_text()
    for testing in (True, False):
        ret = pcs.property_present("stop-all-resources", value=True, test=testing)
        assert ret.result is False
        assert "hakube:safety:max_disruption is 0" in ret.comment
        assert path.read_text() == text
    ret = pcs.property_present("stop-all-resources", value=True, allow_disruption=True)
    assert ret.result is True
    assert "stop" in ret.comment


# -- Salt's own door -------------------------------------------------------------------------------


@pytest.fixture
def salt_call(tmp_path, path):
    """A function of salt-call with the installed extension."""
    (tmp_path / "minion").write_text(
        yaml.safe_dump(
            {
                "root_dir": str(tmp_path),
                "log_file": str(tmp_path / "log"),
                "hakube": {"root": str(path.parent), "cib_file": str(path)},
            }
        )
    )

    def call(*words):
        done = subprocess.run(
            [
                Path(sys.executable).with_name("salt-call"),
                *("--local", "--config-dir", tmp_path, "--out=yaml", *words),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return yaml.safe_load(done.stdout)["local"]

    return call


def test_salt_call_applies_a_single_state(salt_call, path):
    words = ("state.single", "hakube_pcs.order_present", "o", "first=a", "then=b", "kind=Optional")
    (ret,) = salt_call(*words).values()
    assert ret["result"] is True
    assert ret["changes"]["o"]["action"] == "create order"
    assert 'rsc_order id="o"' in path.read_text()
    (line,) = salt_call("state.single", "hakube_pcs.group_present", "g")
    assert "members" in line


def test_salt_call_documents_all_of_them_together(salt_call):
    found = set(salt_call("sys.state_doc", "hakube_pcs"))
    wanted = {f"hakube_pcs.{case.kind}_{end}" for case in KINDS for end in ("present", "absent")}
    assert wanted | {"hakube_pcs.managed", "hakube_pcs.cluster_formed"} <= found


def test_under_test_what_another_state_may_make_is_no_failure(states, root):
    told = states.hakube_pcs.order_present("o", first="nobody", then="noone", test=True)
    assert told.result is None
    assert told.changes == {}
    assert "Fails unless a state before it makes it" in told.comment
    assert "nobody" in told.comment
    done = states.hakube_pcs.order_present("o", first="nobody", then="noone")
    assert done.result is False
