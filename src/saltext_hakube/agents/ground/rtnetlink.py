"""The kernel's messages about addresses and links (rtnetlink(7)): bytes in, values out. Pure."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

# linux/rtnetlink.h, linux/netlink.h, linux/if_addr.h, linux/if_link.h, linux/if.h
NEWLINK, DELLINK, GETLINK = 16, 17, 18
NEWADDR, DELADDR, GETADDR = 20, 21, 22
GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_ERROR, _DONE, _OVERRUN = 2, 3, 4
_REQUEST, _ACK, _INTERRUPTED, _DUMP = 0x1, 0x4, 0x10, 0x300
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFA_F_OPTIMISTIC, _IFA_F_DADFAILED, _IFA_F_TENTATIVE = 0x04, 0x08, 0x40
_IFLA_ADDRESS, _IFLA_IFNAME = 1, 3
_IFF_UP, _IFF_LOWER_UP = 0x1, 0x10000

_HEADER = struct.Struct("=IHHII")
_IFADDR = struct.Struct("=BBBBI")
_IFINFO = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")
_CODE = struct.Struct("=i")

#: What an IPv6 address is until the network was asked whether another has it, and where one has
#: (RFC 4862, duplicate address detection): nobody reaches us by it.
TENTATIVE, DADFAILED = "tentative", "dadfailed"


class Link(NamedTuple):
    """An interface. ``up``: switched on, and with a carrier; ``hardware``: its MAC address."""

    name: str
    up: bool
    hardware: bytes = b""


class Address(NamedTuple):
    """An address on an interface, which ``index`` names. ``state``: TENTATIVE, DADFAILED or
    empty."""

    ip: str
    index: int
    prefix: int
    state: str = ""

    @property
    def serves(self) -> bool:
        """Whether others reach this machine by it."""
        return not self.state


class Picture:
    """What there is: ``links`` by index, ``addresses``. ``take`` what the kernel tells of it."""

    def __init__(self) -> None:
        self.links: dict[int, Link] = {}
        self.addresses: set[Address] = set()

    def copy(self) -> Picture:
        made = Picture()
        made.links, made.addresses = dict(self.links), set(self.addresses)
        return made

    def take(self, type_: int, body: bytes) -> None:
        if type_ in (NEWADDR, DELADDR):
            if (address := _address(body)) is not None:
                # Another prefix is the same address for the kernel only in IPv6; told twice then.
                for state in ("", TENTATIVE, DADFAILED):
                    self.addresses.discard(address._replace(state=state))
                if type_ == NEWADDR:
                    self.addresses.add(address)
        elif type_ in (NEWLINK, DELLINK) and body[0] != socket.AF_UNSPEC:
            pass  # a bridge's word on its port (AF_BRIDGE): what leaves a bridge is still there
        elif type_ == NEWLINK:
            index, link = _link(body, self.links)
            self.links[index] = link
        elif type_ == DELLINK:
            index, _ = _link(body, self.links)
            self.links.pop(index, None)
            self.addresses = {one for one in self.addresses if one.index != index}


def number(ip: str) -> int:
    """An address as a number, to be compared."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    return int.from_bytes(socket.inet_pton(family, ip), "big")


def question(kind: int) -> bytes:
    """For all of them: GETLINK, GETADDR."""
    return _message(kind, _REQUEST | _DUMP, struct.pack("=B15x", 0))


def changes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Out of a packet what ``Picture.take`` wants. Raises OSError (ENOBUFS, as the socket does)
    where there is more to know than was told."""
    for type_, _, body in _messages(data):
        if type_ in (_ERROR, _OVERRUN):
            raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        yield type_, body


def answers(data: bytes) -> Iterator[tuple[int, bytes] | None]:
    """The same of an answer to ``question``; None at its end. Raises OSError where it is not the
    truth, as what was asked for changed meanwhile, or where the kernel refused."""
    for type_, flags, body in _messages(data):
        if type_ in (_ERROR, _OVERRUN):
            raise _error(body)
        if flags & _INTERRUPTED:
            raise OSError(errno.EINTR, os.strerror(errno.EINTR))
        if type_ == _DONE:
            if len(body) >= _CODE.size and _CODE.unpack_from(body)[0] < 0:
                raise _error(body)
            yield None
            return
        yield type_, body


def removal(address: Address) -> bytes:
    """The request to take it away. The kernel knows it by its prefix, too."""
    ip = ipaddress.ip_address(address.ip)
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    body = _IFADDR.pack(family, address.prefix, 0, 0, address.index)
    for attribute in (_IFA_LOCAL, _IFA_ADDRESS):
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(ip.packed), attribute) + ip.packed
    return _message(DELADDR, _REQUEST | _ACK, body)


def refusal(data: bytes) -> str | None:
    """What the answer to a request has against it: empty for nothing; None where it is none."""
    for type_, _, body in _messages(data):
        if type_ == _ERROR:
            code = -_CODE.unpack_from(body)[0]
            return os.strerror(code) if code else ""
    return None


def _error(body: bytes) -> OSError:
    code = -_CODE.unpack_from(body)[0] if len(body) >= _CODE.size else 0
    code = code if code > 0 else errno.ENOBUFS
    return OSError(code, os.strerror(code))


def _message(type_: int, flags: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), type_, flags, 1, 0) + body


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    while len(data) >= _HEADER.size:
        length, type_, flags, *_ = _HEADER.unpack_from(data)
        if length < _HEADER.size:
            return
        yield type_, flags, data[_HEADER.size : length]
        data = data[(length + 3) & ~3 :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, type_ = _ATTRIBUTE.unpack_from(data)
        if length < _ATTRIBUTE.size:
            break
        found[type_ & 0x3FFF] = data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
    return found


def _address(body: bytes) -> Address | None:
    family, prefix, flags, _, index = _IFADDR.unpack_from(body)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    found = _attributes(body[_IFADDR.size :])
    packed = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
    if not packed:
        return None
    return Address(socket.inet_ntop(family, packed), index, prefix, _state(flags))


def _state(flags: int) -> str:
    if flags & _IFA_F_DADFAILED:
        return DADFAILED
    # An optimistic one is used before it is sure (RFC 4429).
    return TENTATIVE if flags & _IFA_F_TENTATIVE and not flags & _IFA_F_OPTIMISTIC else ""


def _link(body: bytes, known: dict[int, Link]) -> tuple[int, Link]:
    _, _, index, flags, _ = _IFINFO.unpack_from(body)
    found = _attributes(body[_IFINFO.size :])
    before = known.get(index)
    name = (
        found[_IFLA_IFNAME].rstrip(b"\0").decode("utf-8", "replace")
        if (_IFLA_IFNAME in found)
        else (before.name if before else str(index))
    )
    hardware = found.get(_IFLA_ADDRESS, before.hardware if before else b"")
    up = bool(flags & _IFF_UP and flags & _IFF_LOWER_UP)
    return index, Link(name, up, hardware)
