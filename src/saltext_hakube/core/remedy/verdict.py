"""Looks become verdicts. Pure.

All times are seconds of CLOCK_BOOTTIME, which nobody sets and which goes on while a machine sleeps.
Always true:

- a verdict becomes up after ``rise`` looks in a row, down after ``fall``; a look that was seen
  before (its ``clock`` tells) counts once;
- it is unknown as soon as a look says so, nobody looks, or the look is older than three of its
  intervals: then what was counted is forgotten.
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from saltext_hakube.core.remedy.words import Value

STALE = 3  # intervals
# Seconds. Who looks once a second sees a program that looks more often late by that much.
OFTEN = 1.0
AHEAD = 1.0  # seconds that a look may be ahead of us: it was written while we read

Evidence = dict[str, list[str]]


class Manner(NamedTuple):
    """So many looks in a row make a verdict (``hakube:heal``)."""

    fall: int = 2
    rise: int = 2


class Seen(Struct, frozen=True):
    """One look. ``clock``: when it ended; ``every``: seconds from one to the next."""

    value: Value
    clock: float
    every: float
    why: str = ""
    evidence: Evidence = {}


class Verdict(Struct, frozen=True):
    """``run``: what the last looks said, ``count`` of them in a row, the last at ``clock``."""

    value: Value = "unknown"
    since: float = 0.0
    why: str = "nobody has looked yet"
    evidence: Evidence = {}
    run: Value = "unknown"
    count: int = 0
    clock: float | None = None


def judge(before: Verdict, seen: Seen | None, now: float, manner: Manner) -> Verdict:
    """The verdict after one look; ``seen``: None where nobody looks."""
    blind = _blind(seen, now)
    if blind or seen is None:
        since = before.since if before.value == "unknown" else now
        return Verdict("unknown", since, blind, clock=seen.clock if seen else before.clock)
    again = seen.value == before.run
    count = before.count + (seen.clock != before.clock) if again else 1
    need = manner.rise if seen.value == "up" else manner.fall
    if seen.value != before.value and count < need:
        return replace(before, run=seen.value, count=count, clock=seen.clock)
    since = before.since if seen.value == before.value else now
    # More than could ever be needed is not worth remembering.
    count = min(count, max(manner))
    return Verdict(seen.value, since, seen.why, seen.evidence, seen.value, count, seen.clock)


def _blind(seen: Seen | None, now: float) -> str:
    """Why nothing can be said; empty where something can."""
    if seen is None:
        return "nobody looks"
    if seen.clock > now + AHEAD:
        return "it was looked at in the future"
    limit = STALE * max(seen.every, OFTEN)
    if now - seen.clock > limit:
        return f"nobody has looked for more than {limit:g} s"
    if seen.value == "unknown":
        return seen.why or "it cannot be told"
    return ""
