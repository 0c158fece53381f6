"""Pacemaker's and systemd's tools, as stand-ins that say what a test wants, and keep what they were
told."""

import ctypes
import os
import subprocess

import pytest

from saltext_hakube.agents.ground.loop import Loop

PROGRAMS = {
    "cibadmin": "echo asked >>{folder}/asked; cat {folder}/cib.xml",
    "crm_resource": 'echo crm_resource "$@" >>{folder}/told; cat {folder}/problem >&2; '
    "test ! -s {folder}/problem",
    "systemctl": """case $1 in
show) printf 'LoadState=loaded\\nActiveState=%s\\nSubState=x\\nMainPID=%s\\nJob=0\\n' \\
    "$(cat {folder}/state)" "$(cat {folder}/pid)" ;;
*) echo systemctl "$@" >>{folder}/told ;;
esac""",
}


class Cluster:
    """``cib``: what `cibadmin` gives; ``problem``: why `crm_resource` fails; ``state``, ``pid``:
    of haproxy's unit. ``told``: the commands that had to change something."""

    def __init__(self, folder):
        self._folder = folder

    def __setattr__(self, name, text):
        if name.startswith("_"):
            return super().__setattr__(name, text)
        path = self._folder / {"cib": "cib.xml"}.get(name, name)
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").replace(path)
        return None

    @property
    def told(self):
        return self._lines("told")

    @property
    def asked(self):
        """How often the CIB was read."""
        return len(self._lines("asked"))

    def _lines(self, name):
        path = self._folder / name
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    folder = tmp_path / "cluster"
    (folder / "bin").mkdir(parents=True)
    for name, text in PROGRAMS.items():
        path = folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text.format(folder=folder)}\n")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=":")
    made = Cluster(folder)
    made.cib = made.problem = ""
    made.state, made.pid = "failed", "0"
    return made


@pytest.fixture
def loop():
    return Loop()


@pytest.fixture
def until(loop):
    """Let the loop run until it is so, or for these seconds; whether it is."""

    def wait(there, seconds=20):
        end = loop.now() + seconds
        timer = loop.every(0.01, lambda: (there() or loop.now() > end) and loop.stop())
        loop.run()
        timer.cancel()
        return bool(there())

    return wait


@pytest.fixture
def own_network():
    """Let the test's thread, and what it starts, be in a network namespace of its own, with the
    interface `one`; call it as `ip`."""
    if os.geteuid() != 0:
        pytest.skip("needs root for a network namespace")
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def ip(*words):
        subprocess.run(["ip", *words], check=True)

    try:
        assert libc.unshare(0x40000000) == 0, os.strerror(ctypes.get_errno())  # CLONE_NEWNET
        try:
            ip("link", "set", "lo", "up")
            ip("link", "add", "one", "type", "veth", "peer", "name", "other")
            ip("link", "set", "one", "up")
            ip("link", "set", "other", "up")
            ip("address", "add", "192.0.2.11/24", "dev", "one")
            yield ip
        finally:
            assert libc.setns(before, 0) == 0, os.strerror(ctypes.get_errno())
    finally:
        os.close(before)
