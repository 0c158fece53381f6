"""A cgroup per node.

systemd in a node makes its slices below the cgroup that it was started in. Started from one shell,
three nodes would share them, and `systemctl stop` on one would count the processes of the others. A
cgroup of its own also knows a node's processes to the last one, to freeze or to kill them together.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tests.lab.prerequisites import cgroup_root
from tests.lab.process import LabError, wait_until


class Cgroup:
    """The cgroup of one node."""

    def __init__(self, name: str) -> None:
        root = cgroup_root()
        if root is None:
            raise LabError("the lab needs cgroup v2 mounted at /sys/fs/cgroup")
        self.folder: Path = root / name

    def make(self) -> None:
        self.folder.mkdir(exist_ok=True)

    def remove(self) -> None:
        """Remove it with all below it; they are empty once the node's processes are gone.

        On a hybrid machine systemd-nspawn makes one of the same name in systemd's v1 hierarchy.
        """

        def gone() -> bool:
            folders = [self.folder, *Path("/sys/fs/cgroup").glob(f"*/{self.folder.name}")]
            for folder in folders:
                # os.walk passes over what goes while it looks; Path.rglob would fail.
                for path, _, _ in os.walk(folder, topdown=False):
                    with contextlib.suppress(OSError):
                        Path(path).rmdir()
            return not any(folder.exists() for folder in folders)

        wait_until(gone, f"the cgroup {self.folder} to be empty", timeout=20, every=0.05)

    def set_frozen(self, frozen: bool) -> None:
        """Stop every process in it, or let them go on; one that waits for a disk comes later."""
        (self.folder / "cgroup.freeze").write_text(str(int(frozen)))
        events = self.folder / "cgroup.events"
        wanted = f"frozen {int(frozen)}"
        what = f"{self.folder} to be {wanted}"
        wait_until(lambda: wanted in events.read_text(), what, timeout=30, every=0.02)

    def kill(self) -> None:
        """End every process in it, at once."""
        with contextlib.suppress(FileNotFoundError):
            (self.folder / "cgroup.kill").write_text("1")
