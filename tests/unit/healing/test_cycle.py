"""One cluster's round: asked, decided, written down before it is done, and looked at again."""

import contextlib
import threading
import time

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import decide, ladder
from saltext_hakube.core.remedy.fold import fold
from saltext_hakube.healing import cycle, late, rounds, seen, wishes
from saltext_hakube.healing.ask import Answer, Ticket
from saltext_hakube.host import ledger
from tests.unit.healing.world import cluster


@pytest.fixture
def run(world, tmp_path):
    """One cycle. Its rounds begin nothing new after ``limit`` seconds."""

    def call(clock=time.time, limit=3.0, given=None, leads=True, **policy):
        doors = rounds.Doors(world, clock, leads)
        return cycle.cycle(doors, cluster(**policy), tmp_path, limit=limit, given=given)

    return call


def kinds(folder):
    return [record.kind for record in ledger.read(folder, "k8s")[0]]


def test_where_all_is_well_the_nodes_are_asked_once_and_nothing_is_done(run, world, tmp_path):
    outcome = run()
    assert (outcome.ran, outcome.rounds, outcome.actions) == (True, 1, 0)
    assert [what for _, what, _ in world.jobs] == ["hakube_heal.report"]
    assert not (tmp_path / "dirty").exists()
    assert seen.read(tmp_path).due > time.time() + 30


def test_what_is_broken_is_mended_verified_and_closed(run, world, tmp_path):
    world.down["node1", "files.drift"] = "files"
    outcome = run(limit=20, settle=1)
    assert ("node1.example", "files") in world.acts
    assert outcome.actions == len(world.acts)
    told = kinds(tmp_path)
    for earlier, later in (("opened", "decided"), ("acting", "acted"), ("acted", "verified")):
        assert told.index(earlier) < told.index(later)
    assert told[-1] == "closed"
    assert not fold(ledger.read(tmp_path, "k8s")[0]).incidents


def test_a_standby_is_taken_back_by_a_job_that_says_so(run, world, tmp_path, monkeypatch):
    monkeypatch.setattr(ladder, "REST", 0.5)
    world.down["node1", "scheduler.health"] = "nothing"
    run(limit=20, settle=1, rungs={"scheduler": ("standby",)})
    assert world.away
    time.sleep(0.6)
    run(limit=20, settle=1, rungs={"scheduler": ("standby",)})  # the next reconcile
    acts = [said for _, what, said in world.jobs if what.endswith(".act")]
    assert [(said["rung"], said.get("undo", False)) for said in acts] == [
        ("standby", False),
        ("standby", True),
    ]
    assert not world.away
    assert not fold(ledger.read(tmp_path, "k8s")[0]).standby


def hang(world, node="node1"):
    """An apiserver that hangs there, and is well by its own word once it was killed."""
    world.down[node, "apiserver.livez"] = "kill"


def asked_others(world):
    return [(who, said) for who, what, said in world.jobs if what.endswith(".witness")]


def test_what_was_mended_is_well_when_another_node_finds_it_so(run, world, tmp_path):
    hang(world)
    run(limit=20, settle=1)
    assert asked_others(world) == [
        (("node2.example", "node3.example"), {"what": "apiserver", "node": "node1"})
    ]
    told = kinds(tmp_path)
    assert told.index("acted") < told.index("witnessed") < told.index("verified")
    assert told[-1] == "closed"


def test_the_nodes_own_word_is_not_enough_where_others_do_not_find_it_well(run, world, tmp_path):
    hang(world)
    world.witness = "down"
    run(limit=5, settle=1, patience=1)
    (incident,) = fold(ledger.read(tmp_path, "k8s")[0]).incidents.values()
    assert incident.attempts[0].mended is False
    assert incident.attempts[0].told == "node2: it was asked; node3: it was asked"
    world.witness = "up"
    run(limit=5, settle=1, patience=1)
    assert not fold(ledger.read(tmp_path, "k8s")[0]).incidents


