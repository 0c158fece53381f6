"""What a corosync.conf says of its cluster, and what corosync works with. Read only: pcs writes."""

from __future__ import annotations

import ipaddress
import re

import msgspec

from saltext_hakube.core.timing import Totem

# Debian and Ubuntu start a cluster of one node at installation, out of corosync's sample file.
SAMPLE_NAMES = frozenset({"debian", "ubuntu"})

_SECTION = re.compile(r"^([A-Za-z_]+)\s*\{$")
_OPTION = re.compile(r"^([A-Za-z0-9_.]+)\s*:\s*(.*)$")
_KEY = re.compile(r"^runtime\.config\.totem\.(token|consensus) \(u32\) = (\d+)$", re.MULTILINE)


class Member(msgspec.Struct, frozen=True):
    """A node that corosync knows."""

    name: str
    addresses: tuple[str, ...]


class Corosync(msgspec.Struct, frozen=True):
    """``device``: whether a quorum device is configured; ``totem``: what is said of its timing."""

    name: str
    members: tuple[Member, ...]
    device: bool = False
    totem: Totem = Totem()

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


class Running(msgspec.Struct, frozen=True):
    """What corosync works with, in milliseconds; the token with what each node adds to it."""

    token: int
    consensus: int


def running(text: str) -> Running | None:
    """Out of what ``corosync-cmapctl runtime.config.totem.`` prints; None where it does not run."""
    found = {key: int(value) for key, value in _KEY.findall(text)}
    return Running(**found) if len(found) == len(Running.__struct_fields__) else None


def parse(text: str) -> Corosync:
    """Read a corosync.conf; what this project does not ask for is passed over."""
    stack: list[str] = []
    device = False
    totem: dict[str, str] = {}
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
            elif stack == ["totem"]:
                totem[option[1]] = option[2]
    members = tuple(_member(node) for node in nodes)
    return Corosync(totem.get("cluster_name", ""), members, device, _timing(totem))


def _timing(options: dict[str, str]) -> Totem:
    # What is no number corosync does not start with, so that it says nothing.
    given = {name: options.get(name, "") for name in Totem.__struct_fields__}
    return Totem(**{name: int(it) for name, it in given.items() if it.isdecimal()})


def _member(options: dict[str, str]) -> Member:
    links = sorted(key for key in options if re.fullmatch(r"ring\d+_addr", key))
    addresses = tuple(options[key] for key in links)
    return Member(options.get("name") or next(iter(addresses), "?"), addresses)


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
