"""Which spellings mean the same to pacemaker."""

import pytest

from saltext_hakube.core.cib.meaning import canonical, same


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("interval", "60", "60s"),
        ("interval", "60s", "1min"),
        ("timeout", "1500ms", "1500msec"),
        ("failure-timeout", "2h", "7200"),
        ("timeout", "PT1M", "60s"),
        ("timeout", "P1DT1S", "86401"),
        ("timeout", "1500000us", "1500ms"),
        ("interleave", "true", "YES"),
        ("stonith-enabled", "false", "0"),
        ("score", "INFINITY", "1000000"),
        ("score", "+INFINITY", "INFINITY"),
        ("score", "-INFINITY", "-1000000"),
        ("migration-threshold", "2000000", "INFINITY"),
    ],
)
def test_spellings_of_one_meaning_are_the_same(name, one, other):
    assert same(name, one, other)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("interval", "60s", "60ms"),
        ("interleave", "true", "false"),
        ("score", "INFINITY", "-INFINITY"),
        ("ip", "1", "true"),
        ("ip", "60", "60s"),
        ("interval", "10s", None),
        ("interval", None, "10s"),
    ],
)
def test_other_meanings_stay_apart(name, one, other):
    assert not same(name, one, other)


def test_what_is_no_duration_stays_as_it_is():
    assert canonical("interval", "soon") == "soon"
    assert canonical("interval", "P1Y") == "P1Y"


def test_two_absent_values_are_the_same():
    assert same("interval", None, None)
