"""A minion called node1 on a folder, and a stand-in for systemd. The lab has the real systemd."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from saltext_hakube.core.daemon import Daemon
from saltext_hakube.host import systemd
from saltext_hakube.host.machine import Machine
from tests.functional.pillar import SMALLEST

DEBIAN = (
    "[Service]\nEnvironment=CONFIG=/etc/haproxy/haproxy.cfg EXTRAOPTS=-S_/run/haproxy-master.sock\n"
    "ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -S /run/haproxy-master.sock\n"
)
HAPROXY = "/lib/systemd/system/haproxy.service"


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {**minion_config_overrides, "id": "node1"}


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", SMALLEST)


@pytest.fixture
def unit(root):
    path = root / HAPROXY[1:]
    path.parent.mkdir(parents=True)
    path.write_text(DEBIAN)
    return path


@pytest.fixture
def below(root):
    """All files of the folder that stands for the machine."""
    return lambda: {f"/{path.relative_to(root)}" for path in root.rglob("*") if path.is_file()}


# Knows units of ours by their files and runs them; has read drop-ins when it was told to. Logs what
# it is asked.
SYSTEMCTL = """#!{python}
import os, pathlib, shlex, signal, subprocess, sys, time
here, root = pathlib.Path({folder!r}), pathlib.Path({root!r})
words = [word for word in sys.argv[1:] if not word.startswith("--")]
if any(word.startswith("-") for word in words):
    sys.exit("systemctl: invalid option")
with (here / "log").open("a") as log:
    print(*words, file=log)
verb, unit = (*words, "")[:2]
place = root / "etc/systemd/system"
pidfile, enabled = here / f"{{unit}}.pid", here / f"{{unit}}.enabled"
pid = int(pidfile.read_text()) if pidfile.exists() else 0
def alive():
    try:
        return pid and pathlib.Path(f"/proc/{{pid}}/cmdline").read_bytes()
    except OSError:
        return False
def stop():
    if alive():
        os.kill(pid, signal.SIGTERM)
        while alive():
            time.sleep(0.01)
def dropins():
    paths = sorted(place.glob("*.service.d/*.conf"))
    return {{f"/{{path.relative_to(root)}}": path.read_text() for path in paths}}
if verb == "show":
    active = alive()
    print("LoadState=loaded")
    print(f"ActiveState={{'active' if active else 'inactive'}}\\nMainPID={{pid if active else 0}}")
    known = eval((here / "dropins").read_text()) if (here / "dropins").exists() else {{}}
    print("DropInPaths=", *(path for path in known if f"/{{unit}}.service.d/" in path))
    now = dropins()
    same = all(now.get(path) == text for path, text in known.items())  # as 252: new ones unseen
    print(f"NeedDaemonReload={{'no' if same else 'yes'}}")
elif verb == "is-enabled":
    print("enabled" if enabled.exists() else "disabled")
elif verb == "enable":
    enabled.touch()
elif verb == "disable":
    enabled.unlink()
elif verb == "stop":
    stop()
elif verb == "restart":
    stop()
    text = (place / f"{{unit}}.service").read_text()
    settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    name, _, value = settings["Environment"].partition("=")
    daemon = subprocess.Popen(
        [word if not word.startswith("/") or "python" in word else str(root) + word
         for word in shlex.split(settings["ExecStart"])],
        env={{name: value, "PATH": os.environ["PATH"]}}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=(here / "journal").open("ab"), start_new_session=True,
    )
    pidfile.write_text(str(daemon.pid))
elif verb == "daemon-reload":
    (here / "dropins").write_text(repr(dropins()))
else:
    sys.exit("Unknown verb " + verb)
"""


class System:
    """A stand-in for systemd, with a folder that stands for the machine's files."""

    def __init__(self, folder):
        self.folder = folder

    def asked(self):
        """The orders since the last time; questions are left out."""
        log = self.folder / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        verbs = [line.split()[0] for line in lines]
        return [verb for verb in verbs if verb not in ("show", "is-enabled")]

    def journal(self):
        return (self.folder / "journal").read_text()

    def end(self):
        for pid in self.folder.glob("*.pid"):
            if Path(f"/proc/{pid.read_text()}").exists():
                subprocess.run(["kill", pid.read_text()], check=False)


@pytest.fixture
def system(root, tmp_path, monkeypatch, states, unit):
    """systemctl in the path, and a machine that is live although it is a folder."""
    program = tmp_path / "systemctl"
    program.write_text(
        SYSTEMCTL.format(python=sys.executable, folder=str(tmp_path), root=str(root))
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(systemd, "_BOOTED", tmp_path)
    samples = property(lambda daemon: f"{tmp_path}/run/{daemon.name}.json")
    monkeypatch.setattr(Daemon, "sample", samples)
    monkeypatch.setattr(Machine, "live", property(lambda machine: True))
    system = System(tmp_path)
    yield system
    system.end()
