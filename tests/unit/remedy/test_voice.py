"""When a node speaks, and what it says."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.remedy import report as reports
from saltext_hakube.core.remedy.report import News
from saltext_hakube.core.remedy.verdict import Manner, Seen
from saltext_hakube.core.remedy.voice import AGAIN, KEPT, MANY, Around, Look, begin, listen, report
from saltext_hakube.core.remedy.words import PROBES

MANNER = Manner(2, 2)
REASSERT = 45.0
UNIX = 1_700_000_000.0
WELL = Around()


def look(now, value="up", news=(), around=WELL, **other):
    seen = {name: Seen(value, now, 1.0) for name in PROBES}
    seen |= {name.replace("_", "."): one for name, one in other.items()}
    return Look(seen, around, news, now, UNIX + now)


def steady(until=103.0):
    """A voice for which all has been well for a while, and when it spoke last."""
    voice, now, told = begin("boot"), 100.0, None
    while now <= until:
        heard = listen(voice, look(now), MANNER, REASSERT)
        voice, told, now = heard.voice, now if heard.why else told, now + 1
    return voice, told


def whys(looks, voice=None):
    voice = voice or steady()[0]
    found = []
    for one in looks:
        voice, why = listen(voice, one, MANNER, REASSERT)
        found.append(why)
    return found, voice


def test_the_first_look_is_told_and_each_verdict_when_it_is_made():
    voice, found = begin("boot"), []
    for now in (100.0, 101.0, 102.0):
        voice, why = listen(voice, look(now), MANNER, REASSERT)
        found.append(why)
    assert found == ["first", "verdict", ""]


def test_it_speaks_again_after_reassert_seconds_and_not_before():
    voice, told = steady()
    early, _ = whys([look(told + REASSERT - 0.001)], voice)
    late, _ = whys([look(told + REASSERT)], voice)
    assert (early, late) == ([""], ["reassert"])


def test_one_bad_look_is_not_told_two_are_told_once():
    bad = {"haproxy_stats": None}
    looks = []
    for now in (104.0, 105.0, 106.0):
        bad["haproxy_stats"] = Seen("down", now, 1.0, "silent")
        looks.append(look(now, **bad))
    found, voice = whys(looks)
    assert found == ["", "verdict", ""]
    assert voice.verdicts["haproxy.stats"].value == "down"


@pytest.mark.parametrize(
    "around",
    [
        Around(maintenance=True),
        Around(standby=True),
        Around(busy="state.apply (1)"),
        Around(quorate=False),
        Around(online=("a",)),
        Around(holder=True),
    ],
)
def test_what_verdicts_are_weighed_with_is_told_when_it_changes(around):
    found, _ = whys([look(104.0, around=around), look(105.0, around=around)])
    assert found == ["around", ""]


def test_news_is_told_at_once_and_stays_in_reports_for_a_while():
    news = News(kind="resource", at=1.0, resource="VIP")
    found, voice = whys([look(104.0, news=[news])])
    assert found == ["news"]
    for now, kept in ((104.0 + KEPT, [news]), (104.1 + KEPT, [])):
        later = look(now)
        _, after = whys([later], voice)
        assert report(after, later, "c", "n").news == kept


def test_of_much_news_the_newest_is_kept():
    _, voice = whys([look(104.0, news=[News(kind="node", at=it) for it in range(MANY + 7)])])
    assert [one.news.at for one in voice.news] == list(range(7, MANY + 7))


def test_other_evidence_for_what_is_down_is_told_but_not_each_second():
    def down(now, files):
        return look(now, files_drift=Seen("down", now, 1.0, "drift", {"files": files}))

    _, voice = whys([down(104.0, ["a"]), down(105.0, ["a"])])
    found, _ = whys([down(106.0, ["a", "b"]), down(109.0, ["a", "b"])], voice)
    assert found == ["", ""]
    found, _ = whys(
        [down(106.0, ["a", "b"]), down(105.0 + AGAIN, ["a", "b"]), down(111, ["a", "b"])], voice
    )
    assert found == ["", "evidence", ""]


def test_a_report_has_a_look_for_each_probe_and_its_reader_takes_it():
    voice, _ = steady()
    found = report(voice, look(103.0), "hakube", "node1")
    assert reports.read(reports.plain(found)) == found
    assert found.looks.keys() == PROBES.keys()
    assert {one.since for one in found.looks.values()} == {UNIX + 101.0}


def test_a_clock_that_is_set_moves_the_times_that_are_told_and_no_verdict():
    voice, _ = steady()
    back = look(104.0)._replace(at=UNIX - 3600)
    heard = listen(voice, back, MANNER, REASSERT)
    found = report(heard.voice, back, "c", "n")
    assert heard.why == ""
    assert {one.since for one in found.looks.values()} == {UNIX - 3600 - 3.0}


def test_a_voice_that_lost_its_memory_counts_on():
    voice, _ = steady(until=400.0)
    heard = listen(begin("boot"), look(401.0), MANNER, REASSERT)
    assert heard.voice.seq > voice.seq


def test_what_is_remembered_survives_being_written_down():
    news = News(kind="resource", at=1.0, resource="VIP")
    _, voice = whys([look(104.0, news=[news], around=Around(online=("a", "b")))])
    assert msgspec.json.decode(msgspec.json.encode(voice), type=type(voice)) == voice


VALUES = st.sampled_from(["up", "down", "unknown"])


@given(st.lists(st.tuples(VALUES, st.floats(0.3, 90)), max_size=40))
def test_whatever_happens_nobody_waits_longer_than_reassert_for_what_is_true(course):
    voice, now, told = begin("boot"), 50.0, None
    for value, pause in course:
        now += pause
        before = voice
        voice, why = listen(voice, look(now, value), MANNER, REASSERT)
        if why:
            told = now, {name: one.value for name, one in voice.verdicts.items()}
        assert voice.seq > before.seq
        assert now - told[0] < REASSERT
        assert told[1] == {name: one.value for name, one in voice.verdicts.items()}
