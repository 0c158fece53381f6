"""The sections of somebody's haproxy.cfg: where each begins and ends."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from saltext_hakube.core.haproxy.section import key_of
from saltext_hakube.core.haproxy.syntax import header, words


class Found(msgspec.Struct, frozen=True):
    """A section of the original: its lines from ``start`` to before ``stop``."""

    key: str
    start: int
    stop: int
    conditional: bool


def sections_of(original: Sequence[str]) -> list[Found]:
    """The sections of a file's lines. Comments and blank lines after one belong to the next."""
    found: list[Found] = []
    depth = opened_at = 0
    key, start, stop, cut = "", -1, 0, False
    for number, line in enumerate(original):
        statement = words(line)
        if not statement:
            continue
        head = header(line)
        if head:
            if key:
                found.append(Found(key, start, stop, cut or depth != opened_at))
            key, start, stop, cut, opened_at = key_of(*head), number, number + 1, depth > 0, depth
            continue
        if statement[0] == ".if":
            depth += 1
        elif statement[0] == ".endif":
            depth = max(0, depth - 1)
        cut = cut or depth < opened_at
        stop = number + 1
    if key:
        found.append(Found(key, start, stop, cut or depth != opened_at))
    return found
