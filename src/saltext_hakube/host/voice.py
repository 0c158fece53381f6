"""The node's voice on this machine (core.remedy.voice): what it remembers, and what it says.

It is remembered in /run, which is gone after a start of the machine, as it must be: no clock that
was counted by goes on then. Nothing of this waits for a disk.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Struct

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import looks, voice
from saltext_hakube.core.remedy.alone import Rights
from saltext_hakube.core.remedy.policy import Alone, Mode
from saltext_hakube.core.remedy.report import Alone as Act
from saltext_hakube.core.remedy.report import Report, plain, read
from saltext_hakube.core.remedy.verdict import OFTEN, Manner, Seen
from saltext_hakube.core.remedy.voice import Look, Voice
from saltext_hakube.core.remedy.words import BARE, Component, Rung, Value
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.samples import FOLDER, content, drain, samples

SETTINGS = "/etc/hakube/beacon.json"
MEMORY = f"{FOLDER}/beacon.json"
BOOT = "/proc/sys/kernel/random/boot_id"
LARGE = 1 << 20  # bytes

FRESH = 5.0  # seconds that what was said last is the present; the beacon looks once a second


class Settings(Struct, frozen=True, kw_only=True):
    """What the apply wrote for the node (states hakube_beacon)."""

    cluster: str
    node: str
    mode: Mode = "observe"
    fall: int = 2
    rise: int = 2
    reassert: float = 45
    alone: Alone = Alone()
    rungs: dict[Component, tuple[Rung, ...]] = {}

    @property
    def manner(self) -> Manner:
        return Manner(self.fall, self.rise)

    @property
    def rights(self) -> Rights:
        return Rights(self.mode, self.alone, self.rungs)


class Memory(Struct, frozen=True, kw_only=True):
    """What is kept from look to look. ``clock``: CLOCK_BOOTTIME of the last one; ``report``: what
    it had to say."""

    format: Literal[1] = 1
    clock: float
    voice: Voice
    report: Report


class Spoken(NamedTuple):
    """``report``: what there is to say; ``why``: why it is to be told unasked, empty: it is not."""

    report: dict[str, Any]
    why: str


class Unset(HakubeError):
    """The node has not been told yet what it is to say, and for whom."""


def clock() -> float:
    """CLOCK_BOOTTIME."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def settings(machine: Machine) -> Settings:
    """Raises HakubeError; Unset where there are none."""
    path = machine.path(SETTINGS)
    text = content(path, LARGE)
    if text == looks.LEFT_NOTHING:
        raise Unset(f"{BARE}: there is no {path} (state hakube.beacon)")
    if isinstance(text, str):
        raise HakubeError(text)
    found = looks.decode(text, Settings)
    if isinstance(found, str):
        raise HakubeError(f"{path}: {found} (state hakube.beacon)")
    return found


def pulse(machine: Machine, busy: str, acts: tuple[Act, ...] = ()) -> Spoken:
    """Look, remember, and say what there is to say: what the beacon does. Raises HakubeError.

    ``busy``: what Salt does on the node now; ``acts``: what was done here without a master.
    """
    found = settings(machine)
    before = remembered(machine)
    look = _look(machine, before, busy, take=True)
    after, why = voice.listen(before, look, found.manner, found.reassert)
    report = voice.report(after, look, found.cluster, found.node, acts)
    remember(machine, Memory(clock=look.now, voice=after, report=report))
    return Spoken(_checked(report), why)


def present(machine: Machine, busy: str, acts: tuple[Act, ...] = ()) -> tuple[dict[str, Any], str]:
    """What the node has to say now, and nothing is changed; and why that is not the beacon's word.

    Where the beacon is off, one look decides, not several in a row. Raises HakubeError.
    """
    found = settings(machine)
    now = clock()
    last = _memory(machine)
    if last is not None and _is_present(last, found, now):
        return _checked(last.report), ""
    before = remembered(machine)
    look = _look(machine, before, busy, take=False)
    problem, since = _why_not(machine, last, now)
    value: Value = "down" if now - since >= looks.BLIND else "unknown"
    look.seen["eyes.beacon"] = Seen(value, now, OFTEN, problem)
    after, _ = voice.listen(before, look, Manner(1, 1), found.reassert)
    report = voice.report(after, look, found.cluster, found.node, acts)
    return _checked(report), problem


def _why_not(machine: Machine, last: Memory | None, now: float) -> tuple[str, float]:
    """Why it is not the beacon's word, and since when (CLOCK_BOOTTIME)."""
    if last is None:
        # An apply writes the settings first, and the beacon looks some seconds later.
        ago = time.time() - machine.path(SETTINGS).stat().st_mtime
        return "the beacon has not looked since the machine's start", (
            now - ago if 0 <= ago < now else 0.0
        )
    if now - last.clock <= FRESH:
        return "the beacon speaks for another node still", now
    return f"the beacon has not looked for {now - last.clock:.0f} s", last.clock


def beats(machine: Machine) -> bool:
    """Whether the beacon has looked a moment ago, as what it was told to be. Raises HakubeError."""
    last = _memory(machine)
    try:
        found = settings(machine)
    except Unset:
        return False
    return last is not None and _is_present(last, found, clock())


def _is_present(last: Memory, found: Settings, now: float) -> bool:
    same = (last.report.cluster, last.report.node) == (found.cluster, found.node)
    return same and 0 <= now - last.clock <= FRESH


def remembered(machine: Machine) -> Voice:
    """What was remembered since the machine's start; nothing where that cannot be read."""
    last = _memory(machine)
    return last.voice if last else voice.begin(boot())


def remember(machine: Machine, memory: Memory) -> None:
    """Raises OSError."""
    path = machine.path(MEMORY)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    with contextlib.suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(memory))
    new.replace(path)


def forget(machine: Machine) -> None:
    """Leave nothing behind."""
    machine.path(MEMORY).unlink(missing_ok=True)


def _memory(machine: Machine) -> Memory | None:
    """None where there is none, where it is damaged or of another start of the machine."""
    text = content(machine.path(MEMORY), LARGE)
    found = None if isinstance(text, str) else looks.decode(text, Memory)
    if not isinstance(found, Memory) or found.voice.boot != boot():
        return None
    return found if found.clock <= clock() else None


def _look(machine: Machine, before: Voice, busy: str, *, take: bool) -> Look:
    """``take``: the alerts, too, which are gone then."""
    found = samples(machine)
    now = clock()
    return Look(
        seen=looks.seen(found, now, before.verdicts),
        around=looks.around(found, before.around, busy, now),
        news=drain(machine) if take else [],
        now=now,
        at=time.time(),
    )


def boot() -> str:
    """The kernel's name for this start of the machine, whatever folder stands for it."""
    return Path(BOOT).read_text(encoding="ascii").strip()


def _checked(report: Report) -> dict[str, Any]:
    """As plain data that a reader takes. Raises report.Refused."""
    data = plain(report)
    read(data)
    return data
