"""hakube_watch on a folder that stands for the machine, and with a stand-in for systemd.

The stand-in knows one unit and really starts the daemon. The lab has the real systemd.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from saltext_hakube.core import watch
from saltext_hakube.host import systemd
from saltext_hakube.host import watch as host

PILLAR = {
    "hakube": {
        "cluster": {
            "nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"},
            "password": "not a secret in here",
        },
        "vip": {"address": "192.0.2.100", "prefix": 24},
        "fencing": "none",
    }
}
DEBIAN = (
    "[Service]\nEnvironment=CONFIG=/etc/haproxy/haproxy.cfg EXTRAOPTS=-S_/run/haproxy-master.sock\n"
    "ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -S /run/haproxy-master.sock\n"
)
FILES = (watch.PROGRAM, watch.CONFIG, watch.UNIT)


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {**minion_config_overrides, "id": "node1"}


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", PILLAR)


@pytest.fixture
def unit(root):
    path = root / "lib/systemd/system/haproxy.service"
    path.parent.mkdir(parents=True)
    path.write_text(DEBIAN)
    return path


def below(root):
    return {f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_file()}


def test_under_test_everything_is_shown_and_nothing_is_written(states, root, unit):
    ret = states.hakube_watch.installed("watch", test=True)
    assert ret.result is None
    assert sorted(ret.changes) == ["config", "program", "unit"]
    assert "nothing is enabled or started" in ret.comment
    assert below(root) == {"/lib/systemd/system/haproxy.service"}


def test_its_files_are_there_once_and_go_without_a_trace(states, root, unit):
    ret = states.hakube_watch.installed("watch")
    assert ret.result is True, ret.comment
    assert "+ExecStart=/usr/bin/python3 -IS" in ret.changes["unit"]
    assert below(root) == {"/lib/systemd/system/haproxy.service", *FILES}
    config = json.loads((root / watch.CONFIG[1:]).read_text())
    assert config["haproxy"] == {
        "stats": "/run/haproxy-hakube.sock",
        "master": "/run/haproxy-master.sock",
        "checked": ["kube-apiservers-secure"],
        "unchecked": ["kube-apiservers-secure-unchecked"],
    }
    assert states.hakube_watch.installed("watch").changes == {}

    gone = states.hakube_watch.absent("no watch")
    assert gone.result is True, gone.comment
    assert gone.changes["program"] == "removed"
    assert below(root) == {"/lib/systemd/system/haproxy.service"}
    assert not (root / "etc/hakube").exists()
    assert states.hakube_watch.absent("no watch").changes == {}


def test_a_haproxy_without_a_master_socket_is_warned_of(states, root, unit):
    unit.write_text(DEBIAN.replace(" -S /run/haproxy-master.sock", ""))
    ret = states.hakube_watch.installed("watch")
    assert ret.result is True
    assert any("without a master socket" in warning for warning in ret.warnings)


def test_where_haproxy_is_not_installed_nothing_is_said_of_its_unit(states, root):
    assert "warnings" not in states.hakube_watch.installed("watch", test=True).raw


@pytest.mark.parametrize(
    "pillar_data",
    [
        {"hakube": {**PILLAR["hakube"], "haproxy": {"on_marked_down": "none"}}},
        {"hakube": {**PILLAR["hakube"], "haproxy": {"plain": True}}},
    ],
    indirect=True,
)
def test_where_haproxy_leaves_sessions_so_does_the_watcher(states, root, pillar_data):
    states.hakube_watch.installed("watch")
    config = json.loads((root / watch.CONFIG[1:]).read_text())["haproxy"]
    assert (config["checked"], config["unchecked"]) == ([], [])


@pytest.mark.parametrize(
    "pillar_data",
    [{"hakube": {**PILLAR["hakube"], "haproxy": {"plain": True}}}],
    indirect=True,
)
def test_without_a_socket_of_ours_that_of_the_file_is_used(states, root, pillar_data):
    path = root / "etc/haproxy/haproxy.cfg"
    ret = states.hakube_watch.installed("watch")
    assert any("has no `stats socket`" in warning for warning in ret.warnings)
    path.parent.mkdir(parents=True)
    path.write_text("global\n    stats socket /run/haproxy/admin.sock mode 660 level admin\n")
    assert states.hakube_watch.installed("watch").result is True
    config = json.loads((root / watch.CONFIG[1:]).read_text())["haproxy"]
    assert config["stats"] == "/run/haproxy/admin.sock"


def test_what_it_sees_is_shown_and_nobody_there_is_an_error(modules, root):
    from salt.exceptions import CommandExecutionError

    with pytest.raises(CommandExecutionError, match="does not run on this machine"):
        modules.hakube_watch.status()
    path = root / watch.SAMPLE[1:]
    path.parent.mkdir(parents=True)
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    path.write_text(json.dumps({"format": 1, "interval": 0.25, "clock": now, "dead": {}}))
    seen = modules.hakube_watch.status()
    assert seen["dead"] == {}
    assert 0 <= seen["age"] < 5
    path.write_text(json.dumps({"format": 1, "interval": 0.25, "clock": now - 60}))
    with pytest.raises(CommandExecutionError, match="has not looked for 6"):
        modules.hakube_watch.status()
    path.write_text("[]")
    with pytest.raises(CommandExecutionError, match="is not what hakube-watch writes"):
        modules.hakube_watch.status()


# Knows what hakube-watch.service says by the file, and runs it. Logs what it is asked.
SYSTEMCTL = """#!{python}
import os, pathlib, shlex, signal, subprocess, sys, time
here, root = pathlib.Path({folder!r}), pathlib.Path({root!r})
words = [word for word in sys.argv[1:] if not word.startswith("--")]
with (here / "log").open("a") as log:
    print(*words, file=log)
