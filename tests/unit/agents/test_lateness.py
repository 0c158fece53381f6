"""Time in which the daemon did not run is no time in which haproxy did not answer."""

import pytest

from saltext_hakube.agents.watch.path import DataPath
from saltext_hakube.agents.watch.verdict import GRACE


class Clock:
    """As much of a loop as tells the time."""

    def __init__(self):
        self.time, self.late = 100.0, 0.0

    def now(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


def test_what_several_timers_were_late_by_counts_once(clock):
    path = DataPath(clock, None, None, lambda: None)
    clock.time += 1.0
    clock.late = 0.6  # the look that was due first
    path.note_lateness()
    assert clock.time - path.now() == pytest.approx(0.6 + GRACE)
    clock.late = 0.4  # the question that was due in the same stall
    path.note_lateness()
    assert clock.time - path.now() == pytest.approx(0.6 + GRACE)


def test_each_stall_counts(clock):
    path = DataPath(clock, None, None, lambda: None)
    for number in (1, 2, 3):
        clock.time += 1.0
        clock.late = 0.5
        path.note_lateness()
        assert clock.time - path.now() == pytest.approx(number * (0.5 + GRACE))


def test_a_timer_is_never_quite_on_time_and_that_is_nothing(clock):
    path = DataPath(clock, None, None, lambda: None)
    for _ in range(100):
        clock.time += 0.2
        clock.late = 0.01
        path.note_lateness()
    assert clock.time == path.now()
