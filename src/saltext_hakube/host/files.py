"""Files replaced whole or not at all.

A new content is written beside the file, synced and renamed over it, so that a power cut at any
moment leaves the old file or the new one. Owner, mode and SELinux label stay those of the old one.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def read(path: Path) -> bytes | None:
    """The file's bytes; None where there is no file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Replace the file atomically. ``mode`` is for a new file; an old one keeps its own.

    A symbolic link is followed: the file behind it is replaced, the link stays.
    """
    path = path.resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.hakube-{os.getpid()}")
    try:
        old = path.stat()
    except FileNotFoundError:
        old = None
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if old is not None:
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode) if old is not None else mode)
            _copy_label(path, file.fileno())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove(path: Path) -> None:
    """Remove the file, for good even if the power goes."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename or removal in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_label(source: Path, descriptor: int) -> None:
    """Keep SELinux's label: a rename keeps the new file's own, which is that of the folder."""
    with contextlib.suppress(OSError, AttributeError):
        os.setxattr(descriptor, "security.selinux", os.getxattr(source, "security.selinux"))
