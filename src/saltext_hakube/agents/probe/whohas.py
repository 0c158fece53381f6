"""The question who has an address, and what its answers say. Bytes, nothing is sent here.

IPv4: ARP (RFC 826). IPv6: neighbour discovery (RFC 4861, sections 4.3 and 4.4); its checksum is
left to the kernel, which makes it for every ICMPv6 socket (RFC 3542).
"""

from __future__ import annotations

import ipaddress
import struct

ARP = 0x0806  # EtherType
BROADCAST = b"\xff" * 6
ADVERTISEMENT = 136
#: For setsockopt(ICMP6_FILTER): nothing but that (linux/icmpv6.h; a set bit is kept away).
FILTER = struct.pack(
    "=8I", *(0xFFFFFFFF & ~(1 << 136 - 32 * it if it == 4 else 0) for it in range(8))
)

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_HEAD = (1, 0x0800, 6, 4)  # Ethernet, IPv4
_REQUEST = 1
_SOLICITATION, _SOURCE, _TARGET = 135, 1, 2


def arp(address: str, hardware: bytes, own: str = "0.0.0.0") -> bytes:
    """``own``: our address there; without one it is asked as who has none yet (RFC 5227)."""
    wanted, ours = (ipaddress.IPv4Address(it).packed for it in (address, own))
    return _ARP.pack(*_HEAD, _REQUEST, hardware, ours, b"\0" * 6, wanted)


def arp_owner(packet: bytes, address: str) -> bytes | None:
    """The hardware address of who says that it has the address; None where nobody does."""
    if len(packet) < _ARP.size:
        return None
    *head, _, hardware, ip, _, _ = _ARP.unpack_from(packet)
    return (
        hardware if tuple(head) == _HEAD and ip == ipaddress.IPv4Address(address).packed else None
    )


def solicitation(address: str, hardware: bytes) -> bytes:
    ip = ipaddress.IPv6Address(address).packed
    option = struct.pack("!BB6s", _SOURCE, 1, hardware)
    return struct.pack("!BBHI", _SOLICITATION, 0, 0, 0) + ip + option


def group(address: str) -> str:
    """Where those listen who may have the address (RFC 4291, section 2.7.1)."""
    low = int(ipaddress.IPv6Address(address)) & 0xFFFFFF
    return str(ipaddress.IPv6Address(int(ipaddress.IPv6Address("ff02::1:ff00:0")) | low))


def neighbour(packet: bytes, address: str) -> bytes | None:
    """As ``arp_owner``, from an advertisement."""
    if len(packet) < 24 or packet[0] != ADVERTISEMENT:
        return None
    if packet[8:24] != ipaddress.IPv6Address(address).packed:
        return None
    options = packet[24:]
    while len(options) >= 8 and options[1]:
        if options[0] == _TARGET and options[1] == 1:
            return options[2:8]
        options = options[8 * options[1] :]
    return None
