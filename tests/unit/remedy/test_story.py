"""A story is told of what the master really wrote down: made by decide(), on paper."""

from datetime import timedelta, timezone

import pytest

from saltext_hakube.core.remedy import fold
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.history import history, past
from saltext_hakube.core.remedy.report import Look
from saltext_hakube.core.remedy.story import Unknown, explain
from tests.unit.remedy.stage import NODES, Stage, hung_apiserver

DRIFT = Look(value="down", why="1 file", evidence={"files": ["/etc/haproxy/haproxy.cfg"]})
DONE = {"result": "done", "why": "", "did": [], "verified": True}


def only(stage):
    """The id of the one incident there was."""
    (found,) = [record.incident for record in stage.records if record.kind == "opened"]
    return found


def told(stage, **options):
    return explain(stage.records, only(stage), **options)


def place(lines, text):
    """Where the line with this text is; it is there once."""
    (found,) = [number for number, line in enumerate(lines) if text in line]
    return found


def test_a_hung_apiserver_is_a_story_from_what_was_seen_to_what_came_of_it():
    lines = told(hung_apiserver(), zone=timezone(timedelta(hours=1)))
    assert lines[0] == "apiserver on node2 (incident apiserver-node2-1)"
    assert lines[1].startswith("node2: the apiserver is not alive (/livez) (no answer within 2 s);")
    assert lines[2].startswith("opened 2025-11-25 12:20:02+01:00, closed after ")
    assert lines[2].endswith(
        ": mended by kill (kill what hangs, so that Pacemaker recovers it) on node2"
    )
    order = [
        "+0.0 s  node2: the apiserver is not alive (/livez) (no answer within 2 s)",
        "+0.0 s  an incident is opened",
        "NO votes: node2",
        "kill on node2: all gates say yes",
        "node2 is asked: kill (kill what hangs, so that Pacemaker recovers it), within 30.0 s",
        "kill on node2: done",
        "SIGKILL to 4242",
        "the node saw that it helped",
        "node2: apiserver.livez is well again",
        "Pacemaker told node2 (resource): apiserver monitor node2, code 7",
        "kill helped: all that was down is up again",
        "closed: all that was down is up again",
    ]
    assert [place(lines, text) for text in order] == sorted(place(lines, text) for text in order)


def test_every_gate_is_told_once_and_then_only_what_is_another():
    lines = told(hung_apiserver())
    first, second = place(lines, "kill on node2: not now"), place(lines, "all gates say yes")
    names = [line.split()[1].rstrip(":") for line in lines[first + 1 : first + 10]]
    assert names == [
        "known",
        "paused",
        "busy",
        "votes",
        "quorum",
        "cliff",
        "healthy",
        "incident",
        "budget",
    ]
    assert lines[second + 1].split()[:2] == ["yes", "votes:"]
    assert lines[second + 2].strip() == "the other gates say what they said before"


def test_evidence_and_the_nodes_own_clock_are_told_with_what_was_seen():
    lines = told(hung_apiserver())
    seen = place(lines, "+0.0 s  node2: the apiserver is not alive")
    assert lines[seen + 1].strip() == "so since 0.8 s before, by its own clock"
    assert lines[seen + 2].strip() == "how: silent"


def test_the_same_answer_again_and_again_is_told_once_with_a_number():
    stage = Stage()
    stage.look()
    stage.down["node1", "haproxy.process"] = "exit code 1"
    for _ in range(20):
        stage.look()
    yes = [r for r in stage.records if r.kind == "decided" and r.data["action"]]
    lines = told(stage)
    number = place(lines, "hand on node1: all gates say yes")
    same = [line.strip() for line in lines[number:] if "the same" in line]
    first, last = yes[0].at, yes[-1].at
    assert len(yes) > 10
    assert same[0].startswith(f"the same {len(yes) - 1} times more, until +")
    assert last > first
    assert len([line for line in lines if "all gates say yes" in line]) == 1


