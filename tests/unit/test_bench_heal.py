"""The healing's benchmark: what it reads out of what people see, and what it calls not as asked."""

import pytest

from bench.heal import results
from bench.heal.faults import FAULTS
from bench.heal.master import Line, lines
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.history import history, past
from saltext_hakube.core.remedy.report import Look
from saltext_hakube.core.remedy.story import explain
from tests.unit.remedy.stage import NODES, Stage

STORY = "\n".join(FAULTS["scheduler-hang"].tells)


def opened(name, at, node="node1"):
    incident = {
        "id": name,
        "component": name.rpartition("-node")[0],
        "node": node,
        "why": "it hangs",
    }
    return Record(kind="opened", at=at, incident=name, data={"incident": incident | {"opened": at}})


def test_the_incidents_are_read_out_of_the_history_that_people_see():
    kill = {"rung": "kill", "node": "node1", "mended": True}
    records = [
        opened("controller-manager-node1-1", 100.0),
        Record(kind="acting", at=101.0, incident="controller-manager-node1-1", data={}),
        Record(kind="verified", at=104.0, incident="controller-manager-node1-1", data=kill),
        Record(kind="closed", at=104.0, incident="controller-manager-node1-1", data={}),
        opened("haproxy-node1-2", 200.0),
        Record(kind="closed", at=203.0, incident="haproxy-node1-2", data={}),
        opened("pacemaker-cluster-3", 300.0, ""),
        Record(kind="gave_up", at=301.0, incident="pacemaker-cluster-3", data={}),
        opened("files-node1-4", 310.0),
    ]
    found = lines("\n".join(["WARNING: something else", *history(records)]))
    assert [(it.id, it.over, it.actions) for it in found] == [
        ("controller-manager-node1-1", True, 1),
        ("haproxy-node1-2", True, 0),
        ("pacemaker-cluster-3", False, 0),
        ("files-node1-4", False, 0),
    ]
    assert lines("no incident") == []


def record(fault="scheduler-hang", seconds=8.0, **others):
    its = {"scheduler-node1-1": "mended by kill on node1 after 6.0 s (1 action): it hangs"}
    return {
        "fault": fault,
        "seconds": seconds,
        "closed": 9.0,
        "sick": [],
        "incidents": its,
        "stories": dict.fromkeys(its, STORY),
        "load": [1.0, 1.0],
        **others,
    }


TWO = {"scheduler-node1-1": "mended by kill on node1", "apiserver-node1-2": "open, for 9.0 s"}
HELD = {"touched": [], "untold": [], "actions": 0}


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (record(), []),
        (record(seconds=31.0), ["healed after 31.0 s, at most 30 s"]),
        (record(seconds=None), ["healed never, at most 30 s"]),
        (record(sick=["node1 is off"]), ["did not become whole: node1 is off"]),
        (record(incidents={}, stories={}), ["0 incidents, not one: none"]),
        (
            record(incidents=TWO, stories=dict.fromkeys(TWO, STORY), closed=None),
            [
                "apiserver-node1-2 is open, for 9.0 s",
                "2 incidents, not one: scheduler-node1-1, apiserver-node1-2",
            ],
        ),
        (
            record(stories={"scheduler-node1-1": STORY.replace("kill helped", "")}),
            ["no story has 'kill helped'"],
        ),
        (record("paused", held=HELD, stories=dict.fromkeys("a", STORY)), []),
        (
            record("paused", held=HELD | {"actions": 1}),
            ["1 actions while nothing might be done"],
        ),
        (
            record("paused", held=HELD | {"touched": ["kube-scheduler on node1 is another one"]}),
            ["while nothing might be done: kube-scheduler on node1 is another one"],
        ),
        (
            record("paused", held=HELD | {"untold": ["NO paused"]}),
            ["while it was held no story had 'NO paused'"],
        ),
        (record("all-red", incidents=TWO, stories={}, held=HELD), []),
        (record("alone", incidents={}, stories={}, alone=["files for haproxy: done"]), []),
        (
            record("alone", incidents={}, stories={}),
            ["the node has no record of what it did alone"],
        ),
    ],
)
def test_what_was_asked_and_is_not_so_is_told(made, told):
    assert results.missed(made) == told


