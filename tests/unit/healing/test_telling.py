"""What people are told, and what they tell."""

import os
import re
import threading
import time

import pytest

from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.core.remedy import fold
from saltext_hakube.healing import (
    cycle,
    fleet,
    notify,
    people,
    places,
    registry,
    rounds,
    telling,
    wishes,
)
from saltext_hakube.host import ledger
from tests.unit.healing.conftest import Hook


@pytest.fixture
def mended(opts, world):
    """An incident that is over."""
    world.down["node1", "files.drift"] = "files"
    fleet.reconcile(opts)
    assert world.acts
    return opts


def test_the_screen_says_how_it_is_and_what_keeps_it_from_working(mended):
    text = telling.status(mended)
    assert "k8s" in text
    assert "has no reactor and no schedule of hakube" in text
    assert telling.status(mended, "k8s") in text


def test_a_schedule_that_does_not_run_is_told(mended):
    opts = mended | {
        "reactor": [{"x": ["salt://hakube/reactor/report.sls"]}],
        "schedule": {"a": {"function": "hakube.reconcile"}},
    }
    assert "WARNING" not in telling.status(opts)
    os.utime(places.folder(opts) / fleet.RECONCILED, (1, 1))
    assert "hakube.reconcile did not run for" in telling.status(opts)
    (places.folder(opts) / fleet.RECONCILED).unlink()
    assert "hakube.reconcile has not run yet" in telling.status(opts)


def test_many_clusters_have_a_line_each_those_with_trouble_first(opts, world, pillars):
    for number in range(5):
        cluster = {"name": f"c{number}", "nodes": {f"m{number}": "192.0.2.1"}, "password": "x"}
        pillars[f"m{number}"] = {"cluster": cluster, "heal": {"mode": "act"}}
    world.down["node1", "disk.space"] = "none"
    fleet.reconcile(opts, "k8s")
    lines = [line for line in telling.status(opts).splitlines() if "WARNING" not in line]
    assert len(lines) == 6
    assert "k8s" in lines[0]


def test_pillars_that_disagree_are_on_the_screen(opts, pillars):
    pillars["node2.example"] = pillars["node2.example"] | {"heal": {"mode": "observe"}}
    told = telling.status(opts)
    assert "note: cluster k8s: node2.example has another pillar than node1.example" in told
    assert "nothing is done" not in told
    pillars["node3.example"] = pillars["node3.example"] | {"heal": {"mode": "none"}}
    registry.known(opts, fresh=True)
    assert "cluster k8s: nothing is done: the pillars of" in telling.status(opts)


def test_an_incident_has_a_line_a_story_and_is_decided_again_as_it_was(mended):
    (line,) = telling.past(mended, "k8s").splitlines()
    assert "files-node1-1" in line
    assert "mended" in telling.explain(mended, "files-node1-1")
    assert telling.explain(mended, "files-node1-1", "k8s")
    head, *others = telling.again(mended, "k8s").splitlines()
    assert "made again as they were" in head
    assert others == []
    other = telling.again(mended, "k8s", {"mode": "observe", "rungs": {"files": []}})
    assert "would have been others" in other.splitlines()[0]
    assert len(other.splitlines()) > 1


def test_what_is_asked_wrongly_is_told(mended):
    with pytest.raises(HakubeError, match="no incident"):
        telling.explain(mended, "none-1")
    with pytest.raises(ConfigError, match="policy:moed"):
        telling.again(mended, "k8s", {"moed": 1})
    with pytest.raises(ConfigError, match="limit"):
        telling.past(mended, "k8s", "many")


def test_the_text_for_prometheus_is_written_whole_where_it_is_wanted(mended, tmp_path):
    text = telling.page(mended)
    assert 'hakube_incidents_total{cluster="k8s",component="files"} 1' in text
    file = tmp_path / "hakube.prom"
    telling.page(mended, str(file))
    assert "hakube_incidents_total" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o644
    for wrong in ("hakube.prom", "/etc/passwd"):
        with pytest.raises(ConfigError, match=r"ends in \.prom"):
            telling.page(mended, wrong)
    folder = tmp_path / "misspelt"
    with pytest.raises(ConfigError, match=rf"{folder} is no folder.*make it first\Z"):
        telling.page(mended, str(folder / "hakube.prom"))
    assert not folder.exists(), "no collector would ever look there"


