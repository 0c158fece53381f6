"""A haproxy that runs, of this machine or of another Debian release, and servers behind it.

The network is the machine's, so a test reaches it on the loopback address; of the machine's files
it sees its own folder, under the same path.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.generations import trees
from tests.generations.generation import NoTree
from tests.lab import prerequisites
from tests.lab.process import LabError

HERE = "here"

#: $1 an empty folder, $2 the lower layers, $3 a folder to be seen inside, then the command.
_INSIDE = """
set -e
place=$1 lower=$2 seen=$3; shift 3
mount --make-rprivate /
mount -t tmpfs tmpfs "$place"
mkdir "$place/upper" "$place/work" "$place/root"
root=$place/root
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$place/upper,workdir=$place/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root$seen"
mount --bind "$seen" "$root$seen"
exec chroot "$root" "$@"
"""


def missing(suite: str) -> str | None:
    """One line why a haproxy of this release cannot run here, or None where it can."""
    if suite == HERE:
        found = shutil.which("haproxy", path=f"/usr/sbin:{os.environ['PATH']}")
        return None if found else "haproxy is not installed"
    return prerequisites.missing()


class Haproxy:
    """A haproxy in master-worker mode; its files are in a folder, where its sockets are, too."""

    def __init__(self, folder: Path, suite: str = HERE):
        self.folder, self.suite = folder, suite
        self.config = folder / "haproxy.cfg"
        self.socket = folder / "stats.sock"
        self.master = folder / "master.sock"
        self.log = folder / "haproxy.log"
        self._place = tempfile.TemporaryDirectory(prefix="hakube-")

    def start(self, text: str) -> None:
        """Run it with this configuration, until it listens. Raises NoTree."""
        self.config.write_text(text)
        program = shutil.which("haproxy", path=f"/usr/sbin:{os.environ['PATH']}") or ""
        command = ["/usr/sbin/haproxy", "-W", "-S", str(self.master), "-f", str(self.config)]
        if self.suite == HERE:
            command[0] = program
        else:
            try:
                lower = ":".join(map(str, trees.layers(self.suite)))
            except LabError as error:
                raise NoTree(str(error)) from error
            inside = ["sh", "-c", _INSIDE, "haproxy", self._place.name, lower, str(self.folder)]
            command = ["unshare", "--mount", "--", *inside, *command]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=self.log.open("wb")
        )
        wait_until(self.answers, self.log.read_text)

    def answers(self) -> bool:
        """Whether worker and master do. (A master that does not yet loses its signals.)"""
        asked = {self.socket: b"show info\n", self.master: b"show proc\n"}
        return all(_answers(path, question) for path, question in asked.items())

    def workers(self) -> set[int]:
        """The process ids of its workers, old ones too."""
        pid = self.process.pid
        return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))

    def reload(self, text: str | None = None) -> None:
        """Let it read its file (again), until a new worker answers."""
        if text is not None:
            self.config.write_text(text)
        before = self.workers()
        self.process.send_signal(signal.SIGUSR2)
        wait_until(lambda: self.workers() - before, self.log.read_text)
        wait_until(self.answers, self.log.read_text)

    def stop(self) -> None:
        """End it and its workers."""
        if self.process.poll() is None:
            for pid in [*self.workers(), self.process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait(10)
        self._place.cleanup()


def _answers(path: Path, question: bytes) -> bool:
    with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
        probe.settimeout(1)
        probe.connect(str(path))
        probe.sendall(question)
        probe.shutdown(socket.SHUT_WR)
        return bool(probe.recv(1))
    return False


@contextlib.contextmanager
def stopped(haproxy: Haproxy) -> Iterator[None]:
    """Its processes hang, as those do that wait for a dead disk."""
    pids = [haproxy.process.pid, *haproxy.workers()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


class Server(socketserver.ThreadingTCPServer):
    """Stands for an apiserver: /readyz, and /watch, which goes on until somebody closes it."""

    allow_reuse_address = daemon_threads = True
    block_on_close = False

    def __init__(self, pem: Path | None = None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ready = True
        self.tls = None
        if pem:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(pem)
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()

    @property
    def port(self) -> int:
        return self.server_address[1]

    def handle_error(self, request, client_address):
        """A client that goes away is no news."""


class _Handler(socketserver.BaseRequestHandler):
    def handle(self):
        channel = self.request
        channel.settimeout(60)
        if self.server.tls:
            channel = self.server.tls.wrap_socket(channel, server_side=True)
        asked = channel.recv(65536)
        status = b"200 OK" if self.server.ready else b"500 Internal Server Error"
        channel.sendall(b"HTTP/1.0 " + status + b"\r\n\r\n%d\n" % self.server.port)
        while b"/watch" in asked:
            channel.sendall(b".")
            time.sleep(0.1)
        channel.close()


@contextlib.contextmanager
def servers(count: int, pem: Path | None = None) -> Iterator[list[Server]]:
    """Some of them, each on a port of its own."""
    made = [Server(pem) for _ in range(count)]
    try:
        yield made
    finally:
        for server in made:
            server.shutdown()
            server.server_close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A CA's certificate, and a server's certificate by it with its key."""
    authority, key, pem = folder / "ca.crt", folder / "ca.key", folder / "server.pem"
    new = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    made = [*new, "-x509", "-days", "2", "-subj", "/CN=ca", "-keyout", key, "-out", authority]
    subprocess.run(made, check=True, capture_output=True)
    asked = [*new, "-subj", "/CN=server", "-keyout", folder / "server.key"]
    request = subprocess.run(asked, check=True, capture_output=True).stdout
    signed = ["openssl", "x509", "-req", "-days", "2", "-CA", authority, "-CAkey", key]
    signed += ["-set_serial", "1"]
    done = subprocess.run(signed, input=request, check=True, capture_output=True).stdout
    pem.write_bytes(done + (folder / "server.key").read_bytes())
    return authority, pem


