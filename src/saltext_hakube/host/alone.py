"""What a node did while its master was away, on the disk, and when that asked last, in /run."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from saltext_hakube.core.errors import Conflict, HakubeError
from saltext_hakube.core.remedy import alone, looks
from saltext_hakube.core.remedy.alone import Account
from saltext_hakube.core.remedy.report import Alone as Act
from saltext_hakube.host import files, lock
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.samples import FOLDER, content
from saltext_hakube.host.voice import boot, clock

log = logging.getLogger(__name__)

ACCOUNT = "/var/lib/hakube/alone.json"
ASKED = f"{FOLDER}/asked.json"
LOCK = f"{FOLDER}/alone.lock"
LARGE = 1 << 16  # bytes


class Asked(Struct, frozen=True, kw_only=True):
    """When a master asked for a report, and what it said. ``clock``: CLOCK_BOOTTIME."""

    format: Literal[1] = 1
    boot: str
    clock: float
    hold: str | None = None


def account(machine: Machine) -> Account:
    """What is written down, and what a master said last. One that is damaged allows nothing until a
    master asks again, and then one action: it may have been all used up."""
    last = _asked(machine)
    found = _written(machine)
    return found if last is None or last.hold is None else replace(found, hold=last.hold)


def _written(machine: Machine) -> Account:
    text = content(machine.path(ACCOUNT), LARGE)
    if isinstance(text, str):
        return Account()
    found = looks.decode(text, Account)
    return found if isinstance(found, Account) else Account(tokens=1.0)


def acts(machine: Machine) -> tuple[Act, ...]:
    """What was done here alone, lately."""
    return account(machine).acts


def write(machine: Machine, written: Account) -> None:
    """On the disk before it returns. Raises HakubeError."""
    files.write_private(machine.path(ACCOUNT), msgspec.json.encode(written))


def asked(machine: Machine, hold: str) -> None:
    """A master asks now, and said that something speaks against acting alone. Raises HakubeError.

    Each time it asks only /run is written to. Where the disk takes nothing (it is full), what it
    said holds until the machine's start, and the node goes on to report.
    """
    told = Asked(boot=boot(), clock=clock(), hold=hold)
    files.write(machine.path(ASKED), msgspec.json.encode(told))
    before = _written(machine)
    after = alone.told(before, hold, time.time())
    if after != before:
        try:
            write(machine, after)
        except HakubeError as error:
            log.warning("hakube: what the master said is not on the disk: %s", error)


def away(machine: Machine) -> float:
    """Seconds since a master asked, or since the machine's start."""
    last = _asked(machine)
    return max(0.0, clock() - (last.clock if last else 0.0))


def _asked(machine: Machine) -> Asked | None:
    """When a master asked last since the machine's start; None where none did."""
    text = content(machine.path(ASKED), LARGE)
    found = None if isinstance(text, str) else looks.decode(text, Asked)
    return found if isinstance(found, Asked) and found.boot == boot() else None


def forget(machine: Machine) -> None:
    """Leave nothing behind. Raises HakubeError."""
    for path in (ACCOUNT, ASKED):
        if machine.path(path).exists():
            files.remove(machine.path(path))


@contextlib.contextmanager
def locked(machine: Machine) -> Iterator[None]:
    """Nobody else acts alone here meanwhile. Raises Conflict at once where somebody does."""
    path = machine.path(LOCK)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with lock.held(path) as mine:
        if not mine:
            raise Conflict("this node is at it already")
        yield