pid = int((here / "pid").read_text()) if (here / "pid").exists() else 0
alive = pid and pathlib.Path(f"/proc/{{pid}}/cmdline").exists() and pathlib.Path(
    f"/proc/{{pid}}/cmdline").read_bytes()
def stop():
    if alive:
        os.kill(pid, signal.SIGTERM)
        while pathlib.Path(f"/proc/{{pid}}/cmdline").exists() and pathlib.Path(
                f"/proc/{{pid}}/cmdline").read_bytes():
            time.sleep(0.01)
if words[0] == "show":
    print(f"ActiveState={{'active' if alive else 'inactive'}}\\nMainPID={{pid if alive else 0}}")
elif words[0] == "is-enabled":
    print("enabled" if (here / "enabled").exists() else "disabled")
elif words[0] == "enable":
    (here / "enabled").touch()
elif words[0] == "disable":
    (here / "enabled").unlink()
elif words[0] == "stop":
    stop()
elif words[0] == "restart":
    stop()
    text = (root / {unit!r}).read_text()
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    name, _, value = settings["Environment"].partition("=")
    daemon = subprocess.Popen(
        [word if not word.startswith("/") or "python" in word else str(root) + word
         for word in shlex.split(settings["ExecStart"])],
        env={{name: value}}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=(here / "journal").open("ab"), start_new_session=True,
    )
    (here / "pid").write_text(str(daemon.pid))
elif words[0] != "daemon-reload":
    sys.exit("Unknown verb " + words[0])
"""


class System:
    """A stand-in for systemd, with a folder that stands for the machine's files."""

    def __init__(self, folder):
        self.folder = folder

    def asked(self):
        log = self.folder / "log"
        words = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [line.split()[0] for line in words if line.split()[0] not in ("show", "is-enabled")]

    def end(self):
        pid = self.folder / "pid"
        if pid.exists() and Path(f"/proc/{pid.read_text()}").exists():
            subprocess.run(["kill", pid.read_text()], check=False)


@pytest.fixture
def system(root, tmp_path, monkeypatch, states):
    """systemctl in the path, and a machine that is live although it is a folder."""
    program = tmp_path / "systemctl"
    program.write_text(
        SYSTEMCTL.format(
            python=sys.executable, folder=str(tmp_path), root=str(root), unit=watch.UNIT[1:]
        )
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(systemd, "_BOOTED", tmp_path)
    monkeypatch.setattr(watch, "SAMPLE", str(tmp_path / "run/watch.json"))
    monkeypatch.setattr(host.Machine, "live", property(lambda machine: True))
    system = System(tmp_path)
    yield system
    system.end()


def test_it_is_enabled_and_started_and_restarted_only_where_something_changed(
    states, root, unit, system, monkeypatch
):
    ret = states.hakube_watch.installed("watch", test=True)
    assert ret.changes["service"] == ["enable", "start"]
    assert system.asked() == []
    ret = states.hakube_watch.installed("watch")
    assert ret.result is True, ret.comment
    assert system.asked() == ["daemon-reload", "enable", "restart"]
    assert states.hakube_watch.installed("watch").changes == {}

    unit.write_text(DEBIAN.replace("/run/haproxy-master.sock", "/run/other.sock"))
    ret = states.hakube_watch.installed("watch")
    assert ret.changes["service"] == ["restart"]
    assert "other.sock" in ret.changes["config"]
    assert "program" not in ret.changes
    assert system.asked() == ["daemon-reload", "restart"]

    monkeypatch.setattr(host, "program", lambda name: b"another program")
    ret = states.hakube_watch.installed("watch", test=True)
    assert ret.changes["program"].startswith("changed")
    assert ret.changes["service"] == ["restart"]


def test_an_apply_that_was_cut_short_is_finished_by_the_next(
    states, root, unit, system, monkeypatch
):
    assert states.hakube_watch.installed("watch").result is True
    unit.write_text(DEBIAN.replace("/run/haproxy-master.sock", "/run/other.sock"))
    with monkeypatch.context() as patch:
        patch.setattr(systemd, "daemon_reload", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            states.hakube_watch.installed("watch")
    system.asked()
    ret = states.hakube_watch.installed("watch")
    assert ret.changes == {"service": ["restart"]}
    assert system.asked() == ["daemon-reload", "restart"]
    assert states.hakube_watch.installed("watch").changes == {}


def test_absent_stops_it_before_its_files_go(states, root, unit, system):
    assert states.hakube_watch.installed("watch").result is True
    system.asked()
    ret = states.hakube_watch.absent("watch")
    assert ret.result is True, ret.comment
    assert ret.changes["service"] == ["stop", "disable"]
    assert system.asked() == ["stop", "disable", "daemon-reload"]
    assert below(root) == {"/lib/systemd/system/haproxy.service"}
    assert states.hakube_watch.absent("watch").changes == {}
