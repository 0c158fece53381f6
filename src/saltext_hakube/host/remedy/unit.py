"""A unit as systemd and the kernel have it: whether it runs, whether anything of it is left."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct

from saltext_hakube.agents.watch.units import FORGOTTEN
from saltext_hakube.core.errors import CommandError, HakubeError
from saltext_hakube.host import systemd
from saltext_hakube.host.run import run

PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "MainPID",
    "ControlGroup",
    "ActiveEnterTimestampMonotonic",
    "Restart",
)
# Where units' control groups are: version 2, and version 1 with systemd's own hierarchy.
ROOTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified"))
ORDER = 10.0  # seconds for systemctl; killing and forgetting take it some milliseconds


class Unit(Struct, frozen=True, kw_only=True):
    """``since``: CLOCK_MONOTONIC when it became active; ``restart``: whether systemd itself starts
    it again; ``processes``: all in its control group."""

    name: str
    load: str = ""
    active: str = ""
    sub: str = ""
    result: str = ""
    pid: int = 0
    since: float = 0.0
    restart: str = ""
    processes: tuple[int, ...] = ()

    @property
    def runs(self) -> bool:
        return self.active in ("active", "reloading") and self.pid > 0

    @property
    def stopped(self) -> bool:
        """Whether nothing of it is left."""
        return self.active in ("inactive", "failed") and not self.pid and not self.processes

    @property
    def failing(self) -> str:
        """Why a start would be of no use now; empty where nothing speaks against one."""
        if self.load not in ("loaded", ""):
            return f"{self.name} cannot be started: systemd calls it {self.load}"
        if self.sub == "auto-restart":
            return f"{self.name} goes on failing: systemd is about to try again"
        return ""

    @property
    def told(self) -> str:
        left = f", {len(self.processes)} processes" if self.processes else ""
        return f"{self.name} is {self.active or 'unknown'} ({self.sub}{left})"


def look(name: str) -> Unit:
    """The unit now. Raises HakubeError where systemd does not say."""
    shown = systemd.properties(name, *PROPERTIES)
    if not shown:
        raise HakubeError("systemd does not run here, so nobody knows of units")
    group = shown.get("ControlGroup", "") or f"/system.slice/{name}.service"
    return Unit(
        name=name,
        load=shown.get("LoadState", ""),
        active=shown.get("ActiveState", ""),
        sub=shown.get("SubState", ""),
        result=shown.get("Result", ""),
        pid=int(shown.get("MainPID") or 0),
        restart=shown.get("Restart", ""),
        since=int(shown.get("ActiveEnterTimestampMonotonic") or 0) / 1e6,
        processes=processes(group),
    )


def processes(group: str) -> tuple[int, ...]:
    """All processes in the control group and in those below it."""
    found: set[int] = set()
    for root in ROOTS:
        # os.walk passes over a group that goes while it looks; Path.rglob would fail.
        for folder, _, _ in os.walk(root / group.lstrip("/")):
            try:
                listed = Path(folder, "cgroup.procs").read_text(encoding="ascii")
            except OSError:
                continue  # the group went, or is one that has threads only
            found.update(map(int, listed.split()))
    return tuple(sorted(found))


def kill(name: str) -> None:
    """SIGKILL to all processes of the unit, also to frozen and stopped ones."""
    # All is the default; the option for it has another name from systemd 252 on.
    command = ["systemctl", "--no-ask-password", "kill", "--signal=KILL", "--", name]
    run(command, timeout=ORDER)


def forget(name: str) -> None:
    """Let systemd forget that it failed: its start limit refuses even a good start."""
    try:
        run(["systemctl", "--no-ask-password", "reset-failed", "--", name], timeout=ORDER)
    except CommandError as error:
        if FORGOTTEN not in error.output:
            raise
