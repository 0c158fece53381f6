"""The cache of what is costly to build: images, wheels, Kubernetes binaries.

An entry's name ends in a hash of everything that went into it, so an entry is never changed, only
replaced by another. It is built in a temporary folder and renamed into place: a killed builder
leaves no half entry. Of two builders of the same thing the second waits for the first.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.lab.process import Progress, locked, step

#: Building Kubernetes from source takes 10-17 minutes on two cores: nobody waits longer than this.
LONGEST_BUILD = 45 * 60


def folder() -> Path:
    """Where the cache lies: $HAKUBE_CACHE, or the usual place."""
    return Path(os.environ.get("HAKUBE_CACHE") or "/var/cache/hakube")


def key_of(inputs: object) -> str:
    """A short name for these inputs (anything JSON can hold)."""
    text = json.dumps(inputs, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def entry(kind: str, inputs: object, build: Callable[[Path], None], *, progress: Progress) -> Path:
    """The cached folder of this kind made from these inputs; built now if there is none."""
    final = folder() / f"{kind}-{key_of(inputs)}"
    if final.is_dir():
        return final
    with locked(folder() / f".{kind}.lock", timeout=LONGEST_BUILD, what=kind, progress=progress):
        if final.is_dir():
            return final
        for left in folder().glob(f".{kind}-*.building"):  # we hold the lock: its builder is gone
            shutil.rmtree(left)
        building = folder() / f".{final.name}.building"
        building.mkdir(mode=0o755)
        with step(progress, f"build {kind} (once, then cached)"):
            build(building)
        building.rename(final)
    return final


def remove_unused(used: set[str]) -> list[str]:
    """Remove all entries but those in *used* (paths) and return their names."""
    removed = []
    for path in sorted(folder().glob("[!.]*-????????????")):
        kind = path.name.rpartition("-")[0]
        with locked(folder() / f".{kind}.lock", timeout=LONGEST_BUILD, what=kind):
            if str(path) not in used:
                shutil.rmtree(path)
                removed.append(path.name)
    return removed
