"""Whether the haproxy that runs here serves: what its own checks say, and a request through it."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Sequence

from msgspec import Struct

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.haproxy import judgement, runtime
from saltext_hakube.core.haproxy.runtime import Server
from saltext_hakube.host.haproxy import socket as sockets
from saltext_hakube.host.machine import Machine

# How long the first checks after a reload may take: an interval of some seconds (kubespray's 15),
# a handshake and an answer, twice. Seconds.
DECIDED = 25.0
PAUSE = 0.3
# For one request through haproxy. Seconds.
ANSWER = 3.0


class Place(Struct, frozen=True):
    """Which haproxy: its file, its unit, the socket in front of its API (None: it has none)."""

    machine: Machine
    config: str
    unit: str
    api: str | None = None
    path: str = "/readyz"


def look(place: Place) -> tuple[Server, ...] | None:
    """Its servers; None where it cannot be asked."""
    try:
        found = sockets.stats(place.machine, place.config, place.unit)
        state = sockets.ask(found, "show servers state")
        return tuple(runtime.servers(state, sockets.ask(found, "show stat")))
    except HakubeError:
        return None


def answers(place: Place) -> bool | None:
    """Whether an apiserver answers through haproxy; None where there is no way to ask.

    Whatever it says: 401 and 403 are answers. The check of its certificate is haproxy's affair.
    """
    if place.api is None or not place.machine.path(place.api).is_socket():
        return None
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(ANSWER)
            channel.connect(str(place.machine.path(place.api)))
            return _status(channel, place.path) < 500
    except (OSError, http.client.HTTPException):
        return False


def _status(channel: socket.socket, path: str) -> int:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with context.wrap_socket(channel) as secure:
        secure.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        answer = http.client.HTTPResponse(secure)
        answer.begin()
        return answer.status


def verify(
    place: Place, before: Sequence[Server] | None, answered: bool | None
) -> tuple[list[str], list[str]]:
    """Wait until the checks of a changed haproxy have decided; what is wrong, and what to know.

    ``before``, ``answered``: what ``look`` and ``answers`` told before the change; what did not
    work then is not asked for now.
    """
    end = time.monotonic() + DECIDED
    while True:
        late = time.monotonic() > end
        verdict = judgement.judge(before, look(place), late)
        problems = list(verdict.problems)
        done = late or verdict.decided
        if done and not problems and answered and answers(place) is False:
            problems = [f"no apiserver answers {place.path} through haproxy any more"]
            done = late
        if done:
            return problems, list(verdict.warnings)
        time.sleep(PAUSE)