def test_a_slow_machine_has_more_time_and_nothing_else():
    assert results.missed(record(seconds=100.0, sick=["node1 is off"]), slower=4) == [
        "did not become whole: node1 is off"
    ]


def test_a_run_that_was_interrupted_goes_on_where_it_was():
    made = [record(), record("paused"), {"fault": "quiet"}]
    assert results.missing(made, ["scheduler-hang", "paused", "config"], 2) == {
        "scheduler-hang": 1,
        "paused": 1,
        "config": 2,
    }


def test_the_table_has_median_and_longest_beside_what_is_asked():
    made = [record(seconds=it) for it in (5.0, 6.0, 31.0)]
    made += [record("observe", held=HELD | {"actions": 2, "touched": ["a"]})]
    hang, observe = list(results.table(made))[2:]
    assert "| 3 | 6.0 / 31.0 | 30 | 9.0 / 9.0 | 1 |  | 1.0 | 1 of 3 |" in hang
    assert "| 1 | 8.0 / 8.0 | nothing for 30, then 30 |" in observe
    assert "| 1 | 3 | 1.0 | 1 of 1 |" in observe


def test_what_never_healed_is_no_median():
    (row,) = list(results.table([record(), record(seconds=None, closed=None)]))[2:]
    assert "| never in 1 of 2 |" in row


def test_an_incident_that_was_given_up_is_not_over():
    assert not Line("a-node1-1", "given up, for 3.0 s (2 actions)").over
    assert Line("a-node1-1", "well without us after 3.0 s").over


def untold(stage, words):
    """Those of the words that no story of the stage has."""
    stories = [explain(stage.records, it.id) for it in past(stage.records)]
    text = "\n".join(line for story in stories for line in story)
    return [it for it in words if it not in text]


def hang(stage, *places):
    for place in places:
        how = {"how": ["silent"]}
        why = "no answer within 1.5 s"
        stage.down[place] = Look(value="down", why=why, since=stage.now, evidence=how)


def kill(stage):
    action = stage.until_action()
    stage.act(action, {"result": "done", "why": "", "did": [], "verified": True})
    stage.down.clear()
    stage.look()
    stage.look()


def hold(stage):
    assert not any(stage.look().action for _ in range(30))


SCHEDULER = ("node2", "scheduler.health")


def test_a_hang_that_is_killed_is_told_in_the_words_that_are_looked_for():
    stage = Stage("hakube")
    stage.look()
    hang(stage, SCHEDULER)
    assert untold(stage, FAULTS["scheduler-hang"].tells) != []
    kill(stage)
    for key in ("scheduler-stop", "scheduler-hang", "master-down"):
        assert untold(stage, FAULTS[key].tells) == []


def test_a_pause_is_told_in_the_words_that_are_looked_for():
    stage = Stage("hakube")
    stage.look()
    stage.pause("new switches")
    hang(stage, SCHEDULER)
    hold(stage)
    assert untold(stage, FAULTS["paused"].why) == []
    assert untold(stage, FAULTS["paused"].tells) != []
    stage.resume("resumed")
    kill(stage)
    assert untold(stage, FAULTS["paused"].tells) == []


def test_who_only_observes_is_told_in_the_words_that_are_looked_for():
    stage = Stage("hakube", mode="observe")
    stage.look()
    hang(stage, SCHEDULER)
    hold(stage)
    assert untold(stage, FAULTS["observe"].why) == []
    stage.down.clear()
    stage.look()
    stage.look()
    assert untold(stage, FAULTS["observe"].tells) == []


def test_all_red_and_no_quorum_are_told_in_the_words_that_are_looked_for():
    red = Stage("hakube")
    red.look()
    hang(red, *((node, "haproxy.request") for node in NODES))
    hold(red)
    assert untold(red, FAULTS["all-red"].why) == []
    cut = Stage("hakube")
    cut.look()
    cut.silent |= {"node2", "node3"}
    cut.down["node1", "files.drift"] = "changed"
    hold(cut)
    assert untold(cut, FAULTS["no-quorum"].why) == []
