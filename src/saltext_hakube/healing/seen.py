"""What a cluster's nodes said last, for those who only want to know whether there is news.

Kept beside the ledger, of which it is no part: without it the nodes are asked once more.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from saltext_hakube.core.remedy.report import Report
from saltext_hakube.healing import hints
from saltext_hakube.host import files

FILE = "seen.json"
#: So many events without anything behind them, and the next ones wait: 2 s, 4 s, ... up to LONGEST.
#: Who forges events costs the nodes no more than that; at the latest a reconcile asks.
TIRED, LONGEST = 3, 10.0


class Seen(Struct, frozen=True, kw_only=True):
    """``at``: when the nodes were asked; ``due``: when they have to be again (both Unix time).
    ``words``: node -> a hash of what it said; a node that did not answer is not there. ``hold``:
    what all nodes were told (rounds.holding); None where that was not one text for all. ``idle``:
    so often in a row a node was asked because of an event, and nothing was new. ``unread``: node ->
    what it said that this version does not know."""

    at: float = 0.0
    due: float = 0.0
    words: dict[str, str] = {}
    hold: str | None = None
    idle: int = 0
    unread: dict[str, tuple[str, ...]] = {}


def read(folder: Path) -> Seen:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Seen)
    except (OSError, msgspec.MsgspecError):
        return Seen()


def write(folder: Path, seen: Seen) -> None:
    # What is lost costs one question more.
    files.write(folder / FILE, msgspec.json.encode(seen), mode=0o600, durable=False)


def told_unread(node: str, odd: tuple[str, ...]) -> str:
    """That a node's hakube knows more than this one."""
    return (
        f"{node} tells of what this master's hakube does not know, which is left out: "
        f"{', '.join(odd)}; give the master the newer version"
    )


def words(report: Report) -> str:
    return hashlib.sha256(hints.fingerprint(report)).hexdigest()


def is_news(folder: Path, node: str, report: Report) -> bool:
    """Whether the node says something else than when it was asked last."""
    return read(folder).words.get(node) != words(report)


def rests(folder: Path, now: float) -> bool:
    """Whether an event has to wait a little, as those before it were only noise."""
    last = read(folder)
    if last.idle < TIRED:
        return False
    return 0 <= now - last.at < min(2.0 ** min(last.idle - TIRED + 1, 8), LONGEST)
