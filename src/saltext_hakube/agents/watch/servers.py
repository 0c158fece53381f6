"""Whether this haproxy has a server up, by its own word. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from saltext_hakube.agents.watch.answers import Server
from saltext_hakube.agents.watch.decide import PASSED

STEADY = 1.0  # seconds until what is seen is told to the cluster
IDLE = 5.0  # seconds without a server until this node may be red for it

UP, NONE, SILENT, UNSEEN = "up", "none", "silent", "unseen"


class Servers(NamedTuple):
    """``state``: UP, NONE, SILENT (haproxy does not say) or UNSEEN (it has none that are checked).

    ``told``: what the cluster is told: 1, 0, or empty for nothing.
    """

    state: str = UNSEEN
    since: float = 0.0
    told: str = ""


def look(
    before: Servers, seen: Sequence[Server] | None, ours: Collection[str], now: float
) -> Servers:
    """What follows from the servers that haproxy told of, None where it did not.

    ``ours``: the backends that count; where there are none, all that are checked.
    """
    state = _state(seen, ours) or before.state
    since = before.since if state == before.state else now
    value = before.told
    if now - since >= STEADY:
        value = {UP: "1", NONE: "0", SILENT: "0", UNSEEN: ""}[state]
    return Servers(state, since, value)


def idle(servers: Servers, now: float) -> bool:
    """Whether it has had no server up for so long that others should be asked."""
    return servers.state == NONE and now - servers.since >= IDLE


def words(servers: Servers) -> str:
    """In words."""
    return {
        UP: "haproxy has a server up",
        NONE: "haproxy has no server up",
        SILENT: "haproxy does not say whether a server is up",
        UNSEEN: "haproxy checks no server",
    }[servers.state]


def _state(seen: Sequence[Server] | None, ours: Collection[str]) -> str:
    """Empty where nothing can be said yet: none is known to be up, some have yet to be checked."""
    if seen is None:
        return SILENT
    checked = [
        server
        for server in seen
        if (server.backend in ours if ours else server.check and server.check != "none")
    ]
    if not checked:
        return UNSEEN
    if any(server.status.startswith("UP") and server.check in PASSED for server in checked):
        return UP
    # Just started, haproxy calls a server up before its first check.
    if any(server.status.startswith("UP") and server.check in ("", "INI") for server in checked):
        return ""
    falling = any(server.status.startswith("UP") for server in checked)
    return UP if falling else NONE
