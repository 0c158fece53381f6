"""One action of ours at a time on a node, whoever asks for it.

A lock for as long as it goes on, and a claim that stays: what was done last, for which incident,
and when. Two masters do not know of each other; the second one comes while what the first one did
has yet to show. Both are in /run: a boot ends them, rightly.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from saltext_hakube.core.errors import Refused
from saltext_hakube.core.remedy.task import Task
from saltext_hakube.host import files, lock

FOLDER = Path("/run/hakube")
LOCK, CLAIM = "act.lock", "act.json"


class Claim(Struct, frozen=True):
    """``clock``: CLOCK_BOOTTIME when it ended (or began, if it was killed)."""

    incident: str
    rung: str
    component: str
    clock: float

    def told(self, age: float) -> str:
        return f"{self.rung} for {self.component} ({self.incident}), {age:.0f} s ago"


def fresh(claim: Claim | None, now: float, settle: float) -> str:
    """Why nothing is done yet, after what was done last; empty where enough time has passed."""
    if claim is None or not 0 <= now - claim.clock < settle:
        return ""
    told = claim.told(now - claim.clock)
    return f"the last action here has to settle for {settle:g} s: {told}"


def last(folder: Path = FOLDER) -> Claim | None:
    """What was done last. What cannot be read is as if nothing was."""
    try:
        return msgspec.json.decode(files.read(folder / CLAIM) or b"", type=Claim)
    except msgspec.MsgspecError:
        return None


def note(task: Task, folder: Path = FOLDER) -> None:
    """Note that this is done now. Before it is begun, and again when it has ended."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    said = Claim(task.incident, task.rung, task.component, now())
    text = json.dumps(msgspec.to_builtins(said)).encode() + b"\n"
    files.write(folder / CLAIM, text, mode=0o600)


def forget(folder: Path = FOLDER) -> None:
    """Leave nothing behind, unless an action goes on. Raises HakubeError."""
    if (folder / CLAIM).exists():
        with lock.held(folder / LOCK) as mine:
            if mine:
                files.remove(folder / CLAIM)


@contextlib.contextmanager
def alone(folder: Path = FOLDER) -> Iterator[None]:
    """Be the only action here. Raises Refused where another one goes on."""
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    with lock.held(folder / LOCK) as mine:
        if not mine:
            before = last(folder)
            told = f": {before.told(now() - before.clock)}" if before else ""
            raise Refused(f"another action goes on on this node{told}")
        yield


def now() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
