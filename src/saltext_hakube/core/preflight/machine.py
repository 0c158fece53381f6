"""What the machine has left: room on its disks, time on its processors."""

from __future__ import annotations

from datetime import timedelta

from saltext_hakube.core.config import Config
from saltext_hakube.core.preflight.finding import Check, Look, error, need, warning
from saltext_hakube.core.preflight.observed import Observed

# Pacemaker keeps a hundred old CIBs, corosync and the journal their own; a file is replaced by a
# second one beside it.
LEAST_MB, LOW_MB = 16, 100
LEAST_INODES, LOW_INODES = 64, 1000

# A token below this is short. Milliseconds; safe's is 3000, fast's 1000.
SHORT = 2000
# Corosync itself calls it a miss when it was not scheduled for this part of the token.
MISSED = 0.8
RECENT = timedelta(days=1)
# Percent, and load for each processor. Up to there it is measured to do no harm: no process was
# late by more than 100 ms, and corosync sends a lost token again after a quarter of its time.
PRESSURE, LOAD = 90.0, 8.0


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


def too_busy(config: Config, observed: Observed) -> Look:
    """A node that is not scheduled for about the token's time leaves a healthy cluster."""
    token = config.totem.token
    if token >= SHORT:
        return
    busy = need(observed.busy)
    remedy = "give the machine (a virtual one: its host) room, or write `timing: safe`"
    late = [
        (at, delay)
        for at, delay in busy.missed
        if delay >= MISSED * token and at >= observed.now - RECENT
    ]
    if late:
        at, longest = max(late, key=lambda miss: miss[1])
        yield warning(
            "corosync",
            f"was not scheduled for {longest:.0f} ms at {at:%Y-%m-%d %H:%M:%S} UTC ({len(late)} "
            f"such in a day); with a token of {token} ms that puts the node out of the cluster",
            remedy,
        )
    if busy.pressure is not None and busy.pressure >= PRESSURE:
        yield warning(
            "/proc/pressure/cpu",
            f"in {busy.pressure:.0f} % of the last minute somebody waited for a processor; a "
            f"token of {token} ms is for machines with time to spare",
            remedy,
        )
    elif busy.pressure is None and busy.load >= LOAD:
        yield warning(
            "/proc/loadavg",
            f"{busy.load:.1f} processes want each processor; a token of {token} ms is for "
            "machines with time to spare",
            remedy,
        )


def _left(free_mb: int, inodes: int | None) -> str:
    return f"{free_mb} MB" + (f", {inodes} inodes" if inodes is not None else "")


CHECKS: dict[str, Check] = {"disk-full": disk_full, "too-busy-for-fast": too_busy}
