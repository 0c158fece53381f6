"""Rungs that a node executes, for real: a spoiled file, a hang, a unit that somebody stopped."""

import pytest

from bench.reflex import faults, health
from tests.lab import missing
from tests.lab.process import wait_until
from tests.lab.wheels import VENV

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

CONFIG = "/etc/haproxy/haproxy.cfg"
#: What says why it is not so just now: a machine that is late itself, the last action that settles.
LATER = ("nothing", "refused")
#: Never crm_resource itself: where a monitor has not answered, the cluster would stand still.
REFRESH = """
import sys
from saltext_hakube.host import forget
from saltext_hakube.host.machine import Machine
forget.refresh(Machine(), *sys.argv[1:], timeout=60, patience=60)
"""


@pytest.fixture(scope="module")
def nodes(applied):
    nodes = health.members(applied)
    assert health.wait(applied, nodes, 120) == []
    yield nodes
    health.wait(applied, nodes, 60)


@pytest.fixture
def act(applied):
    """A rung on a node, again while it says that it cannot tell yet; what came of it."""

    def call(node, rung, component, later=LATER, timeout=180, **options):
        told = {}

        def done():
            words = [f"{name}={value}" for name, value in options.items()]
            function = "hakube_heal.act"
            told.update(
                applied.salt(node.name, function, rung, component, "a test", *words, timeout=120)[
                    node.name
                ]
            )
            return told["result"] not in later

        wait_until(done, f"{rung} for {component}", timeout=timeout, every=1.0)
        return told

    return call


@pytest.fixture
def mend(act):
    """The same where there is something to do: it helps."""

    def call(node, rung, component):
        told = act(node, rung, component)
        assert (told["result"], told["verified"]) == ("done", True), told
        return told

    return call


def runs(node, unit):
    return node.run(f"systemctl is-active {unit}", check=False).stdout.strip() == "active"


def test_a_spoiled_file_is_put_back_and_haproxy_runs_with_it(nodes, mend):
    node = nodes[1]
    before = node.read(CONFIG)
    node.run(f"echo 'this is no configuration' > {CONFIG}; pkill -9 -x haproxy")
    told = mend(node, "files", "files")
    assert node.read(CONFIG) == before
    assert "last good file" in "; ".join(told["did"])
    wait_until(lambda: runs(node, "haproxy"), "haproxy", timeout=30)
    node.run(f"rm {CONFIG}.hakube-refused")


def test_an_apiserver_that_hangs_is_killed_and_one_that_works_is_not(nodes, act, mend):
    node = nodes[2]
    seen = act(node, "kill", "apiserver", later=("refused",))
    assert (seen["result"], seen["did"]) == ("nothing", []), seen
    faults.hang(node, "kube-apiserver")
    try:
        told = mend(node, "kill", "apiserver")
    finally:
        faults.thaw(node, "kube-apiserver")
    assert told["did"][0].startswith("killed kube-apiserver")
    assert runs(node, "kube-apiserver")


def test_a_unit_that_pacemaker_takes_for_running_and_is_not_comes_back(applied, nodes, mend):
    assert health.wait(applied, nodes, 120) == []  # an apiserver was just killed
    where = nodes[0].run("crm_resource --resource scheduler --locate").stdout
    node = next(node for node in nodes if node.name in where.split())
    # Its monitor, every minute, begins anew with a look now: else it may be faster than we are.
    node.run([f"{VENV}/bin/python", "-c", REFRESH, "scheduler", node.name], timeout=150)
    node.run("crm_resource --wait --timeout=120s", timeout=135)
    node.run("systemctl stop kube-scheduler")
    told = mend(node, "hand", "scheduler")
    assert told["did"] == [f"told Pacemaker that scheduler failed on {node.name}: it recovers it"]
