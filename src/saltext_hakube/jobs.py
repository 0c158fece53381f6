"""What Salt does on this node just now: the files that the minion keeps of its jobs.

``saltutil.running`` reads the same, and tidies up while it does; this only looks, and not at many.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import salt.payload

from saltext_hakube.host.samples import content

LARGE = 1 << 18  # bytes of a job's file: a pillar may be among its arguments
MANY = 50  # jobs
# Functions whose arguments say what is run. Others have whole states among them, or secrets.
NAMED = frozenset({"state.apply", "state.sls", "state.sls_id"})
WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,79}\Z")
WORDS = 5


def state_run(opts: Mapping[str, Any]) -> str:
    """A run of states on this node, in some words (``state.apply hakube.haproxy (JID)``); empty
    where none is under way."""
    folder = Path(opts["cachedir"], "proc")
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:  # there has been no job yet
        return ""
    for name in names[-MANY:]:
        text = content(folder / name, LARGE)
        job = None if isinstance(text, str) else _job(text)
        if job and str(job.get("fun", "")).startswith("state.") and _lives(job.get("pid")):
            return f"{' '.join((job['fun'], *_named(job)))} ({job.get('jid', name)})"
    return ""


def _named(job: Mapping[str, Any]) -> list[str]:
    """The SLS files that are run; none of a highstate, and where that cannot be told."""
    given = job.get("arg")
    if job["fun"] not in NAMED or not isinstance(given, list):
        return []
    mods = [it.get("mods") if isinstance(it, dict) else it for it in given]
    words = [",".join(it[:WORDS]) if _texts(it) else it for it in mods]
    return [it for it in words if isinstance(it, str) and all(map(WORD.match, it.split(",")))]


def _texts(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(it, str) for it in given)


def _job(text: bytes) -> dict[str, Any] | None:
    with contextlib.suppress(Exception):  # it is being written, or was cut off
        found = salt.payload.loads(text)
        return found if isinstance(found, dict) else None
    return None


def _lives(pid: Any) -> bool:
    """Whether it is a process of Salt's still."""
    if not isinstance(pid, int):
        return False
    try:
        return b"salt" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
