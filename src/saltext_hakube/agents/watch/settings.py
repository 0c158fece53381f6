"""The daemon's configuration: one JSON file, which the apply writes."""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

from saltext_hakube.agents.ground import program


class Health(NamedTuple):
    """Where haproxy answers `GET /livez` on this machine."""

    address: str
    port: int


class Vip(NamedTuple):
    """``interface``, ``prefix``: None where nobody has said."""

    address: str
    interface: str | None
    prefix: int | None


class Reflex(NamedTuple):
    """What is done about what is seen, besides the sessions.

    ``node``: this one, in the cluster's words. ``unit``: haproxy's; ``config``: its file;
    ``check``: what says whether that is good. ``vip_resource``, ``haproxy_resource``: their names
    in the cluster. ``guard``: the sample of hakube-guard.
    """

    node: str
    unit: str
    config: str
    check: tuple[str, ...]
    health: Health | None
    steer: bool
    servers: bool
    hand_over: bool
    repair: bool
    vip: Vip
    vip_resource: str
    haproxy_resource: str
    guard: str


class Settings(NamedTuple):
    """``stats``, ``master``: paths of haproxy's sockets, None where it has none.

    ``interval``: seconds from one look at the servers to the next.
    """

    stats: str | None
    master: str | None
    checked: frozenset[str]
    unchecked: frozenset[str]
    interval: float
    sample: str
    reflex: Reflex


def settings(path: str) -> Settings:
    """Read the configuration. Raises Wrong."""
    return program.read(path, _settings)


def _settings(data: dict[str, Any]) -> Settings:
    haproxy = data["haproxy"]
    return Settings(
        stats=haproxy["stats"],
        master=haproxy["master"],
        checked=frozenset(haproxy["checked"]),
        unchecked=frozenset(haproxy["unchecked"]),
        interval=float(data["interval"]),
        sample=data["sample"],
        reflex=_reflex(data),
    )


def _reflex(data: dict[str, Any]) -> Reflex:
    health, vip, resources = data["health"], data["vip"], data["resources"]
    return Reflex(
        node=data["node"],
        unit=data["unit"],
        config=data["config"],
        check=tuple(data["check"]),
        health=None if health is None else Health(health["address"], int(health["port"])),
        steer=data["steer"],
        servers=data["servers"],
        hand_over=data["hand_over"],
        repair=data["repair"],
        vip=Vip(str(ipaddress.ip_address(vip["address"])), vip["interface"], vip["prefix"]),
        vip_resource=resources["vip"],
        haproxy_resource=resources["haproxy"],
        guard=data["guard"],
    )
