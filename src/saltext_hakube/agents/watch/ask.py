"""Questions to haproxy's sockets: all at once, with one deadline, and never more than one each.

Every question has a connection of its own. One that stays open would be a trap: after a reload it
still leads to the old worker, and keeps it from ending.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Sequence
from typing import NamedTuple

DEADLINE = 0.4  # seconds; haproxy answers within a millisecond, a busy machine makes it some tens
LONGEST = 8 << 20  # bytes; `show sess` of 20,000 sessions


class Question(NamedTuple):
    """``path``: the socket; ``text``: one command, or several with ``;`` between them."""

    path: str
    text: str


class Answer(NamedTuple):
    """``text``: what was answered; ``problem``: why there is no answer."""

    text: str
    problem: str = ""


def ask(questions: Sequence[Question], deadline: float = DEADLINE) -> list[Answer]:
    """The answers, in the questions' order, after at most ``deadline`` seconds."""
    end = time.monotonic() + deadline
    poll = select.poll()
    answers: list[Answer | None] = [None] * len(questions)
    open_: dict[int, _Connection] = {}
    try:
        for number, question in enumerate(questions):
            connection = _Connection(number)
            try:
                connection.open(question)
            except OSError as error:
                connection.close()
                answers[number] = Answer("", _told(error))
            else:
                open_[connection.fileno] = connection
                poll.register(connection.fileno, select.POLLIN)
        while open_ and (left := end - time.monotonic()) > 0:
            for fileno, _ in poll.poll(left * 1000):
                answer = open_[fileno].receive()
                if answer is not None:
                    connection = open_.pop(fileno)
                    answers[connection.number] = answer
                    poll.unregister(fileno)
                    connection.close()
    finally:
        for connection in open_.values():
            connection.close()
    late = Answer("", f"no answer within {deadline:g} s")
    return [answer or late for answer in answers]


class _Connection:
    def __init__(self, number: int):
        self.number = number
        self._received = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self.fileno = self._socket.fileno()

    def open(self, question: Question) -> None:
        self._socket.connect(question.path)
        data = question.text.encode() + b"\n"
        if self._socket.send(data) < len(data):
            raise BlockingIOError
        # haproxy's master answers and waits for more, unless it is told that there is no more.
        self._socket.shutdown(socket.SHUT_WR)

    def receive(self) -> Answer | None:
        """The answer, if it is complete."""
        try:
            data = self._socket.recv(1 << 16)
        except BlockingIOError:
            return None
        except OSError as error:
            return Answer("", _told(error))
        if data and len(self._received) + len(data) <= LONGEST:
            self._received += data
            return None
        if data:
            return Answer("", f"an answer of more than {LONGEST} bytes")
        return Answer(self._received.decode("utf-8", "replace"))

    def close(self) -> None:
        self._socket.close()


def _told(error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return "it accepts no more connections"  # its queue is full: it hangs
    if error.errno is None:
        return str(error)
    return os.strerror(error.errno)
