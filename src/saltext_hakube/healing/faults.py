"""What is wrong with the healing itself: a ledger that cannot be written, a pillar that cannot be
read, people who cannot be told, a clock that was set back.

No ledger can be relied on for that. It is kept in one file of a size that never changes, written in
place, so that it can be written where the disk is full; ``hakube.status`` and ``hakube.metrics``
show it, and people are told by the ways that the cluster's pillar has, as far as one of them works.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy.wording import clean, lasted
from saltext_hakube.host import lock

log = logging.getLogger(__name__)

FILE = ".faults"
ROOM = 1 << 16  # bytes of the file, always
MOST = 100  # faults
#: Seconds that a fault has to last until people are told; and after which they are told anew where
#: no way worked.
LASTS, AGAIN = 30.0, 600.0
WAIT = 2.0  # seconds for another one who writes
#: The kinds. WORK: nothing is done about a cluster. PILLAR: what is declared cannot be read.
#: PEOPLE: a way to tell people does not work. CLOCK: the master's went back. ROOM_LEFT: the disk is
#: nearly full.
WORK, PILLAR, PEOPLE, CLOCK, ROOM_LEFT = "work", "pillar", "people", "clock", "room"
KINDS = (WORK, PILLAR, PEOPLE, CLOCK, ROOM_LEFT)

#: Cluster (empty: of no one cluster) and kind.
Key = tuple[str, str]


class Fault(Struct, frozen=True, kw_only=True):
    """``since``, ``over``, ``told``: Unix times; ``came``: way -> what came of telling it."""

    cluster: str
    kind: str
    why: str
    since: float
    over: float | None = None
    told: float | None = None
    came: dict[str, str] = {}

    @property
    def key(self) -> Key:
        return (self.cluster, self.kind)

    @property
    def line(self) -> str:
        """In one line."""
        where = f"cluster {self.cluster}: " if self.cluster else ""
        over = f"over after {lasted(self.over - self.since)}: " if self.over is not None else ""
        return clean(f"the healing itself: {where}{over}{self.why}", 500)

    def due(self, now: float) -> bool:
        """Whether people have to be told."""
        if self.told is None:
            return self.over is not None or now - self.since >= LASTS
        failed = bool(self.came) and "told" not in self.came.values()
        return failed and not 0 <= now - self.told < AGAIN


def read(folder: Path) -> dict[Key, Fault]:
    """All that are known."""
    try:
        text = (folder / FILE).read_bytes().rstrip(b" \0\n")
        return {it.key: it for it in msgspec.json.decode(text, type=list[Fault])}
    except (OSError, msgspec.MsgspecError):
        return {}


def found(folder: Path, said: Mapping[Key, str], now: float | None = None) -> None:
    """It is so now: why something is wrong, or empty where it is right. Raises nothing: who tells
    of a fault has one already."""
    now = time.time() if now is None else now
    if not any(said.values()) and not said.keys() & read(folder).keys():
        return
    _change(folder, partial(_said, said=said, now=now))


def _said(faults: dict[Key, Fault], said: Mapping[Key, str], now: float) -> None:
    for key, why in said.items():
        old = faults.get(key)
        if why:
            new = Fault(cluster=key[0], kind=key[1], why=clean(why, 400), since=now)
            if old is not None and old.over is None:
                new = replace(old, why=new.why)
            faults[key] = new
        elif old is not None and old.over is None:
            del faults[key]
            if old.told is not None:  # who was told that it began is told that it ended
                faults[key] = replace(old, over=now, told=None, came={})


def told(folder: Path, fault: Fault, came: dict[str, str], now: float) -> None:
    """People were told of it, or there is no way to. Raises nothing."""
    _change(folder, partial(_told, fault=fault, came=came, now=now))


def _told(faults: dict[Key, Fault], fault: Fault, came: dict[str, str], now: float) -> None:
    there = faults.get(fault.key)
    if there is None or there.since != fault.since:
        return
    if fault.over is not None:
        del faults[fault.key]
    else:
        faults[fault.key] = replace(there, told=now, came=came)


def _change(folder: Path, change: Callable[[dict[Key, Fault]], None]) -> None:
    """Change the faults, which are written where they are others then; that they cannot be is
    logged."""
    try:
        with _alone(folder):
            before = read(folder)
            faults = dict(before)
            change(faults)
            if faults != before:
                _write(folder, faults)
    except (OSError, HakubeError) as error:
        log.error("hakube: %s cannot be kept: %s", folder / FILE, error)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Raises HakubeError where another one writes for long."""
    with lock.held(folder / f"{FILE}.lock", WAIT) as mine:
        if not mine:
            raise HakubeError("another one writes it")
        yield


def reserve(folder: Path) -> None:
    """Have room for it, while there is some. Raises OSError."""
    if not (folder / FILE).exists():
        with contextlib.suppress(HakubeError), _alone(folder):
            _write(folder, read(folder))


def _write(folder: Path, faults: Mapping[Key, Fault]) -> None:
    """In place: the blocks are there already."""
    kept = sorted(faults.values(), key=lambda it: -it.since)[:MOST]
    text = msgspec.json.encode(kept)
    while len(text) > ROOM:
        kept.pop()
        text = msgspec.json.encode(kept)
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(folder / FILE, flags, 0o600)
    try:
        os.pwrite(descriptor, text.ljust(ROOM), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def metrics(folder: Path, clusters: list[str]) -> str:
    """For Prometheus: 1 for each that is there, 0 where it is not."""
    there = {key for key, it in read(folder).items() if it.over is None}
    lines = [
        "# HELP hakube_own_fault 1 where the healing itself does not work; no cluster: the master.",
        "# TYPE hakube_own_fault gauge",
    ]
    for cluster in sorted({"", *clusters, *(name for name, _ in there)}):
        name = cluster.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        for kind in KINDS:
            shown = int((cluster, kind) in there)
            lines.append(f'hakube_own_fault{{cluster="{name}",kind="{kind}"}} {shown}')
    return "".join(f"{line}\n" for line in lines)


def shown(folder: Path, now: float) -> Iterator[str]:
    """The lines for the screen."""
    for fault in read(folder).values():
        if fault.over is None:
            nobody = (
                "; nobody could be told" if fault.came and "told" not in fault.came.values() else ""
            )
            yield f"FAULT for {lasted(now - fault.since)}: {fault.line}{nobody}"
