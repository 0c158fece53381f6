"""The orders for servers that differ. Three rules hold throughout:

- A server gets no session before its health check has passed (or has judged it as down, as it would
  be after a reload). Until then it drains: haproxy checks it, and sends it nothing.
- A server that goes gets no new sessions first, then some time for those that it has.
- No backend is left without a server that gets sessions, if it had one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from saltext_hakube.core.haproxy.live_file import FileServer, Proxy, duration
from saltext_hakube.core.haproxy.live_steps import (
    ADDED,
    DELETED,
    MOVED,
    Checked,
    Emptied,
    Key,
    Order,
    Reload,
    Serving,
    Step,
    Wanted,
)
from saltext_hakube.core.haproxy.runtime import Server

# Seconds for the sessions of a server that goes to end; after them they are cut.
GRACE = 2.0
# Seconds for haproxy to let a server go whose sessions are cut.
RELEASE = 5.0
# A check may be late on a busy machine; and what takes longer than this is no gain over a reload.
SLACK, LONGEST = 5.0, 60.0
# haproxy's defaults of inter, rise and fall.
_INTER, _RISE, _FALL = 2.0, 2, 3


class Change(msgspec.Struct, frozen=True):
    """A server that differs; ``old`` or ``new`` is None where it comes or goes.

    ``proxy``: its backend as the new file has it.
    """

    proxy: Proxy
    old: FileServer | None
    new: FileServer | None

    @property
    def key(self) -> Key:
        """Backend and server."""
        return self.proxy.name, (self.new or self.old).name

    @property
    def path(self) -> str:
        """The same as haproxy's orders have it."""
        return "/".join(self.key)


def orders(changes: Sequence[Change], now: Mapping[Key, Server]) -> Iterator[Step]:
    """All steps, in their order. Raises Reload."""
    both = [change for change in changes if change.old and change.new]
    added = [change for change in changes if not change.old]
    removed = [change for change in changes if not change.new]
    disabled = [change for change in both if change.new.disabled and not change.old.disabled]
    for change in both:
        yield from _numbers(change, now[change.key])
    yield from _come([*added, *(change for change in both if _enabled(change))])
    # Those that are checked first: the others have nothing to tell whether the address is right.
    for change in sorted(both, key=lambda change: not change.new.checked):
        if (change.old.address, change.old.port) != (change.new.address, change.new.port):
            yield from _move(change, now[change.key])
    yield from _go(disabled, removed, now)


def wanted(change: Change, now: Mapping[Key, Server]) -> Wanted:
    """What the server has to be in the end; what an operator made of its state stays."""
    new, old = change.new, change.old
    state = "maint" if new.disabled else "ready"
    if old and old.disabled == new.disabled:
        state = now[change.key].state
    return Wanted(
        *change.key,
        address=new.address,
        port=new.port,
        weight=new.weight if not old or old.weight != new.weight else None,
        state=state,
        limit=new.number("maxconn", 0) or None,
        checked=new.checked if not old else None,
    )


def _numbers(change: Change, server: Server) -> Iterator[Step]:
    path, old, new = change.path, change.old, change.new
    if old.weight != new.weight:
        back = f"set server {path} weight {server.weight}"
        yield Order(f"set server {path} weight {new.weight}", undo=((back, ""),))
    if old.options.get("maxconn") != new.options.get("maxconn"):
        limit, before = new.number("maxconn", 0), old.number("maxconn", 0)
        back = f"set maxconn server {path} {before}"
        yield Order(f"set maxconn server {path} {limit}", undo=((back, ""),))


def _enabled(change: Change) -> bool:
    return change.old.disabled and not change.new.disabled


def _come(changes: Sequence[Change]) -> Iterator[Step]:
    """Servers that are new, or no longer disabled."""
    for change in changes:
        if not change.old:
            yield from _add(change.path, change.new)
    coming = [change for change in changes if not change.new.disabled]
    checked = [change for change in coming if change.new.checked]
    for change in checked:
        undo = ((_state(change.path, "maint"), ""),)
        yield Order(_state(change.path, "drain"), undo=undo)
    for change in checked:
        wait, _ = _waits(change)
        # One that was in maintenance may still have the verdict from before; its health is now
        # that of `rise`, and only a check that passes makes it full.
        full = _full(change.new) if change.old else 0
        again = bool(change.old) and change.new.number("fall", _FALL) < 2
        yield Checked(change.key, wait if again else 0.0, _bounded(2 * wait + SLACK), full)
    for change in [*checked, *(change for change in coming if not change.new.checked)]:
        undo = ((_state(change.path, "maint"), ""),)
        yield Order(_state(change.path, "ready"), undo=undo)


