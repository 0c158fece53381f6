"""The steps by which a running haproxy becomes what a new file says, without a reload."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from saltext_hakube.core.haproxy.runtime import FAILED, PASSED, STOPPED, STOPPING, Server

Key = tuple[str, str]  # backend, server

# What is in haproxy's answer of success. To another address 2.2 to 3.0 say "IP changed from ...",
# "port changed from ...", "no need to change the port", "nothing changed"; refusals lack the word.
ADDED, DELETED, MOVED = "New server registered", "Server deleted", "chang"


class Reload(Exception):
    """Why only a reload will do; becomes the plan's ``why``."""


class Order(msgspec.Struct, frozen=True):
    """One order to the stats socket.

    ``expected``: what is in the answer of success; without it there is none. ``undo``: the orders
    that take it back, each with the same. ``patience``: seconds for which a refusal is tried again.
    """

    text: str
    expected: str = ""
    undo: tuple[tuple[str, str], ...] = ()
    patience: float = 0.0


class Checked(msgspec.Struct, frozen=True):
    """Wait until haproxy's health check has judged the server.

    ``earliest``, ``latest``: seconds; before the first a verdict may be that of the time before.
    ``full``: the health that only a passed check since then gives, 0 where any will do.
    ``must_pass``: whether a failed check is an error.
    """

    server: Key
    earliest: float
    latest: float
    full: int = 0
    must_pass: bool = False


class Emptied(msgspec.Struct, frozen=True):
    """Let the sessions of these servers end by themselves, for this many seconds at most."""

    servers: tuple[Key, ...]
    latest: float


class Serving(msgspec.Struct, frozen=True):
    """Only go on if some other server of the backend gets new sessions (or none did before)."""

    backend: str
    without: tuple[str, ...]


Step = Order | Checked | Emptied | Serving


class Wanted(msgspec.Struct, frozen=True):
    """What a server has to be in the end; None where it does not matter."""

    backend: str
    name: str
    address: str | None = None
    port: int | None = None
    weight: int | None = None
    state: str | None = None
    limit: int | None = None
    checked: bool | None = None


class Plan(msgspec.Struct, frozen=True):
    """The steps, or ``why`` only a reload will do. Neither: the files mean the same.

    ``names``: the servers that each backend which is touched has in the end.
    """

    steps: tuple[Step, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    names: dict[str, tuple[str, ...]] = {}
    why: str = ""


def least(plan: Plan) -> float:
    """Seconds that the plan takes at least: of its waits what cannot be shorter."""
    return sum(step.earliest for step in plan.steps if isinstance(step, Checked))


def verdict(step: Checked, server: Server | None, waited: float) -> bool | None:
    """Whether the check passed; None where it has not ended yet. ``waited``: seconds."""
    if server is None or not server.check_enabled or server.operational == STOPPED:
        return False
    if step.must_pass and server.check_result == FAILED:
        # One has failed. At the last of `fall` haproxy would shut its sessions down
        # (on-marked-down), those that are still at the old address.
        return False
    if waited < step.earliest or server.check_health < step.full:
        return None
    if server.check_result not in PASSED:
        return None
    return server.operational != STOPPING


def unserved(step: Serving, servers: Sequence[Server]) -> bool:
    """Whether the backend would be left without a server that gets sessions, and has one now."""
    serving = [one.name for one in servers if one.backend == step.backend and one.serving]
    return bool(serving) and all(name in step.without for name in serving)


def unmet(plan: Plan, servers: Sequence[Server]) -> list[str]:
    """What is not as planned, one line each."""
    found = {(server.backend, server.name): server for server in servers}
    problems = [line for want in plan.wanted for line in _unlike(want, found)]
    for backend, names in plan.names.items():
        have = {server.name for server in servers if server.backend == backend}
        if have != set(names):
            problems.append(
                f"{backend} has the servers {', '.join(sorted(have)) or 'none'} in place of "
                f"{', '.join(sorted(names)) or 'none'}"
            )
    return problems


def _unlike(want: Wanted, found: dict[Key, Server]) -> list[str]:
    server = found.get((want.backend, want.name))
    if server is None:
        return [f"{want.backend}/{want.name} is not there"]
    is_so = {
        "address": server.address,
        "port": server.port,
        "weight": server.weight,
        "state": server.state,
        "limit": server.limit,
        "checked": server.check_enabled,
    }
    return [
        f"{want.backend}/{want.name}: {field} is {value} in place of {getattr(want, field)}"
        for field, value in is_so.items()
        if getattr(want, field) not in (None, value)
    ]
