"""Rung standby: what the healing did it undoes, and what a person did it leaves alone."""

from __future__ import annotations

import pytest

from saltext_hakube.core.remedy import decide, story
from saltext_hakube.core.remedy.decision import Pause
from saltext_hakube.core.remedy.ladder import REST
from saltext_hakube.core.remedy.policy import Budget, Heal
from saltext_hakube.core.remedy.replay import replay
from tests.unit.remedy.fleet import Fault, World


class Ward(World):
    """A scheduler on node2 that nothing but a standby helps. ``cured``: it does; ``more``: rungs
    that are tried after it."""

    def __init__(self, *more: str, cured: bool = True, **policy) -> None:
        super().__init__(Heal(mode="act", rungs={"scheduler": ("standby", *more)}, **policy))
        self.cured = cured
        self.answers = []
        self.round()
        self.fault("node2", Fault({"scheduler.health"}))

    def perform(self, action):
        self.now += self.took
        answer = self.answers.pop(0) if self.answers else {"result": "done", "verified": True}
        if answer is None or answer["result"] == "done":
            node = self.nodes[action.node]
            node.standby = not action.undo
            if action.undo and self.cured:
                node.faults.clear()
        return answer

    @property
    def did(self):
        return ["undo" if it.undo else it.rung for _, it in self.actions]

    def kinds(self):
        return [it.kind for it in self.ledger]


def test_the_healings_own_standby_is_undone_after_ten_minutes_and_the_incident_ends():
    world = Ward()
    world.run(60)
    assert world.did == ["standby"] and world.nodes["node2"].standby
    world.run(REST - 120)
    assert world.did == ["standby"] and world.state().incidents, "it stays open so long"
    world.run(120)
    assert world.did == ["standby", "undo"]
    assert world.actions[1][0] - world.actions[0][0] >= REST
    assert not world.nodes["node2"].standby
    assert not world.state().incidents and not world.state().standby
    assert [it.data["mended"] for it in world.ledger if it.kind == "verified"] == [True, True]
    assert all(turn.same for turn in replay(world.ledger))
    told = "\n".join(story.explain(world.ledger, "scheduler-node2-1"))
    assert "node2 is asked: the end of standby" in told
    assert "the end of standby helped: node2 is not in standby" in told


def test_a_master_that_was_away_undoes_it_when_it_is_back():
    """All that is known of it is in the ledger."""
    world = Ward()
    world.run(60)
    world.now += 7200
    world.run(REST + 60)
    assert world.did == ["standby", "undo"]
    assert not world.state().incidents


def test_it_needs_no_budget():
    world = Ward(budget=Budget(each=1, cluster=1))
    world.run(REST + 120)
    assert world.did == ["standby", "undo"]


def test_where_it_was_of_no_use_it_is_given_up_and_not_done_again():
    world = Ward(cured=False)
    world.run(3000)
    assert world.did == ["standby", "undo"]
    (incident,) = world.state().incidents.values()
    assert incident.gave_up


def test_one_of_which_no_answer_came_is_undone_too():
    world = Ward()
    world.answers = [None]
    world.run(REST + 300)
    assert world.did == ["standby", "undo"]
    assert not world.nodes["node2"].standby


@pytest.mark.parametrize("answer", [{"result": "refused", "why": "no"}, {"result": "failed"}, None])
def test_it_is_tried_again_where_it_could_not_be_undone_and_not_for_ever(answer):
    world = Ward()
    world.run(60)
    world.answers = [answer, answer] if answer else [{"result": "failed"}]
    world.run(REST + 300)
    assert world.did == ["standby", *["undo"] * (3 if answer else 2)]
    assert not world.state().incidents
    world = Ward()
    world.run(60)
    world.answers = [{"result": "refused", "why": "no"}] * 100
    world.run(4500)
    assert world.did == ["standby", *["undo"] * 8]
    (incident,) = world.state().incidents.values()
    assert incident.gave_up
    (why,) = [it.data["why"] for it in world.ledger if it.kind == "gave_up"]
    assert "standby" in why


def test_one_that_shows_late_is_ours_all_the_same():
    """Pacemaker is asked now and then only."""
    world = Ward()
    world.perform = lambda action: {"result": "done", "verified": True}
    world.run(30)
    del world.perform
    world.nodes["node2"].standby = True
    world.run(REST + 60)
    assert world.did == ["standby", "undo"]
    assert not world.state().incidents


