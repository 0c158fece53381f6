"""Whether this machine keeps up: corosync's own record, and the kernel's of its processors."""

from __future__ import annotations

import os
from pathlib import Path

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.preflight import words
from saltext_hakube.core.preflight.observed import Busy
from saltext_hakube.host.haproxy.unit import text
from saltext_hakube.host.run import run

# What corosync writes in its log; its last ten are in its map, until it is restarted.
_LATE = "was not scheduled"
_JOURNAL = ("journalctl", "-u", "corosync", "-o", "short-unix", "--no-pager", "-q")


def busy() -> Busy:
    """How it keeps up. What is not there (no corosync yet, a kernel without PSI) says nothing."""
    load = float((text(Path("/proc/loadavg")) or "0").split()[0])
    return Busy(
        missed=words.missed(
            _said(["corosync-cmapctl", "-m", "stats", "stats.schedmiss."]),
            _said([*_JOURNAL, "--since=-24h", f"--grep={_LATE}"]),
        ),
        pressure=words.pressure(text(Path("/proc/pressure/cpu")) or ""),
        load=load / (os.cpu_count() or 1),
    )


def _said(argv: list[str]) -> str:
    try:
        return run(argv, timeout=10, ok=None).stdout
    except HakubeError:
        return ""