@pytest.mark.parametrize("word", ["unknown", None])
def test_where_no_other_can_tell_the_nodes_own_word_counts(run, world, tmp_path, word):
    hang(world)
    world.witness = word
    run(limit=20, settle=1)
    assert not fold(ledger.read(tmp_path, "k8s")[0]).incidents


def test_where_the_holder_was_mended_others_look_at_the_vip(run, world, tmp_path):
    world.down["node2", "haproxy.request"] = "hand"
    world.holder = "node2"
    run(limit=20, settle=1)
    assert asked_others(world) == [
        (("node1.example", "node3.example"), {"what": "vip", "node": "node2"})
    ]


def test_an_action_is_written_down_before_it_is_asked_for(run, world, tmp_path):
    world.down["node1", "files.drift"] = "files"
    known = []
    world.before = lambda function: known.append((function, kinds(tmp_path)[-1:]))
    run(limit=20, settle=1)
    assert {last[0] for function, last in known if function.endswith(".act")} == {"acting"}


@pytest.mark.parametrize("mode", ["observe", "none"])
def test_nothing_is_done_where_only_observing_is_allowed(run, world, mode):
    world.down["node1", "files.drift"] = "files"
    assert run(mode=mode).actions == 0
    assert not world.acts


def test_a_node_speaks_for_itself_only(run, world, tmp_path):
    world.down["node1", "haproxy.process"] = "none"

    def lie(minions, function, deadline, **_):
        return {minion: Answer(world.report("node1"), True) for minion in minions}

    run(given=rounds.Given("", lie(cluster().nodes.values(), "", 0)), limit=0)
    state = fold(ledger.read(tmp_path, "k8s")[0])
    assert set(state.reports) == {"node1"}
    assert set(state.silent) == {"node2", "node3"}


@pytest.mark.parametrize(
    "value", [None, "x\nevil: *", {"format": 1}, [1], {"looks": {"a": 1}}, b"\xff", 10**400]
)
def test_what_is_no_report_is_silence(run, world, tmp_path, value):
    answers = {minion: Answer(value, True) for minion in cluster().nodes.values()}
    run(given=rounds.Given("", answers), limit=0)
    assert set(fold(ledger.read(tmp_path, "k8s")[0]).silent) == set(cluster().nodes)
    assert not world.acts


def test_what_a_newer_minion_says_more_is_told_once_and_the_rest_counts(
    run, world, tmp_path, caplog
):
    real = world.report
    more = {"value": "down", "since": 1.0}

    def report(node):
        found = real(node)
        return found | {"looks": found["looks"] | {"etcd.members": more}}

    world.report = report
    run(), run()
    assert set(fold(ledger.read(tmp_path, "k8s")[0]).reports) == set(cluster().nodes)
    told = [line for line in caplog.messages if "etcd.members" in line]
    assert len(told) == 3, "once for each node"
    assert seen.read(tmp_path).unread == dict.fromkeys(cluster().nodes, ("etcd.members",))


def test_what_a_minion_says_instead_of_a_report_is_kept(run, tmp_path):
    answers = {minion: Answer("no\nhakube.beacon", False) for minion in cluster().nodes.values()}
    run(given=rounds.Given("", answers), limit=0)
    said = fold(ledger.read(tmp_path, "k8s")[0]).instead
    assert said == dict.fromkeys(cluster().nodes, "hakube.beacon")


def test_only_one_runs_and_what_came_meanwhile_is_not_lost(run, world, tmp_path):
    inside, go_on = threading.Event(), threading.Event()

    def block(function):
        if not go_on.is_set():
            inside.set()
            assert go_on.wait(20)

    world.before = block
    first = threading.Thread(target=run)
    first.start()
    assert inside.wait(20)
    outcome = run()
    assert not outcome.ran
    assert "is written by" in outcome.why
    assert (tmp_path / "dirty").exists()
    go_on.set()
    first.join(20)
    assert [what for _, what, _ in world.jobs].count("hakube_heal.report") == 2
    assert not (tmp_path / "dirty").exists()


