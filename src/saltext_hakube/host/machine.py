"""Which machine is meant: this one, or a folder and a CIB file that stand for one.

Minion (or ``salt-call``) configuration ``hakube: {root: DIR, cib_file: FILE}`` makes every state
and function work on files below DIR and on FILE in place of the running system. Nothing is
installed, started or reloaded then; that is said where it matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """``root``: the folder that stands for ``/``; ``cib_file``: the file in place of the CIB."""

    root: Path = Path("/")
    cib_file: Path | None = None

    @property
    def live(self) -> bool:
        """Whether this is the running system, with units to reload and a kernel to ask."""
        return self.root == Path("/")

    def path(self, name: str) -> Path:
        """The place of an absolute path on this machine."""
        return self.root / name.lstrip("/")
