"""What the eyes make of a haproxy that cannot be asked: its process is all that they see."""

import subprocess

import pytest

from saltext_hakube.agents.ground import netlink
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.watch import eyes
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.eyes import Eyes
from saltext_hakube.agents.watch.settings import Reflex, Settings, Vip

# Stands for systemd, which a test cannot have.
SYSTEMCTL = """#!/bin/sh
pid=$(cat {pid})
[ "$pid" = 0 ] && state="inactive dead" || state="active running"
set -- $state
printf 'LoadState=loaded\\nActiveState=%s\\nSubState=%s\\nMainPID=%s\\nJob=0\\n' $1 $2 "$pid"
"""

REFLEX = Reflex(
    node="node1",
    unit="haproxy.service",
    config="/nonexistent",
    check=("true",),
    health=None,
    steer=False,
    servers=False,
    hand_over=False,
    repair=False,
    vip=Vip("192.0.2.100", None, None),
    vip_resource="VIP",
    haproxy_resource="haproxy",
    guard="/nonexistent",
)
SETTINGS = Settings(None, None, frozenset(), frozenset(), 0.25, "/nonexistent", REFLEX)


@pytest.fixture
def haproxy(tmp_path, monkeypatch):
    """Start one and tell systemd of it; a call with nothing: none runs."""
    command, pid = tmp_path / "systemctl", tmp_path / "pid"
    command.write_text(SYSTEMCTL.format(pid=pid))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    started = []

    def run(*, runs=True):
        if runs:
            started.append(subprocess.Popen(["sleep", "60"]))
        # At once: systemctl may be asked just now.
        new = tmp_path / "pid.new"
        new.write_text(str(started[-1].pid if runs else 0))
        new.replace(pid)
        return started[-1] if runs else None

    yield run
    for one in started:
        one.kill()
        one.wait()


def until(loop, there):
    end = loop.now() + 20
    timer = loop.every(0.01, lambda: (there() or loop.now() > end) and loop.stop())
    loop.run()
    timer.cancel()
    assert there()


def test_a_process_that_comes_late_or_comes_again_is_seen(haproxy, monkeypatch):
    monkeypatch.setattr(eyes, "BLIND", 0.1)
    haproxy(runs=False)
    loop = Loop()
    seen = Eyes(loop, SETTINGS, REFLEX, Actions())

    def value():
        return seen.seen["verdict"]["value"]

    until(loop, lambda: seen.seen["eyes"]["process"]["state"] == "inactive/dead")
    assert value() == "unknown"
    first = haproxy()
    until(loop, lambda: value() == "green")
    haproxy(runs=False)
    first.kill()
    until(loop, lambda: value() == "red")
    haproxy()
    until(loop, lambda: value() == "green")


def test_addresses_that_could_not_be_looked_at_are_looked_at_again(haproxy, monkeypatch, capsys):
    # Stands for a kernel that has no sockets to give just now.
    kernel = netlink._open

    def refuse(*_groups):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(netlink, "BEGIN", 0.05)
    monkeypatch.setattr(eyes, "UNSEEN", 0.1)
    monkeypatch.setattr(netlink, "_open", refuse)
    haproxy()
    loop, told = Loop(), []
    seen = Eyes(loop, SETTINGS, REFLEX, Actions())
    assert seen.seen["eyes"]["address"] is None
    loop.after(0.5, lambda: (told.append(1), monkeypatch.setattr(netlink, "_open", kernel)))
    until(loop, lambda: told and seen.seen["eyes"]["address"])
    said = capsys.readouterr().err
    assert said.count("cannot look at this machine's addresses: Too many open files") == 1
    assert said.count("this machine's addresses can be looked at again") == 1
