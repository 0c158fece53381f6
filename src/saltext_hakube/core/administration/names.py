"""The nodes and resources of a CIB by their names; a name that is none is told with a near one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.errors import ConfigError

# What runs on several nodes, or has what runs inside it. Constraints must name it, not its inside.
COLLECTIVE = frozenset({"clone", "master", "bundle"})

# A person reads a dozen names; of hundreds only near ones help.
SHOWN = 12


def node(cib: Cib, name: str) -> Element:
    """The node of this name. Raises ConfigError."""
    known = nodes(cib)
    if name not in known:
        raise ConfigError([unknown("node", name, known)])
    return known[name]


def nodes(cib: Cib) -> dict[str, Element]:
    """All nodes that the CIB knows, by their names."""
    section = cib.find_section("nodes")
    found = [] if section is None else section.findall("node")
    return {item.attrib["uname"]: item for item in found if "uname" in item.attrib}


def resource(cib: Cib, name: str) -> Element:
    """The resource of this name: a primitive, group, clone or bundle. Raises ConfigError."""
    found = cib.resource(name)
    if found is None:
        raise ConfigError([unknown("resource", name, (r.attrib["id"] for r in cib.resources()))])
    return found


def placeable(cib: Cib, name: str) -> Element:
    """A resource that a location constraint can name: none of the inside of a clone or bundle."""
    found = resource(cib, name)
    around = cib.parent(found)
    while around.tag != "resources":
        if around.tag in COLLECTIVE:
            raise ConfigError(
                [
                    f"resource {name}: it is in the {around.tag} {around.attrib['id']}, and where "
                    f"that runs is decided for all of it; name {around.attrib['id']}"
                ]
            )
        around = cib.parent(around)
    return found


def primitives(cib: Cib, name: str) -> frozenset[str]:
    """The primitives that this resource is or has in it: what crm_mon tells of."""
    found = resource(cib, name)
    return frozenset(item.attrib["id"] for item in found.iter("primitive"))


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """The line that says that there is no such thing, what is near to it, and what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    line = f"{kind} {name}: the cluster has none of this name"
    if not names:
        return f"{line}, and no {kind} at all"
    if near:
        line += f"; did you mean {near[0]}?"
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return f"{line} (there is {', '.join(names[:SHOWN])}{more})"
