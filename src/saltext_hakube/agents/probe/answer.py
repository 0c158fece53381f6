"""What came of a request: an answer of HTTP, or what kept it from coming. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

#: How a request ended. ANSWERED: with a status. REFUSED: nobody listens. SILENT: whoever listens
#: said nothing in time. BROKEN: the connection was closed, or what came is no HTTP over TLS.
#: UNTRUSTED: the certificate is not good. OWN: we could not ask.
ANSWERED, REFUSED, SILENT, BROKEN, UNTRUSTED, OWN = (
    "answered",
    "refused",
    "silent",
    "broken",
    "untrusted",
    "own",
)

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,9})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)


class Answer(NamedTuple):
    """``why``: one line, where there is no status."""

    kind: str
    status: int = 0
    body: bytes = b""
    why: str = ""


def read(data: bytes, ended: bool) -> Answer | None:
    """The answer in what has come until now; None while there is to come more."""
    head, found, body = data.partition(b"\r\n\r\n")
    status = _STATUS.match(data)
    if not found or status is None:
        if not ended:
            return None
        if not data:
            return Answer(BROKEN, why="closed the connection without an answer")
        return Answer(BROKEN, why="answered with what is no HTTP")
    length = _LENGTH.search(head)
    whole = length is not None and len(body) >= int(length[1])
    return Answer(ANSWERED, int(status[1]), body) if whole or ended else None


def request(path: str, host: str, token: str = "") -> bytes:
    """A GET. HTTP/1.0: the other side ends the connection, and no body comes in pieces."""
    host = f"[{host}]" if ":" in host else host
    lines = [f"GET {path} HTTP/1.0", f"Host: {host}", "User-Agent: hakube-probe"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