def test_a_pause_counts_while_somebody_else_holds_the_ledger(opts, monkeypatch):
    monkeypatch.setattr(people, "PATIENCE", 20)
    folder = places.cluster(opts, "k8s")
    book = cycle.hold(folder, "k8s", "the other one")
    said = threading.Thread(target=people.pause, args=(opts, "k8s", "new switches"))
    said.start()
    end = time.monotonic() + 20
    while not wishes.waiting(folder) and time.monotonic() < end:
        time.sleep(0.01)
    assert [wish.reason for _, wish in wishes.waiting(folder)] == ["new switches"]
    book.close()
    said.join(20)
    assert "paused" in [record.kind for record in ledger.read(folder, "k8s")[0]]


def test_a_pause_that_nobody_takes_in_does_not_count_later(opts, monkeypatch):
    monkeypatch.setattr(people, "PATIENCE", 0.3)
    folder = places.cluster(opts, "k8s")
    with (
        cycle.hold(folder, "k8s", "the other one"),
        pytest.raises(HakubeError, match=r"does not count: .*the other one"),
    ):
        people.pause(opts, "k8s", "new switches")
    assert wishes.waiting(folder) == []


def test_a_pause_that_is_written_down_just_when_patience_ends_counts(opts, world, monkeypatch):
    monkeypatch.setattr(people, "PATIENCE", 0.3)
    folder = places.cluster(opts, "k8s")
    (cluster,) = registry.known(opts).clusters.values()
    ended, append, said = threading.Event(), ledger.Ledger.append, []

    def slowly(book, records):
        ended.wait(1.0)  # far longer than anybody's patience
        append(book, records)

    def pause():
        try:
            said.append(people.pause(opts, "k8s", "new switches"))
        except HakubeError as error:
            said.append(str(error))
        ended.set()

    other = threading.Thread(target=pause)
    with cycle.hold(folder, "k8s", "the other one") as book:
        own = rounds.Round(rounds.Doors(world), cluster, folder, book, 45.0)
        other.start()
        end = time.monotonic() + 20
        while not wishes.waiting(folder) and time.monotonic() < end:
            time.sleep(0.01)
        with monkeypatch.context() as patch:
            patch.setattr(ledger.Ledger, "append", slowly)
            own.grant()
    other.join(20)
    assert "paused" in [record.kind for record in ledger.read(folder, "k8s")[0]]
    assert "does not count" not in str(said)


@pytest.mark.parametrize(
    "error", [HakubeError("the disk fails"), OSError("io"), KeyboardInterrupt()]
)
def test_a_pause_that_failed_or_was_broken_off_does_not_count_later(opts, monkeypatch, error):
    def fails(*_given):
        raise error

    fleet.reconcile(opts)
    with monkeypatch.context() as patch:
        patch.setattr(people.cycle, "hold", fails)
        with pytest.raises(type(error)):
            people.pause(opts, "k8s", "new switches")
    fleet.reconcile(opts, "k8s")
    assert "PAUSED" not in telling.status(opts)


def test_a_reason_of_another_encoding_is_taken(opts):
    assert people.pause(opts, "k8s", "T\udcfcr")["reason"] == "T?r"
    assert "PAUSED as a whole until somebody resumes it: T?r" in telling.status(opts)


def test_a_person_has_one_incident_tried_anew(opts, world):
    world.down["node2", "disk.space"] = "never"
    fleet.reconcile(opts, "k8s")
    (name,) = fold.fold(ledger.read(places.cluster(opts, "k8s"), "k8s")[0]).incidents
    told = people.retry(opts, name, "the disk is new")
    assert told == {"cluster": "k8s", "incident": name, "reason": "the disk is new"}
    records, _ = ledger.read(places.cluster(opts, "k8s"), "k8s")
    assert [(it.kind, it.incident) for it in records if it.kind == "retried"] == [("retried", name)]
    assert "the disk is new" in telling.explain(opts, name)
    assert fleet.is_due(opts, people.cluster_of(opts, "k8s"))


@pytest.fixture
def spent(opts, world, pillars):
    """One action was done, which is all that may be within an hour; the incident that waits."""
    for data in pillars.values():
        data["heal"] = {"mode": "act", "budget": {"cluster": 1}}
    world.down["node1", "files.drift"] = "files"
    fleet.reconcile(opts, "k8s")
    world.down["node2", "files.drift"] = "files"
    fleet.reconcile(opts, "k8s")
    assert len(world.acts) == 1
    (name,) = fold.fold(ledger.read(places.cluster(opts, "k8s"), "k8s")[0]).incidents
    return name


