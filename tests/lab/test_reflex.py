"""Each fault of the reflex's table once, while Salt is stopped: a small form of
`make bench-reflex`."""

import json

import pytest

from bench.reflex import health, quiet
from bench.reflex.faults import FAULTS
from bench.reflex.run import once, start_salt, stop_salt
from tests.lab import missing
from tests.lab.salt import wait_for_minions

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

#: A machine that others use as well is slower by so much; the marks are for a calm one.
SLOWER = 5
#: New connections that fail there for no reason but its slowness, of some hundreds.
NOISE = 10

#: Those that differ from another one in the benchmark's figures, but not in what heals them.
LIKE_ANOTHER = {"kill-master", "stop-signal", "server-stop"}


@pytest.fixture(scope="module")
def nodes(applied):
    """Those of the cluster, three or, after other tests, four; Salt is stopped."""
    nodes = health.members(applied)
    assert len(nodes) >= 3
    assert health.wait(applied, nodes, 120) == []
    if health.failures(nodes[0]):
        health.clean(nodes[0])
    stop_salt(applied)
    yield nodes
    start_salt(applied)
    wait_for_minions(applied.master, applied.nodes)


def loose(limit):
    return None if limit is None else limit * SLOWER


def without(seen):
    """Seconds without service. One connection that the machine's slowness fails later on would have
    them last until then; more of them are an outage that has not ended."""
    return seen["gap"] if seen["after"] <= NOISE else seen["without"]


def last(told):
    """Seconds until the last connection that failed before anything was taken back; so many as the
    machine's slowness may have failed are not counted."""
    failed = sorted(at for at, _took, _got in told["failed"] if at >= 0)[: told["seen"]["failed"]]
    return failed[-1 - NOISE] if len(failed) > NOISE else 0


@pytest.mark.parametrize("key", [key for key in FAULTS if key not in LIKE_ANOTHER])
def test_service_is_back_and_the_cluster_whole_after(applied, nodes, key):
    fault = FAULTS[key]
    mark = fault.mark("safe")
    told = once(applied, nodes, key, fault)
    seen = told["seen"]
    if told["sick"]:  # all of it, for whoever only has the output
        print(json.dumps({name: told[name] for name in ("moves", "status", "journal")}, indent=1))
    assert told["sick"] == []
    if mark.most is not None:
        assert without(seen) is not None, told["moves"]
        assert without(seen) <= loose(mark.most), told["moves"]
    if mark.last is not None:
        assert last(told) <= loose(mark.last)
    if mark.failed is not None:
        assert seen["failed"] <= mark.failed + NOISE
    if mark.after is not None:
        assert seen["after"] <= mark.after + NOISE
    if mark.two is not None:
        assert told["owners"]["two"] <= loose(mark.two), told["moves"]
    if mark.whole is not None:
        assert told["whole"] <= loose(mark.whole)
    if mark.stays:
        assert told["held"]["none"] < SLOWER
    assert told["healing"]["failed"] <= NOISE, told["failed"]


def test_without_a_fault_nobody_acts(applied, nodes):
    told = quiet.watch(applied, nodes, 20)
    assert told["seen"]["attempts"] > 20
    assert not told["moved"]
    for found in (told["actions"], told["said"]):
        assert found == {node.name: [] for node in nodes}
    assert told["fail_counts"] == told["sick"] == []
    # Both are there, on each node.
    assert {name: set(its) for name, its in told["cost"].items()} == {
        node.name: set(quiet.UNITS) for node in nodes
    }
