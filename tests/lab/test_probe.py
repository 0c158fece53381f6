"""hakube-probe on real nodes: nothing is down in a cluster that is well, and a hang is seen."""

import json
import time

import pytest

from bench.reflex import health
from tests.lab import missing
from tests.lab.process import wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

CONFIG = "/etc/hakube/probe.json"
UNIT = "kube-scheduler"


@pytest.fixture
def nodes(applied):
    """Those of the cluster, three or, after other tests, four, with the daemon; without it
    afterwards, where there was none before."""
    nodes = health.members(applied)
    target = f"node[{''.join(node.name.removeprefix('node') for node in nodes)}]"
    had = nodes[0].run(f"test -e {CONFIG}", check=False).returncode == 0
    # The session's pillar has no healing, which would take it away.
    for minion, done in applied.salt(target, "hakube_probe.apply").items():
        assert isinstance(done, dict), f"{minion}: {done}"
    yield nodes
    if not had:
        applied.salt(target, "hakube_probe.remove")


def seen(node):
    done = node.run("cat /run/hakube/probe.json", check=False)
    return json.loads(done.stdout)["probes"] if done.returncode == 0 else {}


def value(node, name):
    return seen(node).get(name, {}).get("value")


def down(node):
    return {name: one["why"] for name, one in seen(node).items() if one["value"] == "down"}


def test_what_is_well_is_up_and_a_scheduler_that_hangs_is_seen(nodes):
    needed = ("apiserver.livez", "vip.owner", "files.drift", "pacemaker.process", "corosync.quorum")
    for node in nodes:
        wait_until(
            lambda node=node: all(value(node, it) == "up" for it in needed) and not down(node),
            f"{node.name} to find nothing down",
            timeout=180,
        )

    def running():
        return [node for node in nodes if value(node, "scheduler.health") == "up"]

    # One that is where no look has been yet, or starts again after a former test, is not down.
    wait_until(lambda: len(running()) == 1, "one node to find its scheduler up", timeout=60)
    wait_until(
        lambda: [value(node, "vip.request") for node in nodes].count("up") == len(nodes) - 1,
        "the nodes without the VIP to reach it",
        timeout=60,
    )
    runs = running()
    begin = time.monotonic()
    runs[0].run(f"systemctl kill --signal=STOP {UNIT}")
    try:
        wait_until(
            lambda: value(runs[0], "scheduler.health") == "down", "the hang to be seen", timeout=60
        )
        print(f"seen after {time.monotonic() - begin:.1f} s")
        assert seen(runs[0])["scheduler.health"]["evidence"] == {"how": ["silent"]}
    finally:
        runs[0].run(f"systemctl kill --signal=CONT {UNIT}")
    wait_until(
        lambda: value(runs[0], "scheduler.health") == "up", "it to be well again", timeout=60
    )
