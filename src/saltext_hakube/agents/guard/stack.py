"""Whether corosync and Pacemaker live: their processes, and the death of each at once.

Of Pacemaker its controller counts: the others take a node without one as gone. (pacemakerd may be
killed and started anew while all else goes on; and it goes on itself where corosync died, waiting
for it to come back, with its controller gone: measured with 2.1.5.)
"""

from __future__ import annotations

import os
from collections.abc import Callable

from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.process import Death

#: As the kernel names them, which keeps 15 characters.
COROSYNC, CONTROLLER = b"corosync", b"pacemaker-contr"

QUICK, SLOW = 0.2, 1.0  # seconds from look to look while one is missing ...
QUICK_FOR = 30.0  # ... and how long it may be only restarting


def processes(proc: str = "/proc") -> dict[bytes, int]:
    """The process of each of the two; one that is not there is not in it.

    Not a dead one that nobody waited for, and not one in a container of this machine.
    """
    found: dict[bytes, int] = {}
    for entry in os.scandir(proc):
        name = entry.name
        if not name.isdigit():
            continue
        comm = _read(f"{proc}/{name}/comm").rstrip(b"\n")
        if comm not in (COROSYNC, CONTROLLER) or comm in found:
            continue
        status = dict(
            line.split(b":", 1)
            for line in _read(f"{proc}/{name}/status").splitlines()
            if b":" in line
        )
        alive = status.get(b"State", b"Z").split()[:1] not in ([b"Z"], [b"X"])
        ours = len(status.get(b"NSpid", b"1").split()) == 1
        if alive and ours:
            found[comm] = int(name)
    return found


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # it ended meanwhile
        return b""
    try:
        return os.read(descriptor, 1 << 14)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


class Stack:
    """``corosync``, ``controller``: the process, or None. ``changed`` is called after each change,
    also where another process has taken the place of a dead one: then in between, too."""

    def __init__(self, loop: Loop, changed: Callable[[], None], proc: str = "/proc"):
        self.corosync: int | None = None
        self.controller: int | None = None
        self._loop = loop
        self._changed = changed
        self._proc = proc
        self._deaths: dict[bytes, Death] = {}
        self._timer: Timer | None = None
        self._quick_until = 0.0

    def look(self) -> None:
        """Look at once, and again and again while one is missing."""
        found = processes(self._proc)
        news = False
        for name in (COROSYNC, CONTROLLER):
            pid = found.get(name)
            if self._pid(name) is None and pid is not None:
                self._set(name, pid)
                self._deaths[name] = Death(self._loop, pid, lambda name=name: self._died(name))
                news = True
        self._again()
        if news:
            self._changed()

    def _died(self, name: bytes) -> None:
        self._set(name, None)
        del self._deaths[name]
        self._quick_until = self._loop.now() + QUICK_FOR
        self._again()
        self._changed()

    def _again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if None in (self.corosync, self.controller):
            pause = QUICK if self._loop.now() < self._quick_until else SLOW
            self._timer = self._loop.after(pause, self.look)

    def _pid(self, name: bytes) -> int | None:
        return self.corosync if name == COROSYNC else self.controller

    def _set(self, name: bytes, pid: int | None) -> None:
        if name == COROSYNC:
            self.corosync = pid
        else:
            self.controller = pid
