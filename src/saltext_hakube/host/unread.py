"""What haproxy had read before a change of its file, kept until it has read the change.

It is what is put back where haproxy does not take the change. Also by a later run, if this one is
killed between the write and the reload: then the file itself already is what nobody has read.
/run is empty after a boot, rightly: haproxy reads the file when it starts.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from saltext_hakube.host import files

NOTES = Path("/run/hakube")


def exists(unit: str) -> bool:
    """Whether a change of the file is not known to be read."""
    return _note(unit).exists()


def last_read(unit: str, content: bytes | None) -> bytes | None:
    """What haproxy had read last, where its file is now ``content``.

    That is the file itself, but for one that an earlier change wrote and did not finish. (One that
    somebody edited since then is his: it is not replaced by something older.)
    """
    written, _, before = (files.read(_note(unit)) or b"").partition(b"\n")
    return before if written == _digest(content) else content


def remember(unit: str, before: bytes | None, content: bytes) -> None:
    """Note that the file becomes ``content``, and what haproxy had read before."""
    # The file may hold secrets, so only root may read what it was.
    files.write(_note(unit), _digest(content) + b"\n" + (before or b""), mode=0o600)


def forget(unit: str) -> None:
    """haproxy has read its file."""
    _note(unit).unlink(missing_ok=True)


def _note(unit: str) -> Path:
    return NOTES / f"{unit}.unread"


def _digest(content: bytes | None) -> bytes:
    return hashlib.sha256(content or b"").hexdigest().encode()
