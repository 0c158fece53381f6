"""What systemd says of haproxy's unit, and whether it will start it again. Pure.

The words are those of systemd 247 to 257 (src/basic/unit-def.c).
"""

from __future__ import annotations

from typing import NamedTuple

PROPERTIES = ("LoadState", "ActiveState", "SubState", "MainPID", "Job")
#: What systemctl says of a unit that systemd does not keep any more: its failure was reset before.
FORGOTTEN = "not loaded"

_ENDED = frozenset(("dead", "failed", "exited", "cleaning"))
_STARTS = frozenset(("start", "restart", "try-restart", "reload-or-start"))


class Unit(NamedTuple):
    """``job``: whether systemd has something to do with it just now."""

    load: str = ""
    active: str = ""
    sub: str = ""
    pid: int = 0
    job: bool = False

    @property
    def told(self) -> str:
        return f"{self.active}/{self.sub}" if self.sub else "unknown"


def show(unit: str) -> list[str]:
    """The question for ``unit``."""
    return ["systemctl", "show", f"--property={','.join(PROPERTIES)}", "--", unit]


def jobs(unit: str) -> list[str]:
    """The question what systemd is about to do with it."""
    return ["systemctl", "list-jobs", "--no-legend", "--no-pager", "--", unit]


def unit(text: str) -> Unit:
    """From ``show``."""
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    pid = found.get("MainPID", "")
    return Unit(
        load=found.get("LoadState", ""),
        active=found.get("ActiveState", ""),
        sub=found.get("SubState", ""),
        pid=int(pid) if pid.isdecimal() else 0,
        job=found.get("Job", "") not in ("", "0"),
    )


def job(text: str) -> str:
    """From ``jobs``: what is to be done; empty where nothing is. A line: `ID UNIT TYPE STATE`."""
    words = text.split()
    return words[2] if len(words) >= 4 and words[0].isdecimal() else ""


def returns(found: Unit, job: str, dead: int) -> bool | None:
    """Whether haproxy, whose main process ``dead`` ended, comes back; None: ask again in a moment.

    After a crash systemd first ends what is left of the unit: it is in `stop-sigterm` or the like
    without a job. Only with the job to stop it somebody wants that.
    """
    if job in _STARTS:
        return True
    if not found.sub or (found.sub == "running" and found.pid == dead):
        return None
    if found.sub in _ENDED:
        return False
    if found.sub.startswith(("stop", "final-")):
        return False if job == "stop" else None
    return True  # it starts, waits to be restarted, or runs as another process
