"""The ledger's file: one writer, each write on the disk before it is told, the old ones set aside.

::

    with ledger.hold(folder, "k8s", snapshot, owner="salt-run hakube.pause") as book:
        state = fold(book.records)
        book.append(step.records)       # on the disk when this returns

``snapshot`` makes one record of kind snapshot of records: the state, at the head of the next file.
In the folder: ledger.jsonl, what was before it (ledger-0001.jsonl, ..., the newest seven),
ledger-0002-damaged.jsonl where one was found damaged, ledger.lock.

A file comes into the folder whole, by a rename. What a power cut tore off the last write is cut off
at the next ``hold``; a file with other damage is never changed: it gets another name, and a new one
goes on from what in it is whole. Both is told, also by a record (recovered) in the ledger. Its
data: ``what`` (torn, damaged, missing), ``why``, ``cut`` (bytes), ``aside`` (the file's name now).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import ledger
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.ledger import Head, Reading
from saltext_hakube.host import files, ledgerfiles
from saltext_hakube.host.ledgerfiles import Busy, Full, saying
from saltext_hakube.host.ledgerread import read, read_all

__all__ = ["Busy", "Full", "Ledger", "hold", "read", "read_all"]

#: So many files are kept, the one that is written with them.
FILES = 8

Snapshot = Callable[[Sequence[Record]], Record]


def hold(
    folder: Path, cluster: str, snapshot: Snapshot, *, owner: str = "", wait: float = 0.0
) -> Ledger:
    """Open the ledger for writing; make it where there is none, mend it where it needs that.

    ``owner``: who we are, for those who find it held. ``wait``: seconds in which another may give
    it back. Raises Busy, Full, HakubeError.
    """
    with saying("make", folder):
        ledgerfiles.make(folder)
    lock = ledgerfiles.lock(folder / ledgerfiles.LOCK, owner or "a process", wait)
    held = Ledger(folder, cluster, snapshot, lock)
    try:
        with saying("open", held.path):
            held.open()
    except BaseException:
        held.close()
        raise
    return held


class Ledger:
    """The ledger of one cluster, held for writing (``hold``).

    ``records``: the last snapshot and what came after it. ``told``: what was wrong when it was
    opened, a line each.
    """

    def __init__(self, folder: Path, cluster: str, snapshot: Snapshot, lock: int) -> None:
        self._folder, self._cluster, self._snapshot = folder, cluster, snapshot
        self.path = folder / ledgerfiles.CURRENT
        self._lock: int | None = lock
        self._file: int | None = None
        self._size = 0
        self._head = Head()
        self._broken = ""
        self.records: list[Record] = []
        self.told: tuple[str, ...] = ()

    def append(self, records: Iterable[Record]) -> None:
        """Write the records at once. When this returns they are on the disk.

        Raises Full; Unwritable (core.remedy.ledger) for what is too long or not plain; HakubeError
        where the disk fails, and then for each further one until the ledger is opened anew. In all
        of these nothing was added.
        """
        given = tuple(records)
        if not given:
            return
        file = self._whole()
        lines, head = ledger.encode(given, self._cluster, self._head)
        if len(lines) > ledgerfiles.LIMIT:
            raise ledger.Unwritable(
                f"{len(lines)} bytes cannot be written at once; {ledgerfiles.LIMIT} can"
            )
        if self._size and self._size + len(lines) > ledgerfiles.LIMIT:
            file = self._rotate()
            lines, head = ledger.encode(given, self._cluster, self._head)
        self._write(file, lines)
        self._head = head
        self.records += given
        if any(record.kind == "snapshot" for record in given):
            self.records = list(ledger.since_snapshot(self.records))

    def close(self) -> None:
        """Let another one write."""
        if self._file is not None:
            os.close(self._file)
        if self._lock is not None:
            ledgerfiles.unlock(self._lock)
        self._file = self._lock = None

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        self.close()

    # -- opening -----------------------------------------------------------------------------------

    def open(self) -> None:
        """What ``hold`` does once it has the lock."""
        (self._folder / ledgerfiles.NEW).unlink(missing_ok=True)
        self._forget_half_a_rotation()
        data = ledgerfiles.content(self.path)
        if not data:
            self._begin("missing" if data is None else "empty")
            return
        reading = ledgerfiles.understood(data, self._cluster)
        damage = reading.damage
        if damage is None:
            self._go_on(reading)
        elif damage.torn and (reading.good or not ledgerfiles.older(self._folder)):
            self._go_on(reading)
            self._tell_torn(damage.told(), len(data) - reading.good)
        else:
            self._set_aside(reading, damage.told())

    def _begin(self, state: str) -> None:
        """There is nothing in ledger.jsonl: go on from the file before, if there is one."""
        before = self._before()
        if before is None:
            self._use(os.O_CREAT)
            files.sync_folder(self._folder)
            return
        why = f"{self.path.name} was {state}; it goes on from the file before"
        self.told = (f"{self.path}: {why}",)
        self._new(before, {"what": "missing", "why": why})

    def _go_on(self, reading: Reading) -> None:
        file = self._use()
        if reading.damage is not None:
            os.ftruncate(file, reading.good)
            os.fsync(file)
        self._size = reading.good
        self._head = reading.head or Head()
        self.records = list(ledger.since_snapshot(reading.records))

    def _tell_torn(self, why: str, cut: int) -> None:
        self.told = (f"{self.path}: {why}",)
        data = {"what": "torn", "why": why, "cut": cut}
        try:
            self.append([Record(kind="recovered", at=time.time(), data=data)])
        except Full as error:
            # The next one who opens it will not find it any more.
            raise Full(f"{error}; and of what was there: {why}") from None

    def _set_aside(self, reading: Reading, why: str) -> None:
        """Go on from what is whole, also behind the damage: somebody was told that it is kept."""
        aside = ledgerfiles.following(self._folder, "-damaged")
        self.told = (f"{self.path}: {why}; the file is now {aside.name}",)
        base = reading if reading.good else self._before() or reading
        whole = Reading((*base.records, *reading.after), base.head, 0)
        self._new(whole, {"what": "damaged", "why": why, "aside": aside.name}, aside)

    def _before(self) -> Reading | None:
        """What the newest file says of those that were set aside."""
        for path in reversed(ledgerfiles.older(self._folder)):
            reading = ledgerfiles.understood(ledgerfiles.content(path) or b"", self._cluster)
            if reading.good:
                records = (*reading.records, *reading.after)
                return Reading(records, reading.head, reading.good)
        return None

    def _new(self, known: Reading, data: dict[str, object], aside: Path | None = None) -> None:
        """A new file with the state of what is known, and why there is one."""
        state = self._snapshot(ledger.since_snapshot(known.records))
        told = Record(kind="recovered", at=time.time(), data=data)
        self._replace((state, told), known.head or Head(), aside)

    # -- files -------------------------------------------------------------------------------------

    def _rotate(self) -> int:
        with saying("write", self.path):
            state = (self._snapshot(self.records),)
            return self._replace(state, self._head, ledgerfiles.following(self._folder))

    def _replace(self, records: tuple[Record, ...], head: Head, aside: Path | None) -> int:
        """Let ledger.jsonl be a new file with these records, and ``aside`` the old one."""
        lines, head = ledger.encode(records, self._cluster, head)
        new = self._folder / ledgerfiles.NEW
        try:
            descriptor = ledgerfiles.open_to_write(new, os.O_CREAT | os.O_EXCL)
            with os.fdopen(descriptor, "wb") as file:
                file.write(lines)
                file.flush()
                os.fsync(file.fileno())
            if aside is not None:
                # The old one has two names until the new one takes the first of them.
                os.link(self.path, aside)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        new.replace(self.path)
        files.sync_folder(self._folder)
        for path in ledgerfiles.older(self._folder)[: -(FILES - 1)]:
            path.unlink()
        self._size, self._head, self.records = len(lines), head, list(records)
        return self._use()

    def _forget_half_a_rotation(self) -> None:
        """The file got its second name, and then the power went: it is still the first's."""
        with contextlib.suppress(FileNotFoundError):
            current = self.path.lstat()
            for path in ledgerfiles.older(self._folder):
                if os.path.samestat(path.lstat(), current):
                    path.unlink()

    def _use(self, flags: int = 0) -> int:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._file = ledgerfiles.open_to_write(self.path, os.O_APPEND | flags)
        return self._file

    def _whole(self) -> int:
        """The open file. Raises HakubeError where what we know of it is not so any more."""
        if self._file is None:
            raise HakubeError(f"{self.path} is closed")
        if self._broken:
            raise HakubeError(f"{self.path} has to be opened anew: {self._broken}")
        now = os.fstat(self._file)
        if now.st_nlink == 0 or now.st_size != self._size:
            raise HakubeError(
                f"{self.path} was changed or removed by another program; it has to be opened anew"
            )
        return self._file

    def _write(self, file: int, lines: bytes) -> None:
        try:
            done = 0
            while done < len(lines):
                done += os.write(file, lines[done:])
            os.fsync(file)
        except OSError as error:
            self._take_back(file, error)
            ledgerfiles.refuse("write", self.path, error)
        self._size += len(lines)

    def _take_back(self, file: int, error: OSError) -> None:
        """Cut off what came of a write that failed."""
        if not ledgerfiles.is_full(error):
            # After an fsync that failed nobody knows what is on the disk.
            self._broken = error.strerror or str(error)
        try:
            os.ftruncate(file, self._size)
            os.fsync(file)
        except OSError as other:
            self._broken = other.strerror or str(other)