def test_a_pause_a_silence_and_giving_up_are_in_it():
    stage = Stage()
    stage.look()
    stage.down["node1", "haproxy.process"] = "exit code 1"
    stage.look()
    stage.pause("new switches", until=stage.now + 20)
    stage.look()
    stage.silent.add("node3")
    stage.look()
    stage.silent.clear()
    stage.look()
    for _ in range(600):
        step = stage.look()
        if step.action:
            stage.act(step.action, {"result": "failed", "why": "no start", "did": []})
        if any(it.gave_up for it in stage.state.incidents.values()):
            break
    lines = told(stage)
    for text in (
        "somebody paused all: new switches",
        "NO paused: k8s is paused: new switches",
        "node3 does not answer any more",
        "node3 answers again",
        "all goes on: its end has come",
        "hand on node1: it failed (no start)",
    ):
        assert any(text in line for line in lines), text
    assert ", given up: people have to look" in lines[2]
    assert "still open" in lines[2]
    (line,) = history(stage.records)
    assert " given up, for " in line


def test_what_the_node_found_needless_mended_nothing():
    """haproxy's file is put right; haproxy comes back while its node is asked to hand it over."""
    stage = Stage(settle=4.0)
    stage.down |= {
        ("node1", "haproxy.process"): "inactive",
        ("node1", "files.drift"): DRIFT,
    }
    stage.act(stage.until_action(), DONE)
    del stage.down["node1", "files.drift"]
    hand = stage.until_action()
    assert hand.rung == "hand"
    stage.act(hand, {"result": "nothing", "why": "it runs here", "did": []})
    stage.down.clear()
    while stage.state.incidents:
        stage.look()
    lines = told(stage)
    assert "mended by files" in lines[2]
    place(lines, "hand on node1: there was nothing to do (it runs here)")
    assert not [
        line
        for line in lines
        if line.strip().split("  ")[-1].startswith("hand ") and "helped" in line
    ]
    (line,) = history(stage.records)
    assert "mended by files on node1" in line
    assert "(1 action)" in line
    (snapshot,) = past([fold.snapshot(stage.state, stage.now)])
    assert (snapshot.by, snapshot.actions) == ("files on node1", 1)


def test_what_is_only_watched_says_what_would_have_been_done():
    stage = Stage(mode="observe")
    stage.look()
    stage.down["node1", "files.drift"] = DRIFT
    for _ in range(10):
        stage.look()
    lines = told(stage)
    assert any("it would be done now, but the mode is observe" in line for line in lines)
    assert any("NO paused: hakube:heal:mode is observe" in line for line in lines)
    assert not any("is asked" in line for line in lines)


def test_what_pacemaker_mends_is_told_as_such():
    stage = Stage()
    stage.look()
    stage.down["node1", "haproxy.process"] = "exit code 1"
    stage.look()
    stage.down.clear()
    stage.look()
    assert told(stage)[2].endswith("it became well without us")
    (line,) = history(stage.records)
    assert "haproxy-node1-1  well without us after 1.0 s: node1: haproxy does not run" in line


def test_an_incident_whose_beginning_is_not_kept_is_told_from_the_snapshot():
    stage = Stage()
    stage.look()
    stage.down["node1", "files.drift"] = DRIFT
    stage.act(stage.until_action(), {**DONE, "result": "failed", "why": "disk full"})
    for _ in range(3):
        stage.look()
    incident = only(stage)
    kept = [fold.snapshot(stage.state, stage.now)]
    before = len(stage.records)
    stage.down.clear()
    stage.look()
    stage.look()
    lines = explain([*kept, *stage.records[before:]], incident)
    head = place(lines, "the records before this are not kept any more")
    assert lines[head + 1].strip().startswith("files on node1: it failed (disk full); ")
    assert any("closed: " in line for line in lines)
    assert explain([fold.snapshot(stage.state, stage.now)], incident)[2].startswith("opened 2025")
    assert len(history([*kept, *stage.records[before:]])) == 1


