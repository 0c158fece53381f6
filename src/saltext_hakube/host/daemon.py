"""A daemon of ours (core.daemon) on this machine: its three files, and its unit.

It runs by itself, whatever becomes of Salt: with the system's Python if that is new enough, else
with the one that Salt has. Pacemaker does not manage it, so it is enabled and started here.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saltext_hakube.core.daemon import BUILD, Daemon, build
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import files, systemd, wholefiles
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.program import program
from saltext_hakube.host.run import run
from saltext_hakube.host.wholefiles import Changes

SYSTEM_PYTHON = "/usr/bin/python3"
OLDEST = (3, 9)


@dataclass(frozen=True)
class Plan:
    """What would change. ``files``: path -> (old, new), new None where it goes. ``service``: what
    happens to the unit, in order, of enable, start, restart, stop and disable."""

    files: Changes = field(default_factory=dict)
    service: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plan(machine: Machine, daemon: Daemon, config: bytes, warnings: tuple[str, ...] = ()) -> Plan:
    """What must change so that the daemon runs with this configuration. Raises HakubeError."""
    wanted, made = _wanted(machine, daemon, config)
    changed = wholefiles.changes(machine, wanted)
    state, notes = _state(machine, daemon)
    service: list[str] = []
    if state is not None:
        if not systemd.enabled(daemon.service):
            service.append("enable")
        if not state["active"]:
            service.append("start")
        elif changed or not _runs(state["pid"], made):
            service.append("restart")
    return Plan(changed, tuple(service), notes, warnings)


def wanted(machine: Machine, daemon: Daemon, config: bytes) -> dict[str, bytes]:
    """What its files should be, with this configuration. Raises HakubeError."""
    return _wanted(machine, daemon, config)[0]


def plan_absent(machine: Machine, daemon: Daemon) -> Plan:
    """What must change so that nothing of it is left. Raises HakubeError."""
    wanted = dict.fromkeys((daemon.unit, daemon.config, daemon.program))
    state, notes = _state(machine, daemon)
    service: list[str] = []
    if state is not None:
        if not state["stopped"]:
            service.append("stop")
        if systemd.enabled(daemon.service):
            service.append("disable")
    return Plan(wholefiles.changes(machine, wanted), tuple(service), notes)


def apply(machine: Machine, daemon: Daemon, plan: Plan) -> None:
    """Do what the plan says. Raises HakubeError; what was done until then stays."""
    for step in ("stop", "disable"):
        if step in plan.service:
            getattr(systemd, step)(daemon.service)
    wholefiles.write(machine, plan.files)
    if not machine.live or not (plan.files or plan.service):
        return
    if systemd.properties(daemon.service, "ActiveState"):
        systemd.daemon_reload()
        if "enable" in plan.service:
            systemd.enable(daemon.service)
        if {"start", "restart"} & set(plan.service):
            systemd.restart(daemon.service)


def sample(machine: Machine, daemon: Daemon) -> tuple[dict[str, Any], float]:
    """What the daemon saw last, and how many seconds ago. Raises HakubeError."""
    text = files.read(machine.path(daemon.sample))
    if text is None:
        raise HakubeError(
            f"{daemon.service} does not run on this machine: there is no {daemon.sample} "
            f"(state hakube.{daemon.name}; `journalctl -u {daemon.service}`)"
        )
    try:
        seen = json.loads(text)
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - seen["clock"]
    except (ValueError, TypeError, KeyError):
        raise HakubeError(f"{daemon.sample} is not what {daemon.service} writes") from None
    if age < 0:
        raise HakubeError(
            f"{daemon.service} has not looked since before this machine started "
            f"(`journalctl -u {daemon.service}`)"
        )
    return seen, age


def _wanted(machine: Machine, daemon: Daemon, config: bytes) -> tuple[dict[str, bytes], str]:
    """What its files should be, and the name of just that."""
    code, python = program(daemon.name), _python(machine)
    made = build(code, config, python)
    unit = daemon.unit_text(python, made)
    return {daemon.program: code, daemon.config: config, daemon.unit: unit}, made


def _state(machine: Machine, daemon: Daemon) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The unit's state; None, and why, where there is no systemd to ask."""
    if not machine.live:
        return None, (f"nothing is enabled or started: {machine.root} stands for the machine",)
    shown = systemd.properties(daemon.service, "ActiveState", "MainPID")
    if not shown:
        return None, ("nothing is enabled or started: systemd does not run here",)
    # One that is "activating" keeps failing, or waits to be tried again: a start hurries it.
    active = shown.get("ActiveState") in ("active", "reloading")
    stopped = shown.get("ActiveState") in ("inactive", "failed")
    return {"active": active, "stopped": stopped, "pid": int(shown.get("MainPID") or 0)}, ()


def _runs(pid: int, made: str) -> bool:
    """Whether this process was started as the unit now is; it may be of an apply cut short."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return f"{BUILD}={made}".encode() in environment


def _python(machine: Machine) -> str:
    """The Python to run with: one that is there whatever becomes of Salt."""
    if not machine.live:
        return SYSTEM_PYTHON
    tell = "import sys; print(*sys.version_info[:2])"
    with contextlib.suppress(HakubeError):
        told = run([SYSTEM_PYTHON, "-IS", "-c", tell], timeout=30).stdout.split()
        if tuple(int(word) for word in told if word.isdecimal()) >= OLDEST:
            return SYSTEM_PYTHON
    return sys.executable
