"""The machine's addresses and links, as the kernel tells of them at once (rtnetlink(7)).

network = Network(loop, changed)     # ``changed`` is called after each change
network.here("192.0.2.100")          # the Address, where this machine has it
network.remove(address)              # take it away
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from saltext_hakube.agents.ground.loop import Loop

# linux/rtnetlink.h, linux/netlink.h, linux/if_addr.h, linux/if_link.h, linux/if.h
_NEWLINK, _DELLINK, _GETLINK = 16, 17, 18
_NEWADDR, _DELADDR, _GETADDR = 20, 21, 22
_ERROR, _DONE = 2, 3
_GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_REQUEST, _ACK, _DUMP = 0x1, 0x4, 0x300
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFLA_ADDRESS, _IFLA_IFNAME = 1, 3
_IFF_UP, _IFF_LOWER_UP = 0x1, 0x10000

_HEADER = struct.Struct("=IHHII")
_IFADDR = struct.Struct("=BBBBI")
_IFINFO = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")

PATIENCE = 0.5  # seconds; the kernel answers within a millisecond


class Link(NamedTuple):
    """An interface. ``up``: switched on, and with a carrier; ``hardware``: its MAC address."""

    name: str
    up: bool
    hardware: bytes = b""


class Address(NamedTuple):
    """An address on an interface, which ``index`` names."""

    ip: str
    index: int
    prefix: int


class Network:
    """What there is now: ``links`` by index, ``addresses``. Raises OSError without netlink."""

    def __init__(self, loop: Loop, changed: Callable[[], None]):
        self._loop = loop
        self._changed = changed
        self.links: dict[int, Link] = {}
        self.addresses: set[Address] = set()
        self._socket = _open(_GROUPS)
        self._socket.setblocking(False)
        self._look()
        loop.watch(self._socket.fileno(), self._receive)

    def here(self, ip: str) -> Address | None:
        """Where this machine has the address; None where it has not."""
        return next((one for one in self.addresses if one.ip == ip), None)

    def interface(self, ip: str, name: str | None = None, prefix: int | None = None) -> int | None:
        """The index of the interface for an address: the named one, else the one that has it,
        else one with an address of the same subnet, the smallest if there are several; None where
        there is none."""
        if name is not None:
            return next((index for index, link in self.links.items() if link.name == name), None)
        if (held := self.here(ip)) is not None:
            return held.index
        around = self._around(ip, prefix)
        return min(around, key=lambda one: (-one.prefix, one)).index if around else None

    def _around(self, ip: str, prefix: int | None) -> list[Address]:
        """The addresses in the same subnet, by this prefix or by their own.

        Called at each change, and kube-proxy (ipvs) has thousands of addresses, each alone in its
        subnet: 1 ms with 5,000 of them. They count only where no other one does.
        """
        family, bits = (socket.AF_INET6, 128) if ":" in ip else (socket.AF_INET, 32)
        wanted = _number(family, ip)

        def near(one: Address) -> bool:
            shift = bits - (prefix or one.prefix)
            return (_number(family, one.ip) ^ wanted) >> shift == 0

        same = [one for one in self.addresses if (":" in one.ip) == (":" in ip)]
        found = [one for one in same if one.prefix < bits and near(one)]
        return found or ([one for one in same if near(one)] if prefix else [])

    def remove(self, address: Address) -> str:
        """Take the address away. Returns what is against it; nothing: an empty text."""
        return _change(_DELADDR, address)

    def _look(self) -> None:
        """Everything anew: at the start, and where the kernel had to leave something out."""
        self.links, self.addresses = {}, set()
        for kind in (_GETLINK, _GETADDR):
            with _open() as ask:
                ask.settimeout(PATIENCE)
                ask.send(_message(kind, _REQUEST | _DUMP, struct.pack("=B15x", 0)))
                done = False
                while not done:
                    for type_, body in _messages(ask.recv(1 << 18)):
                        done = done or type_ in (_DONE, _ERROR)
                        self._take(type_, body)

    def _receive(self) -> None:
        before = (dict(self.links), set(self.addresses))
        lost = False
        while True:
            try:
                data = self._socket.recv(1 << 18)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lost = True  # what still waits here is older than what was left out
                continue
            for type_, body in _messages(data):
                self._take(type_, body)
        if lost:
            self._look()
        if before != (self.links, self.addresses):
            self._changed()

    def _take(self, type_: int, body: bytes) -> None:
        if type_ in (_NEWADDR, _DELADDR):
            if (address := _address(body)) is not None:
                # Another prefix is the same address for the kernel only in IPv6; told twice then.
                (self.addresses.add if type_ == _NEWADDR else self.addresses.discard)(address)
        elif type_ in (_NEWLINK, _DELLINK) and body[0] != socket.AF_UNSPEC:
            pass  # a bridge's word on its port (AF_BRIDGE): what leaves a bridge is still there
        elif type_ == _NEWLINK:
            index, link = _link(body, self.links)
            self.links[index] = link
        elif type_ == _DELLINK:
            index, _ = _link(body, self.links)
            self.links.pop(index, None)
            self.addresses = {one for one in self.addresses if one.index != index}


def _number(family: int, ip: str) -> int:
    return int.from_bytes(socket.inet_pton(family, ip), "big")


def _open(groups: int = 0) -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    made.bind((0, groups))
    return made


def _message(type_: int, flags: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), type_, flags, 1, 0) + body


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, type_, *_ = _HEADER.unpack_from(data)
        if length < _HEADER.size:
            return
        yield type_, data[_HEADER.size : length]
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
    family, prefix, _, _, index = _IFADDR.unpack_from(body)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    found = _attributes(body[_IFADDR.size :])
    packed = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS)
    return Address(socket.inet_ntop(family, packed), index, prefix) if packed else None


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


def _change(type_: int, address: Address) -> str:
    ip = ipaddress.ip_address(address.ip)
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    body = _IFADDR.pack(family, address.prefix, 0, 0, address.index)
    for attribute in (_IFA_LOCAL, _IFA_ADDRESS):
        body += _ATTRIBUTE.pack(_ATTRIBUTE.size + len(ip.packed), attribute) + ip.packed
    try:
        with _open() as ask:
            ask.settimeout(PATIENCE)
            ask.send(_message(type_, _REQUEST | _ACK, body))
            for answer, told in _messages(ask.recv(1 << 16)):
                if answer == _ERROR:
                    code = -struct.unpack_from("=i", told)[0]
                    return os.strerror(code) if code else ""
    except OSError as error:
        return error.strerror or str(error)
    return "the kernel gave no answer"
