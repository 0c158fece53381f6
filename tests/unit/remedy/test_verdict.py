"""Looks become verdicts: the edges of rise and fall, what is old, what was seen before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.remedy.verdict import STALE, Manner, Seen, Verdict, judge

MANNER = Manner(fall=3, rise=2)
START = Verdict(since=0.0)


def course(values, manner=MANNER, start=START, step=1.0):
    """The verdict after looks, one each second: U is up, D down, ? unknown, a dot no new look."""
    verdict, now, seen = start, 100.0, None
    for value in values:
        now += step
        if value != ".":
            seen = Seen({"U": "up", "D": "down", "?": "unknown"}[value], now, step, value)
        verdict = judge(verdict, seen, now, manner)
    return verdict


@pytest.mark.parametrize(
    ("looks", "value"),
    [
        ("", "unknown"),
        ("U", "unknown"),
        ("UU", "up"),
        ("UUD", "up"),
        ("UUDD", "up"),
        ("UUDDD", "down"),
        ("UUDDUDD", "up"),
        ("UUDDDU", "down"),
        ("UUDDDUU", "up"),
        ("DD", "unknown"),
        ("DDD", "down"),
        ("UU?", "unknown"),
        ("UU?U", "unknown"),
        ("UU?UU", "up"),
        ("DDD?DD", "unknown"),
        ("UUD..", "up"),  # one look, seen three times
        ("U..", "unknown"),
        ("DD.D", "down"),
    ],
)
def test_a_verdict_takes_so_many_looks_in_a_row(looks, value):
    assert course(looks).value == value


@pytest.mark.parametrize(("every", "limit"), [(10.0, 30.0), (1.0, 3.0), (0.25, 3.0)])
def test_a_look_older_than_three_of_its_intervals_is_unknown(every, limit):
    before = Verdict("up", since=5.0, run="up", count=2, clock=100.0)
    seen = Seen("up", 100.0, every)
    assert judge(before, seen, 100.0 + limit, MANNER).value == "up"
    late = judge(before, seen, 100.001 + limit, MANNER)
    assert (late.value, late.since, late.count) == ("unknown", 100.001 + limit, 0)


def test_what_nobody_looks_at_is_unknown_since_then():
    before = Verdict("down", since=5.0, run="down", count=3, clock=9.0)
    first = judge(before, None, 10.0, MANNER)
    again = judge(first, None, 11.0, MANNER)
    assert (first.value, first.since, again.since) == ("unknown", 10.0, 10.0)


def test_a_look_from_the_future_says_nothing():
    before = Verdict("up", run="up", count=2, clock=100.0)
    assert judge(before, Seen("down", 102.0, 1.0), 100.5, Manner(1, 1)).value == "unknown"
    assert judge(before, Seen("down", 101.0, 1.0), 100.5, Manner(1, 1)).value == "down"


def test_the_time_is_that_of_the_verdict_and_the_reason_that_of_the_last_look():
    before = Verdict("down", since=50.0, why="was", run="down", count=3, clock=99.0)
    after = judge(before, Seen("down", 100.0, 1.0, "is", {"a": ["b"]}), 100.1, MANNER)
    assert (after.since, after.why, after.evidence) == (50.0, "is", {"a": ["b"]})


def test_until_it_changes_a_verdict_keeps_its_reason():
    before = Verdict("up", since=50.0, why="well", run="up", count=2, clock=99.0)
    after = judge(before, Seen("down", 100.0, 1.0, "not well"), 100.1, MANNER)
    assert (after.value, after.why, after.since) == ("up", "well", 50.0)


LOOKS = st.lists(st.sampled_from("UD?."), max_size=60)
MANNERS = st.builds(Manner, st.integers(1, 5), st.integers(1, 5))


@given(LOOKS, MANNERS)
def test_a_verdict_is_what_the_last_looks_in_a_row_say_it_is(looks, manner):
    """Against a model that looks at the whole course at once."""
    expected, run = "unknown", []
    old = 0
    for look in looks:
        old = 0 if look != "." else old + 1
        if old > STALE or (look == "." and not run) or look == "?":
            run, expected = [], "unknown"
        elif look != ".":
            run = [*run, look] if look in run[-1:] else [look]
            if len(run) >= (manner.rise if look == "U" else manner.fall):
                expected = {"U": "up", "D": "down"}[look]
        if old > STALE:
            run = []
    assert course(looks, manner).value == expected


@given(st.lists(st.sampled_from("UD?"), max_size=30), MANNERS)
def test_whoever_reads_a_sample_more_often_finds_the_same(looks, manner):
    twice = [one for look in looks for one in (look, ".")]
    assert course(twice, manner).value == course(looks, manner).value


@given(LOOKS, MANNERS)
def test_down_is_never_said_of_fewer_looks_than_fall(looks, manner):
    fails = max((len(run) for run in "".join(looks).replace(".", "").split("U")), default=0)
    if fails < manner.fall:
        assert course(looks, manner).value != "down"
