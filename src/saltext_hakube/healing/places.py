"""Where the healing keeps its files on the master, and the locks on them.

``CACHEDIR/hakube/CLUSTER/`` (master configuration ``hakube: {folder: DIR}``): the ledger, ``lock``
(whoever holds it runs the cluster's cycle), ``dirty`` (something came meanwhile), ``seen.json``
(what the nodes last said). A name with a dot in front is of the master, not of a cluster.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def folder(opts: Mapping[str, Any]) -> Path:
    """The folder of all clusters, made if it is not there: for its owner only."""
    own = opts.get("hakube")
    given = own.get("folder") if isinstance(own, Mapping) else None
    found = Path(given or Path(opts["cachedir"]) / "hakube")
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def cluster(opts: Mapping[str, Any], name: str) -> Path:
    """The folder of one cluster, made if it is not there. Names are as the pillar allows them."""
    found = folder(opts) / name
    found.mkdir(mode=0o700, exist_ok=True)
    return found


@contextlib.contextmanager
def turn(file: Path) -> Iterator[bool]:
    """Hold a lock while the block runs, if nobody else does; says whether it is held.

    It ends with the process, so a crash leaves none behind; two threads exclude each other, too,
    for a lock by flock belongs to the opened file.
    """
    number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(number)


def write(file: Path, content: bytes) -> None:
    """The whole file or none: a reader sees the old one or the new one."""
    number, name = tempfile.mkstemp(dir=file.parent, prefix=f"{file.name}.")
    try:
        with os.fdopen(number, "wb") as written:
            written.write(content)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def mark(file: Path) -> None:
    """Leave a mark. Its modification time is the time of the last one."""
    file.touch(mode=0o600)


def take(file: Path) -> bool:
    """Take a mark away; says whether there was one."""
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def exists(file: Path) -> bool:
    """Whether a mark is there."""
    return file.exists()
