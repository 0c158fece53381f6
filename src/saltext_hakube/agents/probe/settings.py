"""The configuration: /etc/hakube/probe.json."""

from __future__ import annotations

import ipaddress
from typing import Any, NamedTuple

from saltext_hakube.agents.ground import program
from saltext_hakube.agents.probe.get import Target


class Vip(NamedTuple):
    """``interface``, ``prefix``: None where the pillar leaves them to Pacemaker; ``port``: where
    haproxy serves the API on it; ``resource``: its name in the cluster."""

    address: str
    interface: str | None
    prefix: int | None
    port: int
    resource: str


class Component(NamedTuple):
    """A component of Kubernetes on this node. ``target``: where it tells of its health;
    ``resource``: its name in the cluster; ``kubeconfigs``: as whom it may be asked, the first that
    is there."""

    target: Target
    resource: str
    kubeconfigs: tuple[str, ...]


class Settings(NamedTuple):
    """``apiserver``: None where none is declared on this node. ``ca``: None where nobody checks.
    ``api``: the API by way of this node's haproxy. ``manifest``: what an apply wrote."""

    node: str
    sample: str
    interval: float
    vip: Vip
    ca: str | None
    api: Target
    apiserver: Component | None
    scheduler: Component
    controllers: Component
    manifest: str
    certificates: tuple[str, ...]
    disks: tuple[str, ...]
    spool: str


def settings(path: str) -> Settings:
    """Read it. Raises Wrong."""
    return program.read(path, _settings)


def _settings(data: dict[str, Any]) -> Settings:
    vip, api = data["vip"], data["api"]
    address = str(ipaddress.ip_address(vip["address"]))
    apiserver = data["apiserver"]
    return Settings(
        node=str(data["node"]),
        sample=str(data["sample"]),
        interval=float(data["interval"]),
        vip=Vip(address, vip["interface"], vip["prefix"], int(vip["port"]), str(vip["resource"])),
        ca=data["ca"],
        api=Target(str(api["address"]), int(api["port"])),
        apiserver=None if apiserver is None else _component(apiserver),
        scheduler=_component(data["scheduler"]),
        controllers=_component(data["controller-manager"]),
        manifest=str(data["manifest"]),
        certificates=tuple(map(str, data["certificates"])),
        disks=tuple(map(str, data["disks"])),
        spool=str(data["spool"]),
    )


def _component(data: dict[str, Any]) -> Component:
    return Component(
        Target(str(data["address"]), int(data["port"])),
        str(data["resource"]),
        tuple(map(str, data["kubeconfigs"])),
    )
