"""A changed haproxy.cfg on a machine that serves: one node at a time, looked at, or taken back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from msgspec import Struct

from saltext_hakube.core.errors import Conflict, HakubeError, Refused
from saltext_hakube.host import files, rollout, unread
from saltext_hakube.host.haproxy import health
from saltext_hakube.host.haproxy.health import Place
from saltext_hakube.host.haproxy.replace import How, put_back, replace
from saltext_hakube.host.haproxy.unit import running
from saltext_hakube.host.turn import Turn


class Done(Struct, frozen=True):
    """``how`` haproxy has the new file, ``why`` it took a reload; ``warnings``: what is not as it
    was."""

    how: How
    why: str = ""
    warnings: tuple[str, ...] = ()


def digest(sections: str) -> str:
    """What tells a change from others, on all nodes alike: what is ours in it.

    The rest of the file, and what it names, may differ from node to node.
    """
    return hashlib.sha256(sections.encode()).hexdigest()[:16]


def make(
    place: Place,
    old: bytes | None,
    new: bytes,
    change: rollout.Change,
    *,
    wait: float,
    last: Callable[[], bool],
) -> Done:
    """Give haproxy its new file. A haproxy that does not run finds it when it starts.

    ``wait``: seconds at most for the other nodes of the cluster. Raises Refused, with the old file
    in place and read, where haproxy does not take the new one or serves worse with it; Conflict
    where the file is not ``old`` any more.
    """
    if not running(place.machine, place.unit):
        done = Done(*replace(place.machine, place.config, place.unit, old, new))
        rollout.pardon(place.machine, change)
        return done
    with rollout.alone(place.machine, change, wait=wait, last=last) as mine:
        if files.read(place.machine.path(place.config)) != old:
            raise Conflict(f"{place.config} was changed by somebody meanwhile; apply again")
        was = unread.last_read(place.unit, old)
        before, answered = health.look(place), health.answers(place)
        replaced = replace(place.machine, place.config, place.unit, old, new)
        lost = _renewed(mine)
        problems, warnings = health.verify(place, before, answered)
        if problems:
            raise Refused("\n".join((_taken_back(place, was, new), *problems)))
    return Done(*replaced, (*lost, *warnings))


def _renewed(mine: Turn | None) -> tuple[str, ...]:
    """Have the turn for as long as it takes to look; why not, where it was lost.

    That is no reason not to look: what is changed here and does harm is to be taken back.
    """
    try:
        if mine is not None:
            mine.renew()
    except HakubeError as error:
        return (f"the change was made, but maybe at the same time as another node's: {error}",)
    return ()


def _taken_back(place: Place, old: bytes | None, new: bytes) -> str:
    """Put the old file back and let haproxy read it; tell how that went."""
    told = f"haproxy took the new {place.config}, but does not serve with it"
    try:
        put_back(place.machine, place.config, place.unit, new, old)
    except HakubeError as error:
        return f"{told}; {error}"
    return f"{told}; the old file was put back, and {place.unit} runs with it"
