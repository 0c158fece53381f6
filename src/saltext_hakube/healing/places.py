"""Where the healing keeps its files on the master.

``CACHEDIR/hakube/CLUSTER/`` (master configuration ``hakube: {folder: DIR}``): the ledger (whoever
holds it runs the cluster's cycle), ``dirty`` (something came meanwhile), ``seen.json`` (what the
nodes last said). A name with a dot in front is of the master, not of a cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.core.reading import shown


def folder(opts: Mapping[str, Any]) -> Path:
    """The folder of all clusters, made if it is not there: for its owner only. Raises ConfigError,
    OSError."""
    own = opts.get("hakube")
    given = own.get("folder") if isinstance(own, Mapping) else None
    if given is not None and not (isinstance(given, str) and given.startswith("/")):
        raise ConfigError(
            [
                f"hakube:folder in the master's configuration: {shown(given)}; a whole path is "
                "expected"
            ]
        )
    found = Path(given or Path(opts["cachedir"]) / "hakube")
    found.mkdir(mode=0o700, parents=True, exist_ok=True)
    return found


def cluster(opts: Mapping[str, Any], name: str) -> Path:
    """The folder of one cluster, made if it is not there. Names are as the pillar allows them.
    Raises HakubeError where it cannot be: that is of this cluster alone."""
    found = folder(opts) / name
    try:
        found.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise HakubeError(f"cannot make the folder {found}: {error.strerror}") from None
    return found


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
