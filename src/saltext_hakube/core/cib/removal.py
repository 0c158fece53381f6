"""Take objects out of the CIB: what is declared absent, and what depends on it.

Dissolving a group or clone leaves its members, as resources of their own. What goes is taken out of
everything that speaks of it: a constraint on nothing is refused by the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

from msgspec import Struct

from saltext_hakube.core.cib import options, pairs
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import CONTAINERS, Cib, Element
from saltext_hakube.core.cib.kinds import BY_TAG, BY_TYPE, OPTIONS, RANKS, RULED, Kind
from saltext_hakube.core.cib.matching import is_administrators
from saltext_hakube.core.cib.objects import Bundle, NodeValues, Object, Primitive
from saltext_hakube.core.cib.resources import members
from saltext_hakube.core.cib.words import Wrong


class Absent(Struct, frozen=True):
    """An object that is not to be there. Of a node: names of attributes and of utilization.

    ``value``: of a property or default; with another one it stays, being somebody else's.
    """

    kind: type[Object]
    id: str
    attributes: tuple[str, ...] = ()
    utilization: tuple[str, ...] = ()
    value: str | None = None


def outer_first(gone: Iterable[Absent]) -> list[Absent]:
    """The order to remove in: what refers first; a clone, the group in it, that one's members."""
    return sorted(gone, key=lambda item: -RANKS[item.kind])


def remove(cib: Cib, item: Absent, spoken: Collection[str]) -> Iterator[Change]:
    """Take an object out; one that is not there is as it should be.

    ``spoken``: the ids of which it is said what becomes of them.
    """
    if item.kind in OPTIONS:
        yield from options.remove_option(cib, item.kind, item.id, item.value)
    elif item.kind is NodeValues:
        yield from options.remove_node_values(cib, item.id, (item.attributes, item.utilization))
    else:
        element = find(cib, item.kind, item.id)
        if element is not None:
            _take_out(cib, element, spoken)
            yield Change(action="remove", kind=BY_TYPE[item.kind].name, id=item.id)


def find(cib: Cib, kind: type[Object], name: str) -> Element | None:
    """The element of an object, None where there is none of this kind and id."""
    if kind in RULED:
        place = options.PLACES[kind]
        element = cib.ids.get(name)
        ruled = element is not None and element.tag == place.tag and pairs.has_rule(cib, element)
        return element if ruled else None
    described = BY_TYPE[kind]
    if described.tags == ("acl_target",):
        return cib.by_name.get(("acl_target", name))
    element = cib.ids.get(name)
    return element if element is not None and element.tag in described.tags else None


def _take_out(cib: Cib, element: Element, names: Collection[str]) -> None:
    if element.tag == "bundle":
        stay = [it.attrib["id"] for it in members(element) if it.attrib["id"] not in names]
        if stay:
            raise Wrong(
                f"{stay[0]} is in it, and would start outside of a container; declare it absent, "
                "too"
            )
    if element.tag == "template":
        users = [
            it.attrib["id"]
            for it in cib.resources()
            if it.attrib.get("template") == element.attrib["id"]
        ]
        if users:
            raise Wrong(f"{users[0]} is made of it; give that an agent of its own first")
    around = cib.parent(element)
    if element.tag in CONTAINERS:
        inside = members(element)
        if around.tag in CONTAINERS and len(inside) > 1:
            raise Wrong(
                f"the {around.tag} {around.attrib['id']} is of it; declare that absent, too"
            )
        index = list(around).index(element)
        for member in inside:
            cib.unhang(member)
            cib.hang(around, member, index)
            index += 1
    cib.remove(element)


def dependents(cib: Cib, before: Iterable[str]) -> Iterator[Change]:
    """Take out what cannot stand without the resources and other ids that were there ``before``.

    Containers that are empty now, constraints, tags, levels and permissions that speak of them.
    """
    while True:
        changes = [*_empty(cib), *_dangling(cib, set(before))]
        if not changes:
            return
        yield from changes


def _empty(cib: Cib) -> Iterator[Change]:
    for element in list(cib.resources()):
        if element.tag in ("group", "clone", "master") and not members(element):
            name = element.attrib["id"]
            cib.remove(element)
            yield _because(element, name, "nothing is left in it")


