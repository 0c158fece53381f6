"""Which events are worth a look: what is forged, huge, or said before is not."""

import pytest

from saltext_hakube.core.errors import Refused
from saltext_hakube.core.remedy import report
from saltext_hakube.healing import ask, hints

GOOD = "salt/beacon/node1/hakube/report"


def said(value="down", **more):
    looks = {"haproxy.process": {"value": value, "why": "w", "since": 1.0}}
    head = {"format": 1, "cluster": "k8s", "node": "node1", "boot": "b", "seq": 1, "at": 1.0}
    return head | {"looks": looks} | more


@pytest.mark.parametrize(
    ("tag", "minion"),
    [
        (GOOD, "node1"),
        ("salt/beacon/node1.example.com/hakube/report", "node1.example.com"),
        ("salt/beacon/a/b/hakube/report", None),
        ("salt/beacon/*/hakube/report", None),
        ("salt/beacon/../hakube/report", None),
        ("salt/beacon//hakube/report", None),
        (GOOD + "\n", None),
        (GOOD + "/x", None),
        ("x" + GOOD, None),
        ("salt/beacon/node1\n/hakube/report", None),
        ("salt/beacon/" + "n" * 300 + "/hakube/report", None),
        ("salt/beacon/nöde/hakube/report", None),
        (None, None),
        (["salt"], None),
    ],
)
def test_only_the_beacons_own_tag_names_a_minion(tag, minion):
    assert hints.minion_of(tag) == minion


DEEP = {}
for _ in range(100_000):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("data", "small"),
    [
        (said(), True),
        ({}, True),
        (None, False),
        ([], False),
        ({"a": "x" * 1_000_000}, False),
        ({"a": ["x"] * 100_000}, False),
        ({str(i): 1 for i in range(100_000)}, False),
        (DEEP, False),
        ({"a": object()}, False),
    ],
    ids=range(9),
)
def test_what_is_larger_than_a_report_ends_here(data, small):
    assert hints.is_small(data) is small


def test_the_same_words_are_one_for_a_while():
    admission = hints.Admission()
    assert admission.allow("node1", 1, 0.0)
    assert not admission.allow("node1", 1, 1.0)
    assert admission.allow("node2", 1, 1.0)
    assert admission.allow("node1", 2, 1.0)
    assert admission.allow("node1", 2, 1.0 + hints.SAME)


def test_a_minion_that_says_something_new_all_the_time_has_its_share():
    admission = hints.Admission()
    allowed = sum(admission.allow("node1", word, word / 1000) for word in range(25_000))
    assert allowed <= hints.BURST + 25 / hints.REFILL + 1
    assert admission.allow("node2", 1, 25.0)


def test_who_forges_ids_does_not_fill_the_memory():
    admission = hints.Admission()
    for number in range(hints.KEPT + 100):
        admission.allow(f"m{number}", 1, 0.0)
    assert len(admission._seen) == hints.KEPT


def test_where_nothing_can_be_marked_the_reactor_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(hints, "_admission", hints.Admission())
    (tmp_path / "hakube").write_text("no folder")
    opts = {"cachedir": str(tmp_path)}
    assert hints.worth(opts, GOOD, said())
    assert not hints.worth(opts, GOOD, said()), "the same again"


def test_a_report_says_the_same_as_its_event_and_numbers_and_words_do_not_count():
    event = said() | {"id": "node1", "beacon_name": "hakube", "_stamp": "x"}
    mine = report.read(said())
    later = report.read(said(seq=9, at=9.0))
    assert hints.fingerprint(event) == hints.fingerprint(mine) == hints.fingerprint(later)
    for other in (said("up"), said(boot="c"), said(holder=True), said(quorate=False)):
        assert hints.fingerprint(other) != hints.fingerprint(mine)


@pytest.mark.parametrize(
    "target",
    [
        "*",
        "",
        [],
        [""],
        ["*"],
        ["node1", "no de"],
        [None],
        ["a,b"],
        ["G@os:Debian"[0:1] + "@*"],
        ["x\n"],
        ["m"] * 2000,
        "node1",
    ],
)
def test_a_job_for_a_pattern_or_for_nobody_is_refused(target):
    with pytest.raises(Refused):
        ask.target(target)


def test_a_job_for_some_minions_is_not():
    ask.target(["node1", "node2.example.com", "m_3"])
