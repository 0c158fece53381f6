"""Who has the VIP, as the network sees it: everybody is asked, and all answers are heard.

An open port says nothing, as haproxy listens at the VIP on every node; nor does an address on this
machine, which another may have as well.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection
from typing import NamedTuple

from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.netlink import Network
from saltext_hakube.agents.probe import whohas
from saltext_hakube.agents.probe.board import Done
from saltext_hakube.agents.probe.get import LATE
from saltext_hakube.agents.probe.look import Look, down, unknown, up
from saltext_hakube.agents.probe.settings import Vip

LISTEN = 0.3  # seconds; neighbours answer within a millisecond
_ICMP6_FILTER = 1  # linux/icmpv6.h; Python has no name for it


class Place(NamedTuple):
    """Where it is asked: an interface with a link. ``own``: an address of ours there."""

    index: int
    name: str
    hardware: bytes
    own: str


def judge(owners: Collection[bytes], *, here: bool) -> Look:
    """``owners``: other machines that say they have it; ``here``: this one has it."""
    told = sorted(it.hex(":") for it in owners)
    if here and told:
        return down(f"this node has the VIP, and so has {', '.join(told)}", owners=told)
    if here or len(told) == 1:
        return up()
    if not told:
        return down("nobody on the network has the VIP")
    return down(f"{len(told)} machines have the VIP: {', '.join(told)}", owners=told)


class Owner:
    """``begin`` is the probe."""

    def __init__(self, loop: Loop, network: Network, vip: Vip):
        self._loop = loop
        self._network = network
        self._vip = vip

    def begin(self, done: Done) -> None:
        place = self._place()
        if isinstance(place, str):
            done(unknown(place))
            return
        try:
            _Asking(self._loop, self._vip.address, place, lambda it: self._heard(it, done))
        except OSError as error:
            done(unknown(f"nobody could be asked on {place.name}: {error.strerror or error}"))

    @property
    def here(self) -> bool:
        return self._network.here(self._vip.address) is not None

    def _place(self) -> Place | str:
        """Where to ask, or why nowhere."""
        vip = self._vip
        index = self._network.interface(vip.address, vip.interface, vip.prefix)
        link = None if index is None else self._network.links.get(index)
        if index is None or link is None:
            return "no interface of this machine is in the VIP's subnet"
        if not link.up:
            return f"{link.name} has no link"
        if len(link.hardware) != 6:
            return f"{link.name} is no Ethernet"
        return Place(index, link.name, link.hardware, self._own(index))

    def _own(self, index: int) -> str:
        vip = ipaddress.ip_address(self._vip.address)
        for one in sorted(self._network.addresses):
            near = one.index == index and one.ip != self._vip.address and ":" not in one.ip
            if near and vip in ipaddress.ip_network(f"{one.ip}/{one.prefix}", strict=False):
                return one.ip
        return "0.0.0.0"

    def _heard(self, owners: Collection[bytes], done: Done) -> None:
        late = self._loop.late
        if late > LATE and not owners and not self.here:
            done(unknown(f"the machine was {late:.1f} s late, and may have missed the answer"))
        else:
            done(judge(owners, here=self.here))


class _Asking:
    """One question, its answers, and an end. Raises OSError."""

    def __init__(
        self, loop: Loop, address: str, place: Place, done: Callable[[Collection[bytes]], None]
    ):
        self._loop = loop
        self._address = address
        self._place = place
        self._done = done
        self._found: set[bytes] = set()
        self._read = whohas.neighbour if ":" in address else whohas.arp_owner
        self._socket = self._open()
        try:
            self._ask()
        except OSError:
            self._socket.close()
            raise
        loop.watch(self._socket.fileno(), self._receive)
        loop.after(LISTEN, self._end)

    def _open(self) -> socket.socket:
        if ":" not in self._address:
            # Not the machine's whole traffic: what is no ARP, and other interfaces, stay away.
            kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            return socket.socket(socket.AF_PACKET, kind, 0)
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        return socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6)

    def _ask(self) -> None:
        to, place, address = self._socket, self._place, self._address
        if ":" not in address:
            to.bind((place.name, whohas.ARP))
            packet = whohas.arp(address, place.hardware, place.own)
            to.sendto(packet, (place.name, whohas.ARP, 0, 0, whohas.BROADCAST))
            return
        to.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, whohas.FILTER)
        # RFC 4861, section 7.1.1: with less than 255 hops it is not believed.
        to.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        to.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 0)
        to.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, place.index)
        packet = whohas.solicitation(address, place.hardware)
        to.sendto(packet, (whohas.group(address), 0, 0, place.index))

    def _receive(self) -> None:
        while True:
            try:
                packet = self._socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:  # the interface went; what was heard until now counts
                self._loop.forget(self._socket.fileno())
                return
            owner = self._read(packet, self._address)
            if owner is not None and owner != self._place.hardware:
                self._found.add(owner)

    def _end(self) -> None:
        self._loop.forget(self._socket.fileno())
        self._socket.close()
        self._done(self._found)
