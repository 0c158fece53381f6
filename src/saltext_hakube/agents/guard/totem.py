"""After what time the others give a silent node up: corosync's token and consensus timeouts.

Out of what corosync runs with (`corosync-cmapctl`), else out of its file (corosync.conf(5)).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

#: A prefix: the tool prints nothing else then.
COMMAND = ("corosync-cmapctl", "runtime.config.totem.")
CONFIGURATION = "/etc/corosync/corosync.conf"

_RUNNING = re.compile(
    r"^runtime\.config\.totem\.(token|consensus) \(u32\) = (\d+)\s*$", re.MULTILINE
)
_TOKEN, _COEFFICIENT = 3000, 650  # ms, corosync.conf(5) of 3.1; corosync 3.0 had token 1000


class Totem(NamedTuple):
    """Both in seconds."""

    token: float
    consensus: float


#: Where nothing can be read: what corosync itself makes of three nodes.
DEFAULT = Totem(3.65, 4.38)


def running(text: str) -> Totem | None:
    """What corosync runs with, out of corosync-cmapctl's output; None where that does not say."""
    found = {name: int(value) for name, value in _RUNNING.findall(text)}
    token, consensus = found.get("token", 0), found.get("consensus", 0)
    return Totem(token / 1000, consensus / 1000) if token and consensus else None


def configured(text: str) -> Totem:
    """What corosync would make of its file."""
    given: dict[str, int] = {}
    nodes = 0
    for path, name, value in _lines(text):
        if path == ("nodelist", "node") and name == "ring0_addr":
            nodes += 1
        elif path == ("totem",) and value.isdecimal():
            given[name] = int(value)
    token = given.get("token") or _TOKEN
    if nodes > 2:
        token += (nodes - 2) * given.get("token_coefficient", _COEFFICIENT)
    consensus = given.get("consensus") or token * 1.2
    return Totem(token / 1000, consensus / 1000)


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Each setting: the sections that it is in, its name, its value."""
    path: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("#"):
            continue
        if line.endswith("{"):
            path.append(line[:-1].strip())
        elif line == "}":
            del path[-1:]
        elif ":" in line:
            name, _, value = line.partition(":")
            yield tuple(path), name.strip(), value.strip()
