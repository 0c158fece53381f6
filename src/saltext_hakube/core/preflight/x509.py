"""What a certificate says: for which names and addresses, until when. DER, as X.690 and RFC 5280.

Python's ssl tells it of a certificate only after a handshake that trusted it, which is the very
thing that is to be judged; the openssl program need not be there.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator
from datetime import datetime, timezone

from msgspec import Struct

from saltext_hakube.core.errors import HakubeError

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s+(.*?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _OID, _OCTETS, _UTC = 0x30, 0x06, 0x04, 0x17
_VERSION, _EXTENSIONS = 0xA0, 0xA3
_ALT_NAMES = bytes.fromhex("551d11")  # 2.5.29.17, subjectAltName
_DNS, _IP = 0x82, 0x87


class Certificate(Struct, frozen=True):
    """``addresses``: in their canonical form; ``begins`` and ``ends``: in UTC."""

    names: tuple[str, ...]
    addresses: tuple[str, ...]
    begins: datetime
    ends: datetime


def from_pem(text: str) -> Certificate:
    """The first certificate of a file. Raises HakubeError."""
    found = _PEM.search(text)
    if found is None:
        raise HakubeError("holds no certificate in PEM form")
    try:
        return from_der(base64.b64decode(found[1]))
    except binascii.Error:
        raise HakubeError("holds a broken certificate") from None


def from_der(data: bytes) -> Certificate:
    """A certificate as it is on the wire. Raises HakubeError."""
    try:
        return _certificate(data)
    except (IndexError, ValueError, StopIteration):
        raise HakubeError("holds a broken certificate") from None


def _certificate(data: bytes) -> Certificate:
    whole = _one(data, _SEQUENCE)
    fields = list(_items(_first(whole)))
    # version is optional; serial, algorithm, issuer and validity follow
    validity = fields[4 if fields[0][0] == _VERSION else 3][1]
    begins, ends = (_time(*item) for item in _items(validity))
    names: list[str] = []
    addresses: list[str] = []
    for tag, value in _alternatives(fields):
        if tag == _DNS:
            names.append(value.decode("ascii", "replace").lower())
        elif tag == _IP:
            addresses.append(str(ipaddress.ip_address(value)))
    return Certificate(tuple(names), tuple(addresses), begins, ends)


def _alternatives(fields: list[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The subject's other names, out of the extensions."""
    for tag, value in fields:
        if tag != _EXTENSIONS:
            continue
        for _, extension in _items(_one(value, _SEQUENCE)):
            parts = list(_items(extension))
            if parts[0] == (_OID, _ALT_NAMES):
                # between them may stand whether it is critical
                yield from _items(_one(parts[-1][1], _SEQUENCE))


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and values that stand one after the other."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[position : position + count], "big")
            position += count
        if position + length > len(data):
            raise ValueError("cut off")
        yield tag, data[position : position + length]
        position += length


def _one(data: bytes, tag: int) -> bytes:
    found, value = next(_items(data))
    if found != tag:
        raise ValueError("another kind of value")
    return value


def _first(data: bytes) -> bytes:
    return _one(data, _SEQUENCE)


def _time(tag: int, value: bytes) -> datetime:
    text = value.decode("ascii")
    if tag == _UTC:  # two digits of the year: 50 and above are 19xx (RFC 5280, 4.1.2.5.1)
        text = ("19" if int(text[:2]) >= 50 else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
