"""Lost and late answers, clocks, masters, the ledger: the course of things around a decision."""

from __future__ import annotations

import msgspec
import pytest

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.fold import fold, snapshot
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.replay import replay
from tests.unit.remedy.deciding import ACT, kinds, quiet, rungs
from tests.unit.remedy.fleet import Fault, World, garbage, hang


def decided():
    """A world in which a kill of a scheduler is decided, and not begun."""
    world = quiet(World())
    world.fault("node2", hang("scheduler"))
    world.now += 6
    world.round()
    world.now += 1
    step = decide.decide(world.cluster, world.look(), world.clock)
    world.keep(step)
    return world, step


def test_an_action_of_which_nobody_hears_again_is_an_attempt_that_failed():
    world, step = decided()
    world.keep(decide.begun(step.state, step.action, world.clock))
    # The master dies here. The next one finds it in the ledger, and waits.
    world.now += 5
    assert world.round().action is None
    world.now += 60
    world.round()
    (incident,) = world.state().incidents.values()
    assert [it.result for it in incident.attempts] == ["lost"]
    late = decide.ended(world.state(), step.action, {"result": "done"}, world.clock)
    assert late.refused and not late.records
    world.run(60)
    assert rungs(world) == [("hand", "node2")], "the next rung, after a rest"


@pytest.mark.parametrize("second", ["under way", "failed"])
def test_a_late_answer_to_the_first_of_two_attempts_is_none_of_the_second(second):
    world, step = decided()
    kill = step.action
    world.keep(decide.begun(world.state(), kill, world.clock))
    world.keep(decide.ended(world.state(), kill, None, world.clock))
    world.keep(decide.begun(world.state(), kill, world.clock + 1))
    if second == "failed":
        failed = {"result": "failed", "why": "no"}
        world.keep(decide.ended(world.state(), kill, failed, world.clock + 2))
    before = world.state().incidents
    done = {"result": "done", "why": ""}
    step = decide.late(world.state(), kill, done, world.clock + 3, attempt=0)
    assert [it.kind for it in step.records] == ["late"], "it is kept"
    assert step.state.incidents == before
    step = decide.late(step.state, kill, done, world.clock + 4, attempt=1)
    (incident,) = step.state.incidents.values()
    assert [it.result for it in incident.attempts] == ["lost", "done"]


def test_what_was_decided_and_not_begun_is_decided_again():
    world, first = decided()
    world.now += 3
    second = decide.decide(world.cluster, world.look(), world.clock)
    assert first.action is not None and second.action == first.action


def test_a_clock_that_goes_back_an_hour_makes_no_wait_longer_and_none_shorter():
    for jump in (-3600.0, 3600.0):
        world = quiet(World())
        world.fault("node2", Fault({"haproxy.process"}, {"hand": {"haproxy.process"}}))
        world.now += 1
        world.round()
        world.skew = jump
        begun = world.now
        world.run(60)
        assert rungs(world) == [("hand", "node2")]
        after = world.actions[0][0] - begun
        assert 0 <= after <= 8, (jump, after)


def test_a_clock_that_jumps_to_and_fro_frees_no_budget():
    world = quiet(World())
    for number in range(20):
        world.skew = 3600.0 if number % 2 else 0.0
        world.fault("node2", hang("scheduler"))
        world.run(30)
    assert len(world.actions) <= ACT.budget.each


def test_a_master_that_was_away_for_hours_heals_and_holds_nobody_for_silent():
    world = quiet(World())
    world.now += 7200
    world.fault("node2", garbage())
    world.run(40)
    assert rungs(world) == [("files", "node2")]
    assert "storm" not in kinds(world)


def test_what_is_not_newer_changes_nothing():
    world = World()
    state = world.look()
    node = world.nodes["node2"]
    world.now += 10
    newest = node.report(world.now)
    state = world.keep(decide.heard(world.cluster, state, newest, world.clock))
    world.fault("node2", Fault({"haproxy.process"}))
    late = node.report(world.now - 5)
    for report in (newest, late):
        step = decide.heard(world.cluster, state, report, world.clock)
        assert step.refused and step.state is state and not step.records


