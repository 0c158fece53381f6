"""What exists of a lab, written down before it is made.

Whoever takes a lab down, be it the one who brought it up or the cleaner after a killed run, knows
it from this record alone. A namespace or a cgroup is recorded, then made. A process cannot be known
before it exists: it is started waiting, recorded, and only then told to go on (node.py).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.lab.process import LabError, ProcessId, Progress, locked, silent

#: A lab's name becomes part of the names of namespaces, cgroups and folders.
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?")


def folder() -> Path:
    """Where the labs lie: $HAKUBE_LABS, or the usual place."""
    return Path(os.environ.get("HAKUBE_LABS") or "/var/lib/hakube-labs")


class Record:
    """The record of one lab: a JSON file in the lab's folder."""

    def __init__(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise LabError(
                f"{name!r} is no name for a lab: use 1 to 24 of a-z, 0-9 and - (not at the ends)"
            )
        self.name = name
        self.folder = folder() / name
        self.namespaces: list[str] = []
        self.cgroups: list[str] = []
        self.processes: dict[str, ProcessId] = {}
        self.owner: ProcessId | None = None
        self.phase = "absent"
        self.options: dict[str, Any] = {}

    @property
    def _file(self) -> Path:
        return self.folder / "record.json"

    def save(self) -> None:
        """Write it; a reader sees the old record or the new one."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        processes = {role: [it.pid, it.start] for role, it in self.processes.items()}
        owner = [self.owner.pid, self.owner.start] if self.owner else None
        text = json.dumps(
            {
                "phase": self.phase,
                "owner": owner,
                "options": self.options,
                "namespaces": self.namespaces,
                "cgroups": self.cgroups,
                "processes": processes,
            },
            indent=1,
        )
        new = self._file.with_suffix(".new")
        new.write_text(text + "\n")
        new.rename(self._file)

    def load(self) -> Record:
        """Read what is on disk; phase "absent" where there is nothing."""
        try:
            data = json.loads(self._file.read_text())
        except FileNotFoundError:
            # A run killed between making the folder and its first record leaves a folder alone.
            self.phase = "coming up" if self.folder.is_dir() else "absent"
            return self
        self.phase = data["phase"]
        self.owner = ProcessId(*data["owner"]) if data["owner"] else None
        self.options = data["options"]
        self.namespaces = data["namespaces"]
        self.cgroups = data["cgroups"]
        self.processes = {role: ProcessId(*pair) for role, pair in data["processes"].items()}
        return self

    def process(self, role: str) -> ProcessId | None:
        """The process that plays this role, read anew: another run may have started it."""
        # Never into this record: another thread may be about to write it down (add_process).
        return Record(self.name).load().processes.get(role)

    def add_process(self, role: str, process: ProcessId) -> None:
        """Record a process; machines boot in parallel, and other runs may boot some too."""
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # for the milliseconds of a read and a write
            fresh = Record(self.name).load()
            fresh.processes[role] = process
            fresh.save()
            self.processes = fresh.processes
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def hold(self, *, timeout: float = 600, progress: Progress = silent) -> Iterator[Record]:
        """Hold this lab's lock and the record as it is now."""
        lock = folder() / f".{self.name}.lock"
        with locked(lock, timeout=timeout, what=f"lab {self.name}", progress=progress):
            try:
                yield self.load()
            finally:
                if not self.folder.exists():
                    lock.unlink(missing_ok=True)

    def erase(self) -> None:
        """Remove the lab's folder: the last step of taking it down."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.folder.exists():
            raise LabError(f"cannot remove {self.folder}: is something still running in it?")
        self.phase = "absent"

    @property
    def orphaned(self) -> bool:
        """True where nobody will take this lab down: its owner is gone, or all its processes."""
        if self.phase == "absent":
            return False
        if self.phase != "up":
            return self.owner is None or not self.owner.alive
        if self.owner is not None:
            return not self.owner.alive
        return not any(process.alive for process in self.processes.values())


def records() -> list[Record]:
    """All labs on this machine, by name."""
    if not folder().is_dir():
        return []
    names = sorted(path.name for path in folder().iterdir() if path.is_dir())
    return [Record(name).load() for name in names if NAME.fullmatch(name)]
