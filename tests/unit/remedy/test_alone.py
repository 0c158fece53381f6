"""What a node may do while its master is away."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from saltext_hakube.core.remedy.alone import (
    RETRY,
    RIGHTS,
    SETTLE,
    Account,
    Choice,
    Rights,
    choose,
    spend,
    spent,
    tokens,
    told,
)
from saltext_hakube.core.remedy.policy import Alone
from saltext_hakube.core.remedy.report import Look, Report
from saltext_hakube.core.remedy.words import COMPONENTS, PROBES

NOW = 1_700_000_000.0
POLICY = Alone(after=120, tokens=3, every=900)
ACT = Rights("act", POLICY, {})
ARMED = told(Account(), "", NOW)
AWAY = 121.0


def report(*down, since=NOW - 60, **other):
    looks = {name: Look(value="down" if name in down else "up", since=since) for name in PROBES}
    found = Report(
        format=1, cluster="c", node="n", boot="b", seq=1, at=NOW, looks=looks, quorate=True
    )
    return replace(found, **other)


DRIFT = report("files.drift")


def test_it_does_the_gentlest_rung_that_it_has_a_right_to():
    assert choose(ARMED, AWAY, DRIFT, ACT, NOW)[1:] == ("files", "files")
    assert choose(ARMED, AWAY, report("scheduler.health"), ACT, NOW)[1:] == ("scheduler", "files")


@pytest.mark.parametrize(
    ("account", "away", "seen", "rights"),
    [
        (Account(), AWAY, DRIFT, ACT),
        (told(ARMED, "paused by a person", NOW), AWAY, DRIFT, ACT),
        (ARMED, 119.0, DRIFT, ACT),
        (ARMED, AWAY, report(), ACT),
        (ARMED, AWAY, report("files.drift", since=NOW - SETTLE + 1), ACT),
        (ARMED, AWAY, report("files.drift", maintenance=True), ACT),
        (ARMED, AWAY, report("files.drift", standby=True), ACT),
        (ARMED, AWAY, report("files.drift", busy="state.apply (1)"), ACT),
        (ARMED, AWAY, report("files.drift", quorate=False), ACT),
        (ARMED, AWAY, report("files.drift", quorate=None), ACT),
        (ARMED, AWAY, DRIFT, ACT._replace(mode="observe")),
        (ARMED, AWAY, DRIFT, ACT._replace(mode="none")),
        # What was applied allows it, what the pillar says by now does not; and the other way round.
        (ARMED, AWAY, DRIFT, ACT.within("none")),
        (ARMED, AWAY, DRIFT, ACT._replace(mode="observe").within("act")),
        (ARMED, AWAY, DRIFT, ACT._replace(alone=Alone(enabled=False))),
        (ARMED, AWAY, DRIFT, ACT._replace(rungs={"files": ("probe",)})),
        (ARMED, AWAY, report("vip.owner", "pacemaker.failures"), ACT),  # the cluster's
        (ARMED, AWAY, report("disk.space"), ACT),
    ],
)
def test_where_anything_speaks_against_it_nothing_is_done_and_it_says_why(
    account, away, seen, rights
):
    found = choose(account, away, seen, rights, NOW)
    assert (found.component, found.rung) == ("", "")
    assert found.why


def test_when_a_rung_did_not_help_it_takes_the_next_and_then_leaves_it():
    down, account, now, done = report("apiserver.livez"), ARMED, NOW, []
    for _ in range(5):
        choice = choose(account, AWAY, down, ACT, now)
        if choice.component:
            done.append(choice.rung)
            account = spent(spend(account, choice, POLICY, now), "done", "it did not help")
        now += SETTLE
    assert done == ["files", "hand"]


@pytest.mark.parametrize("result", ["refused", "nothing"])
def test_what_was_not_done_costs_no_token_and_is_tried_again_after_a_while(result):
    account, now, tries = ARMED, NOW, []
    while now < NOW + 3600:
        choice = choose(account, AWAY, DRIFT, ACT, now)
        if choice.component:
            tries.append(now)
            account = spend(account, choice, POLICY, now)
            account = spent(account, result, "Salt is at work here")
            assert tokens(account, POLICY, now) == 3.0
        now += 5
    assert [later - earlier for earlier, later in pairwise(tries)] == [RETRY] * (len(tries) - 1)
    assert len(tries) == 3600 / RETRY
    assert len(account.acts) == 1


def test_what_is_down_anew_is_tried_anew():
    account = spend(ARMED, Choice("why", "files", "files"), POLICY, NOW)
    again = report("files.drift", since=NOW + 100)
    assert choose(account, AWAY, DRIFT, ACT, NOW + 200).component == ""
    assert choose(account, AWAY, again, ACT, NOW + 200).component == "files"


def test_a_clock_that_was_set_back_gives_nothing_for_free():
    account = spend(ARMED, Choice("why", "files", "files"), POLICY, NOW)
    assert tokens(account, POLICY, NOW - 3600) == 2.0


def test_what_a_clock_that_was_years_ahead_wrote_down_counts_no_longer_than_other_things():
    """A machine may start with a wrong clock, act alone by it, and get the right one later."""
    ahead = NOW + 10 * 365 * 86400
    account = ARMED
    for _ in range(3):
        account = spend(account, Choice("why", "files", "files"), POLICY, ahead)
        account = spent(account, "failed", "it was not done")
    assert tokens(account, POLICY, NOW + POLICY.every) == 0
    account = told(account, "", NOW)
    assert tokens(account, POLICY, NOW) == 0
    assert choose(account, AWAY, DRIFT, ACT, NOW + 1).component == ""
    later = NOW + POLICY.every + 1
    assert choose(account, AWAY, DRIFT, ACT, later).component == "files"


STEPS = st.lists(
    st.tuples(st.floats(0, 2000), st.sets(st.sampled_from(sorted(PROBES)), max_size=4)),
    max_size=60,
)


@given(STEPS)
def test_whatever_is_down_it_never_does_more_than_its_tokens_nor_what_it_has_no_right_to(steps):
    account, now, acts = ARMED, NOW, []
    for pause, down in steps:
        now += pause
        choice = choose(account, AWAY, report(*down, since=now - 60), ACT, now)
        if choice.component:
            assert choice.component in COMPONENTS and choice.rung in RIGHTS
            account = spend(account, choice, POLICY, now)
            acts.append(now)
    for first in range(len(acts)):
        for last in range(first, len(acts)):
            within = acts[last] - acts[first]
            assert last - first + 1 <= POLICY.tokens + within / POLICY.every + 1e-6
    assert len(account.acts) <= 20