def test_a_report_of_a_former_boot_changes_nothing():
    world = World()
    node = world.nodes["node2"]
    old = [node.report(world.now + number) for number in range(3)]
    state = world.keep(decide.heard(world.cluster, world.state(), old[0], world.clock))
    node.boot, node.booted = "boot2", world.now
    world.now += 40
    state = world.keep(decide.heard(world.cluster, state, node.report(world.now), world.clock))
    for report in old[1:]:
        assert decide.heard(world.cluster, state, report, world.clock).refused
    # One that was not known before, with a clock that is behind, counts after a while.
    node.boot, node.ahead = "boot3", -5000.0
    early = decide.heard(world.cluster, state, node.report(world.now + 1), world.clock + 1)
    assert early.refused
    later = decide.heard(world.cluster, state, node.report(world.now + 70), world.clock + 70)
    assert not later.refused


def test_strangers_are_refused():
    world = World()
    state = world.look()
    stranger = msgspec.structs.replace(world.nodes["node1"].report(world.now + 1), node="node9")
    other = world.nodes["node1"].report(world.now + 1, cluster="other")
    for report in (stranger, other):
        step = decide.heard(world.cluster, state, report, world.clock)
        assert step.refused and step.state is state
    assert decide.silent(world.cluster, state, "node9", world.clock).refused


def test_a_node_that_is_declared_no_more_is_forgotten():
    world = quiet(World())
    world.fault("node3", hang("scheduler"))
    world.run(8)
    del world.nodes["node3"]
    world.round()
    state = world.state()
    assert set(state.reports) == {"node1", "node2"}
    assert not state.incidents and state.closed


def test_a_day_without_a_fault_is_a_day_without_an_action_or_a_line():
    world = World()
    state = world.look()
    step = decide.decide(world.cluster, state, world.clock)
    state = world.keep(step)
    before = len(world.ledger)
    end = world.now + 86400
    while world.now < end:
        world.now += 15
        state = world.look(state)
        step = decide.decide(world.cluster, state, world.clock)
        state = world.keep(step)
        assert step.action is None
    assert len(world.ledger) == before


def test_the_state_is_what_the_ledger_says_also_from_a_snapshot_on_in_the_middle():
    world = quiet(World())
    world.fault("node2", garbage())
    world.run(30)
    assert rungs(world)
    plain = msgspec.json.Decoder(Record)
    text = [msgspec.json.encode(it) for it in world.ledger]
    whole = fold(plain.decode(it) for it in text)
    assert whole == world.state()
    for cut in range(len(world.ledger) + 1):
        state = fold(world.ledger[:cut])
        kept = msgspec.json.encode(snapshot(state, state.clock))
        assert fold([plain.decode(kept), *world.ledger[cut:]]) == whole


def test_a_ledger_replayed_gives_the_same_decisions_and_another_policy_others():
    world = quiet(World())
    world.fault("node2", garbage())
    world.run(30)
    world.fault("node3", Fault({"scheduler.health"}))
    world.perform = lambda action: {"result": "done", "why": "?", "verified": False}
    world.run(600)
    plain = msgspec.json.Decoder(Record)
    ledger = [plain.decode(msgspec.json.encode(it)) for it in world.ledger]
    turns = replay(ledger)
    assert all(turn.same for turn in turns)
    assert [turn.was["rung"] for turn in turns if turn.was] == [it for it, _ in rungs(world)]
    others = replay(ledger, Heal(mode="act", rungs={"scheduler": (), "haproxy": ("move",)}))
    # Files are no rung of haproxy's ladder there, and node2 has no VIP that could be moved.
    assert not any(turn.now for turn in others)
    told = [it for turn in others for it in turn.gates.values()]
    assert "incident: no rung is left for haproxy; move: the VIP is not on node2" in told
    assert any("nothing may be done about scheduler" in it for it in told)
    assert [turn.was for turn in others] == [turn.was for turn in turns]
    observed = replay(ledger, Heal(mode="observe"))
    assert [it.now["rung"] for it in observed if it.now] == [it for it, _ in rungs(world)]
