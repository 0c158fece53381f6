"""Cluster properties, defaults of resources and operations, values of nodes.

Each name in them is an object of its own: those that are declared are edited, all others stay.
What holds by a rule is an object as a whole, its set.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from saltext_hakube.core.cib import elements, pairs, rules, words
from saltext_hakube.core.cib.change import Change, prefixed
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import canonical, text
from saltext_hakube.core.cib.objects import (
    NodeValues,
    OperationDefault,
    Property,
    ResourceDefault,
    RuledDefaults,
    RuledOperationDefaults,
    RuledProperties,
    RuledResourceDefaults,
)
from saltext_hakube.core.cib.words import Missing, Wrong
from saltext_hakube.core.values import MASKED


class Place(NamedTuple):
    """Where a kind of option stands. ``set_id``: of the set that is made where there is none."""

    kind: str
    ruled: str
    section: str
    tag: str
    set_id: str


PROPERTIES = Place(
    # The set that pacemaker itself and all tools write to.
    "property",
    "properties by rule",
    "crm_config",
    "cluster_property_set",
    "cib-bootstrap-options",
)
RESOURCE_DEFAULTS = Place(
    "resource default",
    "resource defaults by rule",
    "rsc_defaults",
    "meta_attributes",
    "rsc_defaults-meta_attributes",
)
OPERATION_DEFAULTS = Place(
    "operation default",
    "operation defaults by rule",
    "op_defaults",
    "meta_attributes",
    "op_defaults-meta_attributes",
)
PLACES = {
    Property: PROPERTIES,
    ResourceDefault: RESOURCE_DEFAULTS,
    OperationDefault: OPERATION_DEFAULTS,
    RuledProperties: PROPERTIES,
    RuledResourceDefaults: RESOURCE_DEFAULTS,
    RuledOperationDefaults: OPERATION_DEFAULTS,
}
# Pacemaker 3 has a second name for some; either is read.
ALIASES = (
    frozenset({"stonith-enabled", "fencing-enabled"}),
    frozenset({"stonith-action", "fencing-action"}),
    frozenset({"stonith-timeout", "fencing-timeout"}),
    frozenset({"stonith-watchdog-timeout", "fencing-watchdog-timeout"}),
    frozenset({"stonith-max-attempts", "fencing-max-attempts"}),
)
Option = Property | ResourceDefault | OperationDefault
# Pacemaker writes these itself (pacemaker's cluster-options, "not intended to be set by users").
PACEMAKERS = (
    "cluster-infrastructure",
    "cluster-name",
    "dc-version",
    "have-watchdog",
    "last-lrm-refresh",
)
NODE_PARTS = (("attribute", "instance_attributes"), ("utilization", "utilization"))
# Sets of this project's own in crm_config: no properties of anybody's (core.cib.turn).
RESERVED = "hakube-"


def edit_option(cib: Cib, wanted: Option) -> Iterator[Change]:
    """Make the property or default have this value."""
    place = PLACES[type(wanted)]
    value = text(wanted.value)
    standing = _pairs(cib, place, wanted.id)
    cib.claimed.update(standing.values())
    details = {}
    for name, pair in standing.items():
        before = cib.referred(pair).attrib.get("value", "")
        if value != MASKED and not _same(wanted.id, before, value):
            words.check(name, value)
            details["value" if name == wanted.id else name] = (before, value)
    if details:
        for pair in _all_pairs(cib, place, set(standing)):
            pair.attrib["value"] = value
    if not standing:
        if place is PROPERTIES and wanted.id in PACEMAKERS:
            raise Wrong("pacemaker writes it itself; leave it out")
        words.check(wanted.id, value)
        section = cib.section(place.section)
        sets = [item for item in _sets(cib, place) if "id-ref" not in item.attrib]
        found = sets[0] if sets else cib.add(section, place.tag, id=place.set_id)
        cib.claimed.add(pairs.add_pair(cib, found, wanted.id, value))
        details = {"value": (None, value)}
    if details:
        action = "update" if standing else "create"
        yield Change(action=action, kind=place.kind, id=wanted.id, details=details)


def remove_option(cib: Cib, kind: type, name: str, value: str | None = None) -> Iterator[Change]:
    """Take a property or default out, under all its names, wherever it holds always; with a
    ``value``: only where it has that one."""
    place = PLACES[kind]
    standing = _pairs(cib, place, name)
    values = {n: cib.referred(pair).attrib.get("value", "") for n, pair in standing.items()}
    if value is not None and not all(_same(name, found, value) for found in values.values()):
        return
    for pair in _all_pairs(cib, place, set(standing)):
        holder = cib.parent(pair)
        cib.remove(pair)
        if len(holder) == 0:
            cib.remove(holder)
    if standing:
        details = {("value" if n == name else n): (v, None) for n, v in values.items()}
        yield Change(action="remove", kind=place.kind, id=name, details=details)


def remove_node_values(
    cib: Cib, node: str, names: tuple[Collection[str], Collection[str]]
) -> Iterator[Change]:
    """Take from a node the attributes of these names, and the utilization of those."""
    element = _node(cib, node)
    details: dict[str, tuple[str | None, str | None]] = {}
    for (label, tag), gone in zip(NODE_PARTS, names, strict=True) if element is not None else ():
        actual = pairs.plain_values(cib, element, tag)
        left = {name: value for name, value in actual.items() if name not in gone}
        details |= prefixed(label, pairs.edit(cib, element, tag, left))
    if details:
        yield Change(action="update", kind="node", id=node, details=details)


def may_purge(cib: Cib, kind: type, name: str) -> bool:
    """Whether nobody declared the option, and it is not pacemaker's own."""
    place = PLACES[kind]
    if place is PROPERTIES and (name in PACEMAKERS or name.endswith("-watchdog-timeout")):
        return False
    return not any(pair in cib.claimed for pair in _pairs(cib, place, name).values())


