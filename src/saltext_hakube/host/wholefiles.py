"""Files that are ours as a whole: which of them differ, and putting them right."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from saltext_hakube.host import files
from saltext_hakube.host.machine import Machine

# Path -> (old, new); None where there is no file.
Changes = dict[str, tuple[bytes | None, bytes | None]]


def changes(machine: Machine, wanted: Mapping[str, bytes | None]) -> Changes:
    """What must change so that these are the files. Raises HakubeError."""
    old = {path: files.read(machine.path(path)) for path in wanted}
    return {path: (old[path], new) for path, new in wanted.items() if old[path] != new}


def write(machine: Machine, changes: Changes) -> None:
    """Make the changes. A folder that is only for ours goes with the last one. Raises HakubeError;
    what was done until then stays."""
    for path, (_, new) in changes.items():
        if new is not None:
            files.write(machine.path(path), new)
            continue
        files.remove(machine.path(path))
        folder = Path(path).parent
        if folder.name == "hakube" or folder.name.endswith(".service.d"):
            with contextlib.suppress(OSError):  # not empty
                machine.path(str(folder)).rmdir()
