"""Pacemaker tells what happens at once: its alert agent (agents/alert), and that in the cluster."""

from __future__ import annotations

from saltext_hakube.core.cib.objects import Alert
from saltext_hakube.core.cib.removal import Absent

#: The program, the same on all nodes.
PROGRAM = "/usr/local/lib/hakube/hakube-alert"
NAME = "hakube-alert"

# It takes some milliseconds; Pacemaker's own timeout is 30 s, in which others like it pile up.
TIMEOUT = "5s"


def alert() -> Alert:
    """What the cluster needs for it. Attributes change too often, and others tell of ours."""
    return Alert(
        id=NAME,
        path=PROGRAM,
        meta={"timeout": TIMEOUT},
        select=("fencing", "nodes", "resources"),
    )


def absent() -> Absent:
    """The same, where nobody reads what it tells."""
    return Absent(Alert, NAME)
