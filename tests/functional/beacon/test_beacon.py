"""The beacon in Salt's own machinery, on real files: what it says, and that nothing stops it."""

import copy
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
import salt.beacons
import salt.payload
import yaml

from saltext_hakube.core.remedy.report import read
from saltext_hakube.core.remedy.task import task
from saltext_hakube.host import alone, voice
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.remedy import claim
from saltext_hakube.host.samples import ALERT, AT_ONCE, drain
from tests.unit.remedy.test_looks import GUARD, PROBE, WATCH

PILLAR = {
    "hakube": {
        "cluster": {
            "nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"},
            "password": "x" * 8,
        },
        "vip": {"address": "192.0.2.100"},
        "fencing": "none",
        "heal": {"mode": "act"},
    }
}


@pytest.fixture(scope="module")
def pillar_data():
    return PILLAR


@pytest.fixture(scope="module")
def minion_config_overrides(machine_root):
    # No minion answers at this bus, which is not waited for.
    return {"hakube": {"root": str(machine_root)}, "grains": {"nodename": "node1"}}


@pytest.fixture(scope="module")
def engine(loaders):
    """Salt's own: what a minion calls each second."""
    return salt.beacons.Beacon(loaders.opts, loaders.modules)


@pytest.fixture
def folder(root):
    (root / "etc/hakube").mkdir(parents=True)
    (root / "etc/hakube/beacon.json").write_text(json.dumps({"cluster": "c", "node": "node1"}))
    (root / "run/hakube/alerts").mkdir(parents=True)
    return root / "run/hakube"


@pytest.fixture
def pulse(engine, folder):
    """The events of one tick."""

    def call(config=None):
        return engine.process({"hakube": [] if config is None else config}, {})

    return call


@pytest.fixture
def sample(folder):
    """Let a program have looked ``ago`` seconds ago."""

    def write(name, data, ago=0.0):
        data = copy.deepcopy(data)
        shift = voice.clock() - ago - data["clock"]
        data["clock"] += shift
        for one in data.get("probes", {}).values():
            one["clock"] += shift
        (folder / f"{name}.json").write_text(json.dumps(data))

    return write


def alert(folder, name="1-1.json", **data):
    (folder / "alerts" / name).write_text(json.dumps({"kind": "resource", "at": 1.0, **data}))


def test_it_speaks_once_and_then_only_when_a_verdict_changes(pulse, sample):
    told = []
    for bad in (False, False, False, True, True, True):
        stats = {"path": "/s", "problem": "silent" if bad else None}
        sample("watch", {**WATCH, "haproxy": {"stats": stats}})
        sample("guard", GUARD)
        sample("probe", PROBE)
        events = pulse()
        assert [event["tag"].split("/")[3:] for event in events] in ([], [["hakube", "report"]])
        told.append([event["data"]["looks"]["haproxy.stats"]["value"] for event in events])
        time.sleep(0.01)  # each look has a time of its own
    assert told == [["unknown"], ["up"], [], [], ["down"], []]


def test_what_it_says_has_none_of_the_keys_by_which_salt_takes_it_for_something_else(pulse):
    (event,) = pulse()
    data = dict(event["data"])
    assert data.pop("id")  # Salt's own
    assert not data.keys() & {"jid", "minions", "fun", "ret", "return", "tag", "cmd", "id"}
    assert read(data).node == "node1"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\0" * 100,
        b"[]",
        b'{"format": 9}',
        b"[" * 100_000,
        b'{"format": 1}',
        b"x" * 2**21,
    ],
    ids=["empty", "torn", "zeros", "list", "format", "deep", "short", "huge"],
)
def test_whatever_lies_in_its_files_it_goes_on(pulse, folder, text):
    for name in ("watch", "guard", "probe", "beacon"):
        (folder / f"{name}.json").write_bytes(text)
    (event,) = pulse()
    assert {look["value"] for look in event["data"]["looks"].values()} == {"unknown"}
    (event,) = pulse()  # it has its memory again
    assert event["data"]["looks"]["eyes.beacon"]["value"] == "up"
    assert pulse() == []


def test_a_link_a_pipe_and_a_folder_in_place_of_a_file_are_not_followed_nor_waited_for(
    pulse, folder, tmp_path
):
    secret = tmp_path / "secret"
    secret.write_text(json.dumps(WATCH))
    (folder / "watch.json").symlink_to(secret)
    os.mkfifo(folder / "guard.json")
    (folder / "probe.json").mkdir()
    (event,) = pulse()
    assert {look["value"] for look in event["data"]["looks"].values()} == {"unknown"}


