"""The clusters that the minions' pillars declare. Values in, values out.

A pillar counts only as that of a node which it names itself: by the minion's id, which Salt has
checked. What a minion says of itself (host name, grains) does not make it a node here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct, ValidationError, convert

from saltext_hakube.core import identity, schema, timing
from saltext_hakube.core.addresses import Node
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.reading import read, shown
from saltext_hakube.core.remedy import seal
from saltext_hakube.core.remedy.decision import Cluster
from saltext_hakube.core.remedy.policy import Heal, Returner, Webhook


class Place(NamedTuple):
    """Where a minion belongs."""

    cluster: str
    node: str


class Known(Struct, frozen=True, kw_only=True):
    """All that the master's pillar says. ``minions``: id -> its place; ``faults``: cluster (or
    empty) -> why nothing is done there; ``notes``: what is odd and harms nothing. ``keys``: minion
    -> that of its answers (core.remedy.seal). ``ways``: cluster with a fault -> webhook and
    returner by which people are told, as far as these can be read. ``at``: Unix time of reading."""

    at: float = 0.0
    clusters: dict[str, Cluster] = {}
    minions: dict[str, Place] = {}
    faults: dict[str, str] = {}
    notes: tuple[str, ...] = ()
    keys: dict[str, str] = {}
    ways: dict[str, tuple[str | None, str | None]] = {}

    def of(self, minion: str) -> tuple[Cluster, str] | None:
        """The cluster and node that a minion is; None where it is none that may be healed."""
        place = self.minions.get(minion)
        cluster = self.clusters.get(place.cluster) if place else None
        return (cluster, place.node) if place and cluster else None


def gather(pillars: Mapping[str, Any], at: float) -> Known:
    """What the pillars (minion -> what stands under ``hakube``) mean together."""
    claims: dict[str, dict[str, Cluster]] = {}
    minions: dict[str, Place] = {}
    faults: dict[str, list[str]] = {}
    notes, keys = [], {}
    ways: dict[str, tuple[str | None, str | None]] = {}
    for minion, data in sorted(pillars.items()):
        try:
            cluster, node = _claim(minion, data)
        except ConfigError as error:
            name = _name(data)
            faults.setdefault(name, []).append(f"{minion}: {error.problems[0]}")
            ways.setdefault(name, _ways(data))
            continue
        if node is None:
            notes.append(
                f"{minion} has the pillar of cluster {cluster.name} and is none of its nodes by "
                f"its id; give the node `minion: {minion}`, or the minion no such pillar"
            )
            continue
        claims.setdefault(cluster.name, {})[minion] = cluster
        minions[minion] = Place(cluster.name, node)
        keys[minion] = seal.key(data["cluster"]["password"])
    clusters = {}
    for name, claimed in claims.items():
        try:
            clusters[name] = _agreed(name, claimed)
        except ConfigError as error:
            faults.setdefault(name, []).append(error.problems[0])
    for name in faults:
        clusters.pop(name, None)
    _shared(clusters, faults)
    for name in faults:
        policies = [it.policy for it in claims.get(name, {}).values()]
        told = [(it.webhook, it.returner) for it in policies if it.webhook or it.returner]
        if told:
            ways[name] = told[0]
    told = {name: "; ".join(lines[:3]) for name, lines in faults.items()}
    return Known(
        at=at,
        clusters=clusters,
        minions=minions,
        faults=told,
        notes=tuple(notes[:50]),
        keys=keys,
        ways=ways,
    )


def _ways(data: Any) -> tuple[str | None, str | None]:
    """How people are told, of a pillar that is wrong elsewhere."""
    heal = data.get("heal") if isinstance(data, Mapping) else None
    found: list[str | None] = []
    for name, kind in (("webhook", Webhook), ("returner", Returner)):
        try:
            found.append(
                convert(heal.get(name) if isinstance(heal, Mapping) else None, kind | None)
            )
        except ValidationError:
            found.append(None)
    return found[0], found[1]


def policy(data: Any) -> Heal:
    """The part ``hakube:heal`` of a pillar. Raises ConfigError."""
    given = data.get("heal") if isinstance(data, Mapping) else None
    found = read({} if given is None else given, Heal, "hakube:heal")
    assert isinstance(found, Heal)
    return found


def _claim(minion: str, data: Any) -> tuple[Cluster, str | None]:
    """The cluster that a minion's pillar declares, and which of its nodes the minion is."""
    if not isinstance(data, Mapping):
        raise ConfigError([f"hakube: {shown(data)}; expected a mapping"])
    declared = read(timing.under(data).get("cluster"), schema.Cluster, "hakube:cluster")
    nodes = [
        Node(name, (), None if isinstance(value, str) else value.minion)
        for name, value in declared.nodes.items()
    ]
    own = identity.this_node(nodes, tuple(dict.fromkeys((minion, minion.partition(".")[0]))))
    ids = {node.name: node.minion or node.name for node in nodes}
    if own is not None:
        ids[own.name] = minion
    return Cluster(name=declared.name, nodes=ids, policy=policy(data)), own and own.name


