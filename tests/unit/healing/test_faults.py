"""What is wrong with the healing itself is told to people, beyond the log."""

import contextlib
import errno
import os
import re
import subprocess
import sys
import time

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.healing import faults, fleet, notify, people, places, registry, telling
from saltext_hakube.host import ledger
from tests.unit.healing.conftest import Hook

FULL = "cannot write ledger.jsonl: No space left on device"


@pytest.fixture
def full(monkeypatch):
    """A ledger that cannot be written, until the value is False."""
    state = {"full": True}
    write = ledger.Ledger.append

    def append(self, records):
        if state["full"] and records:
            raise ledger.Full(FULL)
        write(self, records)

    monkeypatch.setattr(ledger.Ledger, "append", append)
    return state


@pytest.fixture
def told(monkeypatch):
    """What people were told, a line each; what lasted is told at once."""
    lines = []

    def say(opts, cluster, by, what):
        lines.extend(what)
        return {"webhook": "told"} if by.webhook else {}

    monkeypatch.setattr(notify, "say", say)
    monkeypatch.setattr(faults, "LASTS", 0.0)
    return lines


def webhook(pillars, address="http://127.0.0.1:9/x?token=secret", **heal):
    for data in pillars.values():
        data["heal"] = {"mode": "act", "webhook": address, **heal}


def test_a_ledger_that_cannot_be_written_is_told_seen_and_measured_until_it_can(
    opts, world, pillars, full, told
):
    webhook(pillars)
    world.down["node1", "files.drift"] = "files"
    assert FULL in fleet.reconcile(opts)["failed"]["k8s"]
    assert not world.acts
    assert any(line.startswith("FAULT for") and FULL in line for line in screen(opts))
    assert 'hakube_own_fault{cluster="k8s",kind="work"} 1' in telling.page(opts)
    fleet.reconcile(opts)
    assert told == [f"the healing itself: cluster k8s: nothing is done: {FULL}"], "once"
    full["full"] = False
    fleet.reconcile(opts)
    assert any("cluster k8s: over after" in line for line in told)
    assert not any("FAULT" in line for line in screen(opts))
    assert 'hakube_own_fault{cluster="k8s",kind="work"} 0' in telling.page(opts)


def screen(opts):
    one, all_of_them = telling.status(opts, "k8s"), telling.status(opts)
    # Asked one after the other: what is counted in seconds may differ.
    for line in filter(lambda it: "FAULT" in it, all_of_them.splitlines()):
        assert _timeless(line) == _timeless(one.splitlines()[0])
    return all_of_them.splitlines()


def _timeless(line):
    return re.sub(r"[\d.]+ (s|min)", "-", line)


def test_what_ends_by_itself_within_seconds_is_told_to_nobody(opts, pillars, full, monkeypatch):
    webhook(pillars)
    monkeypatch.setattr(notify, "say", lambda *_: 1 / 0)
    fleet.reconcile(opts)
    full["full"] = False
    fleet.reconcile(opts)
    assert faults.read(places.folder(opts)) == {}


def test_a_pillar_that_cannot_be_read_is_told_by_what_of_it_can(opts, pillars, told):
    webhook(pillars, budget={"each": "many"})
    fleet.reconcile(opts)
    (line,) = told
    assert "cluster k8s: nothing is done:" in line and "hakube:heal:budget" in line
    assert "secret" not in str(faults.read(places.folder(opts)))
    webhook(pillars)
    registry.known(opts, fresh=True)
    fleet.reconcile(opts)
    assert len(told) == 2 and "over after" in told[1]


def test_a_webhook_that_cannot_be_reached_is_seen_and_told_by_the_other_way(
    opts, world, pillars, monkeypatch
):
    webhook(pillars, returner="nobody")
    monkeypatch.setattr(notify, "LIMIT", 2.0)
    monkeypatch.setattr(notify, "_return", lambda *_: None)
    monkeypatch.setattr(faults, "LASTS", 0.0)
    world.down["node1", "disk.space"] = "none"
    fleet.reconcile(opts)
    (line,) = [line for line in telling.status(opts).splitlines() if "FAULT" in line]
    assert "people are not told: webhook: failed: ConnectionRefusedError" in line
    assert "secret" not in line
    (fault,) = faults.read(places.folder(opts)).values()
    assert fault.came["returner"] == "told" and fault.came["webhook"] != "told"


def test_a_way_that_works_again_is_no_fault_any_more(opts, world, pillars, hook):
    webhook(pillars, hook)
    Hook.status = 500
    world.down["node1", "disk.space"] = "none"
    fleet.reconcile(opts)
    key = ("k8s", faults.PEOPLE)
    assert "HTTP status 500" in faults.read(places.folder(opts))[key].why
    Hook.status = 200
    world.down.clear()
    fleet.reconcile(opts, "k8s")
    assert key not in faults.read(places.folder(opts))


def test_a_clock_that_goes_back_is_told(opts, world, pillars, told, monkeypatch):
    webhook(pillars)
    world.down["node1", "disk.space"] = "none"
    fleet.reconcile(opts)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    fleet.reconcile(opts)
    assert any("this master's clock is 3" in line and "s behind" in line for line in told)
    fleet.reconcile(opts, "k8s")
    assert ("k8s", faults.CLOCK) in faults.read(places.folder(opts)), "for an hour"
    monkeypatch.setattr(time, "time", lambda: real() + 3600)
    fleet.reconcile(opts, "k8s")
    found = faults.read(places.folder(opts)).get(("k8s", faults.CLOCK))
    assert found is None or found.over is not None


