"""Did a change of haproxy's configuration do harm? By what its checks say before and after. Pure.

A backend that had a server up and has none now was harmed. What was down before, or was not there,
proves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from saltext_hakube.core.haproxy.runtime import STOPPED, Server

# Of a server's last check that has ended. Not its result: that is unknown again while the next
# check goes on.
_PASSED = ("L4OK", "L6OK", "L7OK")
_DRAINED = "L7OKC"


class Verdict(Struct, frozen=True):
    """``decided``: no further look will tell more."""

    decided: bool
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(before: Sequence[Server] | None, after: Sequence[Server] | None, late: bool) -> Verdict:
    """The verdict on a change. None: haproxy could not be asked. ``late``: it is the last look."""
    if before is None and after is None:
        return Verdict(True, (), ("haproxy has no stats socket to ask whether it serves",))
    if before is None:
        before = ()
    if after is None:
        told = "haproxy does not answer on its stats socket any more"
        return Verdict(late, (told,) if late else ())
    was, now = _backends(before), _backends(after)
    had = {name for name, servers in was.items() if any(map(up, servers))}
    kept = {name for name in had if name in now}
    undecided = [name for name in now if not _decided(now[name]) and not late]
    # A new name for what was there before: one of all has to work. Where nothing is left, that is
    # what was asked for.
    if had and not kept and now:
        checked = [s for servers in now.values() for s in servers]
        return Verdict(
            late or _decided(checked),
            () if any(map(alive, checked)) else _told("any backend", checked),
        )
    problems = [
        line
        for name in sorted(kept)
        if name not in undecided and not any(map(alive, now[name]))
        for line in _told(name, now[name])
    ]
    lost = sorted(
        f"{server.backend}/{server.name}"
        for name in kept
        for server in now[name]
        if not alive(server) and any(up(one) and one.name == server.name for one in was[name])
    )
    warnings = [f"not up since the change: {', '.join(lost)}"] if lost else []
    # What was down before proves nothing against the change, but a person wants to know.
    new = [name for name in now if name not in kept and name not in undecided]
    warnings += [
        line for name in new if not any(map(alive, now[name])) for line in _told(name, now[name])
    ]
    return Verdict(not undecided, tuple(problems), tuple(warnings))


def up(server: Server) -> bool:
    """Whether its check has passed and it gets new sessions."""
    return server.serving and server.check_status in _PASSED


def alive(server: Server) -> bool:
    """Whether nothing speaks against it: its check passed, or has not ended, or it only drains."""
    return server.operational != STOPPED and not server.admin and server.weight > 0


def _decided(servers: Iterable[Server]) -> bool:
    """Whether one is known to be up, or all are known not to be."""
    checked = [server for server in servers if server.check_enabled]
    return (
        not checked
        or any(alive(it) and it.check_status in (*_PASSED, _DRAINED) for it in checked)
        or not any(map(alive, checked))
    )


def _backends(servers: Iterable[Server]) -> dict[str, list[Server]]:
    """Those with checks: what nobody checks is never seen to fail."""
    found: dict[str, list[Server]] = {}
    for server in servers:
        if server.check_enabled:
            found.setdefault(server.backend, []).append(server)
    return found


def _told(name: str, servers: Iterable[Server]) -> tuple[str, ...]:
    reasons = ", ".join(
        f"{server.name} {server.check_status} {server.check_told}".strip() for server in servers
    )
    return (f"no server is up in {name} ({reasons})",)
