"""Whether the machine has time to spare, where corosync's token is short."""

from datetime import timedelta

import pytest

from saltext_hakube.core.preflight import words
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import Busy
from saltext_hakube.host.preflight.busy import busy

from .world import NOW, but, is_fine, is_found, is_unseen, told

CODE = "too-busy-for-fast"
FAST = {"timing": "fast"}
OWN = {"cluster:totem": {"token": 1500}}
HOUR, WEEK = timedelta(hours=1), timedelta(days=7)

# As corosync 3.1.7 wrote them after a second in which it stood still.
RECORD = """\
stats.schedmiss.0.delay (flt) = 1085.866455
stats.schedmiss.0.timestamp (u64) = 1795536183291
stats.schedmiss.1.delay (flt) = 900.5
stats.schedmiss.1.timestamp (u64) = 1795532583000
"""
JOURNAL = """\
1795536183.296271 node1 corosync[561]:   [MAIN  ] Corosync main process was not scheduled \
(@1795536183291) for 1085.8665 ms (threshold is 800.0000 ms). Consider token timeout increase.
"""
OLD_JOURNAL = """\
1795450000.000001 node1 corosync[561]:   [MAIN  ] Corosync main process was not scheduled \
for 2500.1000 ms (threshold is 2400.0000 ms). Consider token timeout increase.
"""


def missed(delay, ago=HOUR, **options):
    return but(busy=Busy(((NOW - ago, delay),), 12.0, 0.7, **options))


def pressed(pressure, load=0.7):
    return but(busy=Busy((), pressure, load))


TRAPS = [
    (CODE, "corosync", "1086 ms at 2025-12-31 23:00:00 UTC (1 such", missed(1086.0), FAST),
    (CODE, "corosync", "a token of 1500 ms", missed(1250.0), OWN),
    (CODE, "/proc/pressure/cpu", "in 90 % of the last minute", pressed(90.0), FAST),
    (CODE, "/proc/pressure/cpu", "`timing: safe`", pressed(95.0, 30.0), OWN),
    (CODE, "/proc/loadavg", "8.2 processes want each", pressed(None, 8.2), FAST),
]


@pytest.mark.parametrize(("code", "where", "words", "observed", "pillar"), TRAPS)
def test_the_trap_is_found_with_its_place_and_remedy(code, where, words, observed, pillar):
    is_found(code, "warning", where, words, observed, pillar=pillar)


@pytest.mark.parametrize(
    ("observed", "pillar"),
    [
        (but(), FAST),
        # With the token of safe it does no harm.
        (missed(1086.0), {}),
        (pressed(95.0, 30.0), {"cluster:totem": {"token": 2000}, "timing": "fast"}),
        (but(busy=Unseen("not asked")), {}),
        # Too short for this token, too long ago, waiting that was measured to be harmless.
        (missed(790.0), FAST),
        (missed(1086.0), OWN),
        (missed(1086.0, WEEK), FAST),
        (pressed(88.0, 30.0), FAST),
        (pressed(None, 7.1), FAST),
    ],
)
def test_what_only_looks_like_it_is_fine(observed, pillar):
    is_fine(CODE, observed, pillar)


def test_the_longest_of_several_is_told_and_how_many():
    late = tuple((NOW - HOUR * n, 900.0 + n) for n in (3, 2, 1, 30))
    ((_severity, _where, line),) = told(CODE, but(busy=Busy(late, 0.0, 0.0)), FAST)
    assert "903 ms at 2025-12-31 21:00:00 UTC (3 such in a day)" in line


def test_a_machine_that_was_not_looked_at_is_neither():
    is_unseen(CODE, "no such", but(busy=Unseen("no such")), FAST)


def test_corosyncs_map_and_its_journal_are_one_record():
    found = words.missed(RECORD, JOURNAL + OLD_JOURNAL)
    assert [(int(at.timestamp()), round(delay)) for at, delay in found] == [
        (1795450000, 2500),
        (1795532583, 900),
        (1795536183, 1086),
    ]
    assert words.missed("", "") == ()


def test_the_share_of_the_last_minute_is_read_and_a_kernel_without_it_known():
    text = "some avg10=1.00 avg60=15.60 avg300=2.10 total=9\nfull avg10=7.00 avg60=8.00\n"
    assert words.pressure(text) == 15.6
    assert words.pressure("") is None


def test_this_machine_shows_how_it_keeps_up():
    found = busy()
    assert found.load >= 0
    assert found.pressure is None or 0 <= found.pressure <= 100
