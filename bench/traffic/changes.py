"""The changes of the configuration, as the pillar says them: a round of ten, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

NODES = ("node1", "node2", "node3")
_TIMEOUTS = (
    {"client": "2h", "server": "2h"},
    {"connect": "1800ms"},
    {"check": "4s"},
    {"client": "90m", "server": "3h"},
    {},
)
_CHECKS = (
    {"inter": "1700ms"},
    {"check_path": "/readyz?verbose"},
    {"fastinter": "400ms", "rise": 3},
    {"verify": "none"},
    {"fall": 3},
    {"check_path": "/livez"},
    {},
)


class Change(Struct, frozen=True):
    title: str
    # What the pillar has below hakube for it.
    pillar: dict[str, Any]
    # haproxy's names of the servers that this change takes away.
    removed: tuple[str, ...] = ()


def changes(count: int) -> Iterator[Change]:
    """So many changes; the last one leads back to where it began if *count* is a multiple of ten,
    but for timeouts and checks."""
    timeouts: dict[str, Any] = {}
    checks: dict[str, Any] = {}
    absent: set[str] = set()
    renamed = ""
    for number in range(count):
        turn, step = divmod(number, 10)
        removed: tuple[str, ...] = ()
        one, two, three = (NODES[(turn + shift) % 3] for shift in range(3))
        if step in (0, 8):
            gone = (one,) if step == 0 else (two, three)
            absent |= set(gone)
            title, removed = f"remove {' and '.join(gone)}", tuple(f"secure-{it}" for it in gone)
        elif step in (2, 9):
            title = f"add {' and '.join(sorted(absent))}"
            absent.clear()
        elif step in (4, 6):
            # To haproxy a name that goes and one that comes: a server that it has not known.
            renamed, before = (two, two) if step == 4 else ("", f"other-{two}")
            title, removed = f"rename {before}", (f"secure-{before}",)
        elif step in (1, 5):
            timeouts = _TIMEOUTS[(2 * turn + step // 5) % len(_TIMEOUTS)]
            title = f"timeouts {_words(timeouts)}"
        else:
            checks = _CHECKS[(2 * turn + step // 7) % len(_CHECKS)]
            title = f"checks {_words(checks)}"
        servers = [_server(it, it == renamed) for it in NODES if it not in absent]
        haproxy = {**checks, **({"timeouts": timeouts} if timeouts else {})}
        yield Change(title, {"apiserver": {"servers": servers}, "haproxy": haproxy}, removed)


def _server(node: str, renamed: bool) -> dict[str, Any]:
    return {"node": node, **({"name": f"other-{node}"} if renamed else {})}


def _words(options: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in options.items()) or "as by default"
