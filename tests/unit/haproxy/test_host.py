"""The doors to systemd and to haproxy's unit.

systemctl is a stand-in that says what the real one says; the lab asks the real one.
"""

import os
from pathlib import Path

import pytest

from saltext_hakube.core.errors import CommandError, NotInstalled
from saltext_hakube.host import run as door
from saltext_hakube.host import systemd
from saltext_hakube.host.haproxy import check, unit
from saltext_hakube.host.machine import Machine


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """Let systemctl give this answer; returns what it was asked with."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(systemd, "_BOOTED", tmp_path)

    def says(out="", err="", code=0):
        program = tmp_path / "systemctl"
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n'
            f"printf '%s' '{out}'\nprintf '%s' '{err}' >&2\nexit {code}\n"
        )
        program.chmod(0o755)
        return tmp_path / "asked"

    return says


@pytest.mark.parametrize(
    ("word", "code", "known", "enabled"),
    [
        ("enabled\n", 0, True, True),
        ("enabled-runtime\n", 0, True, True),
        ("disabled\n", 1, True, False),
        ("static\n", 0, True, False),
        ("masked\n", 1, True, False),
        ("generated\n", 0, True, False),
        ("linked\n", 1, True, False),
        ("linked-runtime\n", 1, True, False),
        ("alias\n", 0, True, False),
        ("not-found\n", 4, False, False),  # systemd 253 and later
    ],
)
def test_the_word_of_systemctl_counts_not_its_exit_code(systemctl, word, code, known, enabled):
    systemctl(word, code=code)
    assert systemd.known("x") is known
    assert systemd.enabled("x") is enabled


def test_a_unit_that_older_systemds_do_not_find_is_not_known(systemctl):
    message = "Failed to get unit file state for x.service: No such file or directory"
    systemctl(err=message, code=1)
    assert systemd.known("x") is False
    assert systemd.enabled("x") is False


def test_a_silent_bus_is_an_error_not_an_answer(systemctl):
    systemctl(err="Failed to connect to bus: Connection timed out", code=1)
    with pytest.raises(CommandError, match="Failed to connect to bus"):
        systemd.enabled("x")
    with pytest.raises(CommandError, match="Failed to connect to bus"):
        systemd.active("x")


@pytest.mark.parametrize(
    ("state", "active"),
    [("active", True), ("reloading", True), ("activating", False), ("failed", False), ("", False)],
)
def test_a_unit_that_reloads_is_active(systemctl, state, active):
    systemctl(f"ActiveState={state}\n")
    assert systemd.active("x") is active


def test_nothing_is_active_where_systemd_does_not_run(monkeypatch, tmp_path):
    monkeypatch.setattr(systemd, "_BOOTED", tmp_path / "nothing")
    assert systemd.active("x") is False
    assert systemd.main_pid("x") == 0


@pytest.mark.parametrize("verb", ["start", "stop", "enable", "disable", "reload"])
def test_orders_never_ask_for_a_password(systemctl, verb):
    asked = systemctl()
    getattr(systemd, verb)("x")
    words = f"--no-ask-password --no-pager {verb.replace('_', '-')} x"
    assert asked.read_text() == f"{words}\n"


def unit_file(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_units_files_are_read_in_systemds_order(tmp_path):
    base = "[Service]\nEnvironment=A=1\nExecStart=/usr/sbin/haproxy -f /a -L $A\n"
    unit_file(tmp_path, "lib/systemd/system/haproxy.service", base)
    machine = Machine(tmp_path)
    assert unit.start_command(machine, "/x", "haproxy") == ["haproxy", "-f", "/a", "-L", "1"]

    mine = base.replace("/a", "/b")
    unit_file(tmp_path, "etc/systemd/system/haproxy.service", mine)
    assert unit.start_command(machine, "/x", "haproxy")[2] == "/b"

    dropins = "haproxy.service.d"
    unit_file(
        tmp_path, f"usr/lib/systemd/system/{dropins}/50-a.conf", "[Service]\nEnvironment=A=2\n"
    )
    unit_file(tmp_path, f"run/systemd/system/{dropins}/60-b.conf", "[Service]\nEnvironment=A=3\n")
    assert unit.start_command(machine, "/x", "haproxy.service")[-1] == "3"
    unit_file(tmp_path, f"etc/systemd/system/{dropins}/60-b.conf", "[Service]\n")
    assert unit.start_command(machine, "/x", "haproxy")[-1] == "2"


def test_an_instance_has_its_templates_unit(tmp_path):
    text = "[Service]\nExecStart=/usr/sbin/haproxy -Ws -f /etc/k.cfg\n"
    unit_file(tmp_path, "usr/lib/systemd/system/haproxy@.service", text)
    assert unit.loads(Machine(tmp_path), "/etc/k.cfg", "haproxy@k8s")
    assert not unit.loads(Machine(tmp_path), "/etc/other.cfg", "haproxy@k8s")


@pytest.mark.parametrize(
    "text", ["", "[Service]\nExecStart=/usr/bin/podman run haproxy\n", "[Service]\nExecStart=\n"]
)
def test_a_unit_that_says_nothing_of_haproxy_means_the_file_alone(tmp_path, text):
    unit_file(tmp_path, "usr/lib/systemd/system/haproxy.service", text)
    assert unit.start_command(Machine(tmp_path), "/x", "haproxy") == ["haproxy", "-f", "/x"]


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/", "2.6.12"),
        ("HA-Proxy version 1.8.27-493ce0b 2020/11/06", "1.8.27"),
        ("HAProxy version 3.1-dev5 2024/08/01", "3.1"),
    ],
)
def test_the_version_is_a_number(tmp_path, monkeypatch, says, version):
    program = tmp_path / "haproxy"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert check.version() == version


def test_no_haproxy_has_no_version(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(door, "SBIN", ())
    with pytest.raises(NotInstalled, match="haproxy is not installed"):
        check.version()


def test_two_checks_at_once_do_not_take_each_others_candidate_away(tmp_path, monkeypatch):
    """With "default-path config" it stands beside the file. The other process is only said."""
    monkeypatch.setattr(unit, "FOLDERS", ())
    config, seen = tmp_path / "haproxy.cfg", []

    def judge(number):
        content = f"global\n  default-path config\n  maxconn {number}\n".encode()

        def run(argv, **_):
            if number == 1:
                with monkeypatch.context() as patch:
                    patch.setattr(os, "getpid", lambda: 2**22)
                    judge(2)
            (candidate,) = (word for word in argv if word.startswith(str(tmp_path)))
            seen.append((number, Path(candidate).read_bytes() == content))
            return door.Result(0, "", "")

        monkeypatch.setattr(check, "run", run)
        return check.check(Machine(), str(config), "web", content)

    assert judge(1).good
    assert seen == [(2, True), (1, True)]
    assert list(tmp_path.iterdir()) == []
