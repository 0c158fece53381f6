"""What is predicted and what the cluster then does, for many kinds of change."""

import json
import os
import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from saltext_hakube.core.cib.running import status
from tests.lab import Lab, bare, missing
from tests.lab.changes import CHANGES, start

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

LOG = "/var/log/pacemaker/pacemaker.log"
RESULT = re.compile(r"Result of (\S+) operation for (\S+) on (\S+): .* key=\S+_0 rc=0")
#: On a node: the product itself, with the node's own crm_simulate; then the change, and the wait
#: until the scheduler wants nothing more, not even a monitor (crm_resource --wait takes 2 s).
CHANGE = """
import json, subprocess, sys, time
import xml.etree.ElementTree as ET
from saltext_hakube.host.simulate import _graph, predict

def run(*argv, **options):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, **options).stdout

def at_rest():
    cib = run("cibadmin", "--query")
    root = ET.fromstring(cib)
    # A replaced configuration makes the nodes elect their controller anew.
    dc = root.find(f"configuration/nodes/node[@id='{root.get('dc-uuid')}']").get("uname")
    return "S_IDLE" in run("crmadmin", "--status", dc) and "<rsc_op" not in _graph(cib, 60)

before, after, configuration = json.load(sys.stdin)
print(json.dumps(predict(before, after).plain()))
run("cibadmin", "--replace", "--scope", "configuration", "--xml-pipe", input=configuration)
calm, end = 0, time.monotonic() + 60
while calm < 2:
    if time.monotonic() > end:
        sys.exit("the cluster is not at rest after 60 s")
    time.sleep(0.2)
    calm = calm + 1 if at_rest() else 0
"""
#: What an action is made of.
PARTS = {
    "start": ["start"],
    "stop": ["stop"],
    "restart": ["stop", "start"],
    "move": ["stop", "start"],
    "migrate": ["migrate_to", "migrate_from", "stop"],
    "reload": ["reload"],
    "promote": ["promote"],
    "demote": ["demote"],
}


class Cluster:
    """Three nodes with resources on them."""

    def __init__(self, lab):
        self.node = lab.nodes[0]
        self.nodes = lab.nodes
        self.environment = bare.bring_code(lab)
        bare.form(lab)
        self.seen = {node.name: 0 for node in lab.nodes}
        self.change(lambda root: root.find("resources").extend(start()))

    def cib(self):
        return self.node.run("cibadmin --query").stdout

    def change(self, edit):
        """Make a change; return what was predicted, and what was done until it was at rest."""
        before = self.cib()
        root = ET.fromstring(before)
        configuration = root.find("configuration")
        edit(configuration)
        texts = [before, *(ET.tostring(item, encoding="unicode") for item in (root, configuration))]
        self.operations()
        told = self.node.run(
            ["python3", "-c", CHANGE],
            input=json.dumps(texts),
            env=self.environment,
            timeout=90,
        )
        return json.loads(told.stdout), self.operations()

    def operations(self):
        """What was done since it was asked last: operation, resource, node."""
        found = Counter()
        for node in self.nodes:
            lines = node.run(f"tail -n +{self.seen[node.name] + 1} {LOG}").stdout.splitlines()
            self.seen[node.name] += len(lines)
            for operation, resource, where in filter(None, map(_result, lines)):
                found[operation, resource, where] += 1
        return found


def _result(line):
    found = RESULT.search(line)
    if found is None or found[1] in ("monitor", "probe", "notify"):
        return None
    return found[1].removesuffix("-agent"), found[2].partition(":")[0], found[3]


def parts(actions):
    """The single operations that these actions are made of."""
    found = Counter()
    for action in actions:
        nodes = action["nodes"]
        for part in PARTS[action["action"]]:
            there = part == "migrate_from" or (part == "start" and len(nodes) == 2)
            found[part, action["resource"], nodes[there]] += 1
    return found


def without_told_roles(done, told):
    """Without the demotion of what stops, and the promotion that a restart gives back."""
    left = Counter(done)
    for operation, resource, node in done:
        stopped = done["stop", resource, node]
        if operation == "demote" and stopped and not told[operation, resource, node]:
            del left[operation, resource, node]
            if not told["promote", resource, node]:
                del left["promote", resource, node]
    return left


@pytest.fixture(scope="module")
def cluster():
    suite = os.environ.get("HAKUBE_LAB_SUITE", "bookworm")
    with Lab.up(
        f"predict-{os.getpid()}", suite=suite, installed=True, kube="none", salt=False
    ) as lab:
        yield Cluster(lab)


@pytest.mark.parametrize(("edit", "kinds"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_the_cluster_does_what_was_predicted(cluster, edit, kinds):
    told, done = cluster.change(edit)
    wanted = parts(told["actions"])
    assert without_told_roles(done, wanted) == wanted
    assert told["pending"] == []
    assert told["note"] is None
    if kinds == "":
        assert told["actions"] == []
    elif kinds is not None:
        assert kinds in {action["action"] for action in told["actions"]}


def test_what_runs_where_is_read_as_pacemaker_reads_it(cluster):
    shown = ET.fromstring(cluster.node.run("crm_mon --output-as=xml -1").stdout)
    wanted = {
        (resource.get("id").partition(":")[0], node.get("name"))
        for resource in shown.iter("resource")
        for node in resource.iterfind("node")
    }
    found = status(cluster.cib())
    assert wanted == {(name, node) for name, nodes in found.running.items() for node in nodes}
    assert found.members == {node.name for node in cluster.nodes}