def _add(path: str, server: FileServer) -> Iterator[Step]:
    # It comes in maintenance, whatever is said, and with its check off.
    yield Order(
        _addition(path, server),
        ADDED,
        undo=(
            (_state(path, "maint"), ""),
            (f"shutdown sessions server {path}", ""),
            (f"del server {path}", DELETED),
        ),
    )
    if server.checked:
        yield Order(f"enable health {path}")


def _addition(path: str, server: FileServer) -> str:
    host = f"[{server.address}]" if ":" in server.address else server.address
    said = [
        word
        for option, value in server.options.items()
        if option != "disabled"
        for word in (option, *value)
    ]
    return " ".join([f"add server {path} {host}:{server.port}", *said])


def _move(change: Change, server: Server) -> Iterator[Step]:
    """Another address or port. Its sessions stay where they are."""
    path, new = change.path, change.new
    move = Order(
        f"set server {path} addr {new.address} port {new.port}",
        MOVED,
        undo=((f"set server {path} addr {server.address} port {server.port}", MOVED),),
    )
    # What an operator has taken out stays out, and an unchecked server has no verdict.
    if server.state != "ready" or new.disabled or not new.checked:
        yield move
        return
    wait, fails = _waits(change)
    latest = _bounded(wait + fails + SLACK)
    if server.serving:
        # In full health it survives one failed check, which is enough to see and take it back.
        yield Checked(change.key, 0.0, latest, _full(new), must_pass=True)
    yield Serving(change.proxy.name, (new.name,))
    yield Order(_state(path, "drain"), undo=((_state(path, "ready"), ""),))
    yield move
    # haproxy keeps the old address's verdict: one must end that began after the change.
    yield Checked(change.key, wait, latest, _full(new), must_pass=server.serving)
    yield Order(_state(path, "ready"))


def _go(
    disabled: Sequence[Change], removed: Sequence[Change], now: Mapping[Key, Server]
) -> Iterator[Step]:
    """Servers that are disabled or removed, all at once."""
    going = [*disabled, *removed]
    if not going:
        return
    for backend in dict.fromkeys(change.proxy.name for change in going):
        names = tuple(change.key[1] for change in going if change.proxy.name == backend)
        yield Serving(backend, names)
    for change in going:
        if now[change.key].state == "ready":
            undo = ((_state(change.path, "ready"), ""),)
            yield Order(_state(change.path, "drain"), undo=undo)
    yield Emptied(tuple(change.key for change in going), GRACE)
    for change in going:
        undo = ((_state(change.path, now[change.key].state), ""),)
        yield Order(_state(change.path, "maint"), undo=undo)
    for change in removed:
        server = now[change.key]
        yield Order(f"shutdown sessions server {change.path}")
        back = [(_addition(change.path, change.old), ADDED)]  # in maintenance, as it is now
        back += [(f"enable health {change.path}", "")] if server.check_enabled else []
        yield Order(f"del server {change.path}", DELETED, tuple(back), patience=RELEASE)


def _state(path: str, word: str) -> str:
    return f"set server {path} state {word}"


def _full(server: FileServer) -> int:
    """The health of a server whose last check passed (health_adjust in haproxy's src/check.c)."""
    return server.number("rise", _RISE) + server.number("fall", _FALL) - 1


def _waits(change: Change) -> tuple[float, float]:
    """Seconds until a check has ended that begins from now on, and for it to fail often enough."""
    server, proxy = change.new, change.proxy
    inter = _seconds(server.options.get("inter"), _INTER)
    slowest = max(inter, *(_seconds(server.options.get(name), 0.0) for name in _INTERVALS))
    # Without a timeout of its own a check may take as long as the interval.
    limit = _seconds(proxy.last("timeout", "check"), inter)
    limit += _seconds(proxy.last("timeout", "connect"), inter)
    fast = _seconds(server.options.get("fastinter"), inter)
    return slowest + limit, server.number("fall", _FALL) * (fast + limit)


_INTERVALS = ("fastinter", "downinter")


def _seconds(value: Sequence[str] | None, default: float) -> float:
    if not value:
        return default
    found = duration(value[0])
    if found is None:
        raise Reload(f"{value[0]!r} is no time")
    return found


def _bounded(wait: float) -> float:
    if wait > LONGEST:
        raise Reload(f"its health check could take {wait:.0f} s to judge a server")
    return wait
