"""The sections of somebody's haproxy.cfg: where each begins and ends."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from saltext_hakube.core.haproxy.section import key_of
from saltext_hakube.core.haproxy.syntax import header, words

_CONDITIONS = (".if", ".elif", ".else", ".endif")


class Found(msgspec.Struct, frozen=True):
    """A section of the original: its lines from ``start`` to before ``stop``.

    ``conditional``: it is inside or across an .if, so which of its lines count is not known.
    """

    key: str
    start: int
    stop: int
    conditional: bool


def sections_of(original: Sequence[str]) -> list[Found]:
    """The sections of a file's lines. Comments and blank lines after one belong to the next."""
    heads = [(number, head) for number, line in enumerate(original) if (head := header(line))]
    ends = [number for number, _ in (*heads[1:], (len(original), None))]
    depths = _depths(original)
    found = []
    for (start, head), end in zip(heads, ends, strict=False):
        stop, conditional = _extent(original, depths, start, end)
        found.append(Found(key_of(*head), start, stop, conditional))
    return found


def closed(lines: Sequence[str], start: int) -> bool:
    """Whether every branch of the condition that begins here, and what follows it, begins with a
    section: a statement there would belong to the section before the condition."""
    depth, opening = 0, True
    for line in lines[start:]:
        statement = words(line)
        if not statement:
            continue
        if statement[0] in _CONDITIONS:
            depth += {".if": 1, ".endif": -1}.get(statement[0], 0)
            opening = True
        elif header(line):
            if depth == 0:
                return True
            opening = False
        elif opening and not statement[0].startswith("."):
            return False
    return True


def _extent(lines: Sequence[str], depths: Sequence[int], start: int, end: int) -> tuple[int, bool]:
    """Where the section ends that begins at ``start``, and whether it is conditional.

    A condition above the next header belongs to that one.
    """
    stop, opened, inside = start + 1, None, False
    for number in range(start + 1, end):
        statement = words(lines[number])
        if not statement:
            continue
        if depths[number + 1] > depths[start] or statement[0] in (".if", ".elif", ".else"):
            opened = number if opened is None else opened
            inside = inside or statement[0] not in _CONDITIONS
        else:
            stop, opened, inside = number + 1, None, False
    conditional = depths[start] > 0 or min(depths[start : end + 1]) < depths[start]
    if opened is not None and (inside or end == len(lines) or not closed(lines, opened)):
        return _last(lines, start, end), True
    return stop, conditional


def _last(lines: Sequence[str], start: int, end: int) -> int:
    return max(number for number in range(start, end) if words(lines[number])) + 1


def _depths(lines: Sequence[str]) -> list[int]:
    """How many conditions are open before each line, and after the last."""
    depths = [0]
    for line in lines:
        word = (words(line) or [""])[0]
        depths.append(max(0, depths[-1] + {".if": 1, ".endif": -1}.get(word, 0)))
    return depths
