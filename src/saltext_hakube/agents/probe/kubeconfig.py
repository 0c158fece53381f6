"""Who we are to the API: the one user of a kubeconfig file. Pure.

The standard library reads no YAML, so this reads what kubeadm, kubectl and most people write: one
key in a line. A file with more than one user is refused, as nobody can say here which is meant.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

_KEYS = ("client-certificate-data", "client-key-data", "client-certificate", "client-key", "token")
_LINE = re.compile(rf"""^[\s-]*["']?({"|".join(_KEYS)})["']?\s*:\s+["']?([^\s"',}}\x00]+)""", re.M)

_CERTIFICATE = re.compile(
    r"""^[\s-]*(client-certificate|certificate-authority)(-data)?\s*:\s+["']?([^\s"',}\x00]+)""",
    re.MULTILINE,
)


class Wrong(Exception):
    """The file is of no use; the text says why."""


class User(NamedTuple):
    """``certificate`` and ``key``: as PEM, or the files' paths; else a ``token``."""

    certificate: bytes | str = ""
    key: bytes | str = ""
    token: str = ""


def user(text: str) -> User:
    """Raises Wrong."""
    found: dict[str, str] = {}
    for key, value in _LINE.findall(text):
        if found.get(key, value) != value:
            raise Wrong("has more than one user")
        found[key] = value
    certificate = _either(found, "client-certificate")
    key = _either(found, "client-key")
    if certificate and key:
        return User(certificate, key)
    if found.get("token"):
        return User(token=found["token"])
    raise Wrong("has no user with a client certificate or a token, one key in a line")


def certificates(text: str) -> dict[str, bytes | str]:
    """The certificates in it, by the key: PEM, or a file's path."""
    found: dict[str, bytes | str] = {}
    for kind, data, value in _CERTIFICATE.findall(text):
        found[kind] = _decoded(value, kind) if data else value
    return found


def _either(found: dict[str, str], key: str) -> bytes | str:
    data = found.get(f"{key}-data")
    return found.get(key, "") if data is None else _decoded(data, f"{key}-data")


def _decoded(data: str, key: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(f"has a {key} that is no base64") from None