def _dangling(cib: Cib, before: set[str]) -> Iterator[Change]:
    """``before``: ids that were there. A reference to one that never was is not ours."""

    def gone(name: str | None) -> bool:
        return name is not None and name in before and name not in cib.ids

    for section in ("constraints", "tags", "fencing-topology", "acls"):
        found = cib.find_section(section)
        for element in list(found) if found is not None else ():
            if isinstance(element.tag, str):
                yield from _without(cib, element, gone)


def _without(cib: Cib, element: Element, gone: Callable[[str | None], bool]) -> Iterator[Change]:
    """One constraint, tag, level or role without what is gone."""
    name = element.attrib.get("id", "?")
    direct = [element.attrib.get(key) for key in ("rsc", "with-rsc", "first", "then")]
    devices = [it for it in element.attrib.get("devices", "").split(",") if it]
    missing = [it for it in direct if gone(it)]
    missing += [it for it in devices if gone(it)] if all(gone(it) for it in devices) else []
    if missing:
        cib.remove(element)
        yield _because(element, name, f"{missing[0]} is removed")
        return
    if any(gone(it) for it in devices):
        left = ",".join(it for it in devices if not gone(it))
        yield _shrunk(element, name, element.attrib["devices"], left)
        element.attrib["devices"] = left
    for child in list(element):
        references = [it for it in child.iter() if it.tag in ("resource_ref", "obj_ref", "role")]
        if child.tag == "acl_permission" and gone(child.attrib.get("reference")):
            yield _shrunk(element, name, child.attrib["reference"], None)
            cib.remove(child)
        for reference in references:
            if gone(reference.attrib.get("id")):
                yield _shrunk(element, name, reference.attrib["id"], None)
                cib.remove(reference)
        if child.tag == "resource_set" and references and not child.findall("resource_ref"):
            cib.remove(child)
    of_sets = element.tag.startswith("rsc_") and not any(direct)
    if (element.tag == "tag" or (of_sets and "rsc-pattern" not in element.attrib)) and not any(
        child.tag in ("obj_ref", "resource_set") for child in element
    ):
        cib.remove(element)
        yield _because(element, name, "nothing that it speaks of is left")


def _because(element: Element, name: str, reason: str) -> Change:
    kind = BY_TAG[element.tag].name if element.tag in BY_TAG else element.tag
    return Change(action="remove", kind=kind, id=name, details={"because": (None, reason)})


def _shrunk(element: Element, name: str, before: str, after: str | None) -> Change:
    kind = BY_TAG[element.tag].name if element.tag in BY_TAG else element.tag
    return Change(action="update", kind=kind, id=name, details={"members": (before, after)})


def stopped_first(cib: Cib, gone: Iterable[Absent]) -> tuple[str, ...]:
    """Which of the resources that are to go must be stopped before, so that none is orphaned.

    A bundle that goes is stopped as a whole, and so not its member.
    """
    gone = list(gone)
    whole = {item.id for item in gone if item.kind is Bundle}
    found = []
    for item in gone:
        element = find(cib, item.kind, item.id) if item.kind in (Primitive, Bundle) else None
        if element is None:
            continue
        around = cib.parents.get(element)
        if around is None or around.attrib.get("id") not in whole:
            found.append(item.id)
    return tuple(dict.fromkeys(found))


def undeclared(cib: Cib, kinds: Iterable[type[Object]]) -> list[Absent]:
    """All objects of these kinds in which no declared object was found: what a purge removes."""
    found = []
    for kind in kinds:
        if kind in OPTIONS:
            names = [item.id for item in options.read_options(cib, kind)]
            found += [Absent(kind, n) for n in names if options.may_purge(cib, kind, n)]
        elif kind in RULED:
            found += [
                Absent(kind, item.id)
                for item in options.read_ruled(cib, kind)
                if cib.ids[item.id] not in cib.claimed
            ]
        else:
            described = BY_TYPE[kind]
            found += [
                Absent(kind, element.attrib["id"])
                for element in _elements(cib, described)
                if element not in cib.claimed and not is_administrators(element.attrib["id"])
            ]
    return found


def _elements(cib: Cib, described: Kind) -> Iterator[Element]:
    section = cib.find_section(described.section)
    if section is None:
        return
    inner = section.iter() if described.section == "resources" else section
    for element in inner:
        if element.tag in described.tags and "id" in element.attrib:
            yield element
