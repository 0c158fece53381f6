"""Who is who: which declared node a machine is, and names that must be told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saltext_hakube.core.addresses import Node
from saltext_hakube.core.schema import Pillar

# Pacemaker writes these itself (pacemaker's cluster-options, "not intended to be set by users").
PACEMAKERS = (
    "cluster-infrastructure",
    "cluster-name",
    "dc-version",
    "have-watchdog",
    "last-lrm-refresh",
)


def this_node(nodes: Sequence[Node], names: Sequence[str]) -> Node | None:
    """The node that a machine of these names is; the first name is its minion id.

    A node with ``minion`` is that minion and no other. Else a name has to be the node's, whole,
    or up to its first dot where that tells it from all others.
    """
    for node in nodes:
        if node.minion is not None and node.minion in names[:1]:
            return node
    others = [node for node in nodes if node.minion is None]
    for name in names:
        whole = [node for node in others if node.name == name]
        short = [node for node in others if node.name.partition(".")[0] == name]
        found = whole or (short if len(short) == 1 else [])
        if found:
            return found[0]
    return None


def check(pillar: Pillar, problems: list[str]) -> None:
    """Names that must differ, and names that are not the pillar's to give."""
    resources = pillar.resources
    kinds = ("vip", "haproxy", "apiserver", "scheduler", "controller")
    # All ids in the CIB are one namespace: two of one name would become one object.
    names = [(f"hakube:resources:{kind}:name", getattr(resources, kind).name) for kind in kinds]
    names += [
        ("hakube:resources:apiserver:group", resources.apiserver.group),
        ("hakube:resources:controller_group", resources.controller_group),
        ("the clone of hakube:resources:haproxy:name", f"{resources.haproxy.name}-clone"),
        ("the clone of hakube:resources:apiserver:group", f"{resources.apiserver.group}-clone"),
        *((f"hakube:fencing:{name}", name) for name in pillar.devices),
    ]
    problems += [
        f"{place}: the name {name} is already that of {other}; give each its own"
        for place, name, other in _doubled(names)
    ]
    units = [("hakube:haproxy:unit", pillar.haproxy.unit)]
    units += [(f"hakube:resources:{k}:unit", getattr(resources, k).unit) for k in kinds[2:]]
    units = [(place, unit.removesuffix(".service")) for place, unit in units]
    problems += [
        f"{place}: the unit {unit} is already that of {other}; a unit is one resource"
        for place, unit, other in _doubled(units)
    ]
    problems += [
        f"hakube:properties:{name}: pacemaker writes it itself; leave it out"
        for name in pillar.properties
        if name in PACEMAKERS
    ]


def _doubled(named: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str, str]]:
    """Each place whose name another place has before it, with that place."""
    seen: dict[str, str] = {}
    for place, name in named:
        if name in seen:
            yield place, name, seen[name]
        seen.setdefault(name, place)
