"""When hakube-watch calls haproxy red: truth tables, and what holds for any course of things."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.agents.watch.verdict import (
    AGAIN,
    GREEN,
    LATE,
    LINK,
    PATIENCE,
    RED,
    SILENCE,
    UNKNOWN,
    Awake,
    Facts,
    Path,
    Process,
    Verdict,
    judge,
    next_look,
)

WELL = Path(since=10.0, answered=True, asked=1, row=9)
HUNG = Path(since=10.0, answered=True, asked=3, row=0, problem="nothing within 0.5 s")
NEVER = Path(since=10.0, asked=1)
SERVES = Verdict(GREEN, "it answers")
DOWN = Verdict(RED, "it was")
EVERY = 0.2  # of path.py
TINY = 0.001


def value(facts, now, before=SERVES):
    return judge(before, facts, now).value


@pytest.mark.parametrize(
    ("path", "now", "before", "expected"),
    [
        (WELL, 10.1, Verdict(), GREEN),
        (NEVER, 10.1, Verdict(), UNKNOWN),
        # One question is no proof, however old.
        (NEVER, 20.0, Verdict(), UNKNOWN),
        (NEVER._replace(asked=2), 10 + SILENCE + TINY, Verdict(), RED),
        (HUNG, 10 + SILENCE - 0.01, SERVES, GREEN),
        (HUNG, 10 + SILENCE + TINY, SERVES, RED),
        (HUNG._replace(asked=1), 10 + SILENCE + TINY, SERVES, GREEN),
        # So many without an answer are proof, though the clock stood still all the time.
        (HUNG._replace(asked=10), 10.0, SERVES, RED),
        # What was red must answer twice.
        (WELL._replace(row=1), 10.1, DOWN, RED),
        (WELL._replace(row=AGAIN), 10.1, DOWN, GREEN),
        (WELL._replace(row=0), 10.1, DOWN, RED),
        # A single failure between answers is none.
        (WELL._replace(row=0), 10.1, SERVES, GREEN),
    ],
)
def test_answers(path, now, before, expected):
    assert value(Facts(path), now, before) == expected


@pytest.mark.parametrize(
    ("process", "after", "before", "expected"),
    [
        (Process(10.0, None), 0.0, SERVES, GREEN),
        (Process(10.0, True, "activating/auto-restart"), PATIENCE - 0.01, SERVES, GREEN),
        (Process(10.0, True, "activating/auto-restart"), PATIENCE + TINY, SERVES, RED),
        # systemd cannot be asked: the same patience.
        (Process(10.0, None), PATIENCE + TINY, SERVES, RED),
        (Process(10.0, False, "failed/failed"), 0.0, SERVES, RED),
        (Process(10.0, True), 0.1, DOWN, RED),
    ],
)
def test_its_death_is_waited_for_only_while_systemd_brings_it_back(
    process, after, before, expected
):
    assert value(Facts(WELL, process), 10 + after, before) == expected


@pytest.mark.parametrize(
    ("facts", "now", "expected"),
    [
        (Facts(WELL, interface="eth0", link_lost=10.0), 10 + LINK / 2, GREEN),
        (Facts(WELL, interface="eth0", link_lost=10.0), 10 + LINK + TINY, RED),
        (Facts(WELL, idle="no server"), 10.0, RED),
        # Without anything that can be asked, systemd's word is all there is.
        (Facts(None, runs=True), 10.0, GREEN),
        (Facts(None, Process(10.0, False), runs=False), 10.0, RED),
    ],
)
def test_the_link_the_servers_and_a_haproxy_that_cannot_be_asked(facts, now, expected):
    assert value(facts, now) == expected


def test_a_haproxy_that_never_ran_and_cannot_be_asked_is_unknown():
    assert value(Facts(None), 10.0, Verdict()) == UNKNOWN


def test_why_is_said_in_a_clause():
    died = Facts(HUNG, Process(10.0, False, "failed/failed"))
    assert judge(SERVES, died, 10.0).why == (
        "its process ended, and systemd does not start it again (failed/failed)"
    )
    assert judge(SERVES, Facts(HUNG), 11.0).why == "no answer for 0.6 s: nothing within 0.5 s"


class Course:
    """A daemon that asks every 0.2 s; what is not answered within 0.5 s has failed."""

    def __init__(self, before=SERVES):
        self.now, self.awake = 100.0, Awake()
        self.path, self.verdict = Path(since=100.0, answered=True, row=1), before
        self.pending = []

    def tick(self, late, answers_after):
        """A question; it is answered after so many seconds, None for never."""
        self.now += EVERY + late
        self.awake = self.awake.late(late)
        self.path = self.path.ask(self.clock)
        self.pending.append((self.now, answers_after))
        self._hear(self.now)
        self._judge()

    def _hear(self, until):
        """What came since, in its order."""
        for asked, after in list(self.pending):
            if after is not None and asked + after <= until:
                self.pending.remove((asked, after))
                self.path = self.path.answer(self.clock)
            elif asked + 0.5 <= until:
                self.pending.remove((asked, after))
                self.path = self.path.fail("nothing within 0.5 s")

    @property
    def clock(self):
        return self.now - self.awake.lost

    def _judge(self):
        self.verdict = judge(self.verdict, Facts(self.path), self.clock)


@given(st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.39)), max_size=60))
def test_what_answers_in_time_is_never_red_however_late_the_daemon_is(course):
    seen = Course()
    for late, answer in course:
        seen.tick(late, answer)
        assert seen.verdict.value == GREEN, seen.path


@given(st.lists(st.floats(0, 0.3), min_size=12, max_size=40), st.floats(0, 0.2))
def test_what_does_not_answer_is_red_in_time_however_late_the_daemon_is(lateness, small):
    seen = Course()
    for late in lateness:
        seen.tick(late, None)
    assert seen.verdict.value == RED
    on_time = Course()
    for _ in range(4):
        on_time.tick(min(small, LATE), None)
    assert on_time.verdict.value == RED


@given(st.floats(1, 3600), st.integers(0, 2))
def test_a_machine_that_stood_still_is_no_proof(pause, unanswered):
    seen = Course()
    for _ in range(unanswered):
        seen.tick(0, None)
    seen.tick(pause, None)
    assert seen.verdict.value == GREEN


@given(
    st.sets(st.sampled_from(("answer", "fail", "died", "link", "idle")), min_size=2),
    st.sampled_from((SERVES, DOWN, Verdict())),
)
def test_in_what_order_simultaneous_facts_become_known_makes_no_difference(events, before):
    ends = set()
    for order in itertools.permutations(
        sorted(events - {"fail"} if "answer" in events else events)
    ):
        facts, verdict = Facts(HUNG._replace(asked=1)), before
        for event in order:
            facts = {
                "answer": lambda f: f._replace(path=f.path.answer(10.3).answer(10.3)),
                "fail": lambda f: f._replace(path=f.path.fail("refused")),
                "died": lambda f: f._replace(process=Process(10.3, False, "inactive/dead")),
                "link": lambda f: f._replace(interface="eth0", link_lost=10.0),
                "idle": lambda f: f._replace(idle="no server"),
            }[event](facts)
            verdict = judge(verdict, facts, 10.3)
        ends.add(verdict.value)
    assert len(ends) == 1


@pytest.mark.parametrize(
    "facts",
    [
        Facts(HUNG),
        Facts(WELL, Process(10.0, True)),
        Facts(WELL, link_lost=10.0),
        Facts(HUNG, Process(9.9, None), link_lost=10.05),
    ],
)
def test_a_timer_is_set_for_when_time_alone_turns_it_red(facts):
    wait = next_look(facts, 10.1)
    assert value(facts, 10.1 + wait - 0.001) == GREEN
    assert value(facts, 10.1 + wait + 0.001) == RED


def test_no_timer_is_set_where_nothing_is_wrong():
    assert next_look(Facts(WELL), 10.1) is None
