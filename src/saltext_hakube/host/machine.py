"""Which machine is meant: this one, or a folder and a CIB file that stand for one.

Minion (or ``salt-call``) configuration ``hakube: {root: DIR, cib_file: FILE}`` makes every state
and function work on files below DIR and on FILE in place of the running system. Nothing is
installed, started or reloaded then; that is said where it matters.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.reading import read
from saltext_hakube.core.values import FilePath

SETTINGS = "minion configuration hakube"
LIVE = Path("/")
# Where pacemaker keeps the CIB.
CIB = "var/lib/pacemaker/cib/cib.xml"

Folder = Annotated[
    str,
    Meta(
        pattern=r"^/[^\x00-\x1f\x7f\ud800-\udfff]*\Z",
        description="an absolute path to the folder that stands for the machine",
    ),
]


class Settings(Struct, frozen=True):
    """What the minion's configuration says of the machine."""

    root: Folder = "/"
    cib_file: FilePath | None = None


@dataclass(frozen=True)
class Machine:
    """``root``: the folder that stands for ``/``; ``cib_file``: the file in place of the CIB.

    A folder never has the live cluster: without ``cib_file`` it is the one below the folder.
    """

    root: Path = LIVE
    cib_file: Path | None = None

    def __post_init__(self) -> None:
        if not self.live and self.cib_file is None:
            object.__setattr__(self, "cib_file", self.root / CIB)

    @property
    def live(self) -> bool:
        """Whether this is the running system, with units to reload and a kernel to ask."""
        return self.root == LIVE

    def path(self, name: str) -> Path:
        """The place of an absolute path on this machine."""
        return self.root / name.lstrip("/")


def configured(settings: Any) -> Machine:
    """The machine that the minion's configuration ``hakube`` means. Raises ConfigError."""
    given = read({} if settings is None else settings, Settings, SETTINGS)
    # A path may begin with two slashes (POSIX leaves open what that means); Linux has only one.
    root = Path("/" + os.path.normpath(given.root).lstrip("/"))
    if root != LIVE and os.path.realpath(root) == "/":
        raise ConfigError(
            [f"{SETTINGS}:root: {given.root} leads to /; leave it out to mean this machine itself"]
        )
    return Machine(root, Path(given.cib_file) if given.cib_file else None)
