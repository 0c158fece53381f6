"""Who is who: which declared node a machine is, and names that must be told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from posixpath import normpath

from saltext_hakube.core.addresses import Node
from saltext_hakube.core.schema import Pillar, Resources


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
    names = [(f"hakube:resources:{kind}:name", getattr(resources, kind).name) for kind in kinds]
    names += [
        ("hakube:resources:apiserver:group", resources.apiserver.group),
        ("hakube:resources:controller_group", resources.controller_group),
        *((f"hakube:fencing:{name}", name) for name in pillar.devices),
    ]
    problems += [
        f"{place}: the name {name} is already that of {other}; give each its own"
        for place, name, other in _doubled(names)
    ]
    made = _made(resources)
    problems += [
        f"{place}: the name {name} is already that of {made[name]}; give it another"
        for place, name in names
        if name in made
    ]
    units = [("hakube:haproxy:unit", pillar.haproxy.unit)]
    units += [(f"hakube:resources:{k}:unit", getattr(resources, k).unit) for k in kinds[2:]]
    units = [(place, unit.removesuffix(".service")) for place, unit in units]
    problems += [
        f"{place}: the unit {unit} is already that of {other}; a unit is one resource"
        for place, unit, other in _doubled(units)
    ]
    problems += [
        f"{place}: the file {name} is already that of {other}; give each its own"
        for place, name, other in _doubled(_files(pillar))
    ]
    problems += _nodes(pillar)


def _files(pillar: Pillar) -> list[tuple[str, str]]:
    options = pillar.kubernetes
    files = [
        ("hakube:haproxy:config", pillar.haproxy.config),
        ("hakube:sysctl:file", pillar.sysctl.file),
        ("hakube:kubernetes:config_file", options.config_file),
        ("hakube:kubernetes:kubelet_file", options.kubelet_file),
    ]
    files = [(place, "/" + normpath(name).lstrip("/")) for place, name in files if name]
    # The two of kubernetes may be one file, in which each has a variable of its own.
    return files[:-1] if files[-1][1] == files[-2][1] else files


def _nodes(pillar: Pillar) -> list[str]:
    """Names of nodes that pacemaker or Salt would take for another one's."""
    path = "hakube:cluster:nodes"
    nodes = pillar.cluster.nodes
    problems = [
        f"{path}: {name} is what every machine calls itself; give the node its own host name"
        for name in nodes
        if name.lower().partition(".")[0] == "localhost"
    ]
    problems += [
        f"{path}: {name} and {other} differ in case only, which pacemaker and the name service "
        "do not look at; give each node its own name"
        for name, _, other in _doubled((name, name.lower()) for name in nodes)
    ]
    return problems + [
        f"{path}:{name}:minion: {node.minion} is the name of another node; give the minion that "
        f"{name} is"
        for name, node in nodes.items()
        if not isinstance(node, str) and node.minion in nodes and node.minion != name
    ]


def _made(resources: Resources) -> dict[str, str]:
    """The ids that core.topology makes of the declared names, each with what it is.

    All ids in the CIB are one namespace: two of one name would become one object.
    """
    vip = resources.vip.name
    haproxy = f"{resources.haproxy.name}-clone"
    apiserver = f"{resources.apiserver.group}-clone"
    kind = resources.orders.kind
    return {
        haproxy: "the clone of hakube:resources:haproxy:name",
        apiserver: "the clone of hakube:resources:apiserver:group",
        f"order-{vip}-{haproxy}-{kind}": "the order of VIP and haproxy",
        f"order-{haproxy}-{apiserver}-{kind}": "the order of haproxy and apiserver",
        f"colocation-{vip}-{haproxy}-INFINITY": "the colocation of VIP and haproxy",
    }


def _doubled(named: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str, str]]:
    """Each place whose name another place has before it, with that place."""
    seen: dict[str, str] = {}
    for place, name in named:
        if name in seen:
            yield place, name, seen[name]
        seen.setdefault(name, place)
