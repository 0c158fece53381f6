"""Answers that are still to come: of an action that was given up, for its deadline was over, or of
which the master died.

The node may have done it all the same. Salt keeps what a job returned, so each round looks whether
it has come. It is written down then, and believed as far as newer reports bear it out.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from saltext_hakube.core.remedy.decision import Action
from saltext_hakube.healing.ask import Ticket
from saltext_hakube.host import files

FILE = "late.json"
#: Seconds after which nobody waits any more; and answers that are waited for.
LONG, MOST = 900.0, 20


class Late(Struct, frozen=True):
    """``at``: Unix time at which the job was sent; ``attempt``: the how manieth of the incident's
    it is, from 0."""

    action: Action
    minion: str
    ticket: Ticket
    at: float
    attempt: int | None = None


def note(folder: Path, late: Late) -> None:
    """Remember that this answer may come. Raises HakubeError."""
    write(folder, (*waiting(folder), late)[-MOST:])


def forget(folder: Path, ticket: Ticket) -> None:
    """It has come in time. Raises HakubeError."""
    write(folder, tuple(it for it in waiting(folder) if it.ticket != ticket))


def waiting(folder: Path) -> tuple[Late, ...]:
    """Those that are waited for, the oldest first."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=tuple[Late, ...])
    except (OSError, msgspec.MsgspecError):
        return ()


def write(folder: Path, left: tuple[Late, ...]) -> None:
    """Wait for these only. Raises HakubeError."""
    if left:
        files.write(folder / FILE, msgspec.json.encode(left), mode=0o600)
    else:
        (folder / FILE).unlink(missing_ok=True)
