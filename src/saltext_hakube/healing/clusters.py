"""The clusters that the minions' pillars declare. Values in, values out.

A pillar counts only as that of a node which it names itself: by the minion's id, which Salt has
checked. What a minion says of itself (host name, grains) does not make it a node here.

A node that is off keeps the pillar of the day it went. So where pillars disagree that of most nodes
counts, and where none has most, the one that was rendered last; the others are told of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from saltext_hakube.core import identity, schema, timing
from saltext_hakube.core.addresses import Node
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.reading import read, shown
from saltext_hakube.core.remedy import seal
from saltext_hakube.core.remedy.decision import Cluster
from saltext_hakube.core.remedy.policy import Heal, Returner, Webhook

#: Letters and signs of a minion's id that can be the target of a job. Those that mean something in
#: a target are not among them.
ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@+=-]{0,252}\Z")


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


class Unread(NamedTuple):
    """In place of a pillar that the master's cache has, and that cannot be read."""

    why: str


#: Minion -> Unix time at which the master rendered its pillar last; None where nobody knows.
Rendered = Callable[[str], float | None]


def gather(pillars: Mapping[str, Any], at: float, rendered: Rendered) -> Known:
    """What the pillars (minion -> what stands under ``hakube``) mean together. ``rendered`` is
    asked where they disagree."""
    claims: dict[str, dict[str, Cluster]] = {}
    minions: dict[str, Place] = {}
    broken: dict[str, list[str]] = {}
    notes, keys = [], {}
    ways: dict[str, tuple[str | None, str | None]] = {}
    for minion, data in sorted(pillars.items()):
        try:
            cluster, node = _claim(minion, data)
        except ConfigError as error:
            name = _name(data)
            broken.setdefault(name, []).append(f"{minion}: {error.problems[0]}")
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
    faults = _wrong(claims, broken, notes)
    for name, claimed in claims.items():
        try:
            clusters[name] = _agreed(name, claimed, rendered, notes)
        except ConfigError as error:
            faults.setdefault(name, []).append(error.problems[0])
    for name in faults:
        clusters.pop(name, None)
    _shared(clusters, faults)
    _forget(clusters, minions, keys)
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
        ways={name: it for name, it in ways.items() if name in faults},
    )


def _wrong(
    claims: Mapping[str, Mapping[str, Cluster]],
    broken: Mapping[str, list[str]],
    notes: list[str],
) -> dict[str, list[str]]:
    """The faults of pillars that cannot be read; where most can be, they are only noted."""
    faults = {}
    for name, lines in broken.items():
        if len(claims.get(name, ())) > len(lines):
            notes += [f"cluster {name}, as the others have it: {line}" for line in lines]
        else:
            faults[name] = list(lines)
    return faults


def _forget(
    clusters: Mapping[str, Cluster], minions: dict[str, Place], keys: dict[str, str]
) -> None:
    """Who is a node by its own old pillar only is none."""
    for minion, place in list(minions.items()):
        cluster = clusters.get(place.cluster)
        if cluster is not None and place.node not in cluster.nodes:
            del minions[minion], keys[minion]


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
    if isinstance(data, Unread):
        raise ConfigError(
            [
                f"its pillar in the master's cache is damaged (salt {minion} "
                f"saltutil.refresh_pillar): {data.why}"
            ]
        )
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
    for node, it in ids.items():
        if not ID.match(it):  # as it would keep all that are asked together from being asked
            raise ConfigError(
                [
                    f"hakube:cluster:nodes:{node}:minion: {shown(it)} cannot be the target of a "
                    "job, so the node cannot be healed; give its minion an id of letters, digits "
                    "and any of _.:@+=- only"
                ]
            )
    return Cluster(name=declared.name, nodes=ids, policy=policy(data)), own and own.name


def _agreed(
    name: str, claimed: Mapping[str, Cluster], rendered: Rendered, notes: list[str]
) -> Cluster:
    """The one cluster that the pillars of its nodes mean. Raises ConfigError."""
    first, cluster = _meant(name, claimed, rendered, notes)
    ids = dict(cluster.nodes)
    for minion, other in claimed.items():
        if not other.nodes.keys() & cluster.nodes.keys():
            raise ConfigError([_differ(name, first, minion, "has other nodes")])
        mine = [node for node, own in other.nodes.items() if own == minion and node in ids]
        ids |= dict.fromkeys(mine, minion)
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


def _meant(
    name: str, claimed: Mapping[str, Cluster], rendered: Rendered, notes: list[str]
) -> tuple[str, Cluster]:
    """What most pillars declare, else the newest; and a minion that has it. What one that is newer
    than those wants less of counts, too: a person is about to change it. Raises ConfigError."""
    groups: list[list[str]] = []
    for minion, claim in claimed.items():
        same = [it for it in groups if not _difference(claimed[it[0]], claim)]
        if same:
            same[0].append(minion)
        else:
            groups.append([minion])
    best = max(groups, key=len)
    if len(groups) == 1:
        return best[0], claimed[best[0]]
    other = next(minion for minion in claimed if minion not in best)
    how = _difference(claimed[best[0]], claimed[other])
    times = {minion: rendered(minion) for minion in claimed}
    if 2 * len(best) <= len(claimed):
        known = {minion: at for minion, at in times.items() if at is not None}
        newest = [it for it, at in known.items() if at == max(known.values())]
        found = [group for group in groups if set(newest) <= set(group)]
        if len(known) < len(claimed) or not found:
            raise ConfigError([_differ(name, best[0], other, how)])
        best = found[0]
    odd = [minion for minion in claimed if minion not in best]
    notes.append(
        f"cluster {name}: {', '.join(odd[:5])} has another pillar than {', '.join(best[:5])}; "
        "it is that of these which counts (saltutil.refresh_pillar, when it is back)"
    )
    return best[0], _least(claimed, best, odd, times)


def _least(
    claimed: Mapping[str, Cluster],
    best: Sequence[str],
    odd: Sequence[str],
    times: Mapping[str, float | None],
) -> Cluster:
    """What the best declare, in the mode that those which are newer than all of them allow."""
    cluster = claimed[best[0]]
    last = max((times[it] or 0.0 for it in best), default=0.0)
    newer = [claimed[it].policy.mode for it in odd if (times[it] or 0.0) > last]
    mode = min((cluster.policy.mode, *newer), key=("none", "observe", "act").index)
    return replace(cluster, policy=replace(cluster.policy, mode=mode))


def _difference(one: Cluster, other: Cluster) -> str:
    """How two pillars differ; empty where they do not."""
    if sorted(one.nodes) != sorted(other.nodes):
        return "has other nodes"
    return "has another hakube:heal" if one.policy != other.policy else ""


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


def chosen(known: Known, names: Any) -> list[Cluster]:
    """The clusters of these names, or all. Raises ConfigError for one that is not there."""
    if names is None:
        return list(known.clusters.values())
    wanted = list(names) if isinstance(names, list | tuple) else [names]
    for name in wanted:
        if not isinstance(name, str):
            raise ConfigError([f"cluster: {shown(name)}; its name is expected"])
        if name in known.faults:
            raise ConfigError([f"cluster {name}: {known.faults[name]}"])
        if name not in known.clusters:
            there = ", ".join(sorted(known.clusters)[:10]) or "none"
            raise ConfigError([f"there is no cluster {shown(name)}; this master knows: {there}"])
    return [known.clusters[name] for name in wanted]
