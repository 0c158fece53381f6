"""The configuration: /etc/hakube/guard.json."""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

from saltext_hakube.agents.ground import program


class Settings(NamedTuple):
    """``interface``, ``prefix``: of the VIP, None where the pillar leaves them to Pacemaker.

    ``resource``: the VIP's name in the cluster. ``guard``: give the address up; ``announce`` it.
    """

    node: str
    address: str
    interface: str | None
    prefix: int | None
    resource: str
    guard: bool
    announce: bool
    sample: str


def settings(path: str) -> Settings:
    """Read it. Raises Wrong."""
    return program.read(path, _settings)


def _settings(data: dict[str, Any]) -> Settings:
    vip = data["vip"]
    return Settings(
        node=str(data["node"]),
        address=str(ipaddress.ip_address(vip["address"])),
        interface=vip["interface"],
        prefix=vip["prefix"],
        resource=str(data["resource"]),
        guard=bool(data["guard"]),
        announce=bool(data["announce"]),
        sample=str(data["sample"]),
    )
