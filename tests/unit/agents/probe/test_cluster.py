"""What crm_mon's XML says, and what of it is wrong."""

from pathlib import Path

import pytest

from saltext_hakube.agents.probe import cluster, judge, pacemaker
from saltext_hakube.agents.probe.cluster import Cluster, Failure, Node, read
from saltext_hakube.agents.probe.look import DOWN, UNKNOWN, UP
from saltext_hakube.agents.probe.pacemaker import MENDS, Failing

RECORDED = sorted((Path(__file__).parents[2] / "cluster/crm_mon").glob("*.xml"))
NODE = Node(online=True)
WELL = Cluster(
    quorate=True,
    nodes={"node1": NODE, "node2": NODE, "node3": NODE},
    running={
        "VIP": frozenset({"node1"}),
        "haproxy": frozenset({"node1", "node2", "node3"}),
        "scheduler": frozenset({"node2"}),
    },
    cloned=frozenset({"haproxy"}),
)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_all_generations_of_pacemaker_are_read_alike(path):
    found = read(path.read_text())
    assert found.problem == ""
    assert found.quorate is True
    assert all(node.online for node in found.nodes.values())
    assert [name for name, node in found.nodes.items() if node.standby] == ["node3"]
    assert found.running["first"] == {"node1"}
    assert found.running["everywhere"] == {"node1", "node2"}
    assert found.cloned == {"everywhere"}
    assert not found.blocked | found.banned | found.failed
    assert [it.resource for it in found.failures] == ["single"]
    assert found.failures[0].why.endswith(", Simulated failure")
    looks = Failing().looks(found, 0)
    assert {name: look.value for name, look in looks.items()} == dict.fromkeys(pacemaker.NAMES, UP)


def test_a_node_without_pacemaker_says_nothing_of_the_cluster():
    found = read(
        '<pacemaker-result api-version="2.25" request="crm_mon"><status code="102" message="Not '
        'connected"><errors><error>error: Could not connect to launcher</error></errors></status>'
        "</pacemaker-result>"
    )
    assert found.problem == "Could not connect to launcher"
    looks = Failing().looks(found, 0)
    assert looks.pop(pacemaker.PROCESS).value == DOWN
    assert {look.value for look in looks.values()} == {UNKNOWN}
    assert judge.wanted(found, "haproxy", "node1")[0] is None
    asked = Failing().looks(found._replace(asked=False), 0)
    assert asked[pacemaker.PROCESS].value == UNKNOWN


@pytest.mark.parametrize("text", ["", "no XML", "<html/>"])
def test_what_is_no_answer_is_told(text):
    with pytest.raises(cluster.Unreadable, match="crm_mon told"):
        read(text)


XML = """
<pacemaker-result><summary>
  <current_dc present="true" with_quorum="false"/><cluster_options maintenance-mode="true"/>
</summary>
<nodes>
  <node name="node1" online="true" unclean="false" maintenance="true"/>
  <node name="node2" online="true" pending="true"/>
  <node name="node3" online="false" unclean="true"/>
</nodes>
<resources>
  <resource id="VIP" role="Started" blocked="true" failed="true"><node name="node1"/></resource>
  <group id="g" disabled="true"><resource id="scheduler" role="Stopped"/></group>
  <resource id="off" role="Stopped" target_role="Stopped"/>
  <clone id="c">
    <resource id="haproxy:0" role="Starting" pending="Starting"><node name="node1"/></resource>
    <resource id="haproxy:1" role="Stopped"/>
  </clone>
</resources>
<node_history><node name="node1">
  <resource_history id="apiserver:0" fail-count="INFINITY" migration-threshold="0"/>
  <resource_history id="VIP" fail-count="3" migration-threshold="3"/>
  <resource_history id="haproxy" fail-count="2" migration-threshold="3"/>
</node></node_history>
<fence_history status="0">
  <fence_event action="reboot" target="node3" status="pending"/>
  <fence_event action="reboot" target="node2" status="success"/>
</fence_history>
<status code="0" message="OK"/></pacemaker-result>
"""


