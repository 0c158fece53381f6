"""The packets that tell the neighbours where an address is now. Bytes, nothing is sent here."""

from __future__ import annotations

import ipaddress
import struct

#: Seconds after the cause at which it is told: a switch that is only just there hears some of them.
TIMES = (0.0, 0.2, 0.5, 1.0, 2.0)

ARP = 0x0806  # EtherType
BROADCAST = b"\xff" * 6
ALL_NODES = "ff02::1"

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET, _IPV4 = 1, 0x0800
_REQUEST, _REPLY = 1, 2
_ADVERTISEMENT, _OVERRIDE, _TARGET_HARDWARE = 136, 0x20000000, 2


def arp(address: str, hardware: bytes) -> tuple[bytes, bytes]:
    """An ARP request and an ARP reply: some listen to the one only, some to the other (RFC 5227,
    section 3). For Ethernet, where hardware addresses have six bytes."""
    ip = ipaddress.IPv4Address(address).packed
    head = (_ETHERNET, _IPV4, 6, 4)
    return (
        _ARP.pack(*head, _REQUEST, hardware, ip, b"\0" * 6, ip),
        _ARP.pack(*head, _REPLY, hardware, ip, BROADCAST, ip),
    )


def advertisement(address: str, hardware: bytes) -> bytes:
    """An unsolicited neighbour advertisement that overrides what is known (RFC 4861, section 4.4).

    Its checksum is left to the kernel, which makes it for every ICMPv6 socket (RFC 3542).
    """
    ip = ipaddress.IPv6Address(address).packed
    option = struct.pack("!BB", _TARGET_HARDWARE, (len(hardware) + 9) // 8) + hardware
    option += b"\0" * (-len(option) % 8)
    return struct.pack("!BBHI", _ADVERTISEMENT, 0, 0, _OVERRIDE) + ip + option
