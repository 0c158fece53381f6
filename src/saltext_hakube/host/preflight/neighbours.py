"""Who on the network answers for an address: asked on the wire, by ARP or neighbour discovery.

The kernel's own table would do for addresses that this machine talks to, but it asks in its own
time, remembers who answered first, and never asks for an address that it has itself.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from saltext_hakube.core.errors import HakubeError

# Asked three times, as RFC 5227 does, so that a lost frame is no answer.
TIMES = (0.0, 0.3, 0.6)
PATIENCE = 1.0  # seconds
# Where frames never end (a storm), what they say after this is not heard. Seconds.
LONGEST = 3.0
_ARP = 0x0806
_SOLICIT, _ADVERTISE = 135, 136

Answers = dict[str, set[str]]


def ask(interface: str, addresses: Iterable[str]) -> Answers:
    """The hardware addresses that answer for each of these addresses. Our own does not answer.

    Needs root (CAP_NET_RAW). Raises HakubeError.
    """
    wanted = [ipaddress.ip_address(address) for address in addresses]
    found: Answers = {str(address): set() for address in wanted}
    mac = _mac(interface)
    for version, conversation in ((4, _arp), (6, _discovery)):
        own = [address for address in wanted if address.version == version]
        if own:
            try:
                conversation(interface, mac, [it.packed for it in own], found)
            except OSError as error:
                raise HakubeError(f"cannot ask on {interface}: {error.strerror}") from None
    return found


def _mac(interface: str) -> bytes:
    try:
        text = Path("/sys/class/net", interface, "address").read_text(encoding="ascii").strip()
        mac = bytes.fromhex(text.replace(":", ""))
    except (OSError, ValueError):
        mac = b""
    if len(mac) != 6:
        raise HakubeError(f"{interface} is no Ethernet interface")
    return mac


def _arp(interface: str, mac: bytes, addresses: list[bytes], found: Answers) -> None:
    """RFC 5227, 2.1.1: a probe names no sender, so that nobody changes its table by it."""
    head = struct.pack("!6s6sHHHBBH", b"\xff" * 6, mac, _ARP, 1, 0x0800, 6, 4, 1)
    kind = socket.htons(_ARP)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, kind) as there:
        there.bind((interface, _ARP))

        def send() -> None:
            for address in addresses:
                there.send(head + mac + bytes(4) + bytes(6) + address)

        def receive() -> None:
            frame = there.recv(128)
            sender, address = frame[22:28], frame[28:32]
            if len(frame) >= 42 and address in addresses and sender != mac:
                found[str(ipaddress.ip_address(address))].add(_text(sender))

        _converse(there, send, receive)


def _discovery(interface: str, mac: bytes, addresses: list[bytes], found: Answers) -> None:
    """RFC 4861, 7.2: a neighbour solicitation; the kernel fills in the checksum."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as there:
        index = socket.if_nametoindex(interface)
        there.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        there.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        there.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)

        def send() -> None:
            for address in addresses:
                group = b"\xff\x02" + bytes(9) + b"\x01\xff" + address[-3:]
                head = struct.pack("!BBHI16sBB", _SOLICIT, 0, 0, 0, address, 1, 1)
                to = str(ipaddress.ip_address(group))
                there.sendto(head + mac, (to, 0, 0, index))

        def receive() -> None:
            message = there.recv(1500)
            # The option with the hardware address: its kind, its length in 8 bytes, itself.
            known = len(message) >= 32 and message[24:26] == b"\x02\x01"
            if known and message[0] == _ADVERTISE and message[8:24] in addresses:
                address = str(ipaddress.ip_address(message[8:24]))
                found[address].add(_text(message[26:32]))

        _converse(there, send, receive)


def _converse(there: socket.socket, send: Callable[[], None], receive: Callable[[], None]) -> None:
    begin = time.monotonic()
    moments = [begin + after for after in TIMES]
    there.setblocking(False)
    while True:
        now = time.monotonic()
        if moments and now >= moments[0]:
            moments.pop(0)
            send()
        left = (moments[0] if moments else begin + PATIENCE) - now
        readable, _, _ = select.select([there], [], [], max(0.0, left))
        if readable and time.monotonic() < begin + LONGEST:
            with contextlib.suppress(BlockingIOError):
                receive()
        elif not moments and time.monotonic() >= begin + PATIENCE:
            return  # what came meanwhile has been read


def _text(mac: bytes) -> str:
    return ":".join(f"{byte:02x}" for byte in mac)
