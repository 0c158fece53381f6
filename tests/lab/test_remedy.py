"""Rungs that a node executes, for real: a spoiled file, a hang, a unit that somebody stopped."""

import pytest

from bench.reflex import faults, health
from tests.lab import missing
from tests.lab.process import wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

CONFIG = "/etc/haproxy/haproxy.cfg"
#: What says why it is not so just now: a machine that is late itself, the last action that settles.
LATER = ("nothing", "refused")


@pytest.fixture(scope="module")
def nodes(applied):
    nodes = health.members(applied)
    assert health.wait(applied, nodes, 120) == []
    yield nodes
    health.wait(applied, nodes, 60)


@pytest.fixture
def act(applied):
    """A rung on a node, again while it says that it cannot tell yet; what came of it."""

    def call(node, rung, component, timeout=60, **options):
        told = {}

        def done():
            words = [f"{name}={value}" for name, value in options.items()]
            function = "hakube_heal.act"
            told.update(
                applied.salt(node.name, function, rung, component, "a test", *words, timeout=120)[
                    node.name
                ]
            )
            return told["result"] not in LATER

        wait_until(done, f"{rung} for {component}", timeout=timeout, every=1.0)
        assert (told["result"], told["verified"]) == ("done", True), told
        return told

    return call


def runs(node, unit):
    return node.run(f"systemctl is-active {unit}", check=False).stdout.strip() == "active"


def test_a_spoiled_file_is_put_back_and_haproxy_runs_with_it(nodes, act):
    node = nodes[1]
    before = node.read(CONFIG)
    node.run(f"echo 'this is no configuration' > {CONFIG}; pkill -9 -x haproxy")
    told = act(node, "files", "files")
    assert node.read(CONFIG) == before
    assert "last good file" in "; ".join(told["did"])
    wait_until(lambda: runs(node, "haproxy"), "haproxy", timeout=30)
    node.run(f"rm {CONFIG}.hakube-refused")


def test_an_apiserver_that_hangs_is_killed_and_one_that_works_is_not(applied, nodes, act):
    node = nodes[2]
    seen = applied.salt(node.name, "hakube_heal.act", "kill", "apiserver", "a test")[node.name]
    assert (seen["result"], seen["did"]) == ("nothing", []), seen
    faults.hang(node, "kube-apiserver")
    try:
        told = act(node, "kill", "apiserver")
    finally:
        faults.thaw(node, "kube-apiserver")
    assert told["did"][0].startswith("killed kube-apiserver")
    assert runs(node, "kube-apiserver")


def test_a_unit_that_pacemaker_takes_for_running_and_is_not_comes_back(nodes, act):
    where = nodes[0].run("crm_resource --resource scheduler --locate").stdout
    node = next(node for node in nodes if node.name in where.split())
    node.run("systemctl stop kube-scheduler")
    told = act(node, "hand", "scheduler")
    assert told["did"] == [f"told Pacemaker that scheduler failed on {node.name}: it recovers it"]
