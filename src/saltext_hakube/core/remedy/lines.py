"""What others wrote, as lines that may stand in a report: short, of one line, not many. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

LONGEST = 300  # characters of a line, as core.remedy.report has it
LINES = 20  # of one kind of evidence
KINDS = 20

_ODD = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]+")
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,99}")


def line(text: Any) -> str:
    """On one line, cut where it is too long."""
    told = text if isinstance(text, str) else f"{text}"
    told = _ODD.sub(" ", told[: 2 * LONGEST]).strip()
    return told if len(told) <= LONGEST else told[: LONGEST - 3] + "..."


def evidence(found: dict[str, Any]) -> dict[str, list[str]]:
    """Lines, some for each kind; what is nested deeper is not taken."""
    taken = {}
    for key, value in list(found.items())[:KINDS]:
        if not _KEY.fullmatch(key):
            continue
        values: Iterable[Any] = value if isinstance(value, list) else [value]
        lines = [line(one) for one in values if isinstance(one, (str, int, float))]
        if len(lines) > LINES:
            lines[LINES - 1 :] = [f"and {len(lines) - LINES + 1} more"]
        taken[key] = lines
    return taken
