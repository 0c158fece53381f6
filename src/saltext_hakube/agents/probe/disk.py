"""Whether there is room where the CIB and the logs are written."""

from __future__ import annotations

import os
from collections.abc import Iterable

from saltext_hakube.agents.probe.look import Look, down, unknown, up

# Pacemaker keeps some hundreds of CIBs and transitions, of some 10 to 100 KB each.
LEAST = 64 << 20  # bytes
SHARE, OF = 0.03, 1 << 30  # less than that share, of a disk that has less than that many bytes left


def look(paths: Iterable[str]) -> Look:
    full, unseen = [], []
    for path in paths:
        try:
            found = os.statvfs(path)
        except OSError as error:
            unseen.append(f"{path}: {error.strerror}")
            continue
        free = found.f_bavail * found.f_frsize
        share = _share(found.f_bavail, found.f_blocks)
        inodes = _share(found.f_favail, found.f_files)
        if free < LEAST or (share < SHARE and free < OF):
            full.append(f"{path} has {free >> 20} MiB left ({share:.1%})")
        elif inodes < SHARE:
            full.append(f"{path} has {inodes:.1%} of its inodes left")
    if full:
        return down("; ".join(full), disks=full)
    return unknown("; ".join(unseen)) if unseen else up()


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0  # some file systems do not count inodes