HELD = r"until \d\d:\d\d UTC \(1 of 1 in the cluster within an hour\)"


def test_what_is_open_is_so_until_now_and_not_until_the_last_record(opts, world, monkeypatch):
    world.down["node1", "haproxy.process"] = "it is gone"
    fleet.reconcile(opts)
    later = time.time() + 3600
    monkeypatch.setattr(telling.time, "time", lambda: later)
    assert "open, for 1 h" in telling.past(opts, "k8s")
    assert "still open 1 h" in telling.explain(opts, "haproxy-node1-1")


def test_who_has_it_tried_anew_is_told_that_the_budget_holds_it(opts, spent):
    told = people.retry(opts, spent, "again")
    assert re.fullmatch(f"the budget holds it {HELD}", told.pop("but"))
    assert told == {"cluster": "k8s", "incident": spent, "reason": "again"}


def test_who_resumes_is_told_what_the_budget_holds(opts, spent):
    people.pause(opts, "k8s", "new switches")
    told = people.resume(opts, "k8s", "done")
    assert re.fullmatch(f"the budget holds {spent} {HELD}", told.pop("but"))
    assert told == {"cluster": "k8s", "node": "all", "reason": "done"}


@pytest.mark.parametrize("name", ["disk-node9-9", None, 7, ["x"]])
def test_what_is_no_open_incident_is_told_with_those_that_are(opts, world, name):
    world.down["node2", "disk.space"] = "never"
    fleet.reconcile(opts, "k8s")
    with pytest.raises(ConfigError, match="open: disk-node2-1"):
        people.retry(opts, name, "again")


def test_a_pause_ends_when_it_was_said_to(opts):
    told = people.pause(opts, "k8s", "x", until="2100-01-01T00:00+00:00")
    assert told["until"] == "2100-01-01 00:00:00 UTC"
    with pytest.raises(ConfigError, match="either for_ or until"):
        people.pause(opts, "k8s", "x", seconds=5, until="2100-01-01")


def told(opts):
    folder = places.cluster(opts, "k8s")
    return [wish.data for _, wish in wishes.waiting(folder) if wish and wish.kind == "told"]


@pytest.mark.parametrize(
    ("path", "status", "came"),
    [
        ("/a?token=secret", 200, "told"),
        ("/a", 500, "failed: HTTP status 500"),
        ("/hang", 200, "no answer within 3 s"),
    ],
)
def test_people_are_told_within_a_time_and_what_came_of_it_is_written_down(
    request, opts, path, status, came
):
    world, pillars, hook = map(request.getfixturevalue, ("world", "pillars", "hook"))
    Hook.status = status
    for data in pillars.values():
        data["heal"] = {"mode": "observe", "webhook": hook + path}
    world.down["node1", "disk.space"] = "none"
    fleet.reconcile(opts)
    (data,) = told(opts)
    assert data["ways"] == {"webhook": came}
    if status == 200 and path != "/hang":
        assert Hook.got["cluster"] == "k8s"
        assert "disk-node1-1: opened: node1: a disk is nearly full" in Hook.got["text"]
    fleet.reconcile(opts, "k8s")
    text = (places.cluster(opts, "k8s") / "ledger.jsonl").read_text()
    assert '"kind":"told"' in text
    assert "secret" not in text
    assert hook not in text


def test_of_a_webhook_that_hangs_the_same_is_told_by_a_master_that_is_busy(hook, monkeypatch):
    join = threading.Thread.join

    def late(thread, seconds=None):
        join(thread, seconds)
        time.sleep(0.3)

    monkeypatch.setattr(notify, "LIMIT", 0.5)
    monkeypatch.setattr(threading.Thread, "join", late)
    told = notify._bounded({"webhook": lambda: notify._post(f"{hook}/hang", {})})
    assert told == {"webhook": "no answer within 0.5 s"}


def test_a_webhook_that_is_no_address_of_the_web_is_not_opened(opts, world, pillars):
    for data in pillars.values():
        data["heal"] = {"mode": "observe", "webhook": "file:///etc/shadow"}
    told = fleet.reconcile(opts)
    assert "hakube:heal:webhook" in told["failed"]["k8s"]
    assert "shadow" not in str(told)
    assert world.jobs == []


def test_where_all_is_well_nobody_is_told(opts, world, pillars, hook):
    for data in pillars.values():
        data["heal"] = {"mode": "act", "webhook": hook}
    fleet.reconcile(opts)
    assert told(opts) == []
    assert Hook.got is None