def test_a_cycle_that_fails_leaves_the_mark(run, world, tmp_path):
    def fail(function):
        raise HakubeError("nobody there")

    world.before = fail
    with pytest.raises(HakubeError, match="nobody there"):
        run()
    assert (tmp_path / "dirty").exists()
    world.before = lambda function: None
    assert run().ran


def test_a_ledger_that_cannot_be_written_stops_everything(run, world, monkeypatch):
    world.down["node1", "files.drift"] = "files"
    wrote = ledger.Ledger.append

    def full(self, records):
        if any(record.kind == "acting" for record in records):
            raise HakubeError("no room")
        wrote(self, records)

    monkeypatch.setattr(ledger.Ledger, "append", full)
    with pytest.raises(HakubeError, match="no room"):
        run(limit=20, settle=1)
    assert not world.acts


def test_a_pause_counts_at_once_and_the_nodes_hear_of_it(run, world, tmp_path):
    world.down["node1", "files.drift"] = "files"
    wishes.leave(tmp_path, wishes.Wish(kind="pause", at=time.time(), reason="new switches"))
    run()
    assert not world.acts
    assert world.jobs[-1][2]["hold"] == "paused: new switches"
    assert wishes.waiting(tmp_path) == []
    wishes.leave(tmp_path, wishes.Wish(kind="resume", at=time.time(), reason="done"))
    run(limit=20, settle=1)
    assert ("node1.example", "files") in world.acts
    assert world.jobs[-1][2]["hold"] == ""


def test_nodes_that_were_asked_with_other_words_are_asked_anew(run, world):
    run(given=rounds.Given("paused: before", {}))
    assert [what for _, what, _ in world.jobs] == ["hakube_heal.report"]


def test_a_master_that_does_not_lead_tells_the_nodes_nothing(run, world):
    run(mode="observe", leads=False)
    assert world.jobs[-1][2]["hold"] is None


def test_a_broken_wish_is_put_away(run, world, tmp_path):
    file = wishes.leave(tmp_path, wishes.Wish(kind="pause", at=1.0))
    file.write_text("{")
    run()
    assert wishes.waiting(tmp_path) == []
    assert "paused" not in kinds(tmp_path)


def test_a_node_that_does_not_answer_an_action_is_no_success(run, world, tmp_path):
    world.down["node1", "files.drift"] = "files"
    real = world.__call__
    world_acts = []

    def ask(minions, function, deadline, /, **more):
        if function.endswith(".act"):
            world_acts.append(more["rung"])
            return {}
        return real(minions, function, deadline, **more)

    doors = rounds.Doors(ask)
    cycle.cycle(doors, cluster(settle=1), tmp_path, limit=6)
    assert world_acts
    (incident,) = fold(ledger.read(tmp_path, "k8s")[0]).incidents.values()
    assert incident.attempts[0].result == "lost"


def given_up(world, tmp_path, dies=False):
    """An action of which no answer came in time; what it answered later is in the job cache."""
    world.down["node1", "files.drift"] = "never"
    real = world.__call__

    def ask(minions, function, deadline, /, **more):
        sent = more.pop("sent", None)
        if function.endswith(".act"):
            world.jobs.append((tuple(minions), function, more))
            sent(Ticket("20261130", "nonce"))
            if dies:
                raise KeyboardInterrupt
            return {minions[0]: Answer(None, False, Ticket("20261130", "nonce"))}
        return real(minions, function, deadline, **more)

    doors = rounds.Doors(ask, late=world.late)
    with contextlib.suppress(KeyboardInterrupt):
        cycle.cycle(doors, cluster(settle=1), tmp_path, limit=4)
    (incident,) = fold(ledger.read(tmp_path, "k8s")[0]).incidents.values()
    before = ("", None) if dies else ("lost", False)
    assert (incident.attempts[0].result, incident.attempts[0].mended) == before
    world.came["20261130"] = Answer({"result": "done", "why": "", "did": ["written"]}, True)
    return doors


