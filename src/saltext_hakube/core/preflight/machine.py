"""Room on the machine's disks."""

from __future__ import annotations

from saltext_hakube.core.config import Config
from saltext_hakube.core.preflight.finding import Check, Look, error, need, warning
from saltext_hakube.core.preflight.observed import Observed

# Pacemaker keeps a hundred old CIBs, corosync and the journal their own; a file is replaced by a
# second one beside it.
LEAST_MB, LOW_MB = 16, 100
LEAST_INODES, LOW_INODES = 64, 1000


def disk_full(config: Config, observed: Observed) -> Look:
    """Files and the CIB could not be written."""
    for folder, space in need(observed.space).items():
        inodes = space.free_inodes
        if not space.writable:
            yield error(folder, "is mounted read-only", "see why (`dmesg`), mount it for writing")
        elif space.free_mb < LEAST_MB or (inodes is not None and inodes < LEAST_INODES):
            yield error(
                folder,
                f"{_left(space.free_mb, inodes)} left: neither files nor the CIB can be written",
                "make room",
            )
        elif space.free_mb < LOW_MB or (inodes is not None and inodes < LOW_INODES):
            yield warning(folder, f"{_left(space.free_mb, inodes)} left", "make room soon")


def _left(free_mb: int, inodes: int | None) -> str:
    return f"{free_mb} MB" + (f", {inodes} inodes" if inodes is not None else "")


CHECKS: dict[str, Check] = {"disk-full": disk_full}
