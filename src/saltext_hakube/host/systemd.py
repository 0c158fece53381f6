"""Units of systemd, through systemctl, each question and order with a deadline.

A unit that Pacemaker manages is never started, stopped or restarted through here (design.md,
law 5); asking and reloading is always allowed.
"""

from __future__ import annotations

from pathlib import Path

from saltext_hakube.core.errors import CommandError
from saltext_hakube.host.run import Result, run

ASK = 15.0  # seconds; the manager answers within milliseconds, on a busy machine within a few
ORDER = 120.0  # seconds; above systemd's own 90 s for starts and stops (DefaultTimeoutStopSec)

_BOOTED = Path("/run/systemd/system")  # what sd_booted(3) looks at


def active(unit: str) -> bool:
    """Whether the unit runs. False on a machine that systemd does not run."""
    return properties(unit, "ActiveState").get("ActiveState") in ("active", "reloading")


def main_pid(unit: str) -> int:
    """The unit's main process; 0 where it has none."""
    return int(properties(unit, "MainPID").get("MainPID") or 0)


def properties(unit: str, *names: str) -> dict[str, str]:
    """Properties of the unit as ``systemctl show`` gives them; {} where systemd does not run."""
    if not _BOOTED.is_dir():
        return {}
    shown = _systemctl("show", f"--property={','.join(names)}", "--", unit, timeout=ASK)
    pairs = (line.partition("=") for line in shown.stdout.splitlines())
    return {name: value for name, sign, value in pairs if sign}


def enabled(unit: str) -> bool:
    """Whether the unit starts at boot. Also right where systemd does not run.

    ``linked`` does not: only its file stands elsewhere, and to disable it would take the link away,
    so that nobody has the unit any more. ``alias`` is another name of a unit, which says it itself.
    """
    return _state(unit) in ("enabled", "enabled-runtime")


def known(unit: str) -> bool:
    """Whether there is such a unit. Also right where systemd does not run."""
    return _state(unit) not in ("", "not-found")


def enable(unit: str) -> None:
    """Let the unit start at boot."""
    _systemctl("enable", unit, timeout=ORDER)


def disable(unit: str) -> None:
    """Do not let the unit start at boot; it is not stopped."""
    _systemctl("disable", unit, timeout=ORDER)


def start(unit: str) -> None:
    """Start the unit and wait until it has started."""
    _systemctl("start", unit, timeout=ORDER)


def stop(unit: str) -> None:
    """Stop the unit and wait until it has stopped."""
    _systemctl("stop", unit, timeout=ORDER)


def restart(unit: str) -> None:
    """Stop the unit, start it again and wait until it has started. Never one of Pacemaker's."""
    _systemctl("restart", unit, timeout=ORDER)


def daemon_reload() -> None:
    """Let systemd read the units' files again."""
    _systemctl("daemon-reload", timeout=ORDER)


def reload(unit: str) -> None:
    """Let the unit read its configuration again."""
    _systemctl("reload", unit, timeout=ORDER)


def _state(unit: str) -> str:
    """What ``systemctl is-enabled`` calls the unit; its exit code says less than the word."""
    asked = _systemctl("is-enabled", unit, timeout=ASK, ok=None)
    words = asked.stdout.split()
    if not words and "No such file" not in asked.stderr and "not-found" not in asked.stderr:
        raise CommandError(("systemctl", "is-enabled", unit), asked.returncode, asked.stderr)
    return words[0] if words else ""


def _systemctl(*words: str, timeout: float, ok: tuple[int, ...] | None = (0,)) -> Result:
    command = ["systemctl", "--no-ask-password", "--no-pager", *words]
    return run(command, timeout=timeout, ok=ok)