def test_a_sick_cluster_is_read():
    found = read(XML)
    assert (found.quorate, found.maintenance) == (False, True)
    assert [name for name, node in found.nodes.items() if node.online] == ["node1"]
    assert found.blocked == found.failed == {("VIP", "node1")}
    assert found.banned == {("apiserver", "node1"), ("VIP", "node1")}
    assert found.stopped == {"scheduler", "off"}
    assert found.busy == {("haproxy", "node1")}
    assert found.fencing == ("reboot of node3",)


def test_what_pacemaker_leaves_to_people_is_down_at_once():
    looks = Failing().looks(read(XML), 0)
    failures = looks[pacemaker.FAILURES]
    assert failures.value == DOWN
    assert failures.evidence == {
        "blocked": ["VIP@node1"],
        "banned": ["VIP@node1", "apiserver@node1"],
    }
    assert looks[pacemaker.NODES].evidence == {"offline": ["node2", "node3"]}
    assert looks[pacemaker.FENCING].value == DOWN
    assert looks[pacemaker.QUORUM].value == DOWN


def test_a_node_that_is_to_be_fenced_and_is_not_is_told():
    nodes = {**WELL.nodes, "node3": Node(unclean=True)}
    look = Failing().looks(WELL._replace(nodes=nodes), 0)[pacemaker.FENCING]
    assert look.evidence == {"unclean": ["node3"]}


def failed(resource, node, **others):
    return WELL._replace(failures=(Failure(resource, node, "monitor", "died"),), **others)


def at(failing, found, now):
    return failing.looks(found, now)[pacemaker.FAILURES].value


def test_what_failed_has_its_time_to_be_mended():
    failing, gone = Failing(), failed("VIP", "node1", running={**WELL.running, "VIP": frozenset()})
    assert at(failing, gone, 0) == UP
    assert at(failing, gone, MENDS - 0.1) == UP
    assert at(failing, WELL, MENDS) == UP
    assert at(failing, gone, MENDS + 1) == UP  # another time
    assert at(failing, gone, 2 * MENDS + 1) == DOWN


@pytest.mark.parametrize(
    ("resource", "running", "mended"),
    [
        ("VIP", {"node2"}, True),
        ("haproxy", {"node2", "node3"}, False),
        ("haproxy", {"node1"}, True),
        ("unknown", {}, True),
    ],
)
def test_mended_is_what_runs_again_a_clone_on_that_node(resource, running, mended):
    failing = Failing()
    found = failed(resource, "node1", running={"VIP": frozenset(), resource: frozenset(running)})
    found = found if resource != "unknown" else failed("unknown", "node1")
    at(failing, found, 0)
    assert (at(failing, found, MENDS) == UP) is mended


def test_what_a_person_stopped_is_no_failure():
    failing = Failing()
    found = failed("VIP", "node1", running={"VIP": frozenset()}, stopped=frozenset({"VIP"}))
    at(failing, found, 0)
    assert at(failing, found, MENDS) == UP


STANDBY = {**WELL.nodes, "node1": Node(online=True, standby=True)}
GONE = {**WELL.running, "haproxy": frozenset({"node2"}), "scheduler": frozenset()}


@pytest.mark.parametrize(
    ("found", "resource", "wanted"),
    [
        (WELL, "haproxy", True),
        (WELL, "VIP", True),
        (WELL, "scheduler", False),
        (WELL, "other", None),
        (WELL._replace(running=GONE), "haproxy", True),
        (WELL._replace(running=GONE), "scheduler", False),
        (WELL._replace(running=GONE, nodes=STANDBY), "haproxy", False),
        (WELL._replace(running=GONE, quorate=False), "haproxy", False),
        (WELL._replace(running=GONE, stopped=frozenset({"haproxy"})), "haproxy", False),
        (WELL._replace(busy=frozenset({("haproxy", "")})), "haproxy", None),
        (WELL._replace(nodes={}), "haproxy", None),
        (WELL._replace(problem="it is not there"), "haproxy", None),
    ],
)
def test_whether_something_should_run_on_this_node(found, resource, wanted):
    answer, why = judge.wanted(found, resource, "node1")
    assert answer is wanted
    assert why or answer
