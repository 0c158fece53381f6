"""What a machine shows of its part in the cluster, and who speaks for all of its members. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from saltext_hakube.core.config import Config
from saltext_hakube.core.corosync import Corosync, Running


class Service(msgspec.Struct, frozen=True):
    """A systemd unit as it is."""

    active: bool = False
    enabled: bool = False


class Observed(msgspec.Struct, frozen=True):
    """What this machine shows.

    ``password_right``: whether the user hacluster has the declared password. ``units``: those of
    Pacemaker's units that run. ``known``: the nodes that its pcs is authenticated with;
    ``silent``: those of the others whose pcsd does not answer. ``online``: the nodes that
    pacemaker sees; ``quorate``: whether they are a majority.

    ``totem``: what corosync works with. ``others``: what the speaker has been told of the other
    members' corosync.conf. ``updates``: whether pcs here can change corosync.conf.
    """

    corosync: Corosync | None = None
    password_right: bool = False
    pcsd: Service = Service()
    stack: Service = Service()
    units: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    online: frozenset[str] = frozenset()
    quorate: bool = False
    totem: Running | None = None
    others: Mapping[str, Corosync] = {}
    updates: bool = True


def formed(config: Config, observed: Observed) -> bool:
    """Whether this machine belongs to the cluster of the pillar.

    Debian's sample cluster has one node called node1, a name that a pillar may well use too.
    """
    conf = observed.corosync
    return conf is not None and not conf.sample and config.node in conf.names


def members(config: Config, conf: Corosync) -> list[str]:
    """The declared nodes that are in the cluster, in the pillar's order."""
    return [node.name for node in config.nodes if node.name in conf.names]


def newcomers(config: Config, conf: Corosync) -> tuple[str, ...]:
    """The declared nodes that are not yet in the cluster."""
    return tuple(node.name for node in config.nodes if node.name not in conf.names)


def speaker(config: Config, observed: Observed) -> str:
    """The one node that changes corosync's configuration: the first that is alive."""
    names = members(config, observed.corosync)
    return next((name for name in names if name in observed.online), names[0])
