"""What a node sees of another one: asked over the network, as a client would."""

import ipaddress
import socket

import pytest

from saltext_hakube.core.addresses import Node
from saltext_hakube.core.errors import Refused
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.schema import Vip
from saltext_hakube.host.remedy import ask, others
from tests.unit.hands.test_ask import dumb, says, server

HERE = {"eth0": (ipaddress.ip_interface("192.0.2.1/24"),)}


def config(port):
    class Config:
        node = "node1"
        nodes = (Node("node1", ("192.0.2.1",)), Node("node2", ("127.0.0.1",)))
        servers = (Server("api1", "192.0.2.1"), Server("api2", "127.0.0.1", port))
        vip = Vip(address="127.0.0.1")
        haproxy = Haproxy(secure_port=port)

    return Config


@pytest.fixture
def plainly(monkeypatch):
    """Without TLS, and at this machine, for another one; how it is judged is the same."""
    monkeypatch.setattr(others, "_is_here", lambda *_: False)
    real = ask.request
    monkeypatch.setattr(ask, "request", lambda *it, **more: real(*it, **more, tls=False))


@pytest.mark.parametrize(
    ("text", "apiserver", "vip"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "up", "up"),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n", "up", "up"),
        (b"HTTP/1.1 500 Internal\r\n\r\n", "down", "up"),
        (b"nothing of HTTP\r\n", "down", "down"),
    ],
)
def test_it_is_as_it_answers(plainly, text, apiserver, vip):
    with server(says(text)) as port:
        assert others.see(config(port), "apiserver", "node2", HERE).value == apiserver
        assert others.see(config(port), "vip", "", HERE).value == vip


def test_who_does_not_answer_or_is_not_there_is_down(plainly, monkeypatch):
    monkeypatch.setattr(others, "PATIENCE", 0.5)
    with server(dumb) as port:
        assert others.see(config(port), "apiserver", "node2", HERE).value == "down"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    found = others.see(config(port), "vip", "", HERE)
    assert found == ("down", f"nobody listens at 127.0.0.1:{port}")


def test_of_what_is_its_own_a_node_is_no_witness():
    holder = {"eth0": (ipaddress.ip_interface("127.0.0.1/32"),)}
    assert others.see(config(1), "vip", "", holder).value == "unknown"
    assert others.see(config(1), "vip", "", {}).value == "unknown"
    assert others.see(config(1), "apiserver", "node1", HERE).value == "unknown"
    # Where each node's apiserver is declared at its own 127.0.0.1.
    found = others.see(config(1), "apiserver", "node2", HERE)
    assert found == ("unknown", "127.0.0.1 is this node's, too")
    assert others.see(config(1), "apiserver", "node9", HERE).value == "unknown"
    with pytest.raises(Refused, match="one of apiserver, vip"):
        others.see(config(1), "etcd", "", HERE)
