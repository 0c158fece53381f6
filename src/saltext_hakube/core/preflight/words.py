"""Durations, command lines and configuration files of other programs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from itertools import pairwise

_UNITS = {"us": 1e-6, "µs": 1e-6, "ns": 1e-9, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_UNITS["d"] = 86400.0
_PART = re.compile(r"(\d+(?:\.\d+)?)(us|µs|ns|ms|s|m|h|d)")


def seconds(text: str) -> float | None:
    """``500ms``, ``2s``, ``1m10s``; None for what is no duration. 0 needs no unit."""
    if text == "0":
        return 0.0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def flags(words: Sequence[str]) -> dict[str, str]:
    """The flags of a Go program's command line, each with its last value."""
    found: dict[str, str] = {}
    rest = [*words, ""]
    for word, after in pairwise(rest):
        if word.startswith("-") and word.strip("-"):
            name, sign, value = word.lstrip("-").partition("=")
            bare = "true" if not after or after.startswith("-") else after
            found[name] = value if sign else bare
    return found


def manifest_flags(text: str) -> dict[str, str]:
    """The flags in a static pod's manifest, as kubeadm writes it: an item of a list each."""
    return flags(re.findall(r"^\s*-\s+[\"']?(--[^\s\"']+)", text, re.MULTILINE))


def manifest_version(text: str) -> tuple[int, int] | None:
    """Which Kubernetes a static pod's image is, by its tag."""
    return version(next(iter(re.findall(r"^\s*image:\s*\S+:(\S+)", text, re.MULTILINE)), ""))


def version(text: str) -> tuple[int, int] | None:
    """The version that a Kubernetes program, or the tag of an image, tells: ``v1.32.0``."""
    found = re.search(r"\bv(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else None


def sets_address(text: str, address: str) -> bool:
    """Whether a file of ifupdown, netplan, networkd, NetworkManager or ifcfg sets the address.

    As a gateway or name server it does no harm there.
    """
    own = re.escape(address)
    keys = r"address\s+|address\d*\s*=\s*|IPADDR\w*\s*=\s*"
    listed = r"-\s+|addresses:\s*\[(?:[^\]#]*[\s,\[])?"
    line = rf"^\s*(?:{keys}|{listed})[\"']?{own}(?P<mask>/\d+)?(?![\w.:])"
    found = re.finditer(line, text, re.MULTILINE | re.IGNORECASE)
    # In netplan's lists addresses have a mask, and name servers none.
    return any(it["mask"] or not re.match(r"\s*(-|addresses:)", it[0]) for it in found)


def names_address(text: str, address: str) -> bool:
    """Whether the address stands in a file as a whole word, outside of comments."""
    own = rf"(?<![\w.:]){re.escape(address)}(?![\w.:])"
    return any(re.search(own, re.split("[#!]", line)[0]) for line in text.splitlines())


def lost_links(text: str, members: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """By link, the nodes that corosync has no contact to, out of ``corosync-cfgtool -n``.

    It prints only nodes that can be reached by some link. ``members``: the other nodes, with an
    address for each link; one that is a name is passed over, corosync prints what it means.
    """
    states = re.findall(r"LINK: \d+ \S+ \(.*->(\S+)\) (.*)", text)
    connected = {address for address, state in states if "connected" in state.split()}
    found: dict[str, tuple[str, ...]] = {}
    for name, addresses in members.items():
        for link, address in enumerate(addresses):
            lost = re.match(r"[0-9a-fA-F.:]+\Z", address) and address not in connected
            found[str(link)] = (*found.get(str(link), ()), *([name] if lost else []))
    return found


def missed(record: str, journal: str) -> tuple[tuple[datetime, float], ...]:
    """When corosync had not been scheduled and for how many ms, the last one last: out of
    ``corosync-cmapctl -m stats stats.schedmiss.`` and of ``journalctl -o short-unix``."""
    kept = {
        (number, key): float(value)
        for number, key, value in re.findall(
            r"stats\.schedmiss\.(\d+)\.(delay|timestamp) \(\w+\) = ([\d.]+)", record
        )
    }
    found = {
        int(at / 1000): kept[number, "delay"]
        for (number, key), at in kept.items()
        if key == "timestamp" and (number, "delay") in kept
    }
    told = r"^(\d+)\.\d+ .*was not scheduled (?:\(@\d+\) )?for ([\d.]+) ms"
    found |= {int(at): float(delay) for at, delay in re.findall(told, journal, re.MULTILINE)}
    return tuple(
        (datetime.fromtimestamp(at, timezone.utc), delay) for at, delay in sorted(found.items())
    )


def pressure(text: str) -> float | None:
    """The last minute's share of a file below /proc/pressure in which some waited, in percent."""
    found = re.search(r"^some .*\bavg60=([\d.]+)", text, re.MULTILINE)
    return float(found[1]) if found else None


def systemd_seconds(text: str) -> float | None:
    """A time span as ``systemctl show`` prints it: ``1min 30s``; None: no end, or unknown."""
    units = {"us": 1e-6, "ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86400, "w": 604800}
    parts = re.findall(r"([\d.]+)(us|ms|s|min|h|d|w)\b", text)
    return sum(float(number) * units[unit] for number, unit in parts) if parts else None


def zone(name: str, text: str) -> dict[str, str]:
    """What ``firewall-cmd --list-all`` prints of a zone, by its keys."""
    lines = (line.strip().partition(":") for line in text.splitlines() if ":" in line)
    return {"zone": name, **{key: value.strip() for key, _, value in lines}}
