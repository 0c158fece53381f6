"""Questions to a component, each with a hard end: does it answer?

What it says matters little here. A component that says no works; one that says nothing, with its
process there and its port open, hangs.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Literal, NamedTuple

from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import HakubeError, TimedOut
from saltext_hakube.core.haproxy import endpoint
from saltext_hakube.core.remedy.words import Component
from saltext_hakube.host.haproxy import socket as sockets
from saltext_hakube.host.haproxy.unit import text
from saltext_hakube.host.machine import Machine

# Kubernetes' own: --secure-port of the scheduler and the controller-manager.
PORTS: dict[str, int] = {"scheduler": 10259, "controller-manager": 10257}
PATHS = {
    # Without etcd: an apiserver whose etcd is gone does not get it back by being killed.
    "apiserver": "/livez?exclude=etcd",
    "scheduler": "/healthz",
    "controller-manager": "/healthz",
}
# 401 and 403 are answers of one that is well and does not tell strangers.
WELL = (200, 401, 403)
EVERYWHERE = ("0.0.0.0", "::", "[::]", "")


class Answer(NamedTuple):
    """``kind``: well, or it answered something else, or nobody listens, or not a word."""

    kind: Literal["well", "sick", "refused", "silent"]
    told: str


#: Gets the seconds that it may take.
Ask = Callable[[float], Answer]


def questions(
    config: Config, machine: Machine, component: Component, pid: int
) -> list[tuple[str, Ask]]:
    """What can be asked of the component here: what is asked, and the question. ``pid``: of its
    main process, whose arguments say where it listens."""
    if component == "haproxy":
        return list(_of_haproxy(config, machine))
    if component not in PATHS:
        return []
    found = place(config, component, _arguments(pid))
    if found is None:
        return []
    (address, port), path = found, PATHS[component]
    return [
        (f"GET {path} at {address}:{port}", lambda seconds: request(address, port, path, seconds))
    ]


def place(config: Config, component: Component, argv: list[str]) -> tuple[str, int] | None:
    """Where the component listens on this machine; None where it does not."""
    flags = _flags(argv)
    if component == "apiserver":
        mine = [it for it in config.servers if it.name in (config.node, f"secure-{config.node}")]
        own = {
            str(it) for node in config.nodes if node.name == config.node for it in node.addresses
        }
        mine = mine or [it for it in config.servers if it.address in own]
        address, port = (mine[0].address, mine[0].port) if mine else ("127.0.0.1", 6443)
    else:
        address, port = "127.0.0.1", PORTS[component]
    port = int(flags["secure-port"]) if flags.get("secure-port", "").isdecimal() else port
    bound = flags.get("bind-address", "")
    if bound and bound not in EVERYWHERE:
        address = bound
    return (address, port) if port else None


def _flags(argv: list[str]) -> dict[str, str]:
    """``--flag=value`` and ``--flag value``; the last one counts."""
    found: dict[str, str] = {}
    for word, after in zip_longest(argv, argv[1:], fillvalue=""):
        if word.startswith("-"):
            name, sign, value = word.lstrip("-").partition("=")
            found[name] = value if sign or after.startswith("-") else after
    return found


def _arguments(pid: int) -> list[str]:
    content = text(Path(f"/proc/{pid}/cmdline")) if pid else None
    return (content or "").split("\0")


def _of_haproxy(config: Config, machine: Machine) -> Iterator[tuple[str, Ask]]:
    haproxy = config.haproxy
    found = None if haproxy.plain else haproxy.stats_socket
    if found in (None, "none"):
        written = endpoint.stats([text(machine.path(haproxy.config)) or ""])
        found = written[0].path if written else None
    if found:
        path = machine.path(found)
        yield f"show info at {found}", lambda seconds: _stats(path, seconds)
    if haproxy.health.enabled and not haproxy.plain:
        at = (haproxy.health.address, haproxy.health.port)
        yield (
            f"GET /livez at {at[0]}:{at[1]}",
            lambda seconds: request(*at, "/livez", seconds, tls=False),
        )


def _stats(path: Path, seconds: float) -> Answer:
    try:
        sockets.ask(path, "show info", timeout=seconds)
    except TimedOut as error:
        return Answer("silent", str(error))
    except HakubeError as error:
        return Answer("refused", str(error))
    return Answer("well", f"{path} answers")


def request(
    address: str,
    port: int,
    path: str,
    seconds: float,
    *,
    tls: bool = True,
    statuses: Collection[int] = WELL,
) -> Answer:
    """Ask by HTTP. Nothing secret is sent, so whose certificate it is does not matter.
    ``statuses``: of whom is well."""
    end = time.monotonic() + seconds
    host = f"[{address}]" if ":" in address else address
    try:
        with socket.create_connection((address, port), timeout=seconds) as plain:
            channel: socket.socket = plain
            if tls:
                plain.settimeout(max(0.01, end - time.monotonic()))
                channel = _context().wrap_socket(plain)
            words = f"GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n"
            channel.settimeout(max(0.01, end - time.monotonic()))
            channel.sendall(words.encode())
            line = _line(channel, end)
    except TimeoutError:
        return Answer("silent", f"{address}:{port} gave no answer within {seconds:g} s")
    except ConnectionRefusedError:
        return Answer("refused", f"nobody listens at {address}:{port}")
    except OSError as error:  # a handshake that fails is an answer, too
        return Answer("sick", f"{address}:{port}: {error.strerror or error}")
    words = line.split()
    status = int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0
    return Answer("well" if status in statuses else "sick", f"{address}:{port} answers {status}")


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _line(channel: socket.socket, end: float) -> str:
    """The first line of the answer."""
    found = b""
    while b"\n" not in found and len(found) < 4096:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        channel.settimeout(left)
        part = channel.recv(4096)
        if not part:
            break
        found += part
    return found.partition(b"\n")[0].decode("ascii", "replace")
