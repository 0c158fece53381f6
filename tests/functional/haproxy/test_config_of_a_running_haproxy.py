"""hakube_haproxy and a haproxy that runs.

systemd is a stand-in here: a small systemctl that knows one unit, and a real haproxy in
master-worker mode behind it. The lab has the same with the real systemd.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import files, systemd, unread
from saltext_hakube.host import run as door
from saltext_hakube.host.haproxy import reload, replace

pytestmark = pytest.mark.skipif(
    not shutil.which("haproxy", path=os.pathsep.join([*os.get_exec_path(), *door.SBIN])),
    reason="haproxy is not installed",
)

# Logs what it is asked, in systemctl.log. In "broken" is the number of reloads that fail.
SYSTEMCTL = """#!{python}
import os, pathlib, signal, sys
here = pathlib.Path({folder!r})
words = [word for word in sys.argv[1:] if not word.startswith("--")]
with (here / "systemctl.log").open("a") as log:
    print(*words, file=log)
pid = int((here / "pid").read_text())
alive = pid and pathlib.Path(f"/proc/{{pid}}").exists()
if words[0] == "show":
    print(f"ActiveState={{'active' if alive else 'inactive'}}\\nMainPID={{pid}}")
elif words[0] == "reload":
    broken = here / "broken"
    left = int(broken.read_text()) if broken.exists() else 0
    if left:
        broken.write_text(str(left - 1))
        sys.exit("Job for haproxy.service failed.")
    os.kill(pid, signal.SIGUSR2)
else:
    sys.exit("Unknown verb " + words[0])
"""


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def web(port):
    return {"listen web": ["mode tcp", f"bind 127.0.0.1:{port}", "server one 127.0.0.1:9"]}


class Running:
    """A haproxy that runs with a file, and what systemctl was asked about it."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.config = folder / "haproxy.cfg"
        self.original = (
            "global\n    maxconn 100\ndefaults\n    mode tcp\n    timeout connect 1s\n"
            "    timeout client 1s\n    timeout server 1s\n"
            f"listen old\n    bind 127.0.0.1:{self.port}\n    server one 127.0.0.1:9\n"
        )
        self.config.write_text(self.original)
        self.process = subprocess.Popen(
            [shutil.which("haproxy", path="/usr/sbin:/usr/bin"), "-W", "-f", str(self.config)],
            stdout=subprocess.DEVNULL,
            stderr=(folder / "haproxy.log").open("wb"),
        )
        (folder / "pid").write_text(str(self.process.pid))
        self.wait(self.port)

    def wait(self, port):
        deadline = time.monotonic() + 10
        while not listens(port):
            assert time.monotonic() < deadline, (self.folder / "haproxy.log").read_text()
            time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=10)

    def asked(self, verb):
        log = self.folder / "systemctl.log"
        words = log.read_text().splitlines() if log.exists() else []
        return [line for line in words if line.startswith(verb)]


@pytest.fixture(scope="module")
def minion_config_overrides():
    return {"hakube": {}}  # the running system