def test_records_of_a_snapshot_in_the_midst_change_nothing_of_the_story():
    stage = hung_apiserver()
    records = list(stage.records)
    state = fold.fold(records[:12])
    again = [*records[:12], fold.snapshot(state, records[11].at), *records[12:]]
    assert explain(again, only(stage)) == told(stage)
    assert history(again) == history(records)


def test_what_people_were_told_is_in_it_also_after_the_end():
    stage = hung_apiserver()
    incident = only(stage)
    data = {"lines": [f"closed {incident} all well"], "ways": {"webhook": "told"}}
    other = {"lines": [f"closed {incident}0 all well"], "ways": {"webhook": "told"}}
    at = stage.now + 3
    more = [Record(kind="told", at=at, data=it) for it in (data, other)]
    lines = explain([*stage.records, *more], incident)
    assert lines[-1].endswith("people are told (webhook: told)")
    assert len([line for line in lines if "people are told" in line]) == 1


def test_what_a_node_did_alone_is_told():
    stage = Stage()
    stage.look()
    stage.down["node1", "files.drift"] = DRIFT
    stage.look()
    alone = {
        "at": 1.0,
        "rung": "files",
        "component": "files",
        "result": "done",
        "why": "it is back",
    }
    stage.more["node1"] = {"alone": [alone]}
    stage.look()
    lines = told(stage)
    place(lines, "node1, without a master, did files (put hakube's files right and reload)")
    stage.down.clear()
    stage.more["node1"] = {"alone": [alone, {**alone, "at": alone["at"] + 5, "result": "failed"}]}
    stage.look()
    stage.look()
    lines = history(stage.records)
    assert len(lines) == 3
    one, two = (line for line in lines if "  node1, alone" in line)
    assert one.endswith("files (put hakube's files right and reload) for files: done (it is back)")
    assert "it failed (it is back)" in two
    assert two in history([fold.snapshot(stage.state, stage.now)])


def test_no_text_of_a_node_moves_the_cursor_or_makes_a_line():
    stage = Stage()
    stage.look()
    evil = "\x1b[2J\nclosed: all well\r\u202e"
    stage.down["node1", "haproxy.process"] = Look(
        value="down", why=evil, evidence={"how": [evil] * 50}
    )
    stage.look()
    lines = [*told(stage), *history(stage.records)]
    assert all(line.isprintable() for line in lines)
    assert not any(line.strip().startswith("closed:") for line in lines)
    assert any("and 44 more" in line for line in lines)


def test_a_record_that_nobody_can_read_does_not_end_the_story():
    stage = hung_apiserver()
    incident = only(stage)
    odd = Record(kind="decided", at=stage.now, incident=incident, data={"gates": 7})
    records = [*stage.records[:-1], odd, stage.records[-1]]
    lines = explain(records, incident)
    place(lines, "a record (decided) that nobody here can read")
    place(lines, "closed: all that was down is up again")


def test_an_incident_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(Unknown, match=r"no incident x\?y; the last ones are apiserver-node2-1$"):
        explain(hung_apiserver().records, "x\x1by")
    with pytest.raises(Unknown, match="it has none"):
        explain([], "x")


def test_history_is_a_line_for_each_incident_the_oldest_first():
    stage = Stage()
    stage.look()
    for node in NODES:
        stage.down[node, "files.drift"] = DRIFT
        stage.act(stage.until_action(), DONE)
        stage.down.clear()
        stage.look()
        stage.look(30)
    lines = history(stage.records, timezone(timedelta(hours=-5)))
    assert [line.split()[2] for line in lines] == [f"files-node{n}-{n}" for n in (1, 2, 3)]
    assert all("  mended by files on node" in line and "(1 action)" in line for line in lines)
    assert lines[0].startswith("2025-11-25 06:2")
    assert [it.actions for it in past(stage.records)] == [1, 1, 1]
