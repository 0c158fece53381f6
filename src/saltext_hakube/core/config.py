"""What the pillar means on one machine: checked as a whole, defaults filled in, frozen.

``resolve`` is the one way from a pillar to a Config. The same Config says what to build, what to
watch and what may be done about it. It holds secrets; ``public`` is the form for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from saltext_hakube.core import (
    addresses,
    identity,
    kubernetes,
    properties,
    quorum,
    reflex,
    subnets,
    sysctl,
    timing,
    unrendered,
)
from saltext_hakube.core.addresses import Interfaces, Node, Vip
from saltext_hakube.core.cib import export
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy import wanted as haproxy_sections
from saltext_hakube.core.haproxy.options import Haproxy, Server
from saltext_hakube.core.kubernetes import Kubernetes
from saltext_hakube.core.platform import Platform, System, platform
from saltext_hakube.core.preflight.options import Preflight
from saltext_hakube.core.reading import read
from saltext_hakube.core.reflex import Reflex
from saltext_hakube.core.remedy import sense
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.schema import Cluster, Declarations, FenceDevice, Pillar, Resources
from saltext_hakube.core.sysctl import Sysctl
from saltext_hakube.core.values import MASKED, is_fence_secret
from saltext_hakube.core.watch import Watch


class Facts(msgspec.Struct, frozen=True):
    """What the machine says of itself: its names (its minion id first), its interfaces, which of
    the files are there that tell one layout of kubernetes from another."""

    names: tuple[str, ...] = ()
    interfaces: Interfaces = {}
    system: System = System()
    kubernetes_files: frozenset[str] = frozenset()


class Config(msgspec.Struct, frozen=True):
    """The whole configuration, as one machine sees it. ``node``: this machine's name in it.

    ``totem``: the profile's with the pillar's own numbers (``cluster.totem``) over it;
    ``timing_given``: whether the pillar itself says ``timing``, be it the default.
    """

    cluster: Cluster
    nodes: tuple[Node, ...]
    node: str | None
    vip: Vip
    servers: tuple[Server, ...]
    haproxy: Haproxy
    kubernetes: Kubernetes
    sysctl: Sysctl
    watch: Watch
    reflex: Reflex
    heal: Heal
    timing: timing.Profile
    timing_given: bool
    totem: timing.Effective
    resources: Resources
    fencing: dict[str, FenceDevice]
    properties: dict[str, Any]
    declared: Declarations
    platform: Platform
    preflight: Preflight
    url: str
    warnings: tuple[str, ...]

    @property
    def units(self) -> tuple[str, ...]:
        """The units that Pacemaker manages."""
        resources = self.resources
        return (
            self.haproxy.unit,
            resources.apiserver.unit,
            resources.scheduler.unit,
            resources.controller.unit,
        )

    @property
    def steers(self) -> bool:
        """Whether the VIP follows the nodes' own words on their haproxy, which the watch keeps."""
        return self.reflex.steer and self.watch.enabled

    @property
    def heals(self) -> bool:
        """Whether what the nodes see is told to the master: the healing, be it only to observe."""
        return self.heal.mode != "none"

    @property
    def first(self) -> bool:
        """Whether this machine is the one that sets the cluster up (design, law 3)."""
        return self.node == self.nodes[0].name


def resolve(data: Any, facts: Facts, need_node: bool = True) -> Config:
    """The configuration that ``data`` (the pillar under ``hakube``) means on this machine.

    ``need_node``: whether a machine that is none of the declared nodes is an error.
    Raises ConfigError with one line for each problem.
    """
    if data is None or data == {}:
        raise ConfigError([unrendered.missing({})])
    pillar = read(timing.under(data), Pillar, "hakube")
    options = kubernetes.filled(pillar.kubernetes, facts.system.name, facts.kubernetes_files)
    pillar = msgspec.structs.replace(pillar, kubernetes=options)
    problems: list[str] = []
    nodes = addresses.nodes(pillar, problems)
    vip = subnets.vip(pillar, nodes, facts.interfaces, problems)
    servers = addresses.servers(pillar, nodes, problems)
    if not problems:  # else the same address would be told again
        addresses.check_servers(servers, vip, problems)
        problems += haproxy_sections.problems(pillar.haproxy, vip.address, servers)
        problems += sysctl.problems(pillar.sysctl, vip.address)
    totem = timing.effective(pillar.timing, pillar.cluster.totem, len(nodes))
    problems += timing.problems(totem, len(nodes))
    addresses.check_ports(pillar, problems)
    addresses.check_health(pillar, problems)
    addresses.check_device(pillar, nodes, vip, problems)
    node = identity.this_node(nodes, facts.names)
    if node is None and need_node:
        problems.append(_stranger(nodes, facts))
    identity.check(pillar, problems)
    problems += kubernetes.problems(pillar.kubernetes, pillar.haproxy.insecure)
    system = platform(facts.system, pillar, problems)
    problems += properties.check(pillar.properties)
    warnings = quorum.check(pillar, problems)
    warnings += properties.warnings(pillar.properties)
    warnings += sense.check(pillar.heal, bool(pillar.devices), problems)
    warnings += addresses.check_own(node, facts.interfaces)
    if pillar.reflex.steer and pillar.watch.enabled:
        warnings += reflex.warnings(pillar.resources.vip.meta)
    if problems:
        raise ConfigError(problems)
    return Config(
        cluster=pillar.cluster,
        nodes=nodes,
        node=node.name if node else None,
        vip=vip,
        servers=servers,
        haproxy=pillar.haproxy,
        kubernetes=pillar.kubernetes,
        sysctl=pillar.sysctl,
        watch=pillar.watch,
        reflex=pillar.reflex,
        heal=pillar.heal,
        timing=pillar.timing,
        timing_given="timing" in data,
        totem=totem,
        resources=pillar.resources,
        fencing=pillar.devices,
        properties=pillar.properties,
        declared=Declarations(
            **{name: getattr(pillar, name) for name in Declarations.__struct_fields__}
        ),
        platform=system,
        preflight=pillar.preflight,
        url=kubernetes.url(vip.address, pillar.haproxy),
        warnings=tuple(warnings),
    )


def public(config: Config) -> dict[str, Any]:
    """The configuration as plain data, its secrets masked."""
    # By way of JSON, which has lists where Python has tuples.
    data = msgspec.json.decode(msgspec.json.encode(config))
    data |= data.pop("declared")
    data["objects"] = export.plain(config.declared.objects.listed())
    data["cluster"]["password"] = MASKED
    if data["heal"]["webhook"] is not None:
        data["heal"]["webhook"] = MASKED
    for device in data["fencing"].values():
        device["options"] = {
            name: MASKED if is_fence_secret(name) else value
            for name, value in device["options"].items()
        }
    data["units"] = list(config.units)
    return data


def _stranger(nodes: Sequence[Node], facts: Facts) -> str:
    return (
        f"hakube:cluster:nodes: this minion ({', '.join(facts.names) or 'without a name'}) is "
        f"none of {', '.join(node.name for node in nodes)}; add it, or give one of them "
        "`minion: ID` with this minion's id"
    )
