"""What a machine says of its Kubernetes: which files it has, which versions are installed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.kubelayout import TELLING
from saltext_hakube.core.kubernetes import Versions
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

# Seconds. A program of 100 MB that is not in memory yet takes a few; one that hangs, for ever.
ASK = 15.0

KUBELET = ("kubelet",)
# Any of these will do; hyperkube was all in one.
OTHERS = ("kube-apiserver", "kube-scheduler", "kube-controller-manager", "hyperkube", "kube-proxy")

SAID = re.compile(r"\bv(\d+\.\d+\.\d+[0-9A-Za-z.+-]*)")

_known: dict[tuple[str, int, int], str | None] = {}


def telling_files(machine: Machine) -> frozenset[str]:
    """Which of the files are there that tell one layout from another."""
    return frozenset(name for name in TELLING if machine.path(name).is_file())


def versions(machine: Machine) -> Versions:
    """Of the installed programs; none where a folder stands for the machine."""
    if not machine.live:
        return Versions()
    return Versions(_first(KUBELET), _first(OTHERS))


def _first(programs: tuple[str, ...]) -> str | None:
    for program in programs:
        path = shutil.which(program)
        version = _asked(path) if path else None
        if version is not None:
            return version
    return None


def _asked(path: str) -> str | None:
    """What the program says of itself, asked once as long as it is the same file."""
    try:
        about = Path(path).stat()
    except OSError:
        return None
    key = (path, about.st_mtime_ns, about.st_size)
    if key not in _known:
        _known[key] = _version(path)
    return _known[key]


def _version(path: str) -> str | None:
    """None also of a program that does not answer: the version is then as unknown as without."""
    try:
        found = SAID.search(run([path, "--version"], timeout=ASK, ok=None).stdout)
    except HakubeError:
        return None
    return found[1] if found else None
