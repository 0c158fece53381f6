"""The folder of a ledger: its files' names, how they are opened, and who may write (host.ledger).

All files are for their owner only, who is the folder's. None is opened through a symbolic link.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NoReturn

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import ledger
from saltext_hakube.core.remedy.ledger import Damage, Head, Reading
from saltext_hakube.host import files
from saltext_hakube.host.lock import taken

CURRENT = "ledger.jsonl"
NEW = "ledger.jsonl.new"
LOCK = "ledger.lock"
_OLDER = re.compile(r"ledger-(\d{4,})(-damaged)?\.jsonl\Z")

#: A file is full with so many bytes.
LIMIT = 8_000_000
#: A file is at most full, after a snapshot. One that is longer is none of ours.
MOST = LIMIT + ledger.LONGEST


class Busy(HakubeError):
    """Another one writes; the text says who."""


class Full(HakubeError):
    """There is no room on the disk. What was in the ledger is there, whole; nothing was added."""


def make(folder: Path) -> None:
    """The folder, and those above it, for their owner only."""
    if not folder.exists():
        make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        files.sync_folder(folder.parent)


def older(folder: Path) -> list[Path]:
    """What was set aside, the oldest first."""
    with contextlib.suppress(FileNotFoundError):
        return sorted((p for p in folder.iterdir() if _OLDER.match(p.name)), key=_number)
    return []


def following(folder: Path, kind: str = "") -> Path:
    """The name under which the next one is set aside."""
    there = older(folder)
    number = _number(there[-1]) + 1 if there else 1
    return folder / f"ledger-{number:04}{kind}.jsonl"


def _number(path: Path) -> int:
    found = _OLDER.match(path.name)
    return int(found[1]) if found else 0


def open_to_write(path: Path, flags: int = 0) -> int:
    """A descriptor to read and write; the file becomes its owner's only."""
    flags |= os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = _regular(path, os.open(path, flags, 0o600))
    try:
        about, folder = os.fstat(descriptor), path.parent.stat()
        if os.geteuid() == 0 and (about.st_uid, about.st_gid) != (folder.st_uid, folder.st_gid):
            # A master that is not root has to be able to write what root made by salt-run.
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
        if stat.S_IMODE(about.st_mode) & 0o077:
            os.fchmod(descriptor, 0o600)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def open_to_read(path: Path) -> int | None:
    """A descriptor; None where there is no such file."""
    try:
        return _regular(path, os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK))
    except FileNotFoundError:
        return None


def _regular(path: Path, descriptor: int) -> int:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise HakubeError(f"{path} is no regular file; remove it")
    return descriptor


def content(path: Path) -> bytes | None:
    """The file's bytes, but not many more than one of ours has; None where there is no file."""
    descriptor = open_to_read(path)
    if descriptor is None:
        return None
    try:
        return content_of(descriptor)
    finally:
        os.close(descriptor)


def content_of(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts, left = [], MOST + 1
    while left and (part := os.read(descriptor, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def understood(data: bytes, cluster: str, head: Head | None = None) -> Reading:
    """As ledger.read; what is longer than a file of ours is damaged, never torn."""
    reading = ledger.read(data, cluster, head)
    if len(data) <= MOST:
        return reading
    found = reading.damage or Damage(0, reading.good, "", torn=False)
    damage = Damage(found.line, found.offset, f"the file has more than {MOST} bytes", torn=False)
    return Reading(reading.records, reading.head, reading.good, damage, reading.after)


def lock(path: Path, owner: str, wait: float) -> int:
    """The descriptor that holds the lock. Raises Busy, which says who has it."""
    with saying("lock", path):
        descriptor = open_to_write(path, os.O_CREAT)
    try:
        if not taken(descriptor, wait):
            who = os.pread(descriptor, 300, 0).decode(errors="replace").strip()
            waited = f", and did not give it back within {wait:g} s" if wait else ""
            raise Busy(f"{path.parent / CURRENT} is written by {who or 'another one'}{waited}")
        since = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        told = f"{' '.join(owner.split())[:100]} (pid {os.getpid()}, since {since})"
        # On a full disk nobody is told who; that it is held is told nevertheless.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, told.encode(errors="replace"), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def unlock(descriptor: int) -> None:
    # A process that was forked meanwhile has the lock, too, unless it is given back.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


@contextlib.contextmanager
def saying(verb: str, path: Path) -> Iterator[None]:
    """What the system refuses, as one line for a person."""
    try:
        yield
    except OSError as error:
        refuse(verb, path, error)


def is_full(error: OSError) -> bool:
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def refuse(verb: str, path: Path, error: OSError) -> NoReturn:
    text = f"cannot {verb} {path}: {error.strerror or error}"
    raise (Full if is_full(error) else HakubeError)(text) from None
