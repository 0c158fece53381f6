"""hakube-watch on this machine: its three files, and its unit.

It runs by itself, whatever becomes of Salt: with the system's Python if that is new enough, else
with the one that Salt has. Pacemaker does not manage it, so it is enabled and started here.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from saltext_hakube.core import watch
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.haproxy import endpoint
from saltext_hakube.core.haproxy.options import Haproxy
from saltext_hakube.core.watch import Watch
from saltext_hakube.host import files, systemd
from saltext_hakube.host.haproxy import unit as units
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.program import program
from saltext_hakube.host.run import run

SYSTEM_PYTHON = "/usr/bin/python3"
OLDEST = (3, 9)

NO_STATS = (
    "haproxy.cfg has no `stats socket`, and hakube:haproxy:stats_socket (or plain) says that it "
    "gets none of ours: hakube-watch cannot see haproxy's servers, and closes nothing"
)
NO_MASTER = (
    "the unit {unit} starts haproxy without a master socket (`-S PATH`; Debian's has one): "
    "hakube-watch cannot reach old workers, so after a reload their sessions on a server that "
    "dies stay open until `timeout server`"
)


@dataclass(frozen=True)
class Plan:
    """What would change. ``files``: path -> (old, new), new None where it goes. ``service``: what
    happens to the unit, in order, of enable, start, restart, stop and disable."""

    files: dict[str, tuple[bytes | None, bytes | None]] = field(default_factory=dict)
    service: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def plan(machine: Machine, options: Watch, haproxy: Haproxy) -> Plan:
    """What must change so that the daemon runs, as the pillar has it. Raises HakubeError."""
    stats, master = sockets(machine, haproxy)
    warnings = [] if stats else [NO_STATS]
    if not master and _has_unit(machine, haproxy):
        warnings.append(NO_MASTER.format(unit=haproxy.unit))
    code, python = program("watch"), _python(machine)
    config = watch.config(options, haproxy, stats, master)
    build = watch.build(code, config, python)
    wanted = {watch.PROGRAM: code, watch.CONFIG: config, watch.UNIT: watch.unit(python, build)}
    changed = _changed(machine, wanted)
    state, notes = _state(machine)
    service: list[str] = []
    if state is not None:
        if not systemd.enabled(watch.SERVICE):
            service.append("enable")
        if not state["active"]:
            service.append("start")
        elif changed or not _runs(state["pid"], build):
            service.append("restart")
    return Plan(changed, tuple(service), notes, tuple(warnings))


def plan_absent(machine: Machine) -> Plan:
    """What must change so that nothing of it is left. Raises HakubeError."""
    wanted = dict.fromkeys((watch.UNIT, watch.CONFIG, watch.PROGRAM))
    state, notes = _state(machine)
    service: list[str] = []
    if state is not None:
        if not state["stopped"]:
            service.append("stop")
        if systemd.enabled(watch.SERVICE):
            service.append("disable")
    return Plan(_changed(machine, wanted), tuple(service), notes)


def apply(machine: Machine, plan: Plan) -> None:
    """Do what the plan says. Raises HakubeError; what was done until then stays."""
    for step in ("stop", "disable"):
        if step in plan.service:
            getattr(systemd, step)(watch.SERVICE)
    for path, (_, new) in plan.files.items():
        if new is None:
            files.remove(machine.path(path))
            with contextlib.suppress(OSError):  # not empty: not only ours
                if Path(path).parent.name == "hakube":
                    machine.path(path).parent.rmdir()
        else:
            files.write(machine.path(path), new)
    if not machine.live or not (plan.files or plan.service):
        return
    if systemd.properties(watch.SERVICE, "ActiveState"):
        systemd.daemon_reload()
        if "enable" in plan.service:
            systemd.enable(watch.SERVICE)
        if {"start", "restart"} & set(plan.service):
            systemd.restart(watch.SERVICE)


def sockets(machine: Machine, haproxy: Haproxy) -> tuple[str | None, str | None]:
    """haproxy's stats socket and its master's, as they are once hakube.haproxy is applied."""
    argv = units.start_command(machine, haproxy.config, haproxy.unit)
    master = endpoint.master(argv)
    if haproxy.stats_socket != "none" and not haproxy.plain:
        return haproxy.stats_socket, master
    content = files.read(machine.path(haproxy.config)) or b""
    found = endpoint.stats([content.decode("utf-8", "surrogateescape")])
    return (found[0].path if found else None), master


def sample(machine: Machine) -> tuple[dict[str, Any], float]:
    """What the daemon saw last, and how many seconds ago. Raises HakubeError."""
    path = machine.path(watch.SAMPLE)
    text = files.read(path)
    if text is None:
        raise HakubeError(
            f"{watch.SERVICE} does not run on this machine: there is no {watch.SAMPLE} "
            f"(state hakube.watch; `journalctl -u {watch.SERVICE}`)"
        )
    try:
        seen = json.loads(text)
        age = time.clock_gettime(time.CLOCK_BOOTTIME) - seen["clock"]
    except (ValueError, TypeError, KeyError):
        raise HakubeError(f"{watch.SAMPLE} is not what {watch.SERVICE} writes") from None
    return seen, max(0.0, age)


def _changed(
    machine: Machine, wanted: Mapping[str, bytes | None]
) -> dict[str, tuple[bytes | None, bytes | None]]:
    old = {path: files.read(machine.path(path)) for path in wanted}
    return {path: (old[path], new) for path, new in wanted.items() if old[path] != new}


def _state(machine: Machine) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """The unit's state; None, and why, where there is no systemd to ask."""
    if not machine.live:
        return None, (f"nothing is enabled or started: {machine.root} stands for the machine",)
    shown = systemd.properties(watch.SERVICE, "ActiveState", "MainPID")
    if not shown:
        return None, ("nothing is enabled or started: systemd does not run here",)
    # One that is "activating" keeps failing, or waits to be tried again: a start hurries it.
    active = shown.get("ActiveState") in ("active", "reloading")
    stopped = shown.get("ActiveState") in ("inactive", "failed")
    return {"active": active, "stopped": stopped, "pid": int(shown.get("MainPID") or 0)}, ()


def _runs(pid: int, build: str) -> bool:
    """Whether this process was started as the unit now is; it may be of an apply cut short."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return f"{watch.BUILD}={build}".encode() in environment


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


def _has_unit(machine: Machine, haproxy: Haproxy) -> bool:
    """Whether haproxy is installed; before that nobody knows how it will be started."""
    name = haproxy.unit if haproxy.unit.endswith(".service") else f"{haproxy.unit}.service"
    return any(machine.path(f"{folder}/{name}").exists() for folder in units.FOLDERS)
