"""A question has one hard end, whatever the other side does."""

import contextlib
import socket
import threading
import time

import pytest

from saltext_hakube.core.haproxy.options import Server
from saltext_hakube.host.remedy import ask

# Seconds that a question may take more than it was given, on a machine that others use as well.
SLACK = 5.0


@contextlib.contextmanager
def server(behave):
    """Somebody who listens; ``behave`` gets each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def serve():
            with contextlib.suppress(OSError):
                while True:
                    channel, _ = listening.accept()
                    with channel, contextlib.suppress(OSError):
                        behave(channel, ended)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            ended.set()
            listening.shutdown(socket.SHUT_RDWR)


def says(text):
    def behave(channel, _ended):
        channel.recv(1000)
        channel.sendall(text)

    return behave


def dumb(_channel, ended):
    ended.wait(SLACK * 4)


def trickles(channel, ended):
    while not ended.wait(0.05):
        channel.sendall(b"x" * 10)  # more than the head of a TLS record: that it is none shows


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "well"),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", "well"),
        (b"HTTP/1.1 403 Forbidden\r\n\r\n", "well"),
        (b"HTTP/1.1 500 Internal\r\n\r\n", "sick"),
        (b"SSH-2.0\r\n", "sick"),
        (b"", "sick"),
    ],
)
def test_whoever_says_something_does_not_hang(text, kind):
    with server(says(text)) as port:
        assert ask.request("127.0.0.1", port, "/livez", 5, tls=False).kind == kind


@pytest.mark.parametrize("behave", [dumb, trickles])
@pytest.mark.parametrize("tls", [True, False])
def test_whoever_says_nothing_whole_is_silent_and_takes_no_more_than_its_time(behave, tls):
    with server(behave) as port:
        began = time.monotonic()
        answer = ask.request("127.0.0.1", port, "/livez", 0.5, tls=tls)
        assert time.monotonic() - began < 0.5 + SLACK
    # Nonsense in place of a handshake is an answer.
    assert answer.kind == ("sick" if tls and behave is trickles else "silent")


def test_a_port_at_which_nobody_listens_is_no_hang():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert ask.request("127.0.0.1", port, "/livez", 5).kind == "refused"


def test_a_queue_that_is_full_is_silence():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        port = listening.getsockname()[1]
        with contextlib.ExitStack() as stack:
            for _ in range(4):  # more than the kernel takes beside a backlog of 0
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(("127.0.0.1", port))
            assert ask.request("127.0.0.1", port, "/livez", 0.5).kind == "silent"


class Config:
    node = "node1"
    servers = (Server("node1", "192.0.2.11", 6443), Server("node2", "192.0.2.12", 6443))
    nodes = ()


@pytest.mark.parametrize(
    ("component", "argv", "expected"),
    [
        ("apiserver", [], ("192.0.2.11", 6443)),
        ("apiserver", ["--bind-address=0.0.0.0", "--secure-port=8443"], ("192.0.2.11", 8443)),
        ("apiserver", ["--bind-address=10.0.0.1"], ("10.0.0.1", 6443)),
        ("scheduler", [], ("127.0.0.1", 10259)),
        ("scheduler", ["--secure-port=0"], None),
        ("controller-manager", ["--bind-address=::"], ("127.0.0.1", 10257)),
        ("controller-manager", ["--bind-address", "10.0.0.1"], ("10.0.0.1", 10257)),
    ],
)
def test_a_component_is_asked_where_its_arguments_say_that_it_listens(component, argv, expected):
    assert ask.place(Config, component, argv) == expected
