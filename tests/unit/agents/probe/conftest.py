"""A certificate authority, TLS servers that answer as told, a loop that ends."""

import contextlib
import socket
import ssl
import threading

import pytest

from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.probe.get import Target
from tests.unit.preflight.authority import authority, signed


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    authority(folder)
    signed(folder)
    signed(folder, names="", name="client")
    authority(folder, name="other")
    return folder


@pytest.fixture
def loop():
    made = Loop()
    made.after(60, lambda: pytest.fail("nobody stopped the loop"))
    return made


@pytest.fixture
def until(loop):
    """Let the loop run until it is so."""

    def run(there):
        def look():
            if there():
                loop.stop()

        timer = loop.every(0.01, look)
        loop.run()
        timer.cancel()

    return run


class Server:
    """Answers as it is told, over TLS, one connection after the other. ``need``: 401 without a
    certificate of a client."""

    def __init__(self, pki, text=b"HTTP/1.0 200 OK\r\n\r\nok", clients=False, need=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "server.crt", pki / "server.key")
        if clients:
            context.load_verify_locations(pki / "ca.crt")
            context.verify_mode = ssl.CERT_OPTIONAL
        self._context, self._need = context, need
        self.text = text
        self.seen = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.target = Target(*self.socket.getsockname())
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                connection.settimeout(30)
                with contextlib.suppress(OSError):
                    self._answer(self._context.wrap_socket(connection, server_side=True))

    def _answer(self, secure):
        with secure:
            text, who = secure.recv(4096), secure.getpeercert()
            self.seen.append((text, who))
            known = who or not self._need
            secure.sendall(self.text if known else b"HTTP/1.0 401 Unauthorized\r\n\r\n")

    def close(self):
        with contextlib.suppress(OSError):  # it wakes up who waits in accept
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def server(pki):
    made = []

    def make(*words, **options):
        made.append(Server(pki, *words, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
