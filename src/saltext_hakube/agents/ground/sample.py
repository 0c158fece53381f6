"""What a program saw, for others to read: one JSON file, whole at any moment."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from saltext_hakube.agents.ground.journal import WARNING, say


def clock() -> float:
    """Seconds since the machine began, also those in which it slept."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Sample:
    """Its head tells who wrote it and when.

    ``at`` is the time for people; ``clock`` tells its age, whatever is done to
    the machine's clock.
    """

    def __init__(self, path: str):
        self._path = Path(path)
        self._new = Path(f"{path}.new")
        self._failed = False
        self._head = {
            "format": 1,
            "pid": os.getpid(),
            "build": os.environ.get("HAKUBE_BUILD", ""),
            "started": round(time.time(), 3),
        }

    def write(self, seen: Mapping[str, Any]) -> None:
        """Write it; a full /run is told once, and no reason to stop looking."""
        try:
            self._write(seen)
        except OSError as error:
            if not self._failed:
                say(f"cannot write {self._path}: {error.strerror}", WARNING)
            self._failed = True
        else:
            self._failed = False

    def remove(self) -> None:
        with contextlib.suppress(OSError):  # what is left is old, and says so
            self._path.unlink()

    def _write(self, seen: Mapping[str, Any]) -> None:
        now = {"at": round(time.time(), 3), "clock": clock()}
        self._path.parent.mkdir(mode=0o755, exist_ok=True)
        self._new.write_text(json.dumps({**self._head, **now, **seen}), encoding="utf-8")
        self._new.replace(self._path)
