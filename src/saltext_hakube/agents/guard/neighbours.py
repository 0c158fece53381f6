"""Tells the neighbours where the address is: some packets in the seconds after each change.

What a switch and the others remember of an address that moved is wrong until somebody tells them.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import NamedTuple

from saltext_hakube.agents.ground.journal import WARNING, say
from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.guard import announce

LATE = 0.5  # seconds: a packet that waited longer (the machine slept) may be wrong by now


class Place(NamedTuple):
    """Where the address is: the interface's name and index, its hardware address."""

    name: str
    index: int
    hardware: bytes


class Neighbours:
    """``tell`` begins anew; before each packet ``where`` says whether it is still true."""

    def __init__(self, loop: Loop, address: str, where: Callable[[], Place | None]):
        self._loop = loop
        self._address = address
        self._where = where
        self._timers: list[Timer] = []
        self._problem = ""

    def tell(self) -> None:
        for timer in self._timers:
            timer.cancel()
        now = self._loop.now()
        self._timers = [
            self._loop.after(seconds, lambda due=now + seconds: self._send(due))
            for seconds in announce.TIMES
        ]

    def _send(self, due: float) -> None:
        place = self._where()
        if place is None or self._loop.now() - due > LATE:
            return
        problem = send(self._address, place)
        if problem and problem != self._problem:
            say(f"cannot announce {self._address} on {place.name}: {problem}", WARNING)
        self._problem = problem


def send(address: str, place: Place) -> str:
    """Send it once. Returns what is against it; nothing: an empty text."""
    if len(place.hardware) != 6:
        return "it is no Ethernet"
    try:
        if ipaddress.ip_address(address).version == 4:
            with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
                to.setblocking(False)
                where = (place.name, announce.ARP, 0, 1, announce.BROADCAST)
                for packet in announce.arp(address, place.hardware):
                    to.sendto(packet, where)
        else:
            _advertise(address, place)
    except BlockingIOError:
        return "its queue is full"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _advertise(address: str, place: Place) -> None:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    with socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6) as to:
        to.setblocking(False)
        # RFC 4861, section 7.1.2: with less than 255 hops it is not believed.
        to.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        to.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, place.index)
        with contextlib.suppress(_Tentative):
            _bind(to, address, place)
            packet = announce.advertisement(address, place.hardware)
            to.sendto(packet, (announce.ALL_NODES, 0, 0, place.index))


class _Tentative(Exception):
    """For a second after it came, an IPv6 address may turn out to be another's (RFC 4862)."""


def _bind(to: socket.socket, address: str, place: Place) -> None:
    try:
        to.bind((address, 0, 0, place.index))
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise _Tentative from None
        raise
