"""Who else can see what was mended on a node: it is well when another node finds it so, too. Pure.

Others reach an apiserver at its node's address, and the VIP, which the haproxy of its holder
serves. Nobody but the node itself reaches its other programs: of these its own word counts. So it
does where no other node answers, or those that do cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from saltext_hakube.core.remedy.decision import Incident, State
from saltext_hakube.core.remedy.sight import Sight
from saltext_hakube.core.remedy.words import PROBES, Component, Value

What = Literal["apiserver", "vip"]

#: Nodes that are asked, at most: of many some are enough.
MOST = 3


class Question(NamedTuple):
    """``what``: the apiserver of ``node``, or the VIP; ``asked``: the nodes that look."""

    incident: str
    what: What
    node: str
    asked: tuple[str, ...]


def questions(sight: Sight, state: State) -> list[Question]:
    """What others have to say before what was done can be said to have helped."""
    return list(_questions(sight, state))


def _questions(sight: Sight, state: State) -> Iterator[Question]:
    for incident in state.incidents.values():
        last = incident.attempts[-1] if incident.attempts else None
        if last is None or last.ended is None or last.idle:
            continue
        if any(sight.value(probe, _of(probe, incident)) == "down" for probe in incident.probes):
            continue  # it is not well by its own word
        what = _what(sight, incident)
        others = [it for it in sight.fresh if it != incident.node and sight.answers(it)]
        if what == "vip":
            others = [it for it in others if not sight.fresh[it].holder]
        if what:
            yield Question(incident.id, what, incident.node, tuple(others[:MOST]))


def _of(probe: str, incident: Incident) -> str:
    return incident.node if probe in PROBES and PROBES[probe].scope == "node" else ""


def _what(sight: Sight, incident: Incident) -> What | None:
    """What of it others can see."""
    about: set[Component] = {PROBES[it].component for it in incident.probes if it in PROBES}
    if "apiserver" in about and incident.node:
        return "apiserver"
    if "vip" in about or ("haproxy" in about and incident.node == sight.holder):
        return "vip"
    return None


def together(said: Iterable[tuple[str, Value, str]]) -> tuple[Value, str]:
    """What nodes (node, value, why) say together: well where one sees it, for what another does not
    see may be on its own way."""
    told = list(said)
    for value in ("up", "down"):
        lines = [f"{node}: {why}" for node, it, why in told if it == value]
        if lines:
            return ("up" if value == "up" else "down"), "; ".join(lines)[:300]
    return "unknown", "; ".join(f"{node}: {why}" for node, _, why in told)[:300]