@pytest.fixture
def running(tmp_path, monkeypatch):
    program = tmp_path / "systemctl"
    program.write_text(SYSTEMCTL.format(python=sys.executable, folder=str(tmp_path)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(systemd, "_BOOTED", tmp_path)
    monkeypatch.setattr(reload, "LOADED", 5.0)
    monkeypatch.setattr(unread, "NOTES", tmp_path / "notes")
    running = Running(tmp_path)
    yield running
    running.stop()


@pytest.fixture
def managed(states, running):
    def managed(sections, **arguments):
        return states.hakube_haproxy.config_managed(
            "web", sections=sections, config=str(running.config), unit="no-such-unit", **arguments
        )

    return managed


def test_a_running_haproxy_is_reloaded_once_and_serves_the_new_section(running, managed):
    port = free_port()
    ret = managed(web(port))
    assert ret.result is True, ret.comment
    assert "no-such-unit was reloaded" in ret.comment
    running.wait(port)
    assert len(running.asked("reload")) == 1
    assert managed(web(port)).changes == {}
    assert len(running.asked("reload")) == 1


def test_under_test_a_running_haproxy_is_left_alone(running, managed):
    ret = managed(web(free_port()), test=True)
    assert ret.result is None
    assert running.asked("reload") == []
    assert running.config.read_text() == running.original


def test_a_haproxy_that_does_not_run_is_neither_reloaded_nor_started(running, managed):
    running.stop()
    ret = managed(web(free_port()))
    assert ret.result is True, ret.comment
    assert "does not run, so it was not reloaded (nor started)" in ret.comment
    assert {line.split()[0] for line in running.asked("")} == {"show"}


def test_a_reload_that_fails_puts_the_old_file_back(running, managed):
    (running.folder / "broken").write_text("1")
    ret = managed(web(free_port()))
    assert ret.result is False
    assert "Job for haproxy.service failed" in ret.comment
    assert "The old file was put back, and no-such-unit runs with it" in ret.comment
    assert running.config.read_text() == running.original
    assert len(running.asked("reload")) == 2


def test_two_reloads_that_fail_are_both_told(running, managed):
    (running.folder / "broken").write_text("2")
    ret = managed(web(free_port()))
    assert ret.result is False
    assert ret.comment.count("Job for haproxy.service failed") == 2
    assert running.config.read_text() == running.original


def test_a_port_that_is_taken_puts_the_old_file_back(running, managed):
    # haproxy -c does not bind, and systemctl is content; only the missing worker tells.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ret = managed(web(taken.getsockname()[1]))
    assert ret.result is False
    assert "no new worker came up after the reload" in ret.comment
    assert running.config.read_text() == running.original
    assert listens(running.port)


def test_a_haproxy_that_dies_of_a_reload_is_told_and_not_started(running, managed, monkeypatch):
    def die(unit):
        running.stop()

    monkeypatch.setattr(systemd, "reload", die)
    ret = managed(web(free_port()))
    assert ret.result is False
    assert "no-such-unit is not active any more" in ret.comment
    assert running.config.read_text() == running.original


@pytest.fixture
def killed(managed, monkeypatch):
    """A function that makes a change which is killed between the write and the reload."""

    def reload(unit):
        raise KeyboardInterrupt

    def killed(sections):
        with monkeypatch.context() as patch:
            patch.setattr(systemd, "reload", reload)
            with pytest.raises(KeyboardInterrupt):
                managed(sections)

    return killed


def test_a_change_that_was_killed_before_the_reload_is_finished_by_the_next_one(
    running, managed, killed
):
    port = free_port()
    killed(web(port))
    assert not listens(port)
    assert list(managed(web(port), test=True).changes) == ["reload"]
    ret = managed(web(port))
    assert ret.result is True, ret.comment
    assert list(ret.changes) == ["reload"]
    running.wait(port)
    assert managed(web(port)).changes == {}


def test_a_change_that_was_killed_while_haproxy_was_told_is_finished_by_a_reload(
    running, managed, monkeypatch
):
    def killed(*_):
        raise KeyboardInterrupt

    sections = web(free_port())
    monkeypatch.setattr(replace.runtime, "adopt", killed)  # it may have drained a server by then
    with pytest.raises(KeyboardInterrupt):
        managed(sections)
    assert running.config.read_text() == running.original
    ret = managed(sections)
    assert ret.result is True, ret.comment
    assert len(running.asked("reload")) == 1
    assert list(unread.NOTES.iterdir()) == []


@pytest.mark.parametrize("same", [True, False])
def test_after_a_killed_change_a_refusal_puts_back_what_haproxy_had_read(
    running, managed, killed, same
):
    sections = web(free_port())
    killed(sections)
    (note,) = unread.NOTES.iterdir()
    assert note.stat().st_mode & 0o777 == 0o600
    (running.folder / "broken").write_text("1")
    ret = managed(sections if same else web(free_port()))
    assert ret.result is False
    assert "The old file was put back, and no-such-unit runs with it" in ret.comment
    assert running.config.read_text() == running.original
    assert not note.exists()


def test_after_a_killed_change_what_somebody_edited_since_is_what_is_put_back(
    running, managed, killed
):
    killed(web(free_port()))
    edited = running.config.read_text() + "# by hand\n"
    running.config.write_text(edited)
    (running.folder / "broken").write_text("1")
    ret = managed(web(free_port()))
    assert ret.result is False
    assert running.config.read_text() == edited


def test_where_the_older_file_is_not_known_nothing_is_said_to_be_put_back(running, managed):
    sections = web(free_port())
    assert managed(sections).result is True
    content = running.config.read_text()
    unread.NOTES.joinpath("no-such-unit.unread").touch()  # by an older hakube
    (running.folder / "broken").write_text("1")
    ret = managed(sections)
    assert ret.result is False
    assert "The file stays as it is: what it was before is not known" in ret.comment
    assert "put back" not in ret.comment
    assert running.config.read_text() == content


def test_a_file_that_cannot_be_written_is_one_line_and_nothing_is_reloaded(
    running, managed, monkeypatch
):
    write = files.write

    def full(path, content, mode=0o644):
        # A stand-in for a full disk.
        if path == running.config:
            raise HakubeError(f"cannot write {path}: No space left on device")
        write(path, content, mode)

    monkeypatch.setattr(files, "write", full)
    ret = managed(web(free_port()))
    assert ret.result is False
    assert ret.comment == f"cannot write {running.config}: No space left on device"
    assert running.asked("reload") == []
    assert list(unread.NOTES.iterdir()) == []
