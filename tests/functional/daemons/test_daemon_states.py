"""hakube_watch, hakube_guard and hakube_probe alike: files, units, and what is restarted when."""

import json
import time
from pathlib import Path

import pytest

from saltext_hakube.core import alert, guard, probe, watch
from saltext_hakube.host import daemon, systemd

from .conftest import HAPROXY


@pytest.fixture(params=[watch.DAEMON, guard.DAEMON, probe.DAEMON], ids=lambda daemon: daemon.name)
def ours(request):
    return request.param


@pytest.fixture
def state(states, ours):
    """The two states of the daemon."""
    return getattr(states, f"hakube_{ours.name}")


def others(ours):
    """What it has beside the three files of each daemon."""
    return [probe.MANIFEST, alert.PROGRAM] if ours is probe.DAEMON else []


def test_under_test_everything_is_shown_and_nothing_is_written(state, ours, below, unit):
    ret = state.installed("it", test=True)
    assert ret.result is None
    assert sorted(ret.changes) == [*others(ours), "config", "program", "unit"]
    assert "nothing is enabled or started" in ret.comment
    assert below() == {HAPROXY}


def test_its_files_are_there_once_and_go_without_a_trace(state, ours, below, root, unit):
    ret = state.installed("it")
    assert ret.result is True, ret.comment
    assert "+ExecStart=/usr/bin/python3 -IS" in ret.changes["unit"]
    assert below() == {HAPROXY, ours.program, ours.config, ours.unit, *others(ours)}
    config = json.loads((root / ours.config[1:]).read_text())
    assert config["node"] == "node1"
    assert (
        config["vip"].items() >= {"address": "192.0.2.100", "interface": None, "prefix": 24}.items()
    )
    assert state.installed("it").changes == {}

    gone = state.absent("it")
    assert gone.result is True, gone.comment
    assert gone.changes["program"] == "removed"
    assert below() == {HAPROXY}
    assert not (root / "etc/hakube").exists()
    assert state.absent("it").changes == {}


def test_one_goes_and_the_other_keeps_its_files(states, below, unit):
    states.hakube_watch.installed("watch")
    states.hakube_guard.installed("guard")
    assert states.hakube_watch.absent("watch").result is True
    assert below() == {HAPROXY, guard.DAEMON.program, guard.DAEMON.config, guard.DAEMON.unit}


def test_what_it_sees_is_shown_and_nobody_there_is_an_error(modules, ours, root):
    from salt.exceptions import CommandExecutionError

    status = getattr(modules, f"hakube_{ours.name}").status
    with pytest.raises(CommandExecutionError, match="does not run on this machine"):
        status()
    path = root / ours.sample[1:]
    path.parent.mkdir(parents=True)
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    path.write_text(json.dumps({"format": 1, "interval": 0.25, "clock": now, "actions": []}))
    seen = status()
    assert seen["actions"] == []
    assert 0 <= seen["age"] < 5
    path.write_text(json.dumps({"format": 1, "interval": 0.25, "clock": now - 60}))
    with pytest.raises(CommandExecutionError, match="has not looked for 6"):
        status()
    path.write_text("[]")
    with pytest.raises(CommandExecutionError, match=f"is not what {ours.service} writes"):
        status()


def test_it_is_enabled_and_runs_with_what_was_written_for_it(state, ours, system, monkeypatch):
    ret = state.installed("it", test=True)
    assert ret.changes["service"] == ["enable", "start"]
    assert system.asked() == []
    ret = state.installed("it")
    assert ret.result is True, ret.comment
    assert system.asked() == ["daemon-reload", "enable", "restart"]
    assert state.installed("it").changes == {}
    build = ret.changes["unit"].partition("HAKUBE_BUILD=")[2].split()[0]
    assert sample(ours, system)["build"] == build

    monkeypatch.setattr(daemon, "program", lambda name: b"another program")
    ret = state.installed("it", test=True)
    assert ret.changes["program"].startswith("changed")
    assert ret.changes["service"] == ["restart"]


def sample(ours, system):
    """What the daemon itself says, within a minute."""
    path, end = Path(ours.sample), time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < end, system.journal()
        time.sleep(0.1)
    return json.loads(path.read_text())


def test_an_apply_that_was_cut_short_is_finished_by_the_next(state, ours, system, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(systemd, "daemon_reload", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            state.installed("it")
    ret = state.installed("it")
    assert ret.changes == {"service": ["enable", "start"]}
    assert system.asked() == ["daemon-reload", "enable", "restart"]
    assert state.installed("it").changes == {}


def test_absent_stops_it_before_its_files_go(state, below, unit, system):
    assert state.installed("it").result is True
    system.asked()
    ret = state.absent("it")
    assert ret.result is True, ret.comment
    assert ret.changes["service"] == ["stop", "disable"]
    assert system.asked() == ["stop", "disable", "daemon-reload"]
    assert below() == {HAPROXY}
    assert state.absent("it").changes == {}
