"""What people do by hand, on a real cluster of three nodes: a story, one test after another.

The nodes have no Salt: its faces are tested on a CIB file (tests/functional), here is what stands
behind them.
"""

import json
import os
import re
import time

import pytest

from tests.lab import Lab, bare, missing
from tests.lab.process import wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

NODES = ["node1", "node2", "node3"]

RESOURCES = """
<resources>
  <primitive id="single" class="ocf" provider="pacemaker" type="Dummy">
    <operations><op id="single-monitor" name="monitor" interval="1s"/></operations>
  </primitive>
  <group id="web">
    <primitive id="first" class="ocf" provider="pacemaker" type="Dummy"/>
    <primitive id="second" class="ocf" provider="pacemaker" type="Dummy"/>
  </group>
  <clone id="all-clone"><primitive id="all" class="ocf" provider="pacemaker" type="Dummy"/></clone>
</resources>
"""

#: What the faces call, told by a program that ends like they do: an answer, or one line.
CALL = """
import json, sys
from msgspec import to_builtins
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import administration, edits, placement
from saltext_hakube.host.administration import How
from saltext_hakube.host.machine import Machine

name, words, how = json.load(sys.stdin)
here = {**vars(edits), **vars(administration), **vars(placement)}
try:
    if how is not None:
        words.append(How.checked(*how))
    print(json.dumps(to_builtins(here[name](Machine(), *words))))
except HakubeError as error:
    print(json.dumps({"error": str(error)}))
"""


class Cluster:
    """The cluster, as a person on one of its nodes sees it."""

    def __init__(self, lab):
        self.lab = lab
        bare.form(lab)
        self.environment = bare.bring_code(lab)
        replace = ["cibadmin", "--replace", "--scope=resources", "--xml-pipe"]
        lab.nodes[0].run(replace, input=RESOURCES)
        lab.nodes[0].run("crm_resource --wait --timeout=60s", timeout=75)

    def ask(self, name, *words, node=0, how=None):
        done = self.lab.nodes[node].run(
            ["python3", "-c", CALL],
            input=json.dumps([name, words, how]),
            env=self.environment,
            timeout=120,
        )
        return json.loads(done.stdout)

    def do(self, name, *words, node=0, test=False, wait=30):
        return self.ask(name, *words, node=node, how=[test, wait])

    def tool(self, command, node=0):
        return self.lab.nodes[node].run(command, check=False).stdout

    def home(self, resource):
        return self.tool(f"crm_resource --resource {resource} --locate --quiet").split()


@pytest.fixture(scope="module")
def cluster():
    suite = os.environ.get("HAKUBE_LAB_SUITE", "bookworm")
    options = {"suite": suite, "salt": False, "kube": "none", "installed": True}
    with Lab.up(f"adm-{os.getpid()}", **options) as lab:
        yield Cluster(lab)


def changed(done):
    assert done["problems"] == []
    return done["changed"], done["before"], done["after"]


def test_each_node_knows_its_own_name(cluster):
    assert [cluster.ask("this_node", [], node=number) for number in range(3)] == NODES


def test_a_node_in_standby_is_empty_when_the_call_returns(cluster):
    (home,) = cluster.home("single")
    assert cluster.do("standby", home, True, test=True)["changed"] is None
    assert cluster.home("single") == [home]
    assert changed(cluster.do("standby", home, True)) == (True, False, True)
    assert cluster.home("single")[0] != home
    assert home not in cluster.home("all")
    assert f"Node {home}: standby" in cluster.tool("crm_mon -1")
    assert changed(cluster.do("standby", home, True, wait=0)) == (False, True, True)
    assert changed(cluster.do("standby", home, False)) == (True, True, False)
    assert sorted(cluster.home("all")) == NODES
    assert changed(cluster.do("standby", home, False, wait=0)) == (False, False, False)


def test_the_standby_that_would_end_at_the_next_boot_ends_too(cluster):
    cluster.tool("crm_standby --node node2 --update on --lifetime reboot")
    wait_until(lambda: "node2: standby" in cluster.tool("crm_mon -1"), "standby", timeout=20)
    assert cluster.do("standby", "node2", False, test=True)["changed"] is None
    assert changed(cluster.do("standby", "node2", False)) == (True, True, False)
    assert "standby" not in cluster.tool("crm_mon -1")
    assert cluster.do("standby", "node2", False, wait=0)["changed"] is False


def test_in_maintenance_a_dead_resource_stays_dead_and_afterwards_it_is_started(cluster):
    (home,) = cluster.home("single")
    machine = cluster.lab.machine(home)

    def runs():
        return "Dummy-single.state" in machine.run("ls /run").stdout

    assert changed(cluster.do("maintenance", True, None, None)) == (True, False, True)
    assert cluster.do("maintenance", True, None, None, wait=0)["changed"] is False
    machine.run("rm /run/Dummy-single.state")
    # Three of its monitor's intervals.
    time.sleep(3)
    assert not runs()
    assert cluster.do("maintenance", False, None, None, wait=0)["changed"] is True
    wait_until(runs, "single to be started again", timeout=20)
    cluster.do("cleanup", None, None)


