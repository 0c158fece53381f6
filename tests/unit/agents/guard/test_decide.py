"""What the guard does, and when: truth tables, and its promises under any order of events."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from saltext_hakube.agents.guard.decide import (
    ABANDON,
    AFTER_QUORUM,
    AGAIN,
    ANNOUNCE,
    ASK_AGAIN,
    GIVE_UP,
    HAND_OVER,
    HAND_OVER_FOR,
    Eyes,
    GaveUp,
    Left,
    State,
    answered,
    begin,
    kept,
    removed,
    see,
    tick,
)

T = 5.28  # 0.8 x (3.0 + 3.6)
WELL = Eyes(corosync=True, pacemaker=True, quorate=True, ring="1.1", here=True, link=True)
CUT = WELL._replace(quorate=False, ring="1.2")
DEAD = WELL._replace(corosync=False, quorate=None)


def what(step):
    return [action.what for action in step.actions]


def well():
    return see(State(), WELL, 0.0, T).state


def given_up(eyes=DEAD):
    """The state after the address was given up at 5.28, in this trouble since 0."""
    state = see(well(), eyes, 0.0, T).state
    return removed(state, T, GaveUp(1e9, state.eyes.trouble)).state


@pytest.mark.parametrize(
    ("eyes", "delay"),
    [
        (CUT, AFTER_QUORUM),
        (DEAD, T),
        (WELL._replace(hangs=True), T),
        (WELL._replace(pacemaker=False), T),
        # corosync was killed, is back, and alone for a while: that is no cut.
        (WELL._replace(corosync=False, quorate=False), T),
    ],
)
def test_the_address_is_given_up_when_the_others_may_start_it(eyes, delay):
    step = see(well(), eyes, 10.0, T)
    assert (what(step), step.state.due) == ([], 10.0 + delay)
    assert what(tick(step.state, 10.0 + delay - 0.01)) == []
    step = tick(step.state, 10.0 + delay)
    assert what(step) == [GIVE_UP]
    assert step.actions[0].why == eyes.trouble


def test_while_nobody_says_whether_a_living_stack_has_quorum_the_address_stays():
    state = see(well(), WELL._replace(quorate=None), 0.0, T).state
    for now in (T, T + 1, T + 600):
        step = tick(state, now)
        assert what(step) == []
        state = step.state
    # Then it is said, and all this time counts.
    assert what(see(state, CUT, T + 602, T)) == [GIVE_UP]


def test_the_quorum_that_is_lost_while_nobody_says_so_is_lost_all_the_same():
    """The tool that tells it was ended, and is back."""
    state = see(well(), WELL._replace(quorate=None), 10.0, T).state
    assert state.due == 10.0 + T
    state = see(state, CUT, 11.0, T).state
    assert state.due == 11.0 + AFTER_QUORUM
    # Of a corosync that died in between nobody knows whether the others had the time to see it.
    state = see(see(well(), WELL._replace(quorate=None), 10.0, T).state, DEAD, 10.5, T).state
    state = see(state, WELL._replace(quorate=None), 10.7, T).state
    assert see(state, CUT, 11.0, T).state.due == 10.0 + T


def test_a_stack_that_dies_after_nobody_said_whether_it_has_quorum_counts_from_its_death():
    state = see(well(), WELL._replace(quorate=None), 0.0, T).state
    state = tick(state, T).state
    state = see(state, DEAD, 600.0, T).state
    assert state.due == 600.0 + T
    # One that is only just back, and dies again, has its time running.
    state = see(well(), DEAD, 0.0, T).state
    state = see(state, WELL._replace(quorate=None), 1.0, T).state
    assert see(state, DEAD, 2.0, T).state.due == T


def test_what_hung_unseen_counts_since_it_answered_last():
    step = see(well(), WELL._replace(hangs=True), 10.0, T, since=7.0)
    assert step.state.due == pytest.approx(7.0 + T)


@pytest.mark.parametrize("eyes", [CUT, DEAD])
def test_a_stack_that_comes_back_cancels(eyes):
    state = see(well(), eyes, 0.0, T).state
    state = see(state, WELL, 0.2, T).state
    assert state.due is None
    assert what(tick(state, 60.0)) == []


def test_a_restarted_corosync_that_is_alone_counts_from_its_death():
    state = see(well(), DEAD, 0.0, T).state
    alone = see(state, WELL._replace(quorate=False, ring="1.3"), 0.3, T)
    assert alone.state.due == T


def test_the_quorum_that_is_lost_while_pacemaker_is_dead_counts_as_any_cut():
    state = see(well(), WELL._replace(pacemaker=False), 0.0, T).state
    state = see(state, CUT._replace(pacemaker=False), 1.0, T).state
    assert state.due == 1.0 + AFTER_QUORUM


@pytest.mark.parametrize(
    ("eyes", "announces"),
    [(WELL, []), (WELL._replace(ring="1.9"), [ANNOUNCE]), (CUT, [])],
)
def test_that_nobody_said_for_a_moment_what_is_so_is_no_news(eyes, announces):
    state = see(well(), WELL._replace(quorate=None), 1.0, T).state
    assert what(see(state, eyes, 1.2, T)) == announces
    # After a cut it is: the others may have had the address.
    state = see(well(), CUT, 1.0, T).state
    state = see(state, CUT._replace(quorate=None), 1.1, T).state
    assert what(see(state, WELL, 1.2, T)) == [ANNOUNCE]


def test_an_address_is_announced_when_it_serves():
    step = see(well(), WELL._replace(here=False), 1.0, T)
    step = see(step.state, WELL._replace(tentative=True), 2.0, T)
    assert what(step) == []
    step = see(step.state, WELL, 3.0, T)
    assert [(one.what, one.why) for one in step.actions] == [(ANNOUNCE, "the address came")]


def test_an_address_that_comes_when_all_is_over_is_left_alone():
    state = see(well(), DEAD._replace(here=False), 0.0, T).state
    state = tick(state, T).state
    assert state.due is None
    assert what(see(state, DEAD, T + 1, T)) == []
    assert what(see(given_up(), DEAD, T + 1, T)) == []


def test_what_was_refused_is_tried_again():
    state = kept(see(well(), DEAD, 0.0, T).state, T).state
    assert state.due == T + AGAIN
    assert what(tick(state, T + AGAIN)) == [GIVE_UP]


def test_nothing_is_given_up_on_a_node_that_has_nothing():
    assert what(tick(see(State(), Eyes(), 0.0, T).state, 60.0)) == []


# -- handed over ---------------------------------------------------------------------------------

BACK = WELL._replace(here=False, ring="1.4")


def test_pacemaker_is_told_when_it_is_back():
    step = see(given_up(), BACK, 9.0, T)
    assert what(step) == [HAND_OVER]
    assert what(see(step.state, BACK._replace(ring="1.5"), 9.1, T)) == []  # once
    state = answered(step.state, 9.2, told=True).state
    assert state.gave_up is None


def test_pacemaker_is_asked_again_for_a_while():
    state = see(given_up(), BACK, 9.0, T).state
    state = answered(state, 9.2, told=False).state
    assert state.due == pytest.approx(9.2 + ASK_AGAIN)
    step = tick(state, state.due)
    assert what(step) == [HAND_OVER]
    step = answered(step.state, 9.0 + HAND_OVER_FOR, told=False)
    assert (what(step), step.state.gave_up) == ([ABANDON], None)


def test_an_answer_that_comes_too_late_changes_nothing():
    state = see(given_up(), BACK, 9.0, T).state
    again = see(state, BACK._replace(quorate=False), 9.1, T).state
    assert answered(again, 9.2, told=True).state == again
    assert again.gave_up


def test_an_address_that_is_back_needs_nobody_told():
    step = see(given_up(), WELL, 9.0, T)
    assert (what(step), step.state.gave_up) == ([ANNOUNCE], None)


# -- announced -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "announced"),
    [
        (WELL._replace(here=False), WELL, True),
        (WELL._replace(link=False), WELL, True),
        (WELL, WELL._replace(ring="1.9"), True),
        (CUT, WELL, True),
        (WELL, WELL, False),
        (WELL, WELL._replace(link=False), False),
        (WELL, WELL._replace(here=False, ring="1.9"), False),
        (WELL, CUT, False),
        (CUT._replace(here=False), CUT, False),
        (DEAD._replace(link=False), DEAD, False),
    ],
)
def test_who_has_the_address_and_is_well_announces_what_is_new(before, after, announced):
    state = see(State(), before, 0.0, T).state
    assert (ANNOUNCE in what(see(state, after, 1.0, T))) is announced


def test_an_address_that_comes_back_while_pacemaker_does_not_say_yet_leaves_nothing_to_wait_for():
    state = see(given_up(), WELL._replace(here=False), 60.0, T).state
    state = answered(state, 60.1, told=False).state
    assert state.due is not None
    state = see(state, WELL, 60.2, T).state
    assert (state.due, state.gave_up, state.asking) == (None, None, False)


def test_a_stack_that_lived_for_a_moment_and_dies_again_is_another_trouble():
    """Whether it was quorate was not known: Pacemaker may have started the VIP in that time."""
    state = see(given_up(), DEAD._replace(here=True), 20.0, T).state
    assert state.due is None
    state = see(
        state, state.eyes._replace(corosync=True, pacemaker=True, quorate=None), 30.0, T
    ).state
    state = see(state, DEAD, 31.0, T).state
    assert what(tick(state, 31.0 + T - 0.01)) == []
    assert what(tick(state, 31.0 + T)) == [GIVE_UP]


# -- what was there when it began ----------------------------------------------------------------

LIVES = WELL._replace(quorate=None)


def began(eyes, left=None):
    return see(begin(left or Left(), 0.0, T), eyes, 0.0, T).state


@pytest.mark.parametrize("dead", [DEAD, WELL._replace(pacemaker=False), Eyes(here=True)])
def test_an_address_on_a_node_whose_stack_was_dead_before_the_guard_stays(dead):
    state = began(dead)
    for now in (T, T + 1, T + 600):
        step = tick(state, now)
        assert (what(step), step.state.due) == ([], None)
        state = see(step.state, dead._replace(here=now != T), now, T).state
        assert state.due is None


def test_what_the_guard_before_had_not_done_is_done():
    state = began(DEAD, Left(due=True))
    assert state.due == T
    assert what(tick(state, T)) == [GIVE_UP]
    assert see(state, CUT, 1.0, T).state.due == T  # a stack that lives alone meanwhile is no end


@pytest.mark.parametrize("quorate", [True, False, None])
def test_a_stack_that_lives_is_guarded_from_then_on(quorate):
    state = see(began(DEAD), WELL._replace(quorate=quorate), 1.0, T).state
    state = see(state, DEAD, 2.0, T).state
    due = 2.0 + T if quorate else 1.0 + T  # where it is not well its trouble is as old as its life
    assert state.due == pytest.approx(due)
    assert what(tick(state, due)) == [GIVE_UP]


@pytest.mark.parametrize("left", [Left(), Left(due=True)])
@pytest.mark.parametrize(("eyes", "goes"), [(CUT, True), (LIVES, False)])
def test_a_stack_that_lives_when_the_guard_begins_is_guarded(eyes, goes, left):
    state = began(eyes, left)
    assert state.due == T
    assert what(tick(state, T)) == ([GIVE_UP] if goes else [])
    assert what(tick(see(state, DEAD, 1.0, T).state, T)) == [GIVE_UP]


def test_what_was_given_up_before_is_handed_over_by_the_next_guard():
    state = began(DEAD._replace(here=False), Left(GaveUp(1.0, "corosync is dead")))
    assert what(see(state, BACK, 9.0, T)) == [HAND_OVER]


# -- promises ------------------------------------------------------------------------------------


class Promises(RuleBasedStateMachine):
    """Any order of events and delays; what must hold is kept account of beside the decision."""

    @initialize(eyes=st.sampled_from([WELL, WELL, Eyes(), CUT, DEAD, LIVES]), due=st.booleans())
    def begin(self, eyes, due):
        self.now = 100.0
        self.state = begin(Left(due=due), self.now, T)
        self.found = not due  # no stack lived since the guard began, and nothing was left to it
        self.bad_since = None  # not quorate, or no stack, without a break
        self.had = None  # what corosync said last, in one life of it
        self.lost_at = None  # a living corosync lost its quorum, and it was not well since
        self.actions = []
        self.done = 0
        self.look(eyes)

    def take(self, step):
        self.state = step.state
        self.actions += step.actions

    def look(self, eyes):
        before, self.seen = self.state.eyes, eyes
        if self.found and eyes.stack:
            self.found, self.bad_since = False, None
        if eyes.well:
            self.bad_since = self.lost_at = None
            self.done = 0
        elif self.bad_since is None:
            self.bad_since = self.now
        elif (
            before.stack
            and before.quorate is None
            and not eyes.stack
            and self.now - self.bad_since >= T
        ):  # it lived, and may have been quorate: that it died is a trouble of its own
            self.bad_since, self.done = self.now, 0
        if self.had and eyes.quorate is False and eyes.corosync:
            self.lost_at = self.now if self.lost_at is None else self.lost_at
        if not eyes.corosync:
            self.had = None
        elif eyes.quorate is not None:
            self.had = eyes.quorate
        self.take(see(self.state, eyes, self.now, T))

    @rule(
        change=st.sampled_from(["corosync", "corosync", "pacemaker", "hangs", "link", "tentative"])
    )
    def something_turns(self, change):
        self.look(self.state.eyes._replace(**{change: not getattr(self.state.eyes, change)}))

    @rule()
    def the_address_comes_or_goes(self):
        self.look(self.state.eyes._replace(here=not self.state.eyes.here))

    @rule(quorate=st.sampled_from([True, False, False, None]))
    def the_quorum_changes(self, quorate):
        self.look(self.state.eyes._replace(quorate=quorate))

    @rule(ring=st.sampled_from("abc"))
    def the_membership_changes(self, ring):
        self.look(self.state.eyes._replace(ring=ring))

    @rule()
    def all_is_well_with_the_address(self):
        self.look(WELL)

    @rule(seconds=st.sampled_from([0.05, AFTER_QUORUM, 1.0, T - 0.05, T, 40.0]))
    def time_goes_by(self, seconds):
        """The timer calls when it is due; at most this long."""
        end = self.now + seconds
        while self.state.due is not None and self.state.due <= end and not self.actions:
            self.now = max(self.now, self.state.due)
            self.take(tick(self.state, self.now))
            if not self.actions:
                break
        if not self.actions:
            self.now = end

    @rule(told=st.booleans())
    def answers_come(self, told):
        if self.state.asking:
            self.take(answered(self.state, self.now, told=told))

    @rule()
    def a_timer_comes_too_early(self):
        self.take(tick(self.state, self.now))

    @invariant()
    def what_is_done_keeps_the_promises(self):
        actions, self.actions = getattr(self, "actions", []), []
        for action in actions:
            well_now = self.state.eyes.well
            if action.what == GIVE_UP:
                assert not well_now
                assert not self.found, "a person put it there"
                assert self.state.eyes.here
                assert not (self.state.eyes.stack and self.state.eyes.quorate is None)
                long = self.now - self.bad_since >= T - 1e-6
                cut = self.lost_at is not None and self.now - self.lost_at >= AFTER_QUORUM - 1e-6
                assert long or cut
                self.done += 1
                assert self.done == 1, "given up twice in one trouble"
                self.take(removed(self.state, self.now, GaveUp(1.0, action.why)))
            elif action.what == HAND_OVER:
                assert well_now
                assert not self.state.eyes.here
            elif action.what == ANNOUNCE:
                assert well_now
                assert self.state.eyes.here
                assert not self.state.eyes.tentative
        if getattr(self, "state", None) is not None:
            assert not (self.state.gave_up and self.state.eyes.here)
            if self.state.eyes.well:
                waits = self.state.asking or self.state.due is not None
                assert waits == bool(self.state.gave_up), "nobody, or nothing, is waited for"
            elif (
                not self.done
                and not self.found
                and self.state.eyes.here
                and self.now - self.bad_since < AFTER_QUORUM - 1e-6
            ):
                assert self.state.due is not None, "it will never be given up"


EXAMPLES = max(200, settings().max_examples)
Promises.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
TestPromises = Promises.TestCase