def edit_ruled(cib: Cib, wanted: RuledDefaults) -> Iterator[Change]:
    """Make a set with a rule be there: the one of this id, else one with the same rule."""
    place = PLACES[type(wanted)]
    built = rules.build(wanted.rule, f"{wanted.id}-rule")
    meant = elements.condition(cib, built)
    section = cib.find_section(place.section)
    # What is borrowed as a whole is told where it stands, and has no name here.
    ruled = [
        it
        for it in (section if section is not None else ())
        if "id" in it.attrib and pairs.has_rule(cib, it)
    ]
    own = cib.ids.get(wanted.id)
    if own is not None and own not in ruled:
        raise Wrong(f"the cluster has a {own.tag} of this id; choose another name")
    alike = (
        it
        for it in ruled
        if cib.is_free(it) and elements.condition(cib, cib.referred(it).find("rule")) == meant
    )
    found = own if own is not None else next(alike, None)
    if found is not None:
        cib.claimed.add(found)
    if found is None:
        words.check_id(wanted.id)
        found = cib.add(cib.section(place.section), place.tag, id=wanted.id)
        cib.claimed.add(found)
        pairs.fill_set(cib, found, _as_set(wanted), {})
        details = {"set": (None, pairs.told(_as_set(wanted)))}
        yield Change(action="create", kind=place.ruled, id=wanted.id, details=details)
    elif not pairs.same_set(cib, place.tag, _as_set(wanted), found):
        before, old = pairs.told(pairs.read_set(cib, found)), pairs.values(cib, found)
        name = found.attrib["id"]
        index = list(cib.section(place.section)).index(found)
        cib.remove(found)
        found = cib.add(cib.section(place.section), place.tag, index, id=name)
        cib.claimed.add(found)
        pairs.fill_set(cib, found, _as_set(wanted), old)
        details = {"set": (before, pairs.told(_as_set(wanted)))}
        yield Change(action="update", kind=place.ruled, id=name, details=details)


def edit_node(cib: Cib, wanted: NodeValues) -> Iterator[Change]:
    """Make the node have these attributes and this utilization; others that it has stay."""
    node = _node(cib, wanted.id)
    if node is None:
        known = ", ".join(sorted(_nodes(cib))) or "none yet"
        raise Missing(f"the cluster has no such node (its nodes: {known})")
    given = (wanted.attributes, wanted.utilization)
    details: dict[str, tuple[str | None, str | None]] = {}
    for (label, tag), values in zip(NODE_PARTS, given, strict=True):
        actual = pairs.plain_values(cib, node, tag)
        details |= prefixed(label, pairs.edit(cib, node, tag, {**actual, **values}))
    if details:
        yield Change(action="update", kind="node", id=wanted.id, details=details)