@pytest.mark.parametrize("dies", [False, True])
def test_an_answer_that_comes_late_is_kept_and_believed_when_newer_reports_bear_it_out(
    world, tmp_path, dies
):
    """Also where the master died in between."""
    doors = given_up(world, tmp_path, dies)
    del world.down["node1", "files.drift"]
    cycle.cycle(doors, cluster(settle=1), tmp_path, limit=4)
    told = kinds(tmp_path)
    assert "late" in told and ("acted" in told) is not dies
    assert told[-2:] == ["verified", "closed"]
    state = fold(ledger.read(tmp_path, "k8s")[0])
    (attempt,) = state.closed[-1].attempts
    assert (attempt.result, attempt.mended) == ("done", True)
    assert not (tmp_path / "late.json").exists()


def test_an_answer_that_comes_late_is_not_believed_where_all_is_as_it_was(world, tmp_path):
    doors = given_up(world, tmp_path)
    cycle.cycle(doors, cluster(settle=1, patience=1), tmp_path, limit=4)
    (incident,) = fold(ledger.read(tmp_path, "k8s")[0]).incidents.values()
    assert (incident.attempts[0].result, incident.attempts[0].mended) == ("done", False)


def test_nobody_waits_for_a_late_answer_for_ever(world, tmp_path):
    doors = given_up(world, tmp_path)
    world.came.clear()
    later = doors._replace(clock=lambda: time.time() + 1000)
    cycle.cycle(later, cluster(settle=1), tmp_path, limit=0)
    assert not (tmp_path / "late.json").exists()


def test_of_an_answer_that_comes_in_time_nothing_is_waited_for(run, world, tmp_path):
    world.down["node1", "files.drift"] = "files"
    run(limit=20, settle=1)
    assert world.acts and not (tmp_path / "late.json").exists()


def test_a_job_cache_that_cannot_be_read_keeps_nothing_from_being_done(world, tmp_path):
    given_up(world, tmp_path)
    world.down.clear()
    world.down["node2", "files.drift"] = "files"

    def late(minion, ticket):
        raise HakubeError("the job cache could not be read")

    outcome = cycle.cycle(rounds.Doors(world, late=late), cluster(settle=1), tmp_path, limit=6)
    assert outcome.actions and not world.down
    assert (tmp_path / "late.json").exists(), "it may be read later"


def test_an_answer_counts_though_it_cannot_be_noted_that_it_came(run, world, monkeypatch):
    def full(*_):
        raise HakubeError("the disk is full")

    monkeypatch.setattr(late, "write", full)
    world.down["node1", "files.drift"] = "files"
    outcome = run(limit=20, settle=1)
    (acted,) = [it.data for it in outcome.records if it.kind == "acted"]
    assert acted["result"] == "done"


def test_the_answer_of_the_first_of_two_tries_is_not_that_of_the_second(world, tmp_path):
    doors = given_up(world, tmp_path)
    (one,) = late.waiting(tmp_path)
    assert one.attempt == 0
    with cycle.hold(tmp_path, "k8s") as book:
        state = fold(book.records)
        again = decide.begun(state, one.action, time.time())
        failed = decide.ended(again.state, one.action, {"result": "failed"}, time.time())
        book.append([*again.records, *failed.records])
    cycle.cycle(doors, cluster(settle=1), tmp_path, limit=0)
    (incident,) = fold(ledger.read(tmp_path, "k8s")[0]).incidents.values()
    assert [it.result for it in incident.attempts][:2] == ["lost", "failed"]
    assert "late" in kinds(tmp_path)


def test_a_pause_that_comes_while_the_nodes_are_asked_counts_at_once(run, world, tmp_path):
    world.down["node1", "files.drift"] = "files"

    def pause(function):
        if len(world.jobs) == 2 and function.endswith("report"):
            wishes.leave(tmp_path, wishes.Wish(kind="pause", at=time.time(), reason="new switches"))

    world.before = pause
    run(limit=8, settle=1)
    assert "paused" in kinds(tmp_path) and not world.acts
