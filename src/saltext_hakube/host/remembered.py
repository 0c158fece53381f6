"""What a machine had before hakube changed it, so that a removal can give it back.

One JSON file for each subject below /var/lib/hakube, for root only: remembered at the first change,
forgotten when it was given back. A file that cannot be read is as if nothing was remembered.
"""

from __future__ import annotations

import contextlib
import json
from typing import Any

from saltext_hakube.host import files
from saltext_hakube.host.machine import Machine

FOLDER = "/var/lib/hakube"


def read(machine: Machine, subject: str) -> dict[str, Any]:
    """What is remembered of a subject; {} where nothing is."""
    try:
        found = json.loads(files.read(machine.path(_file(subject))) or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write(machine: Machine, subject: str, data: dict[str, Any]) -> None:
    """Remember this of a subject; with {} nothing any more. Raises HakubeError."""
    path = machine.path(_file(subject))
    if data == read(machine, subject):
        return
    if data:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            path.chmod(0o600)
        files.write(path, json.dumps(data, indent=1, sort_keys=True).encode() + b"\n", mode=0o600)
    elif files.read(path) is not None:
        files.remove(path)


def _file(subject: str) -> str:
    return f"{FOLDER}/{subject}.json"
