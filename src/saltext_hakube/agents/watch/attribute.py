"""The node attributes that Pacemaker's rules look at: what attrd says of them. Pure.

attrd_updater, in the words of Pacemaker 2.0 to 3.0. What was deleted is there with an empty value.
"""

from __future__ import annotations

import re

HAPROXY = "hakube-haproxy"  # 1: the VIP is welcome; 0: it is not
SERVERS = "hakube-servers"  # 1: this haproxy has a server up; 0: it has none

_LINE = re.compile(r'name="([^"]*)" host="([^"]*)" value="([^"]*)"')
_NONE = "does not exist"


def update(name: str, value: str) -> list[str]:
    """Set it on this node. ``-d 0``: told to the cluster at once."""
    return ["attrd_updater", "-n", name, "-U", value, "-d", "0"]


def delete(name: str) -> list[str]:
    return ["attrd_updater", "-n", name, "-D", "-d", "0"]


def query(name: str, node: str) -> list[str]:
    return ["attrd_updater", "-Q", "-n", name, "-N", node]


def query_all(name: str) -> list[str]:
    return ["attrd_updater", "-Q", "-A", "-n", name]


def values(code: int | None, output: str, errors: str) -> dict[str, str] | None:
    """Node -> value, of those that have one; None where attrd could not be asked."""
    if code is None or (code and _NONE not in errors):
        return None
    return {host: value for _, host, value in _LINE.findall(output) if value}


def most_others_have_one(found: dict[str, str], node: str) -> bool:
    """Whether more than half of the other nodes that have the attribute have 1."""
    others = [value for host, value in found.items() if host != node]
    return others.count("1") * 2 > len(others)
