"""What Pacemaker should hear where the VIP's address is not on this node: by the local CIB. Pure.

The address may be gone by Pacemaker's own doing, where it stops the VIP: it writes the stop down as
pending 0.1 to 0.2 s before the address goes, and as done 0.1 s after it (measured, 2.1.5).
A stop fails, too, where somebody else takes the address away while the resource agent is about to:
Pacemaker then takes the VIP for running here, and leaves it alone for good (``on-fail=block``).
Whatever looks unfamiliar is left alone: Pacemaker's own monitor finds it within ten seconds.
"""

from __future__ import annotations

from typing import NamedTuple

from saltext_hakube.agents.ground.history import BUSY, NOTHING, STOPPED, STOPPING, UNCLEAR
from saltext_hakube.agents.ground.pacemaker import Missing, Unreadable, View, view

#: Seconds until it is asked again: while something is pending; where what speaks against it may
#: not last; where Pacemaker has nothing here (a start and its stop may fail, and no address came).
SOON, LATER, RARELY = 1.0, 10.0, 60.0


class Answer(NamedTuple):
    """``hears``: FAIL or CLEAN_UP (see pacemaker), or nothing, and ``why``. ``again``: seconds
    until it may be another one."""

    hears: str
    why: str
    again: float = LATER


def ask(text: str, resource: str, node: str, address: str) -> Answer:
    """For ``resource`` (the VIP) with ``address`` on ``node`` (this one)."""
    try:
        seen = view(text, node, resource, address)
    except Missing as error:
        return Answer("", str(error), RARELY)
    except Unreadable as error:
        return Answer("", str(error))
    return _answer(seen)


def _answer(seen: View) -> Answer:
    state, why = seen.last
    if state in (NOTHING, STOPPED):
        return Answer("", why, RARELY)
    if state in (STOPPING, BUSY):
        return Answer("", why, SOON)
    if not seen.hears:
        return Answer("", why if state == UNCLEAR else seen.against)
    return Answer(seen.hears, why)
