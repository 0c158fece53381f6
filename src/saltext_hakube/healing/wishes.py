"""What others want written into a cluster's ledger while somebody else may hold it.

Whoever runs the cycle takes the wishes in before each decision, so a pause counts at once and not
only when a long repair is over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import files


class Wish(Struct, frozen=True, kw_only=True):
    """``told``: ``data`` of a record that people were told. ``node``: empty for all. ``incident``:
    which one is to be tried anew."""

    kind: Literal["pause", "resume", "retry", "told"]
    at: float
    node: str = ""
    incident: str = ""
    reason: str = ""
    until: float | None = None
    data: dict[str, Any] = {}


def leave(folder: Path, wish: Wish) -> Path:
    """Put a wish there, on the disk before it returns; its file is gone when it was taken in."""
    place = folder / "wishes"
    if not place.exists():
        place.mkdir(mode=0o700, exist_ok=True)
        files.sync_folder(folder)
    file = place / f"{time.time_ns():020}-{os.getpid()}-{os.urandom(4).hex()}.json"
    files.write(file, msgspec.json.encode(wish), mode=0o600)
    return file


def waiting(folder: Path) -> list[tuple[Path, Wish | None]]:
    """The wishes, the oldest first. None for a file that is none. Raises HakubeError."""
    try:
        files = sorted(file for file in (folder / "wishes").iterdir() if file.suffix == ".json")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise HakubeError(f"cannot read {folder / 'wishes'}: {error.strerror}") from None
    return [(file, _read(file)) for file in files]


@contextlib.contextmanager
def held(file: Path) -> Iterator[bool]:
    """Who takes a wish in and who takes it back wait for each other: else one that is just being
    written down would be taken back, and count all the same. Says whether it is still there."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # released when closed
        yield os.fstat(descriptor).st_nlink > 0
    finally:
        os.close(descriptor)


def _read(file: Path) -> Wish | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Wish)
    except (OSError, msgspec.MsgspecError):
        return None
