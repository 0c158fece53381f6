"""The machine's addresses and links, as the kernel tells of them at once (rtnetlink(7)).

network = Network(loop, changed)     # ``changed`` is called after each change
network.here("192.0.2.100")          # the Address, where this machine has it
network.remove(address)              # take it away
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable

from saltext_hakube.agents.ground.journal import WARNING, say
from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.rtnetlink import (
    GETADDR,
    GETLINK,
    GROUPS,
    Address,
    Link,
    Picture,
    answers,
    changes,
    number,
    question,
    refusal,
    removal,
)

PATIENCE = 0.5  # seconds; the kernel answers within a millisecond
AGAIN = 0.2  # seconds until a look that went wrong is made again
BEGIN = 1.0  # seconds for the first one
TOLD = 5  # failures in a row of which people hear: what was interrupted is soon seen


class Network:
    """What there is now: ``links`` by index, ``addresses``. Raises OSError without netlink.

    A look at everything that goes wrong is made again; until then what was seen counts.
    """

    def __init__(self, loop: Loop, changed: Callable[[], None]):
        self._loop = loop
        self._changed = changed
        self._timer: Timer | None = None
        self._failed = 0
        self._socket = _open(GROUPS)
        self._socket.setblocking(False)
        self._now = _first()
        loop.watch(self._socket.fileno(), self.read)

    @property
    def links(self) -> dict[int, Link]:
        return self._now.links

    @property
    def addresses(self) -> set[Address]:
        return self._now.addresses

    @property
    def sure(self) -> bool:
        """Whether that is all; not while a look that went wrong has yet to be made again."""
        return self._timer is None

    def here(self, ip: str) -> Address | None:
        """Where this machine has the address; None where it has not. One that serves, if any."""
        held = [one for one in self.addresses if one.ip == ip]
        return min(held, key=lambda one: not one.serves) if held else None

    def interface(self, ip: str, name: str | None = None, prefix: int | None = None) -> int | None:
        """The index of the interface for an address: the named one, else the one that has it,
        else one with an address of the same subnet, the smallest if there are several; None where
        there is none."""
        if name is not None:
            return next((index for index, link in self.links.items() if link.name == name), None)
        if (held := self.here(ip)) is not None:
            return held.index
        around = self._around(ip, prefix)
        return min(around, key=lambda one: (-one.prefix, one)).index if around else None

    def _around(self, ip: str, prefix: int | None) -> list[Address]:
        """The addresses in the same subnet, by this prefix or by their own.

        Called at each change, and kube-proxy (ipvs) has thousands of addresses, each alone in its
        subnet: 1 ms with 5,000 of them. They count only where no other one does.
        """
        bits = 128 if ":" in ip else 32
        wanted = number(ip)

        def near(one: Address) -> bool:
            shift = bits - (prefix or one.prefix)
            return (number(one.ip) ^ wanted) >> shift == 0

        same = [one for one in self.addresses if (":" in one.ip) == (":" in ip)]
        found = [one for one in same if one.prefix < bits and near(one)]
        return found or ([one for one in same if near(one)] if prefix else [])

    def remove(self, address: Address) -> str:
        """Take the address away. Returns what is against it; nothing: an empty text."""
        try:
            with _open() as ask:
                ask.settimeout(PATIENCE)
                ask.send(removal(address))
                against = refusal(ask.recv(1 << 16))
        except OSError as error:
            return error.strerror or str(error)
        return "the kernel gave no answer" if against is None else against

    def read(self) -> None:
        """What the kernel has told by now. Called by the loop; and by who acts at once."""
        now = self._now.copy()
        lost = False
        while True:
            try:
                for type_, body in changes(self._socket.recv(1 << 18)):
                    now.take(type_, body)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lost = True  # what still waits here is older than what was left out
        if lost:
            self.look()
        elif self._timer is None:  # else all of it is seen anew in a moment
            self._see(now)

    def look(self) -> None:
        """Everything anew."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            found = _all()
        except OSError as error:
            self._failed += 1
            if self._failed == TOLD:
                why = error.strerror or str(error)
                say(f"this machine's addresses cannot be looked at: {why}", WARNING)
            self._timer = self._loop.after(AGAIN, self.look)
        else:
            self._failed = 0
            self._see(found)

    def _see(self, found: Picture) -> None:
        before, self._now = self._now, found
        if (before.links, before.addresses) != (found.links, found.addresses):
            self._changed()


def _first() -> Picture:
    """The first look. Raises OSError."""
    end = time.monotonic() + BEGIN
    while True:
        try:
            return _all()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _all() -> Picture:
    """Everything, as it is. Raises OSError, also where it changed while it was told."""
    seen = Picture()
    for kind in (GETLINK, GETADDR):
        with _open() as ask:
            ask.settimeout(PATIENCE)
            ask.send(question(kind))
            while _takes(seen, ask.recv(1 << 18)):
                pass
    return seen


def _takes(seen: Picture, data: bytes) -> bool:
    """Whether more of the answer is to come."""
    if not data:
        raise OSError(errno.ENODATA, "the kernel gave no answer")
    for told in answers(data):
        if told is None:
            return False
        seen.take(*told)
    return True


def _open(groups: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    made.bind((0, groups))
    return made
