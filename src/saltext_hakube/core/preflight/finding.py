"""What a look says: a finding, or why nothing could be seen. What is not known is not fine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Unseen(Struct, frozen=True):
    """Stands in place of a fact that could not be seen, and says why."""

    why: str


class Finding(Struct, frozen=True):
    """A trap. ``where``: a path in the pillar, a file or an address; ``told``: what is wrong.

    An error does harm if the apply goes on; a warning is for somebody to mend, or is mended by
    a later step of the same apply, which its remedy says.
    """

    severity: Literal["error", "warning"]
    where: str
    told: str
    remedy: str
    code: str = ""


Look = Iterator[Finding | Unseen]
# Of a Config and what was Observed; no types here, so that the pillar's schema may have codes.
Check = Callable[[Any, Any], Look]


class NotSeen(Exception):
    """Ends a check whose fact could not be seen."""

    def __init__(self, unseen: Unseen):
        self.unseen = unseen
        super().__init__(unseen.why)


def need(fact: T | Unseen) -> T:
    """The fact; ends the check where it could not be seen. What was found before is kept."""
    if isinstance(fact, Unseen):
        raise NotSeen(fact)
    return fact


def seen(fact: T | Unseen, otherwise: T) -> T:
    """The fact, or what to go on with where it could not be seen."""
    return otherwise if isinstance(fact, Unseen) else fact


def error(where: str, told: str, remedy: str) -> Finding:
    """What does harm if the apply goes on."""
    return Finding("error", where, told, remedy)


def warning(where: str, told: str, remedy: str) -> Finding:
    """What bites later, or is mended by the apply itself."""
    return Finding("warning", where, told, remedy)
