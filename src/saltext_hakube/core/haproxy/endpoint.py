"""Where a running haproxy listens for orders: its stats sockets, and the master's socket."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import msgspec

from saltext_hakube.core.haproxy.syntax import header, words

_ADMIN = "admin"
_UNIX = "unix@"


class StatsSocket(msgspec.Struct, frozen=True):
    """One ``stats socket`` of the file: ``level`` is user, operator (haproxy's default), admin."""

    path: str
    level: str


def stats(texts: Sequence[str]) -> tuple[StatsSocket, ...]:
    """The unix sockets of ``global`` in these files, those that take every order first."""
    found: list[StatsSocket] = []
    for text in texts:
        section = ""
        for line in text.splitlines():
            opened = header(line)
            if opened:
                section = opened[0]
                continue
            said = words(line)
            if section == "global" and said[:2] == ["stats", "socket"] and len(said) > 2:
                path = said[2].removeprefix(_UNIX)
                if path.startswith("/"):
                    found.append(StatsSocket(path, _value(said[3:], "level") or "operator"))
    return tuple(sorted(found, key=lambda one: one.level != _ADMIN))


def master(argv: Sequence[str]) -> str | None:
    """The socket of the master process by haproxy's command line (``-S``); None without one."""
    for option, value in itertools.pairwise(argv):
        if option == "-S":
            path = value.split(",", 1)[0].removeprefix(_UNIX)
            return path if path.startswith("/") else None
    return None


def _value(said: Sequence[str], option: str) -> str | None:
    return said[said.index(option) + 1] if option in said[:-1] else None
