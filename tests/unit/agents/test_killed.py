"""Whoever is killed at any moment leaves a healthy cluster healthy: both programs, with a real
address; corosync and Pacemaker are processes that sleep, their tools stand-ins."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.unit.agents.ground.test_pacemaker import START, action, cib

VIP = "192.0.2.100"
ROUNDS = 15
RUN = """
import sys
from saltext_hakube.agents.guard import cib, totem
from saltext_hakube.agents.{name} import daemon
cib.against.__defaults__ = ({cib!r},)
totem.CONFIGURATION = "/nonexistent"
totem.DEFAULT = totem.Totem(0.2, 0.24)
sys.exit(daemon.main([{path!r}]))
"""
TOOLS = {
    "corosync-quorumtool": "sleep 0.$(($$ % 5)); echo Quorate: Yes; "
    "while kill -0 $PPID; do sleep 0.2; done 2>/dev/null",
    "corosync-cmapctl": "echo 'runtime.config.totem.token (u32) = 200'; "
    "echo 'runtime.config.totem.consensus (u32) = 240'",
    "attrd_updater": ":",
}


@pytest.fixture
def node(cluster, own_network, tmp_path):
    """One that is well, and holds the VIP."""
    folder = cluster._folder / "bin"
    for name, text in TOOLS.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    cluster.cib = cib(history=START + action("monitor", 7, interval=10000))
    (tmp_path / "cib.xml").write_text((cluster._folder / "cib.xml").read_text())
    stack = []
    for name in ("corosync", "pacemaker-controld"):
        (tmp_path / name).symlink_to(shutil.which("sleep"))
        stack.append(subprocess.Popen([tmp_path / name, "300"]))
    own_network("address", "add", f"{VIP}/24", "dev", "one")
    yield cluster
    for one in stack:
        one.kill()
        one.wait()


def told(name, folder):
    """What the program is told."""
    vip = {"address": VIP, "interface": None, "prefix": None}
    both = {"node": "node1", "vip": vip, "sample": str(folder / f"{name}.json")}
    if name == "guard":
        return {**both, "resource": "VIP", "guard": True, "announce": True}
    return {
        **both,
        "unit": "haproxy.service",
        "config": "/nonexistent",
        "check": ["true"],
        "haproxy": {"stats": None, "master": None, "checked": [], "unchecked": []},
        "health": None,
        **dict.fromkeys(("steer", "servers", "hand_over", "repair"), True),
        "resources": {"vip": "VIP", "haproxy": "haproxy"},
        "guard": str(folder / "guard.json"),
        "interval": 0.25,
    }


@pytest.mark.parametrize("name", ["watch", "guard"])
def test_who_is_killed_at_any_moment_harms_nobody(node, name, tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(told(name, tmp_path)))
    code = RUN.format(name=name, cib=str(tmp_path / "cib.xml"), path=str(path))
    moments = random.Random(name)
    sample = tmp_path / f"{name}.json"
    for number in range(ROUNDS):
        with subprocess.Popen(
            [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as program:
            time.sleep(moments.uniform(0.1, 1.2))
            end = time.monotonic() + 60
            while number == ROUNDS - 1 and time.monotonic() < end:  # one of them is ready for sure
                if sample.exists() and json.loads(sample.read_text())["pid"] == program.pid:
                    break
                time.sleep(0.05)
            assert time.monotonic() < end
            assert program.poll() is None, program.stderr.read()
            os.killpg(program.pid, signal.SIGKILL)
    held = subprocess.run(["ip", "-o", "addr"], check=True, capture_output=True, text=True).stdout
    assert f"{VIP}/24" in held
    assert node.told == []
