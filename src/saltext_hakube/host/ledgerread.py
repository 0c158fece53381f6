"""A ledger read by anybody, without its lock, while another may write it.

What is not whole is told, a line each. A last write that is not there in whole may be under way:
it is left out, and not told.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from saltext_hakube.core.remedy import ledger
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.ledger import Head, Reading
from saltext_hakube.host import ledgerfiles


def read(folder: Path, cluster: str) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """The last snapshot and what came after it, all that the state is made of; what is not whole.

    Raises HakubeError.
    """
    path = folder / ledgerfiles.CURRENT
    with ledgerfiles.saying("read", path):
        reading = ledgerfiles.understood(ledgerfiles.content(path) or b"", cluster)
    return ledger.since_snapshot((*reading.records, *reading.after)), _problems(path, reading)


def read_all(folder: Path, cluster: str, tell: Callable[[str], None]) -> Iterator[Record]:
    """All that is kept, the oldest first, one file in memory at a time. Raises HakubeError.

    ``tell`` gets a line for each place that is not whole, also for a file that does not go on
    where the one before it ended.
    """
    end: Head | None = None
    with ledgerfiles.saying("read", folder), contextlib.ExitStack() as stack:
        for path, descriptor in reversed(_opened(folder, stack)):
            data = ledgerfiles.content_of(descriptor)
            reading = ledgerfiles.understood(data, cluster, end)
            if data and not reading.good and end is not None:
                alone = ledgerfiles.understood(data, cluster)
                if alone.good:
                    tell(f"{path}: something is missing before it: its first line is not the next")
                    reading = alone
            for problem in _problems(path, reading):
                tell(problem)
            yield from reading.records
            yield from reading.after
            # Where it ended nobody knows, if something of it cannot be read.
            end = None if reading.damage else reading.head or end


def _opened(folder: Path, stack: contextlib.ExitStack) -> list[tuple[Path, int]]:
    """The files, the newest first. That is opened first, too: so what a writer sets aside just now
    is seen, and nothing is seen twice under its two names."""
    found: list[tuple[Path, int]] = []
    seen = set()
    current = folder / ledgerfiles.CURRENT
    first = ledgerfiles.open_to_read(current)
    others = reversed(ledgerfiles.older(folder))
    for path, descriptor in (
        (current, first),
        *((path, ledgerfiles.open_to_read(path)) for path in others),
    ):
        if descriptor is None:
            continue
        stack.callback(os.close, descriptor)
        about = os.fstat(descriptor)
        if (about.st_dev, about.st_ino) not in seen:
            seen.add((about.st_dev, about.st_ino))
            found.append((path, descriptor))
    return found


def _problems(path: Path, reading: Reading) -> tuple[str, ...]:
    damage = reading.damage
    if damage is None or (damage.torn and path.name == ledgerfiles.CURRENT):
        return ()
    return (f"{path}: {damage.told()}",)