def test_a_persons_standby_is_a_persons():
    world = Ward()
    world.nodes["node2"].standby = True
    world.run(3000)
    assert not world.actions
    world = Ward()
    world.run(60)
    world.nodes["node2"].standby = False  # somebody ended it
    world.run(120)
    world.nodes["node2"].standby = True  # and works there now
    world.run(3000)
    assert world.did == ["standby"]
    assert "undone" in world.kinds()


def test_of_one_that_never_came_to_be_nobody_is_said_to_have_ended_it():
    world = Ward()
    world.answers = [{"result": "failed", "why": "crm_attribute is gone"}] * 2
    world.run(300)
    assert world.did == ["standby", "standby"] and "undone" in world.kinds()
    told = "\n".join(story.explain(world.ledger, "scheduler-node2-1"))
    assert "somebody" not in told
    assert "there is no standby to be ended: node2 is not in standby" in told


@pytest.mark.parametrize("what", ["paused", "maintenance", "busy", "quorate"])
def test_what_keeps_hands_off_keeps_it_from_being_undone_for_as_long(what):
    world = Ward()
    world.run(60)
    node = world.nodes["node2"]
    if what == "paused":
        pause = Pause(since=world.clock, until=None, reason="Ann", node="node2")
        world.keep(decide.paused(world.state(), pause, world.clock))
    else:
        setattr(node, what, {"maintenance": True, "busy": "state.apply (1)"}.get(what))
    world.run(2 * REST)
    assert world.did == ["standby"]
    world.keep(decide.resumed(world.state(), "node2", "done", world.clock))
    node.maintenance, node.busy, node.quorate = False, "", True
    world.run(60)
    assert world.did == ["standby", "undo"]


class Slow(Ward):
    """node2 is so slow that the master gives its answer up, and does what it was asked for when
    that is long over."""

    def perform(self, action):
        self.now += self.took
        if action.rung != "standby":
            return {"result": "failed", "why": "no"}
        return super().perform(action) if action.undo else None

    def answers_at_last(self, attempt=0):
        (action,) = [it for _, it in self.actions if (it.rung, it.undo) == ("standby", False)][:1]
        self.nodes["node2"].standby = True
        done = {"result": "done", "why": "", "did": ["put node2 into standby"], "verified": True}
        self.keep(decide.late(self.state(), action, done, self.clock, attempt))


def test_one_that_is_answered_after_something_else_was_tried_is_taken_back():
    world = Slow("hand")
    world.run(400)
    assert world.did[:2] == ["standby", "hand"] and not world.state().standby
    world.answers_at_last()
    world.run(REST + 120)
    assert world.did[-1] == "undo" and not world.nodes["node2"].standby
    assert not world.state().incidents and not world.state().standby
    assert all(turn.same for turn in replay(world.ledger))


@pytest.mark.parametrize("silent", [0, 200])
def test_one_that_is_answered_when_all_is_over_has_an_incident_that_takes_it_back(silent):
    world = Slow()
    world.run(10)
    world.nodes["node2"].faults.clear()
    world.run(300)
    assert world.did == ["standby"] and not world.state().incidents
    world.answers_at_last()
    world.nodes["node2"].mute = bool(silent)
    world.run(silent)
    world.nodes["node2"].mute = False
    world.run(60)
    assert world.did == ["standby", "undo"] and not world.nodes["node2"].standby
    world.run(60)
    assert not world.state().incidents and not world.state().standby
    assert all(turn.same for turn in replay(world.ledger))
    (last,) = [it.id for it in world.state().closed if it.attempts and it.attempts[-1].undo]
    told = "\n".join(story.explain(world.ledger, last))
    assert "node2 is in standby by our hand" in told
    assert "node2 is asked: the end of standby" in told


def test_one_that_is_done_after_it_was_taken_back_is_taken_back_once_more():
    world = Slow()
    world.run(10)
    world.nodes["node2"].standby = True
    world.run(REST + 120)
    assert world.did == ["standby", "undo"] and not world.state().incidents
    world.answers_at_last()
    world.run(120)
    assert world.did == ["standby", "undo", "undo"] and not world.nodes["node2"].standby
    assert not world.state().incidents and not world.state().standby


def test_where_it_did_not_come_to_be_there_is_nothing_to_take_back():
    world = Slow()
    world.run(10)
    world.nodes["node2"].faults.clear()
    world.run(300)
    world.answers_at_last()
    world.nodes["node2"].standby = False  # it was booted since
    world.run(120)
    assert world.did == ["standby"] and not world.state().incidents and not world.state().standby
