"""Questions to sockets: real sockets that answer, hang, are full, or are not there."""

import socket
import threading
import time
from pathlib import Path

import pytest

from saltext_hakube.agents.watch import ask as asking
from saltext_hakube.agents.watch.ask import Question, ask


class Peer:
    """Listens at a path, and answers every question with this; None: never."""

    def __init__(self, path, answer, backlog=10):
        self.path = str(path)
        self.answer = answer
        self.asked = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        self.socket.listen(backlog)
        if answer is not None:
            threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                channel, _ = self.socket.accept()
            except OSError:
                return
            with channel:
                text = b""
                while part := channel.recv(1 << 16):  # to the end: it says when it has no more
                    text += part
                self.asked.append(text)
                channel.sendall(self.answer)


@pytest.fixture
def peer(tmp_path):
    peers = []

    def peer(name, answer, backlog=10):
        peers.append(Peer(tmp_path / name, answer, backlog))
        return peers[-1].path

    yield peer
    for one in peers:
        one.socket.close()


def test_all_are_asked_at_once_and_the_answers_are_in_order(peer, tmp_path):
    good, hung = peer("good", b"yes\n" * 50000), peer("hung", None)
    start = time.monotonic()
    questions = [Question(path, "?") for path in (hung, good, str(tmp_path / "none"), good, hung)]
    answers = ask(questions, deadline=2)
    assert 2 <= time.monotonic() - start < 10
    assert [answer.problem for answer in answers] == [
        "no answer within 2 s",
        "",
        "No such file or directory",
        "",
        "no answer within 2 s",
    ]
    assert answers[1].text == answers[3].text == "yes\n" * 50000


def test_answers_are_not_waited_for_any_longer_than_they_take(peer):
    start = time.monotonic()
    assert ask([Question(peer("good", b"yes\n"), "?")], deadline=30)[0].text == "yes\n"
    assert time.monotonic() - start < 10


def test_nobody_behind_a_socket_is_told(peer, tmp_path):
    path = peer("dead", None)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "left-over"))
    assert ask([Question(str(tmp_path / "left-over"), "?")])[0].problem == "Connection refused"
    assert ask([Question("", "?")])[0].problem
    assert ask([Question("/x" * 200, "?")])[0].problem
    assert path


def test_one_that_takes_no_more_connections_is_told_at_once(peer):
    path = peer("full", None, backlog=0)
    answers = ask([Question(path, "?")] * 5, deadline=0.2)
    assert "it accepts no more connections" in {answer.problem for answer in answers}


def test_an_answer_without_end_is_cut_off(peer, monkeypatch):
    monkeypatch.setattr(asking, "LONGEST", 1000)
    answer = ask([Question(peer("long", b"x" * 5000), "?")], deadline=5)[0]
    assert answer == ("", "an answer of more than 1000 bytes")


def test_nothing_is_asked_where_there_is_no_question():
    assert ask([]) == []


def test_no_descriptor_is_left_open(peer, tmp_path):
    def descriptors():
        return len(list(Path("/proc/self/fd").iterdir()))

    paths = [peer("good", b"yes\n"), peer("hung", None), str(tmp_path / "none")]
    before, end = descriptors(), time.monotonic() + 30
    for _ in range(5):
        ask([Question(path, "?") for path in paths], deadline=0.05)
    while descriptors() > before:  # the peer's own thread closes its side
        assert time.monotonic() < end
        time.sleep(0.02)
