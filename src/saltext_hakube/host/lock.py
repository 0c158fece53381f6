"""A lock on a file of its own. It ends with whoever has it, so that a crash leaves none behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

# How often those who wait look. Seconds.
LOOK = 0.05


@contextlib.contextmanager
def held(path: Path, wait: float = 0.0) -> Iterator[bool]:
    """Hold it while the block runs, if nobody else does for ``wait`` seconds; says whether it is
    held.

    Two threads exclude each other, too: a lock by flock belongs to the opened file.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield taken(descriptor, wait)
    finally:
        os.close(descriptor)


def taken(descriptor: int, wait: float) -> bool:
    """Lock an opened file, if nobody else has it for that many seconds."""
    end = time.monotonic() + wait
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(LOOK, left))
