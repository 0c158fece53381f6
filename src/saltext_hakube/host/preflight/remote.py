"""Other machines: their pcsd, what their names mean here, and the apiservers."""

from __future__ import annotations

import email.utils
import http.client
import ssl
import time
from collections.abc import Callable
from typing import TypeVar

from saltext_hakube.core.addresses import Node
from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.haproxy.options import Server as Declared
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import Peer, Port, Server
from saltext_hakube.core.preflight.x509 import Certificate, from_der
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.pcsd import PORT as PCSD
from saltext_hakube.host.run import run

T = TypeVar("T")

CONNECT = 2.0  # seconds
ANSWER = 4.0  # for a TLS handshake and an answer; a busy apiserver takes 1 s
RESOLVE = 3.0


class _Answer:
    """What one connection showed."""

    port: Port = "silent"
    certificate: Certificate | Unseen = Unseen("no TLS handshake")
    status: int | Unseen = Unseen("no answer")
    skew: float | Unseen = Unseen("no answer that tells the time")


def peer(node: Node, port: int = PCSD, address: str | None = None) -> Peer:
    """Another node: whether its pcsd can be reached, and its clock."""
    answer = _get(address or node.address, port, "/")
    return Peer(pcsd=answer.port, skew=answer.skew, names=resolved(node.name))


def resolved(name: str) -> tuple[str, ...] | Unseen:
    """The addresses that the name has on this machine; none where it has no meaning."""
    try:
        # Not getaddrinfo(3): that cannot be given up when a name server is silent.
        done = run(["getent", "ahosts", name], timeout=RESOLVE, ok=None)
    except HakubeError as error:
        return Unseen(str(error))
    lines = [line.split() for line in done.stdout.splitlines()]
    return tuple(dict.fromkeys(words[0].partition("%")[0] for words in lines if words))


def server(declared: Declared, config: Config, machine: Machine) -> Server:
    """An apiserver, as haproxy and a client see it."""
    answer = _get(declared.address, declared.port, config.haproxy.check_path)
    if answer.port != "open":
        why = Unseen(f"{declared.address} port {declared.port} does not answer")
        return Server(answer.port, why, why, why)
    trust = config.haproxy.check == "https" and config.haproxy.verify == "required"
    ca = machine.path(config.haproxy.ca_file)
    distrust: str | Unseen = Unseen("nobody looks at its CA")
    if trust and not config.haproxy.plain and ca.exists():
        distrust = _distrust(declared.address, declared.port, str(ca))
    return Server(answer.port, answer.certificate, distrust, answer.status)


def _distrust(address: str, port: int, ca: str) -> str | Unseen:
    """Why haproxy's ``verify required ca-file`` would refuse: it looks at the chain only."""
    # Not create_default_context: its strictness grows with Python's version, haproxy's does not.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    try:
        context.load_verify_locations(cafile=ca)
    except (ssl.SSLError, OSError) as error:
        return f"{ca} cannot be read as certificates: {_reason(error)}"
    connection = http.client.HTTPSConnection(address, port, timeout=ANSWER, context=context)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    except OSError as error:
        return Unseen(f"no TLS handshake: {_reason(error)}")
    finally:
        connection.close()
    return ""


def _get(address: str, port: int, path: str) -> _Answer:
    """One GET without credentials; the certificate is looked at, not judged."""
    answer = _Answer()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(address, port, timeout=CONNECT, context=context)
    plain = http.client.HTTPConnection(address, port, timeout=CONNECT)
    try:
        plain.connect()
        answer.port = "open"
        plain.close()
        connection.timeout = ANSWER
        connection.connect()
        answer.certificate = _tried(
            lambda: from_der(connection.sock.getpeercert(binary_form=True) or b"")
        )
        connection.request("GET", path)
        reply = connection.getresponse()
        answer.status = reply.status
        answer.skew = _skew(reply.getheader("Date"), time.time())
    except ConnectionRefusedError:
        answer.port = "refused"
    except (OSError, http.client.HTTPException) as error:
        if answer.port == "open":
            answer.status = Unseen(f"{address} port {port}: {_reason(error)}")
    finally:
        plain.close()
        connection.close()
    return answer


def _skew(date: str | None, now: float) -> float | Unseen:
    """By how many seconds the other clock is ahead; a date has whole seconds, cut off."""
    try:
        return email.utils.parsedate_to_datetime(date or "").timestamp() + 0.5 - now
    except ValueError:
        return Unseen("its answer tells no time")


def _tried(look: Callable[[], T]) -> T | Unseen:
    try:
        return look()
    except HakubeError as error:
        return Unseen(str(error))


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER:g} s"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