@pytest.mark.parametrize("many", [0, 5])
def test_a_ledger_that_cannot_be_read_hides_no_other_cluster(opts, world, pillars, many):
    for number in range(many + 1):
        declared = {"name": f"c{number}", "nodes": {f"m{number}": "192.0.2.1"}, "password": "x"}
        pillars[f"m{number}"] = {"cluster": declared, "heal": {"mode": "act"}}
    folder = places.cluster(opts, "k8s")
    with ledger.hold(folder, "k8s", lambda records: records[0]) as book:
        book.append([Record(kind="policy", at=1.0, data={"nodes": "none"})])
    assert "cannot be read" in fleet.reconcile(opts)["failed"]["k8s"]
    text = telling.status(opts)
    assert "cluster k8s: nobody knows how it is: a record (policy) cannot be read" in text
    assert "c0: " in text
    with pytest.raises(HakubeError, match="nobody knows which cluster k8s has"):
        people.retry(opts, "disk-m0-9", "the disk is new")
    page = telling.page(opts)
    assert 'hakube_own_fault{cluster="k8s",kind="work"} 1' in page
    assert 'hakube_mode{cluster="c0"' in page


def test_a_ledger_that_cannot_be_read_hides_no_incident_of_another_cluster(opts, world, pillars):
    declared = {"name": "a", "nodes": {"m0": "192.0.2.1"}, "password": "x"}
    pillars["m0"] = {"cluster": declared, "heal": {"mode": "act"}}
    with ledger.hold(places.cluster(opts, "a"), "a", lambda records: records[0]) as book:
        book.append([Record(kind="policy", at=1.0, data={"nodes": "none"})])
    world.down["node2", "disk.space"] = "never"
    fleet.reconcile(opts, "k8s")
    assert "disk on node2" in telling.explain(opts, "disk-node2-1")
    assert people.retry(opts, "disk-node2-1", "the disk is new")["cluster"] == "k8s"


def test_a_disk_that_is_nearly_full_is_told_before_it_is(opts, pillars, told, monkeypatch):
    webhook(pillars)
    monkeypatch.setattr(fleet, "LEAST", 1 << 60)
    fleet.reconcile(opts)
    assert "MiB are left at" in told[0]


def test_nobody_told_is_tried_again_later(tmp_path):
    faults.found(tmp_path, {("k8s", faults.WORK): "x"}, now=0.0)
    (fault,) = faults.read(tmp_path).values()
    assert not fault.due(29.0) and fault.due(30.0)
    faults.told(tmp_path, fault, {"webhook": "failed: URLError"}, 30.0)
    (fault,) = faults.read(tmp_path).values()
    assert not fault.due(31.0) and fault.due(631.0) and fault.due(0.0)
    assert "nobody could be told" in next(iter(faults.shown(tmp_path, 60.0)))
    faults.told(tmp_path, fault, {"webhook": "told", "returner": "failed"}, 640.0)
    (fault,) = faults.read(tmp_path).values()
    assert not fault.due(10_000.0)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff" * 100, b"[1]" + b" " * 100])
def test_a_file_that_is_none_is_as_if_nothing_were_wrong(tmp_path, text):
    (tmp_path / faults.FILE).write_bytes(text)
    assert faults.read(tmp_path) == {}
    faults.found(tmp_path, {("k8s", faults.WORK): "a\nb"})
    assert [it.why for it in faults.read(tmp_path).values()] == ["a b"]


FILLED = """
import sys
from pathlib import Path
from saltext_hakube.healing import faults
folder = Path(sys.argv[1])
faults.reserve(folder)
try:
    (folder / "rest").write_bytes(b"x" * (1 << 24))
except OSError as error:
    print(error.errno)
faults.found(folder, {("k8s", faults.WORK): "the disk is full"})
print([it.why for it in faults.read(folder).values()])
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk")
def test_it_is_kept_on_a_disk_that_is_full(tmp_path):
    script = 'mount -t tmpfs -o size=512k none "$1" && exec "$2" -c "$3" "$1"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", tmp_path, sys.executable, FILLED]
    told = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert told.stdout.splitlines() == [str(errno.ENOSPC), "['the disk is full']"], told.stderr


@pytest.mark.parametrize("hinder", ["another one writes", "no lock"])
def test_a_fault_that_cannot_be_kept_ends_nothing(tmp_path, monkeypatch, caplog, hinder):
    monkeypatch.setattr(faults, "WAIT", 0.0)
    folder = tmp_path / "gone" if hinder == "no lock" else tmp_path
    with contextlib.ExitStack() as stack:
        if hinder == "another one writes":
            stack.enter_context(faults.lock.held(folder / f"{faults.FILE}.lock"))
        faults.found(folder, {("k8s", faults.WORK): "nothing is done"}, 1.0)
        fault = faults.Fault(cluster="k8s", kind=faults.WORK, why="it", since=1.0)
        faults.told(folder, fault, {}, 2.0)
    assert "cannot be kept" in caplog.text
    assert faults.read(folder) == {}
