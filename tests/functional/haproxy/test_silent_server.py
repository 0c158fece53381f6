"""A server from which no answer comes, as from a machine without power: real haproxy, our sections.

The silent one has a listening socket whose queue is full: the kernel drops what asks to connect.
"""

import contextlib
import csv
import socket
import ssl
import threading
import time

import pytest

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.haproxy import kubernetes
from saltext_hakube.core.haproxy.options import Server
from tests.generations import haproxies

REASON = haproxies.missing(haproxies.HERE)
pytestmark = pytest.mark.skipif(REASON is not None, reason=REASON or "")
PATIENCE = 30  # seconds, for a machine that does other things meanwhile


class World:
    """haproxy with the sections of this pillar, before three servers. One falls silent."""

    def __init__(self, folder, stack, **options):
        pem = haproxies.certificate(folder)[1]
        self.stack = stack
        self.servers = stack.enter_context(haproxies.servers(3, pem))
        self.port = _free_port()
        local = {"api_socket": "none", "health": {"enabled": False}, "verify": "none"}
        pillar = {
            "cluster": {"nodes": {"node1": "192.0.2.11"}, "password": "x"},
            "vip": {"address": "192.0.2.100"},
            "fencing": "none",
            "timing": "fast",
            "haproxy": {**local, "secure_port": self.port, **options},
        }
        config = resolve(pillar, Facts(names=("node1",)))
        servers = [
            Server(name=f"s{number}", address="127.0.0.1", port=server.port)
            for number, server in enumerate(self.servers)
        ]
        found = kubernetes.sections(config.haproxy, "127.0.0.1", servers)
        self.haproxy = haproxies.Haproxy(folder)
        stack.callback(self.haproxy.stop)
        ours = "\n".join("\n  ".join((it.header, *it.lines)) for it in found)
        self.haproxy.start(f"global\n  stats socket {self.haproxy.socket}\n{ours}\n")
        # Before its first good check one failure would be enough.
        self.wait(lambda stats: stats["check_status"] == "L7OK")

    def silence(self):
        """From now on the first server answers nobody."""
        self.servers[0].shutdown()
        self.servers[0].server_close()
        place = self.servers[0].server_address
        listening = self.stack.enter_context(socket.socket())
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(place)
        listening.listen(0)
        for _ in range(4):
            channel = self.stack.enter_context(socket.socket())
            channel.setblocking(False)
            channel.connect_ex(place)

    def wait(self, seen, name="secure-s0"):
        """Until the statistics of the first server, or another line, are so."""
        end = time.monotonic() + PATIENCE
        while not seen(stats := self.stats(name)):
            assert time.monotonic() < end, f"still {stats['status']}, {stats['check_status']}"
            time.sleep(0.05)

    def ask(self):
        """The answer to a new connection, and how long it took."""
        began = time.monotonic()
        asked = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        with asked, ssl._create_unverified_context().wrap_socket(asked) as channel:
            channel.sendall(b"GET /readyz HTTP/1.0\r\n\r\n")
            answer = b"".join(iter(lambda: channel.recv(4096), b""))
        return answer.startswith(b"HTTP/1.0 200 "), time.monotonic() - began

    def sent_on(self, backend=kubernetes.BACKEND):
        """As ``ask``, and how often the first server was given up for another one meanwhile."""
        before = int(self.stats(backend=backend)["wredis"])
        good, took = self.ask()
        return good, took, int(self.stats(backend=backend)["wredis"]) - before

    def stats(self, name="secure-s0", backend=kubernetes.BACKEND):
        """haproxy's statistics of the first server, or another one."""
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(PATIENCE)
            channel.connect(str(self.haproxy.socket))
            channel.sendall(b"show stat\n")
            text = b"".join(iter(lambda: channel.recv(65536), b"")).decode()
        rows = csv.DictReader(text.removeprefix("# ").splitlines())
        return next(row for row in rows if (row["pxname"], row["svname"]) == (backend, name))


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def world(tmp_path):
    with contextlib.ExitStack() as stack:
        yield lambda **options: World(tmp_path, stack, **options)


@pytest.mark.parametrize("balance", ["roundrobin", "leastconn"])
def test_a_new_connection_goes_to_another_server_at_its_first_retry(world, balance):
    # So long that no check decides meanwhile.
    found = world(fall=100, balance=balance)
    found.silence()
    answers = [found.sent_on() for _ in range(4)]
    assert all(good for good, _, _ in answers)
    # None of those that asked the silent one asked it twice.
    assert {times for _, _, times in answers} == {0, 1}
    assert all(took >= 0.5 for _, took, times in answers if times)
    stats = found.stats()
    assert stats["status"].startswith("UP")
    assert int(stats["wretr"]) == 0


def test_once_it_is_down_nobody_waits_for_it(world):
    found = world()
    found.silence()
    found.wait(lambda stats: stats["status"] == "DOWN")
    before = found.stats()["wredis"]
    assert all(found.ask()[0] for _ in range(6))
    assert found.stats()["wredis"] == before


def test_a_silent_one_costs_little_where_no_server_is_ready(world):
    # etcd without a leader: those that live say that they are not ready, the dead one says nothing.
    found = world(timeouts={"connect": "20s"})
    for server in found.servers:
        server.ready = False
    found.silence()
    found.wait(lambda stats: stats["act"] == "0", "BACKEND")
    answers = [found.sent_on(kubernetes.unchecked(kubernetes.BACKEND)) for _ in range(6)]
    assert max(took for _, took, _ in answers) < 10  # 0.2 s and what the machine takes for it
    assert {times for _, _, times in answers} == {0, 1}
    assert all(took >= 0.2 for _, took, times in answers if times)


def test_who_waits_for_a_free_place_where_no_server_is_ready_is_not_given_up_so_soon(world):
    """Without a `timeout queue` haproxy takes that of a connection for it."""
    found = world(server_options="maxconn 1", timeouts={"connect": "20s"})
    for server in found.servers:
        server.ready = False
    found.wait(lambda stats: stats["act"] == "0", "BACKEND")
    backend = kubernetes.unchecked(kubernetes.BACKEND)
    place = ("127.0.0.1", found.port)
    held = [found.stack.enter_context(socket.create_connection(place)) for _ in found.servers]
    end = time.monotonic() + PATIENCE
    while found.stats("BACKEND", backend)["scur"] != "3" and time.monotonic() < end:
        time.sleep(0.05)
    free = threading.Timer(1.0, held[0].close)
    began = time.monotonic()
    free.start()
    found.ask()
    assert time.monotonic() - began >= 1.0
