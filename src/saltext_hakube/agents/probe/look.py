"""What one look at something found: up, down or unknown, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

UP, DOWN, UNKNOWN = "up", "down", "unknown"

Evidence = Mapping[str, Sequence[str]]


class Look(NamedTuple):
    """``why``: one line for people, also where it is up and there is something to say.
    ``evidence``: what in particular, by its kind."""

    value: str
    why: str = ""
    evidence: Evidence = MappingProxyType({})


def up(why: str = "", **evidence: Sequence[str]) -> Look:
    return Look(UP, why, evidence)


def down(why: str, **evidence: Sequence[str]) -> Look:
    return Look(DOWN, why, evidence)


def unknown(why: str, **evidence: Sequence[str]) -> Look:
    return Look(UNKNOWN, why, evidence)
