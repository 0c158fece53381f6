"""Files replaced whole or not at all.

A new content is written beside the file, synced and renamed over it, so that a power cut at any
moment leaves the old file or the new one. Owner, mode, ACLs, SELinux label and other attributes
stay those of the old one; a hard link's other name keeps the old content.

A symbolic link is an administrator's: it stays, and what is behind it is replaced or removed.
(To remove the link would leave our lines where another reads them, as /etc/sysctl.conf behind
/etc/sysctl.d/99-sysctl.conf; and the next write would not find the way back.)
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from saltext_hakube.core.errors import HakubeError, Refused


def read(path: Path) -> bytes | None:
    """The file's bytes; None where there is no file. Raises HakubeError."""
    with _told("read", path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def write(path: Path, content: bytes, mode: int = 0o644, *, durable: bool = True) -> None:
    """Replace the file atomically. ``mode`` is for a new file; an old one keeps its own. Not
    ``durable``: nobody waits for the disk, and a power cut may leave the file empty, or another.

    Raises HakubeError; Refused where it leads to a device (as a link to /dev/null does).
    """
    with _told("write", path):
        _write(_behind(path), content, mode, durable)


def write_private(path: Path, content: bytes) -> None:
    """The same for a file with secrets: nobody else may read it, before or after.

    Raises as ``write`` does, and Refused where the file is there and others may read it.
    """
    with _told("write", path):
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o600
    if mode & 0o077:
        raise Refused(
            f"{path} is there with mode {mode:o}: others may read it, and secrets would go into "
            "it; remove it, or `chmod 600` it"
        )
    write(path, content, mode=0o600)


def remove(path: Path) -> None:
    """Remove the file, for good even if the power goes. Raises as ``write`` does."""
    with _told("remove", path):
        behind = _behind(path)
        behind.unlink(missing_ok=True)
        sync_folder(behind.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename or removal in this folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes, mode: int, durable: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(path)
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
            _copy_attributes(path, file.fileno())
            file.flush()
            if durable:
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def _behind(path: Path) -> Path:
    """The file behind all links, which must be one: a device's place shall not be taken."""
    behind = path.resolve()
    if behind.exists() and not behind.is_file():
        leads = "" if behind == path else f" leads to {behind}, which"
        raise Refused(f"{path}{leads} is no regular file; remove it, or name another file")
    return behind


def _remove_left_over(path: Path) -> None:
    """Remove what processes that were killed in the midst of a write left beside the file."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.hakube-(\d+)")
    for entry in path.parent.iterdir():
        found = pattern.fullmatch(entry.name)
        if found and not Path("/proc", found[1]).exists():
            entry.unlink(missing_ok=True)


@contextlib.contextmanager
def _told(verb: str, path: Path) -> Iterator[None]:
    """What the system refuses, as one line for a person."""
    try:
        yield
    except OSError as error:
        raise HakubeError(f"cannot {verb} {path}: {error.strerror or error}") from None


def _copy_attributes(source: Path, descriptor: int) -> None:
    """Keep SELinux's label, ACLs and what else there is: a rename keeps the new file's own."""
    with contextlib.suppress(OSError, AttributeError):
        for name in os.listxattr(source):
            # One that nobody may write (as security.ima) is the kernel's to make.
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, os.getxattr(source, name))
