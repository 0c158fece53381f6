"""The healing on real machines: a fault, and master and nodes mend it, and can tell of it. A small
form of `make bench-heal`."""

import json

import pytest
import yaml

from bench.heal import results
from bench.heal.faults import FAULTS
from bench.heal.master import CONFIG, Master
from bench.heal.run import once
from bench.reflex import health
from tests.lab import missing
from tests.lab.salt import PILLAR_ROOT

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

SLS = "hakube.resources,hakube.beacon"
#: A machine that others use as well is slower by so much; the marks are for a calm one.
SLOWER = 5
#: Seconds in which nothing may be done where nothing may; more where the ledger is later.
HELD = 8.0
#: One of each kind: files, kill, hand, and what keeps the healing from all of them.
KINDS = ("config", "scheduler-hang", "blocked", "paused", "observe")


@pytest.fixture(scope="module")
def healed(applied):
    """The lab with the healing, as a person turns it on; without it afterwards."""
    nodes = health.members(applied)
    target = f"node[{''.join(node.name.removeprefix('node') for node in nodes)}]"
    pillar = yaml.safe_load(applied.master.read(f"{PILLAR_ROOT}/hakube.sls"))
    before = applied.master.read(CONFIG)
    master = Master(applied)

    def apply(mode):
        health.clean(nodes[0])  # an apply tells of what failed before, as in the tests of the rungs
        # More than the default allows in an hour: a test may be run again and again.
        # A master that was just restarted finds most minions silent, which is a storm: a short one.
        budget = {"each": 20, "cluster": 100}
        pillar["hakube"]["heal"] = {"mode": mode, "budget": budget, "storm": 5}
        applied.write_pillar(yaml.safe_dump(pillar, sort_keys=False))
        done = applied.salt(target, "state.apply", SLS, timeout=300)
        for minion, states in done.items():
            assert isinstance(states, dict), f"{minion}: {states}"
            wrong = [it["comment"] for it in states.values() if it["result"] is not True]
            assert wrong == [], minion

    assert health.wait(applied, nodes, 120) == []
    # In this order: what the master has once read of the pillars counts for three minutes.
    apply("act")
    master.configure()
    master.wait()
    yield master
    apply("none")
    for node in nodes:
        for name in ("hakube-probe", "hakube-alert"):
            assert not (node.run(f"ls /usr/local/lib/hakube/{name}*", check=False).stdout)
    applied.master.write(CONFIG, before)
    master.restart()


@pytest.mark.parametrize("key", KINDS)
def test_a_fault_is_healed_in_one_incident_that_can_be_told(healed, key):
    fault = FAULTS[key]
    record = once(healed, health.members(healed.lab), key, fault, hold=HELD if fault.hold else None)
    if results.missed(record, SLOWER):  # all of it, for whoever only has the output
        print(json.dumps(record, indent=1))
    print(f"{key}: healed after {record['seconds']} s, closed after {record['closed']} s")
    assert results.missed(record, SLOWER) == []
