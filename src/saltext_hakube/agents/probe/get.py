"""One GET over TLS that waits for nothing: the loop tells when it can go on.

A connection of its own for each: one that stays open would still work where nobody accepts new
ones.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from typing import NamedTuple

from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.probe import answer
from saltext_hakube.agents.probe.answer import BROKEN, OWN, REFUSED, SILENT, UNTRUSTED, Answer

DEADLINE = 1.5  # seconds; a busy apiserver takes up to 1 s for connection and TLS
# Seconds that the end of the deadline came too late: then it was we who had no time to look.
LATE = 0.25
LONGEST = 1 << 18  # bytes of an answer
PIECE = 1 << 14

# What says something about the other side; anything else about this machine or this process.
_NOBODY = frozenset(
    (errno.ECONNREFUSED, errno.ENOENT, errno.ECONNRESET, errno.EHOSTUNREACH, errno.ENETUNREACH)
)


class Target(NamedTuple):
    """Where: ``address`` and ``port``, or a socket's path as ``address`` with port 0."""

    address: str
    port: int

    @property
    def told(self) -> str:
        if not self.port:
            return self.address
        return (
            f"[{self.address}]:{self.port}"
            if ":" in self.address
            else (f"{self.address}:{self.port}")
        )


class Get:
    """Begins when it is made; ``done`` is called once, within ``deadline`` seconds."""

    def __init__(
        self,
        loop: Loop,
        target: Target,
        text: bytes,
        context: ssl.SSLContext,
        done: Callable[[Answer], None],
        *,
        deadline: float = DEADLINE,
    ):
        self._loop = loop
        self._target = target
        self._text = text
        self._context = context
        self._done = done
        self._deadline = deadline
        self._came = bytearray()
        self._step = self._connected
        self._phase = "accept the connection"
        self._socket: socket.socket | None = None
        self._timer = loop.after(deadline, self._late)
        try:
            self._connect()
        except OSError as error:
            # Not from in here: whoever made us does not know us yet.
            self._timer.cancel()
            self._timer = loop.after(0, lambda error=error: self._failed(error))

    def _connect(self) -> None:
        address, port = self._target
        family = socket.AF_UNIX
        if port:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        code = self._socket.connect_ex((address, port) if port else address)
        # EAGAIN: a Unix socket's queue is full. It does not get better by waiting for it.
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
        self._loop.watch(self._socket.fileno(), self._go, writable=True)

    def _go(self) -> None:
        try:
            self._step()
        except ssl.SSLWantReadError:
            self._wait(writable=False)
        except ssl.SSLWantWriteError:
            self._wait(writable=True)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            self._failed(error)

    def _wait(self, *, writable: bool) -> None:
        assert self._socket is not None
        self._loop.forget(self._socket.fileno())
        self._loop.watch(self._socket.fileno(), self._go, writable=writable)

    def _connected(self) -> None:
        assert self._socket is not None
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, os.strerror(code))
        self._loop.forget(self._socket.fileno())
        self._phase = "shake hands (TLS)"
        # It takes the descriptor over from the socket.
        self._socket = self._context.wrap_socket(self._socket, do_handshake_on_connect=False)
        self._loop.watch(self._socket.fileno(), self._go, writable=True)
        self._step = self._shake
        self._shake()

    def _shake(self) -> None:
        self._socket.do_handshake()
        self._phase = "answer"
        self._step = self._send
        self._send()

    def _send(self) -> None:
        self._socket.send(self._text)  # far less than a record of TLS: whole, or not at all
        self._step = self._read
        self._wait(writable=False)

    def _read(self) -> None:
        # Until it would block: what TLS has taken from the socket already wakes nobody up.
        while True:
            piece = self._socket.recv(PIECE)
            self._came += piece
            found = answer.read(bytes(self._came), ended=not piece)
            if found is not None:
                self._end(found)
                return
            if len(self._came) > LONGEST:
                self._end(Answer(BROKEN, why="answered without an end"))
                return

    def _late(self) -> None:
        if self._loop.late > LATE:
            self._end(Answer(OWN, why=f"the machine was {self._loop.late:.1f} s late"))
            return
        why = f"did not {self._phase} within {self._deadline:g} s"
        self._end(Answer(SILENT, why=why))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, ssl.SSLCertVerificationError):
            why = f"has a certificate that is not good: {error.verify_message}"
            self._end(Answer(UNTRUSTED, why=why))
        elif isinstance(error, (ssl.SSLError, ValueError)):
            reason = getattr(error, "reason", None) or error
            self._end(Answer(BROKEN, why=f"does not speak TLS with us ({reason})"))
        elif self._phase == "accept the connection":
            self._end(_refused(error))
        elif error.errno in (errno.ECONNRESET, errno.EPIPE):
            self._end(Answer(BROKEN, why="closed the connection"))
        else:
            self._end(Answer(OWN, why=error.strerror or str(error)))

    def _end(self, found: Answer) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())
            self._socket.close()
            self._socket = None
        self._done(found)


def _refused(error: OSError) -> Answer:
    if error.errno in (errno.EAGAIN, errno.ETIMEDOUT):
        return Answer(SILENT, why="does not accept connections: its queue is full")
    if error.errno in _NOBODY:
        return Answer(REFUSED, why=f"cannot be reached ({error.strerror})")
    return Answer(OWN, why=error.strerror or str(error))
