"""A cgroup per node.

systemd in a node makes its slices below the cgroup that it was started in. Started from one shell,
three nodes would share them, and `systemctl stop` on one would count the processes of the others.
A cgroup of its own is also what can freeze a node as a whole.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from tests.lab.prerequisites import cgroup_roots
from tests.lab.process import LabError, wait_until


class Cgroup:
    """The cgroup of one node, in each hierarchy that systemd uses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folders = [root / name for root in cgroup_roots()]

    def make(self) -> None:
        for folder in self.folders:
            folder.mkdir(exist_ok=True)

    def remove(self) -> None:
        """Remove it with all below it; they are empty once the node's processes are gone."""

        def gone() -> bool:
            for folder in self.folders:
                below = [path for path in folder.rglob("*") if path.is_dir()]
                for path in [*sorted(below, reverse=True), folder]:
                    with contextlib.suppress(OSError):
                        path.rmdir()
            return not any(folder.exists() for folder in self.folders)

        wait_until(gone, f"the cgroup {self.name} to be empty", timeout=20, every=0.05)

    def set_frozen(self, frozen: bool) -> None:
        """Stop every process in it, or let them go on (cgroup v2 only, which hybrid machines have)."""
        switch = self._v2("cgroup.freeze")
        switch.write_text("1" if frozen else "0")
        wanted = f"frozen {int(frozen)}"
        events = switch.with_name("cgroup.events")
        wait_until(
            lambda: wanted in events.read_text(), f"{self.name} to be {wanted}", timeout=10, every=0.02
        )

    def kill(self) -> None:
        """End every process in it at once, where the kernel can do that (5.14)."""
        with contextlib.suppress(OSError, LabError):
            self._v2("cgroup.kill").write_text("1")

    def _v2(self, file: str) -> Path:
        for folder in self.folders:
            if (folder / file).exists():
                return folder / file
        raise LabError(f"no cgroup v2 with {file} here: this machine cannot do that")