# -- reading ---------------------------------------------------------------------------------------


def read_options(cib: Cib, kind: type) -> Iterator[Option]:
    """The properties or defaults that hold always."""
    place = PLACES[kind]
    found: dict[str, str] = {}
    for item in _sets(cib, place):
        for name, value in pairs.values(cib, item).items():
            found.setdefault(name, value)
    for name, value in found.items():
        yield kind(id=name, value=value)


def read_ruled(cib: Cib, kind: type) -> Iterator[RuledDefaults]:
    """The properties or defaults that hold by a rule."""
    place = PLACES[kind]
    section = cib.find_section(place.section)
    for item in section if section is not None else ():
        if item.tag == place.tag and pairs.has_rule(cib, item) and "id" in item.attrib:
            read = pairs.read_set(cib, item)
            yield kind(id=item.attrib["id"], rule=read.rule, values=read.values, score=read.score)


def read_nodes(cib: Cib) -> Iterator[NodeValues]:
    """The nodes that have attributes or utilization."""
    for name, node in _nodes(cib).items():
        parts = [pairs.plain_values(cib, node, tag) for _label, tag in NODE_PARTS]
        if any(parts):
            yield NodeValues(id=name, attributes=parts[0], utilization=parts[1])


# -- what both need --------------------------------------------------------------------------------


def _nodes(cib: Cib) -> dict[str, Element]:
    section = cib.find_section("nodes")
    found = section.iterfind("node") if section is not None else ()
    return {it.attrib["uname"]: it for it in found if "uname" in it.attrib}


def _node(cib: Cib, name: str) -> Element | None:
    return cib.by_name.get(("node", name))


def _sets(cib: Cib, place: Place) -> list[Element]:
    """The sets that hold always, the one that wins first; none of this project's own."""
    section = cib.find_section(place.section)
    if section is None:
        return []
    found = [
        item
        for item in pairs.blocks(cib, section, place.tag)
        if not pairs.has_rule(cib, item) and not item.attrib.get("id", "").startswith(RESERVED)
    ]
    # cib-bootstrap-options has precedence over other sets (Pacemaker Explained, options).
    return sorted(found, key=lambda item: item.attrib.get("id") != PROPERTIES.set_id)


def names(kind: type, name: str) -> frozenset[str]:
    """All names of the option with this one."""
    return _names(PLACES[kind], name)


def _names(place: Place, name: str) -> frozenset[str]:
    aliases = ALIASES if place is PROPERTIES else ()
    return next((alias for alias in aliases if name in alias), frozenset({name}))


def _pairs(cib: Cib, place: Place, name: str) -> dict[str, Element]:
    """The pair that counts for each name of the option."""
    names = _names(place, name)
    found: dict[str, Element] = {}
    for item in _sets(cib, place):
        for pair in cib.referred(item).iterfind("nvpair"):
            own = pair.attrib.get("name") or cib.referred(pair).attrib.get("name", "")
            if own in names:
                found.setdefault(own, pair)
    return found


def _all_pairs(cib: Cib, place: Place, names: set[str]) -> list[Element]:
    """All pairs of these names, also those that do not count; borrowed ones made own."""
    section = cib.section(place.section)
    for item in _sets(cib, place):
        pairs.make_own(cib, item)
    for item in _sets(cib, place):
        cib.bequeath(item)
    return [
        pair
        for item in _sets(cib, place)
        if item in list(section)
        for pair in list(item.iterfind("nvpair"))
        if pairs.pair_name(cib, pair) in names and pairs.make_pair_own(cib, pair)
    ]


def _same(name: str, one: str, other: str) -> bool:
    return one == other or canonical(name, one) == canonical(name, other)


def _as_set(wanted: RuledDefaults) -> pairs.PairSet:
    return pairs.PairSet(values=wanted.values, rule=wanted.rule, score=wanted.score)