def test_a_node_that_is_not_set_up_yet_says_nothing(engine, root):
    assert engine.process({"hakube": []}, {}) == []


def test_a_look_at_the_moment_in_which_an_apply_sets_it_up_says_nothing(engine, root, monkeypatch):
    content = voice.content

    def written_then(path, most):
        found = content(path, most)
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"cluster": "c", "node": "node1"}))
        return found

    monkeypatch.setattr(voice, "content", written_then)
    assert engine.process({"hakube": []}, {}) == []


def test_what_goes_wrong_in_it_is_told_once_and_not_raised(pulse, folder, caplog):
    (folder.parent.parent / "etc/hakube/beacon.json").write_text("{")
    first, second = pulse(), pulse()
    assert first[0]["tag"].endswith("/hakube/problem")
    assert "beacon.json" in first[0]["data"]["problem"]
    assert second == []
    assert "error" not in first[0]
    assert "beacon.json" in caplog.text


@pytest.mark.parametrize("config", [{}, None, "text", 7])
def test_another_form_of_its_configuration_is_refused_with_words(engine, config):
    good, comment = engine.beacons["hakube.validate"](config)
    assert not good and "hakube: []" in comment


def test_pacemakers_alerts_are_told_at_once_and_are_gone(pulse, folder):
    pulse()
    alert(folder, resource="VIP", task="monitor", rc=7, node="node1", desc="not running")
    (event,) = pulse()
    (news,) = event["data"]["news"]
    assert (news["resource"], news["rc"], news["desc"]) == ("VIP", "7", "not running")
    assert list((folder / "alerts").iterdir()) == []
    assert pulse() == []


def test_of_a_storm_of_alerts_some_are_taken_at_a_time_the_oldest_first(folder):
    for number in range(AT_ONCE + 5):
        alert(folder, name=f"{number + 1}-9.json", resource=f"r{number}")
    machine = Machine(folder.parent.parent)
    first, second, third = drain(machine), drain(machine), drain(machine)
    names = [news.resource for news in (*first, *second, *third)]
    assert names == [f"r{number}" for number in range(AT_ONCE + 5)]
    assert (len(first), len(third)) == (AT_ONCE, 0)


def test_what_is_no_alert_is_taken_away_and_harms_none_that_is(folder, tmp_path):
    alerts = folder / "alerts"
    (alerts / "1-1.json").write_bytes(b"{")
    (alerts / "2-1.json").write_bytes(b" " * (ALERT + 1))
    (alerts / "3-1.json").symlink_to(tmp_path / "away")
    os.mkfifo(alerts / "4-1.json")
    (alerts / "5-1.json").mkdir()
    alert(folder, name="6-1.json", kind="../../etc")
    alert(folder, name="7-1.json", desc="two\nlines\x1b[31m", resource="VIP")
    (alerts / ".8-1.json").write_text("half")
    (news,) = drain(Machine(folder.parent.parent))
    assert (news.resource, news.desc) == ("VIP", "two lines [31m")
    assert {entry.name for entry in alerts.iterdir()} == {"5-1.json", ".8-1.json"}


@pytest.fixture
def salt_job(loaders):
    """Let Salt have a job of this process, or of ``pid``."""
    folder = Path(loaders.opts["cachedir"], "proc")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "7"

    def write(fun, pid):
        path.write_bytes(salt.payload.dumps({"fun": fun, "jid": "7", "pid": pid}))
        return path

    yield write
    path.unlink(missing_ok=True)


