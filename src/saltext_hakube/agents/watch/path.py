"""The data path of haproxy: a question every 0.2 s, each a connection of its own.

They overlap: one that gets no answer keeps no other one from being asked. Nothing here waits.

Busy is not dead: a haproxy that has as many connections as it may have (its global maxconn) takes
no more at the health listener, but goes on to answer at its stats socket (2.6, measured).
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from saltext_hakube.agents.ground.journal import WARNING, say
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.watch.actions import Trouble
from saltext_hakube.agents.watch.settings import Health
from saltext_hakube.agents.watch.verdict import Awake, Path

EVERY = 0.2  # seconds from one question to the next
DEADLINE = 0.5  # seconds for each
OPEN = 4  # questions at a time
# Seconds: while haproxy may be on its way back after it died, so that its first answer is not
# missed. A refusal comes at once and costs nothing.
HURRY = 0.05
FULL = "it has as many connections as it may have (its global maxconn)"
SAID_EVERY = 600.0  # seconds until that is said again

# What says something about haproxy; anything else about this machine or this process.
_ITS_FAULT = frozenset(
    (
        errno.ECONNREFUSED,
        errno.ECONNRESET,
        errno.EPIPE,
        errno.ENOENT,  # no such socket
        errno.EAGAIN,  # the socket's queue is full: it hangs
        errno.ETIMEDOUT,
    )
)


class DataPath:
    """Asks the health listener, or the stats socket where there is none of the former. Where the
    listener does not answer, the stats socket says whether that is for want of connections.

    ``heard`` is called whenever ``path`` may have changed.
    """

    def __init__(
        self, loop: Loop, health: Health | None, stats: str | None, heard: Callable[[], None]
    ):
        self._loop = loop
        self._heard = heard
        self._open: set[_Question] = set()
        self._hurry_until = 0.0
        self._since = time.time()
        self._problem = ""
        self._own = Trouble("asking haproxy whether it works")
        self.awake = Awake()
        self._noted = loop.now()
        self.path: Path | None = None
        #: When the question was asked that got the last answer.
        self.answered_at: float | None = None
        self._limit = stats if health is not None else None  # where to ask for it
        self._full = False
        self._full_at = self._said_full = float("-inf")
        if health is not None:
            family = socket.AF_INET6 if ":" in health.address else socket.AF_INET
            self._family, self._where = family, (health.address, health.port)
            host = f"[{health.address}]" if ":" in health.address else health.address
            self.target = f"http://{host}:{health.port}/livez"
            self._text = f"GET /livez HTTP/1.0\r\nHost: {host}\r\n\r\n".encode()
            self._is_good = _is_200
        elif stats is not None:
            self._family, self._where = socket.AF_UNIX, stats
            self.target = stats
            self._text = b"show info\n"
            self._is_good = _is_information
        else:
            self.target = None
            return
        self.path = Path()
        loop.every(EVERY, self._tick)

    def now(self) -> float:
        """Seconds of the clock that stands still while we are late."""
        return self._loop.now() - self.awake.lost

    def hurry(self, seconds: float) -> None:
        """Ask more often for a while; these questions prove nothing but that it answers."""
        begun = self._loop.now() < self._hurry_until
        self._hurry_until = self._loop.now() + seconds
        if self.path is not None and not begun:
            self._loop.after(HURRY, self._hurried)

    @property
    def seen(self) -> dict[str, Any]:
        return {
            "asks": self.target,
            "since": round(self._since, 3),
            "problem": self._problem or None,
            "full": self._full,  # no problem, as nothing is to be done about haproxy
        }

    def note_lateness(self) -> None:
        """A timer has called. What it was late by, and others were too, counts once."""
        now = self._loop.now()
        begin = max(now - self._loop.late, self._noted)
        self._noted = now
        self.awake = self.awake.late(now - begin)

    def _tick(self) -> None:
        self.note_lateness()
        if self._open and self._limit is not None:
            self._ask_for_limit(self._limit)
        self._ask(counts=True)
        self._heard()

    def _hurried(self) -> None:
        if self._loop.now() < self._hurry_until:
            self._ask(counts=False)
            self._loop.after(HURRY, self._hurried)

    def _ask(self, *, counts: bool) -> None:
        if len(self._open) >= OPEN:
            return
        question = _Question(self._loop, self._text, self._is_good, self._done, self.now())
        try:
            question.open(self._family, self._where)
        except OSError as error:
            question.close()
            if error.errno not in _ITS_FAULT:
                self._own.note(error.strerror or str(error))
                return
            if counts:
                self.path = self.path.ask(self.now())
            self._fail(_told(error))
            return
        self._own.note("")
        self._open.add(question)
        if counts:
            self.path = self.path.ask(self.now())

    def _ask_for_limit(self, stats: str) -> None:
        question = _Question(self._loop, b"show info\n", _is_full, self._told_limit, self.now())
        try:
            question.open(socket.AF_UNIX, stats)
        except OSError:  # it proves nothing; the question at the listener does
            question.close()

    def _told_limit(self, question: _Question, problem: str) -> None:
        if problem:  # it is not at its limit, or does not say
            return
        self._full_at = question.asked
        self.path = self.path.answer(self.now())
        self.answered_at = question.asked
        self._note("")
        self._full = True
        if self._loop.now() - self._said_full >= SAID_EVERY:
            self._said_full = self._loop.now()
            say(f"haproxy takes no new connections: {FULL}; busy is not dead", WARNING)
        self._heard()

    def _done(self, question: _Question, problem: str) -> None:
        self._open.discard(question)
        if problem and question.asked <= self._full_at:
            return  # that is why
        if problem:
            self._fail(problem)
        else:
            self.path = self.path.answer(self.now())
            self.answered_at = question.asked
            self._full = False
            self._hurry_until = 0.0
            self._note("")
        self._heard()

    def _fail(self, problem: str) -> None:
        self.path = self.path.fail(problem)
        self._full = False
        self._note(problem)

    def _note(self, problem: str) -> None:
        if bool(problem) != bool(self._problem):
            self._since = time.time()
        self._problem = problem


class _Question:
    """One connection: asked, answered, closed."""

    def __init__(
        self,
        loop: Loop,
        text: bytes,
        is_good: Callable[[bytes], bool | None],
        done: Callable[[_Question, str], None],
        asked: float,
    ):
        self.asked = asked
        self._loop = loop
        self._text = text
        self._is_good = is_good
        self._done = done
        self._received = b""
        self._socket: socket.socket | None = None
        self._timer = loop.after(DEADLINE, self._late)

    def open(self, family: int, where: Any) -> None:
        self._socket = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.connect(where)
        except BlockingIOError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        try:  # on this machine the connection is there at once
            self._send()
        except BlockingIOError:
            self._loop.watch(self._socket.fileno(), self._writable, writable=True)

    def close(self) -> None:
        self._timer.cancel()
        if self._socket is not None:
            self._loop.forget(self._socket.fileno())
            self._socket.close()

    def _writable(self) -> None:
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._end(os.strerror(code))
            return
        self._loop.forget(self._socket.fileno())
        try:
            self._send()
        except OSError as error:
            self._end(_told(error))

    def _send(self) -> None:
        self._socket.send(self._text)  # a new connection's buffer takes it all
        self._loop.watch(self._socket.fileno(), self._readable)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(4096)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(_told(error))
            return
        self._received += data
        good = self._is_good(self._received)
        if good:
            self._end("")
        elif good is False or not data or len(self._received) > 4096:
            line = self._received.split(b"\n")[0].decode("utf-8", "replace").strip()
            self._end(f"it said {line[:80]}" if line else "it closed the connection")

    def _late(self) -> None:
        self._end(f"nothing within {DEADLINE:g} s")

    def _end(self, problem: str) -> None:
        self.close()
        self._done(self, problem)


def _is_200(received: bytes) -> bool | None:
    """None while the status line is not complete."""
    line, end, _ = received.partition(b"\n")
    if not end:
        return None
    words = line.split()
    return len(words) > 1 and words[0].startswith(b"HTTP/") and words[1] == b"200"


def _is_information(received: bytes) -> bool | None:
    return True if received.startswith(b"Name:") else (False if b"\n" in received else None)


def _is_full(received: bytes) -> bool | None:
    """None while both numbers are not there."""
    lines = [line.partition(b":") for line in received.split(b"\n")[:-1]]
    found = {name: value.strip() for name, _, value in lines}
    limit, now = found.get(b"Maxconn", b""), found.get(b"CurrConns", b"")
    return int(now) >= int(limit) if limit.isdigit() and now.isdigit() else None


def _told(error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return "it accepts no more connections"
    return error.strerror or str(error)
