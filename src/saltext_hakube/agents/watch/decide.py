"""Which sessions are to be closed: from what was seen, to commands. Pure.

haproxy closes the sessions on a server that goes down itself (`on-marked-down shutdown-sessions`),
but only in the worker and the backend that check it. Two kinds are left: those in old workers,
which check nothing any more, and those in a backend that has the same servers without checks.

An address is dead when all checked servers with it are down because their last check failed, and
in the backend of one of them another server is up, known to be so by a check. What is no failure
does not count: maintenance, drain, a server that says of itself that it is not ready.

A failure common to all servers is found out on one after the other, within haproxy's `inter`. So a
dead address only counts once nothing has changed for a moment, with no server on its way down
(`UP 1/2`); where one keeps going up and down, once the address has been dead for longer.

A server that the new configuration does not have has nobody to say that it is dead: its sessions
in old workers live until they end (or haproxy's hard-stop-after and mworker-max-reloads end them).
So it is for one whose address changed: the new one's checks say nothing of the old address.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from saltext_hakube.agents.watch.answers import Server, Session, Workers

# Of what haproxy's own tables call failed (src/check.c), without SOCKERR: that one tells of this
# machine (no port, no descriptor left), not of the server.
FAILED = frozenset(
    "L4TOUT L4CON L6TOUT L6RSP L7TOUT L7RSP L7STS PROCERR PROCTOUT".split()  # noqa: SIM905
)
PASSED = frozenset(("L4OK", "L6OK", "L7OK"))
# Seconds. With our options a server is down 0.3 s (`fastinter`) after its first failed check, and
# the check of each other one comes within 1.5 s (`inter`) of it. Those of three servers are spread
# evenly when haproxy starts: the next one is found falling 0.2 s after the first one is down, of
# two 0.45 s. Longer would be surer still; then what is closed would be closed a second after DOWN.
CALM = 0.45
LONG = 5.0
BATCH = 100  # sessions in one question: haproxy reads at most a buffer (16 kB) of it


class Scope(NamedTuple):
    """``checked``: the backends whose checks are believed; ``unchecked``: those without checks.

    Sessions are closed in these only, in current and old workers: other backends are not ours.
    """

    checked: frozenset[str]
    unchecked: frozenset[str]


class OldWorker(NamedTuple):
    """``table``: its servers' addresses, by backend and server."""

    pid: int
    table: Mapping[tuple[str, str], str]
    sessions: Sequence[Session]


class Close(NamedTuple):
    """``pid``: the worker; ``commands``: its part of the questions; ``what``, ``why``: words."""

    pid: int
    old: bool
    address: str
    commands: tuple[str, ...]
    what: str
    why: str


class Past(NamedTuple):
    """What earlier looks saw: the last picture and since when it is so, since when who is dead."""

    picture: tuple[tuple[str, str, str], ...] = ()
    since: float = 0.0
    dead: Mapping[str, float] = {}


def settled(
    past: Past, servers: Collection[Server], scope: Scope, now: float
) -> tuple[Past, dict[str, str]]:
    """The dead addresses that count now, and why each is; ``now`` in seconds of any clock."""
    checked = [server for server in servers if server.backend in scope.checked]
    picture = tuple((server.backend, server.name, server.status) for server in checked)
    since = past.since if picture == past.picture else now
    why = dead(servers, scope)
    first = {address: past.dead.get(address, now) for address in why}
    falling = any(server.status.startswith("UP ") for server in checked)
    calm = now - since >= CALM and not falling
    wait = CALM if calm else LONG
    counted = {one: why[one] for one in why if now - first[one] >= wait}
    return Past(picture, since, first), counted


def dead(servers: Collection[Server], scope: Scope) -> dict[str, str]:
    """The dead addresses, and why each is."""
    checked = [server for server in servers if server.backend in scope.checked]
    alive = {server.address for server in checked if not _failed(server)}
    found: dict[str, str] = {}
    for server in checked:
        up = sum(_up(other) for other in checked if other.backend == server.backend)
        if server.address and server.address not in alive and up:
            found[server.address] = (
                f"{server.backend}/{server.name} is {server.status} ({server.check}), "
                f"{up} other{'s are' if up > 1 else ' is'} UP"
            )
    return found


def decide(
    why: Mapping[str, str],
    servers: Collection[Server],
    workers: Workers,
    old: Collection[OldWorker],
    scope: Scope,
) -> list[Close]:
    """What to close now; ``why``: the dead addresses, and why each is."""
    closes = []
    for server in servers:
        if server.backend in scope.unchecked and server.address in why and server.sessions:
            where = f"{server.backend}/{server.name}"
            what = f"{_count(server.sessions)} on {where} ({server.address}), which has no check"
            command = f"shutdown sessions server {where}"
            reason = why[server.address]
            closes.append(Close(workers.current, False, server.address, (command,), what, reason))
    ours = scope.checked | scope.unchecked
    for worker in old:
        ids: dict[str, list[str]] = {}
        for session in worker.sessions:
            address = worker.table.get((session.backend, session.server), "")
            if address in why and session.backend in ours:
                ids.setdefault(address, []).append(session.id)
        for address, sessions in ids.items():
            what = f"{_count(len(sessions))} of the old worker {worker.pid} on {address}"
            commands = tuple(f"shutdown session {one}" for one in sessions)
            closes.append(Close(worker.pid, True, address, commands, what, why[address]))
    return closes


def questions(close: Close, through_master: bool) -> list[str]:
    """The texts to send: to the master, which leads each command to its worker, or to a worker."""
    prefix = f"@!{close.pid} " if through_master else ""
    batches = range(0, len(close.commands), BATCH)
    return [
        ";".join(prefix + command for command in close.commands[start : start + BATCH])
        for start in batches
    ]


def _failed(server: Server) -> bool:
    return server.status.startswith("DOWN") and server.check in FAILED


def _up(server: Server) -> bool:
    """Up and not falling (`UP 1/2`), by a check that was made (not `INI`, just started)."""
    return server.status == "UP" and server.check in PASSED


def _count(number: int) -> str:
    return f"{number} session{'s' if number != 1 else ''}"