def test_a_run_of_states_is_told_and_one_that_died_is_not(pulse, salt_job):
    command = [sys.executable, "-c", "print(flush=True); input()", "salt-minion"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as running:
        running.stdout.readline()  # it has its command line
        path = salt_job("state.apply", running.pid)
        assert pulse()[0]["data"]["busy"] == "state.apply (7)"
        salt_job("test.ping", running.pid)
        assert pulse()[0]["data"]["busy"] == ""
        salt_job("state.apply", 2**30)
        assert pulse() == []
        path.write_bytes(b"\xc1half")
        assert pulse() == []
        running.communicate(b"\n")


def test_whoever_asks_gets_the_beacons_own_verdicts_and_takes_nothing_away(
    pulse, modules, sample, folder
):
    for _ in range(2):
        sample("watch", WATCH)
        pulse()
        time.sleep(0.01)
    alert(folder)
    memory = (folder / "beacon.json").read_bytes()
    found = modules.hakube_heal.report()
    assert (found["beacon"], found["looks"]["haproxy.stats"]["value"]) == ("", "up")
    assert read(found).holder
    assert (folder / "beacon.json").read_bytes() == memory
    assert len(list((folder / "alerts").iterdir())) == 1


def test_a_beacon_that_looks_no_more_makes_the_node_blind(modules, pulse, monkeypatch):
    pulse(), pulse()
    now = voice.clock
    for ago, value in ((30, "unknown"), (70, "down")):
        monkeypatch.setattr(voice, "clock", lambda ago=ago: now() + ago)
        found = modules.hakube_heal.report()
        assert found["looks"]["eyes.beacon"]["value"] == value
        assert read(found).value("eyes.beacon") == value


def test_where_the_beacon_is_off_one_look_decides_and_it_is_said(modules, sample, folder, root):
    sample("watch", WATCH)
    found = modules.hakube_heal.report()
    assert "has not looked" in found["beacon"]
    assert found["looks"]["haproxy.stats"]["value"] == "up"
    assert not (folder / "beacon.json").exists()
    assert found["looks"]["eyes.beacon"]["value"] == "unknown", "it was told a moment ago only"
    settings = root / "etc/hakube/beacon.json"
    os.utime(settings, (time.time() - 70,) * 2)
    found = modules.hakube_heal.report()
    assert found["looks"]["eyes.beacon"]["value"] == "down", "nor did it since this machine's start"
    again = modules.hakube_heal.report()
    assert again["seq"] >= found["seq"]


def test_what_is_remembered_is_for_root_alone(pulse, folder):
    pulse()
    assert (folder / "beacon.json").stat().st_mode & 0o777 == 0o600


def test_a_node_whose_master_asked_once_knows_since_when_it_is_away(modules, folder):
    machine = Machine(folder.parent.parent)
    assert not alone.account(machine).armed
    modules.hakube_heal.report(hold="")
    assert alone.account(machine).armed and alone.away(machine) < 60
    modules.hakube_heal.report(hold="paused\nby me")
    assert alone.account(machine).hold == "paused by me"
    assert (folder.parent.parent / "var/lib/hakube/alone.json").stat().st_mode & 0o777 == 0o600


def test_a_disk_that_takes_nothing_makes_no_node_silent_and_a_pause_holds(modules, folder):
    """It is full just when a person pauses the healing."""
    machine = Machine(folder.parent.parent)
    modules.hakube_heal.report(hold="")
    disk = folder.parent.parent / "var/lib/hakube"
    disk.rename(disk.with_name("elsewhere"))
    disk.write_text("no folder")
    found = modules.hakube_heal.report(hold="paused")
    assert read({key: it for key, it in found.items() if key != "beacon"}).node == "node1"
    assert alone.account(machine).hold == "paused"
    disk.unlink()
    disk.with_name("elsewhere").rename(disk)
    assert alone.account(machine).hold == "paused"
    modules.hakube_heal.report(hold="")
    assert alone.account(machine).hold == ""


def test_alone_it_does_nothing_while_a_master_asks_and_says_so(modules, folder):
    settings = {"cluster": "c", "node": "node1", "mode": "act"}
    (folder.parent.parent / "etc/hakube/beacon.json").write_text(json.dumps(settings))
    assert "no master" in modules.hakube_heal.alone()["why"]
    modules.hakube_heal.report(hold="")
    found = modules.hakube_heal.alone()
    assert found["result"] == "nothing" and "a master asked" in found["why"]


def test_alone_it_does_what_it_may_and_writes_that_down_before(modules, pulse, sample, folder):
    root = folder.parent.parent
    settings = {"cluster": "c", "node": "node1", "mode": "act", "alone": {"after": 1}}
    (root / "etc/hakube/beacon.json").write_text(json.dumps(settings))
    drift = {**PROBE["probes"]["files.drift"], "value": "down"}
    for _ in range(2):
        sample("guard", GUARD)
        sample("probe", {**PROBE, "probes": {**PROBE["probes"], "files.drift": drift}})
        pulse()
        time.sleep(0.01)
    machine = Machine(root)
    modules.hakube_heal.report(hold="")
    # It asked an hour ago, and the drift is there since a minute.
    asked = alone.Asked(boot=voice.boot(), clock=voice.clock() - 3600)
    (folder / "asked.json").write_bytes(msgspec.json.encode(asked))
    memory = json.loads((folder / "beacon.json").read_bytes())
    memory["report"]["looks"]["files.drift"]["since"] -= 60
    (folder / "beacon.json").write_text(json.dumps(memory))

    assert modules.hakube_heal.alone(test=True)["result"] == "would"
    assert alone.account(machine).acts == ()
    found = modules.hakube_heal.alone()
    assert (found["component"], found["rung"]) == ("files", "files")
    (act,) = alone.account(machine).acts
    assert (act.result, act.why) == (found["result"], found["why"])
    assert act.result == "refused", "nothing is done where a folder stands for the machine"
    assert alone.account(machine).tokens == 3.0
    pulse()
    assert modules.hakube_heal.report()["alone"][0]["rung"] == "files"


def test_an_account_that_is_damaged_allows_nothing(modules, folder):
    path = folder.parent.parent / "var/lib/hakube/alone.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert not alone.account(Machine(folder.parent.parent)).armed
    assert modules.hakube_heal.alone()["component"] == ""


def test_people_are_told_what_is_down_since_when_and_what_would_be_done(modules, pulse, sample):
    for _ in range(2):
        sample("guard", {**GUARD, "quorate": False})
        pulse()
        time.sleep(0.01)
    found = modules.hakube_heal.status()
    assert found["down"]["corosync.quorum"].startswith("the node is without quorum (since 20")
    assert "haproxy.stats" in found["unknown"]
    assert found["alone"]["would"]


def test_without_a_minion_the_state_writes_its_files_and_says_when_it_goes_live(
    states, root, modules
):
    name = "hakube-beacon"
    planned = states.hakube_beacon.present(name, test=True)
    assert planned.result is None and planned.changes.keys() == {"settings", "minion"}
    assert not (root / "etc/hakube/beacon.json").exists()
    done = states.hakube_beacon.present(name)
    assert done.result is True
    assert "no minion answers" in done.comment
    assert voice.settings(Machine(root)).node == "node1"
    assert states.hakube_beacon.present(name).changes == {}
    assert states.hakube_beacon.absent(name).result is True
    assert not (root / "etc/hakube").exists()
    assert states.hakube_beacon.absent(name).changes == {}


def test_without_a_minion_its_saved_schedule_is_rid_of_our_job_alone(states, root, loaders):
    path = Path(loaders.opts["conf_file"]).parent / "minion.d/_schedule.conf"
    path.parent.mkdir(exist_ok=True)
    theirs = {"theirs": {"function": "test.ping", "days": 30}}
    ours = {"hakube_alone": {"function": "hakube_heal.alone", "seconds": 60}}
    other = {"hakube_alone": {"function": "test.ping", "days": 1}}
    try:
        path.write_text(yaml.safe_dump({"schedule": {**theirs, **ours}}))
        planned = states.hakube_beacon.absent("hakube-beacon", test=True)
        assert planned.result is None and "-  hakube_alone:" in planned.changes["minion"]
        assert states.hakube_beacon.absent("hakube-beacon").result is True
        assert yaml.safe_load(path.read_text()) == {"schedule": theirs}
        for left in ("", "schedule: [", "schedule:", yaml.safe_dump({"schedule": other})):
            path.write_text(left)
            assert states.hakube_beacon.absent("hakube-beacon").changes == {}
            assert path.read_text() == left
    finally:
        path.unlink()


def test_with_the_beacon_goes_what_the_node_remembered_of_the_healing(states, root, modules):
    assert states.hakube_beacon.present("hakube-beacon").result is True
    modules.hakube_heal.report(hold="")
    claim.note(
        task(rung="files", component="files", incident="i", deadline=30), root / "run/hakube"
    )
    left = [root / "run/hakube/asked.json", root / "run/hakube/act.json"]
    left.append(root / "var/lib/hakube/alone.json")
    assert all(path.exists() for path in left)
    assert states.hakube_beacon.present("hakube-beacon").changes == {}
    assert all(path.exists() for path in left)
    assert states.hakube_beacon.absent("hakube-beacon").result is True
    assert not any(path.exists() for path in left)
