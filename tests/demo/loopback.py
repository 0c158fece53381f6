"""haproxy with the file that was written, on loopback, in front of three stand-in apiservers.

Only the network is replaced: 192.0.2.x becomes 127.a.b.x, which every Linux machine has. The ports,
the checks, the certificate verification and everything else are as written.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.demo.outage import Prober, gaps
from tests.demo.screen import DemoError, Screen
from tests.lab.process import run

NETWORK = "192.0.2."
SERVERS = (11, 12, 13)
VIP = 100

#: An HTTPS server for /readyz. $1 address, $2 certificate and key.
_STAND_IN = """
import http.server, ssl, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"ok (a stand-in, not Kubernetes)\\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    def finish_request(self, request, client):
        request.settimeout(10)
        try:
            super().finish_request(context.wrap_socket(request, server_side=True), client)
        except OSError: pass
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
Server((sys.argv[1], 6443), Answer).serve_forever()
"""


class Authority:
    """A certificate authority, and a server's certificate for a network of loopback."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.network = f"127.{random.randint(2, 250)}.{random.randint(2, 250)}."
        self.ca, self.server = folder / "ca.crt", folder / "server.pem"
        key, request, own = folder / "ca.key", folder / "server.csr", folder / "server.key"
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        self._openssl(
            *["req", "-x509", *new, "-keyout", key, "-out", self.ca, "-days", "2"],
            *["-subj", "/CN=hakube-demo-ca", *usage],
        )
        self._openssl("req", *new, "-keyout", own, "-out", request, "-subj", "/CN=kube-apiserver")
        names = folder / "names"
        addresses = [f"IP:{self.network}{last}" for last in (VIP, *SERVERS)]
        names.write_text(f"subjectAltName={','.join(addresses)}\n")
        self._openssl(
            *["x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", key, "-CAcreateserial"],
            *["-days", "2", "-extfile", names, "-out", self.server],
        )
        self.server.write_text(self.server.read_text() + own.read_text())

    def install(self, path: Path) -> None:
        """Bring its certificate to where a machine has it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.ca, path)

    @staticmethod
    def _openssl(*words: str | Path) -> None:
        run(["openssl", *words])


def try_out(screen: Screen, root: Path, folder: Path, authority: Authority) -> None:
    """Run it, ask through it, take an apiserver away."""
    network = authority.network
    screen.step(
        "haproxy with the file of node1, on loopback",
        f"Only the network is another: {NETWORK}x became {network}x. Behind it, in place of the "
        "three apiservers, STAND-INS that answer /readyz over TLS.",
    )
    config = folder / "haproxy.cfg"
    text = (root / "etc/haproxy/haproxy.cfg").read_text().replace(NETWORK, network)
    text = text.replace("/etc/kubernetes/pki/ca.crt", str(authority.ca))
    text = text.replace("127.0.0.1:", f"{network}{VIP}:")
    config.write_text(_without_the_machine(text))
    stand_in = [sys.executable, "-c", _STAND_IN]
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(_running([*stand_in, f"{network}{last}", authority.server]))
            for last in SERVERS
        ]
        haproxy = stack.enter_context(_running(["haproxy", "-db", "-f", config]))
        _ask(screen, f"https://{network}{VIP}:6443/readyz", authority, [haproxy, *servers])


def _ask(
    screen: Screen,
    url: str,
    authority: Authority,
    processes: list[subprocess.Popen[bytes]],
) -> None:
    with Prober(url, authority.ca) as prober:
        prober.wait_until_steady(2, timeout=30, tick=screen.now)
        dead = [process.args for process in processes if process.poll() is not None]
        if dead:
            raise DemoError(f"this ended: {dead[0]}")
        screen.line(f"GET {url}: 200, certificate verified")
        killed = time.monotonic()
        processes[-1].kill()
        prober.wait_until_steady(4, timeout=30, tick=screen.now)
        answers = [answer for answer in prober.answers if answer.over > killed - 1]
    gone = gaps(answers)
    failed = sum(not answer.ok for answer in answers)
    total = sum(until - since for since, until in gone)
    screen.line(
        f"One of the three apiservers killed: of {len(answers)} requests {failed} failed"
        + (f", {total:.1f} s without service" if failed else "")
    )


@contextlib.contextmanager
def _running(words: list[str | Path]) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, stdin=quiet, stdout=quiet, stderr=quiet, env=_environment())
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _without_the_machine(text: str) -> str:
    """Without what of a machine's own a process of anybody's has not: log, user, sockets."""
    words = (["user"], ["group"], ["log"], ["stats"], ["chroot"])
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if line.split()[:1] not in words and "bind /" not in line
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"}
