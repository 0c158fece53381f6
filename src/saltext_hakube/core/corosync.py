"""What a corosync.conf says of its cluster. Read only: pcs writes that file."""

from __future__ import annotations

import ipaddress
import re

import msgspec

# Debian and Ubuntu start a cluster of one node at installation, out of corosync's sample file.
SAMPLE_NAMES = frozenset({"debian", "ubuntu"})

_SECTION = re.compile(r"^([A-Za-z_]+)\s*\{$")
_OPTION = re.compile(r"^([A-Za-z0-9_.]+)\s*:\s*(.*)$")


class Member(msgspec.Struct, frozen=True):
    """A node that corosync knows."""

    name: str
    addresses: tuple[str, ...]


class Corosync(msgspec.Struct, frozen=True):
    """``device``: whether a quorum device is configured."""

    name: str
    members: tuple[Member, ...]
    device: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The nodes' names."""
        return tuple(member.name for member in self.members)

    @property
    def sample(self) -> bool:
        """Whether this is the distribution's sample of one node, which is nobody's cluster."""
        return (
            self.name in SAMPLE_NAMES
            and len(self.members) == 1
            and all(_loopback(address) for address in self.members[0].addresses)
        )


def parse(text: str) -> Corosync:
    """Read a corosync.conf; what this project does not ask for is passed over."""
    stack: list[str] = []
    name, device = "", False
    nodes: list[dict[str, str]] = []
    for line in (raw.strip() for raw in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        if section := _SECTION.match(line):
            stack.append(section[1])
            if stack == ["nodelist", "node"]:
                nodes.append({})
            device = device or stack == ["quorum", "device"]
        elif line == "}":
            stack = stack[:-1]
        elif option := _OPTION.match(line):
            if stack == ["nodelist", "node"]:
                nodes[-1][option[1]] = option[2]
            elif stack == ["totem"] and option[1] == "cluster_name":
                name = option[2]
    return Corosync(name, tuple(_member(node) for node in nodes), device)


def _member(options: dict[str, str]) -> Member:
    links = sorted(key for key in options if re.fullmatch(r"ring\d+_addr", key))
    addresses = tuple(options[key] for key in links)
    return Member(options.get("name") or next(iter(addresses), "?"), addresses)


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