@pytest.mark.parametrize(
    ("words", "sign"),
    # Of a resource Pacemaker 2 says "unmanaged", and 3 "maintenance".
    [
        (("node2", None), r"Node node2: maintenance"),
        ((None, "web"), r"first\s.*(unmanaged|maintenance)"),
    ],
)
def test_maintenance_of_a_node_or_a_resource_is_that_alone(cluster, words, sign):
    before = cluster.tool("crm_mon -1")
    assert re.search(sign, before) is None
    assert cluster.do("maintenance", True, *words, wait=0)["changed"] is True
    seen = cluster.tool("crm_mon -1")
    assert re.search(sign, seen)
    assert "Resource management is DISABLED" not in seen
    assert cluster.do("maintenance", False, *words, wait=0)["changed"] is True
    assert re.search(sign, cluster.tool("crm_mon -1")) is None


def test_failures_are_counted_and_forgotten_once(cluster):
    (home,) = cluster.home("single")
    assert cluster.ask("fail_counts", None, None) == []
    cluster.lab.machine(home).run("rm /run/Dummy-single.state")
    wait_until(lambda: cluster.ask("fail_counts", None, None), "the failure", timeout=20)
    (count,) = cluster.ask("fail_counts", "single", home)
    assert (count["resource"], count["node"], count["count"]) == ("single", home, 1)
    assert count["last"].endswith("Z")
    assert cluster.ask("fail_counts", "web", None) == []
    assert cluster.do("cleanup", "web", None)["changed"] is False
    assert cluster.do("cleanup", "single", home, test=True)["changed"] is None
    done = cluster.do("cleanup", "single", None)
    assert changed(done)[0] is True
    assert done["before"]["failcounts"] == [{"resource": "single", "node": home, "count": 1}]
    assert f"single failed to monitor on {home}" in done["before"]["failures"][0]
    assert done["after"] == {"failures": [], "failcounts": []}
    assert cluster.do("cleanup", "single", None)["changed"] is False
    assert cluster.home("single") == [home]


def test_a_resource_is_where_it_was_moved_when_the_call_returns(cluster):
    (home,) = cluster.home("second")
    goal = next(name for name in NODES if name != home)
    assert changed(cluster.do("move", "web", goal, "1h"))[0] is True
    assert (cluster.home("first"), cluster.home("second")) == ([goal], [goal])
    assert cluster.do("move", "web", goal, "1h", wait=0)["changed"] is False
    (standing,) = cluster.ask("standing")
    assert (standing["resource"], standing["node"]) == ("web", goal)
    # Pacemaker's own tool knows it.
    cluster.tool("crm_resource --resource web --clear")
    assert cluster.ask("standing") == []


def test_a_banned_resource_has_left_when_the_call_returns(cluster):
    (home,) = cluster.home("single")
    assert changed(cluster.do("ban", "single", home, None))[0] is True
    assert cluster.home("single") not in ([home], [])
    assert changed(cluster.do("ban", "all-clone", home, "10min"))[0] is True
    assert sorted(cluster.home("all")) == [name for name in NODES if name != home]
    assert cluster.do("clear", None, None, True, wait=0)["changed"] is False
    assert cluster.do("clear", "single", home, False, wait=0)["after"] == []
    assert changed(cluster.do("clear", "all-clone", home, False))[0] is True
    assert sorted(cluster.home("all")) == NODES


def test_what_there_is_not_is_one_line(cluster):
    told = cluster.do("move", "singel", "node1", "1h")["error"]
    assert told.startswith("resource singel: the cluster has none of this name; did you mean sing")
    assert "did you mean node2?" in cluster.do("cleanup", None, "nod2")["error"]


def test_that_a_node_is_off_is_said_and_without_quorum_nothing_is_done(cluster):
    cluster.lab.nodes[2].power_cut()
    wait_until(
        lambda: "OFFLINE: [ node3 ]" in cluster.tool("crm_mon -1"), "node3 to be off", timeout=40
    )
    (problem,) = cluster.do("move", "single", "node3", "1h")["problems"]
    assert problem.startswith("single does not run on node3 (node3 is offline), but on node")
    cluster.lab.nodes[1].power_cut()
    wait_until(
        lambda: "WITHOUT quorum" in cluster.tool("crm_mon -1"), "the quorum to go", timeout=40
    )
    before = cluster.tool("cibadmin --query --scope configuration")
    for call in (
        ("standby", "node1", True),
        ("maintenance", True, None, None),
        ("move", "single", "node1", "1h"),
        ("clear", "single", None, False),
        ("cleanup", None, None),
    ):
        told = cluster.do(*call, wait=5)["error"]
        assert told.startswith("the cluster has no quorum here, so nothing is changed in it")
    assert cluster.tool("cibadmin --query --scope configuration") == before
    assert len(cluster.ask("standing")) == 1


def test_where_no_cluster_runs_that_is_one_line(cluster):
    cluster.lab.nodes[0].run("systemctl stop pacemaker corosync", timeout=90)
    for told in (
        cluster.do("standby", "node1", True),
        cluster.do("cleanup", None, None),
        cluster.ask("this_node", []),
        cluster.ask("standing"),
        cluster.ask("fail_counts", None, None),
    ):
        assert told["error"].startswith("no cluster runs on this machine")
