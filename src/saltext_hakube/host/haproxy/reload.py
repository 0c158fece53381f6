"""Let a running haproxy read its configuration, and see that it did."""

from __future__ import annotations

import re
import time
from pathlib import Path

from saltext_hakube.core.errors import CommandError, TimedOut
from saltext_hakube.host import systemd
from saltext_hakube.host.haproxy.check import version
from saltext_hakube.host.haproxy.unit import text

LOADED = 30.0  # seconds for a new worker to appear after a reload
# Seconds until a unit of Type=notify that is not "reloading" (any more) has made up its mind: the
# master says RELOADING before it tries and READY after it, and tries to bind for 2 s.
DECIDED = 3.0
# haproxy 3.1 and later fork the worker first and let it bind: it tries for 2 s (MAX_START_RETRIES
# times 10 ms in its src/haproxy.c). Before that a worker is forked only when all is well.
SETTLED = {True: 2.5, False: 0.2}


def reload(unit: str) -> None:
    """Let haproxy read its configuration, and see that it did.

    systemd calls a reload done when the signal is sent; a port that is taken shows only in that
    the master forks no new worker and goes on with the old one.
    """
    main = systemd.main_pid(unit)
    before = _children(main)
    systemd.reload(unit)
    if before:
        _wait_for_worker(unit, main, before)
    if not systemd.active(unit):
        raise CommandError(("systemctl", "reload", unit), 0, f"{unit} is not active any more")


def _wait_for_worker(unit: str, main: int, before: set[int]) -> None:
    """Wait until the master has forked a worker that stays; raises TimedOut if it does not."""
    modern = tuple(int(part) for part in re.findall(r"\d+", version())[:2]) >= (3, 1)
    patience = DECIDED if "notify" in systemd.properties(unit, "Type").get("Type", "") else LOADED
    end = time.monotonic() + LOADED
    quiet_since = time.monotonic()
    new_since: dict[int, float] = {}
    while time.monotonic() < min(end, quiet_since + patience):
        now = time.monotonic()
        new_since = {pid: new_since.get(pid, now) for pid in _children(main) - before}
        if any(now - since >= SETTLED[modern] for since in new_since.values()):
            return
        state = systemd.properties(unit, "ActiveState").get("ActiveState")
        if state not in ("active", "reloading"):
            return  # the caller tells
        if state == "reloading" or new_since:
            quiet_since = now
        time.sleep(0.05)
    raise TimedOut(
        "no new worker came up after the reload, so the old one goes on with the old "
        f"configuration (a port that is taken? journalctl -u {unit} has haproxy's reason)"
    )


def _children(pid: int) -> set[int]:
    """The processes whose parent this is; none where the kernel does not tell."""
    found = text(Path(f"/proc/{pid}/task/{pid}/children")) if pid else None
    return {int(word) for word in (found or "").split()}