class Clients:
    """New connections all the time, and long ones; what failed is counted with its reason."""

    def __init__(self, port: int, long: int = 0, pause: float = 0.01, tls: bool = False):
        self.port, self.pause = port, pause
        self.tls = ssl._create_unverified_context() if tls else None
        self.asked = 0
        self.failed: list[str] = []
        self.broken: list[int] = []  # the ports of the servers whose long connections broke
        self.held: list[int] = []
        self._end = threading.Event()
        self._threads: list[threading.Thread] = []
        # The long ones first, alone: so they are on all servers alike.
        self._begin(*[self._long] * long)
        wait_until(lambda: len(self.held) == long, lambda: f"{self.held} {self.failed}")
        self._begin(self._new)

    def __enter__(self) -> Clients:
        return self

    def __exit__(self, *_) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(10)

    def _begin(self, *tasks: Callable[[], None]) -> None:
        made = [threading.Thread(target=task, daemon=True) for task in tasks]
        self._threads += made
        for thread in made:
            thread.start()

    def _open(self, path: str) -> socket.socket:
        channel = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        channel = self.tls.wrap_socket(channel) if self.tls else channel
        channel.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return channel

    def _new(self) -> None:
        while not self._end.wait(self.pause):
            self.asked += 1
            try:
                with self._open("/readyz") as channel:
                    answer = b"".join(iter(lambda: channel.recv(4096), b""))
            except OSError as error:
                self.failed.append(str(error))
                continue
            if b" 200 " not in answer:
                self.failed.append(repr(answer))

    def _long(self) -> None:
        with self._open("/watch") as channel:
            first = b""
            while not (found := re.search(rb"\r\n\r\n(\d+)\n", first)):
                part = channel.recv(4096)
                if not part:
                    self.failed.append("a long connection got no answer")
                    return
                first += part
            server = int(found[1])
            self.held.append(server)
            with contextlib.suppress(OSError):
                while channel.recv(4096):
                    if self._end.is_set():
                        return
            self.broken.append(server)


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_until(good, told, patience: float = 20.0) -> None:
    """Wait for a condition; ``told`` says what was there instead."""
    end = time.monotonic() + patience
    while not good():
        assert time.monotonic() < end, told()
        time.sleep(0.03)
