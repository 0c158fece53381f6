"""Whether corosync still turns: one that hangs keeps its process, and its tools wait for ever.

Once a second its door is knocked at, as each of its clients does first (libqb's handshake, its
abstract socket `cmap`), and left again: 0.2 ms. Any answer is one, a refusal too. Where nobody ever
answered (another libqb, sockets in files) nothing is said about hanging.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable

from saltext_hakube.agents.ground.loop import Loop, Timer

EVERY = 1.0  # seconds
HANGS = 1.5  # seconds without an answer: it gives one in less than a millisecond
# Seconds that we came too late ourselves: the machine slept, and corosync with it. Far less than
# HANGS, or a question that was under way when it fell asleep would look unanswered.
ASLEEP = 0.5

# The whole of the address counts, with its zeros (sockaddr_un). It may have up to 107 characters.
ADDRESS = b"\0cmap".ljust(108, b"\0")
#: The request: id -1 (authenticate), its size, the largest message; each aligned to 8 bytes.
REQUEST = struct.pack("=i4xi4xI4x", -1, 24, 8192)


class Pulse:
    """``hangs_since``: None while it turns. ``start`` it when corosync lives, ``stop`` it when it
    died; ``changed`` is called when it hangs and when it is back."""

    def __init__(self, loop: Loop, changed: Callable[[], None], address: bytes = ADDRESS):
        self.hangs_since: float | None = None
        self._loop = loop
        self._changed = changed
        self._address = address
        self._timer: Timer | None = None
        self._socket: socket.socket | None = None
        self._asked: float | None = None  # since when an answer is missing
        self._beat = 0.0
        self._known = False  # it has answered once

    def start(self) -> None:
        if self._timer is None:
            self._beat = self._loop.now()
            self._timer = self._loop.every(EVERY, self._look)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._close()
        self.hangs_since = self._asked = None
        self._known = False

    def _look(self) -> None:
        now = self._loop.now()
        slept = now - self._beat > EVERY + ASLEEP
        self._beat = now
        if slept:
            self._close()
            self._asked = None
        if self._socket is None:
            self._ask(now)
        missing = self._asked is not None and now - self._asked >= HANGS
        if self._known and missing and self.hangs_since is None:
            self.hangs_since = self._asked
            self._changed()

    def _ask(self, now: float) -> None:
        try:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
            self._socket.connect(self._address)
            self._socket.send(REQUEST)
        except BlockingIOError:  # others wait at its door, too; we come again
            self._close()
            self._asked = now if self._asked is None else self._asked
        except OSError:  # it is not open yet, or no more; or this machine has no sockets left
            self._close()
            self._asked = None
        else:
            # Who could not get to the door before has only now: somebody was let in.
            self._asked = now
            self._loop.watch(self._socket.fileno(), self._answered)

    def _answered(self) -> None:
        self._close()
        self._known = True
        self._asked = None
        if self.hangs_since is not None:
            self.hangs_since = None
            self._changed()

    def _close(self) -> None:
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())
            # It is told that nobody waits any more, also where it has sent more than we read.
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            self._socket = None