def _agreed(name: str, claimed: Mapping[str, Cluster]) -> Cluster:
    """The one cluster that all pillars of its nodes mean. Raises ConfigError."""
    (first, cluster), *others = claimed.items()
    ids = dict(cluster.nodes)
    for minion, other in others:
        if sorted(other.nodes) != sorted(cluster.nodes):
            raise ConfigError([_differ(name, first, minion, "has other nodes")])
        if other.policy != cluster.policy:
            raise ConfigError([_differ(name, first, minion, "has another hakube:heal")])
        ids |= {node: own for node, own in other.nodes.items() if own == minion}
    owners: dict[str, str] = {}
    for node, own in ids.items():
        if own in owners:
            raise ConfigError([f"{own} is two nodes of cluster {name}: {owners[own]}, {node}"])
        owners[own] = node
    seen: dict[str, str] = {}
    for minion, claim in claimed.items():
        node = next(node for node, own in claim.nodes.items() if own == minion)
        if node in seen:
            raise ConfigError(
                [
                    f"{seen[node]} and {minion} are both node {node} of cluster {name}; nothing is "
                    "done there until each cluster has a hakube:cluster:name of its own, or the "
                    "node its `minion: ID`"
                ]
            )
        seen[node] = minion
    return Cluster(name=name, nodes=ids, policy=cluster.policy)


def _differ(name: str, one: str, other: str, how: str) -> str:
    return (
        f"the pillars of {one} and {other} disagree about cluster {name} (one {how}); nothing is "
        "done there until they agree (saltutil.refresh_pillar; two clusters need two names, "
        "hakube:cluster:name)"
    )


def _shared(clusters: dict[str, Cluster], faults: dict[str, list[str]]) -> None:
    """A minion that two clusters name is an error of both."""
    owners: dict[str, str] = {}
    doubled: dict[str, str] = {}
    for cluster in clusters.values():
        for minion in cluster.nodes.values():
            other = owners.setdefault(minion, cluster.name)
            if other != cluster.name:
                doubled |= {cluster.name: minion, other: minion}
    for name, minion in doubled.items():
        del clusters[name]
        faults.setdefault(name, []).append(f"{minion} is a node of two clusters; it can be of one")


def _name(data: Any) -> str:
    """The name of the cluster in a pillar that is wrong; empty where it has none to be read."""
    cluster = data.get("cluster") if isinstance(data, Mapping) else None
    name = cluster.get("name", "hakube") if isinstance(cluster, Mapping) else ""
    return name if isinstance(name, str) and len(name) <= 64 else ""


def chosen(known: Known, names: Iterable[str] | str | None) -> list[Cluster]:
    """The clusters of these names, or all. Raises ConfigError for one that is not there."""
    if names is None:
        return list(known.clusters.values())
    wanted = [names] if isinstance(names, str) else list(names)
    for name in wanted:
        if name in known.faults:
            raise ConfigError([f"cluster {name}: {known.faults[name]}"])
        if name not in known.clusters:
            there = ", ".join(sorted(known.clusters)[:10]) or "none"
            raise ConfigError([f"there is no cluster {shown(name)}; this master knows: {there}"])
    return [known.clusters[name] for name in wanted]
