"""Orders, colocations, locations, tickets: what they are in the CIB, both ways.

A constraint is found by what it relates (its ``relation``), whatever its id; the rest is its
strength. So a changed score or kind is a change of the same constraint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from saltext_hakube.core.cib import elements, rules
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.converge import Shape, as_given, converge, create
from saltext_hakube.core.cib.document import RESOURCES, Cib, Element
from saltext_hakube.core.cib.elements import Part
from saltext_hakube.core.cib.meaning import ROLES
from saltext_hakube.core.cib.objects import Colocation, Location, Order, ResourceSet, Sets, Ticket
from saltext_hakube.core.cib.pairs import texts
from saltext_hakube.core.cib.words import Missing, Wrong

Attributes = Mapping[str, str]
Constraint = Order | Colocation | Location | Ticket

# What a constraint may be on.
REFERRED = (*RESOURCES, "template", "tag")
SET_OPTIONS = ("sequential", "require-all", "ordering", "action", "role", "score", "kind")


class Kind(NamedTuple):
    """``references``: the attributes that name resources, as fields of an object.

    ``fields``: other attributes that are fields. ``relation``: the attributes that say what is
    related, and how.
    """

    name: str
    tag: str
    references: dict[str, str]
    fields: tuple[str, ...]
    relation: tuple[str, ...]
    options: tuple[str, ...]
    full: Callable[[Attributes], dict[str, str]]


def _full_order(attributes: Attributes) -> dict[str, str]:
    """The order with what pacemaker takes for granted (Pacemaker Explained, rsc_order)."""
    full = {"require-all": "true", **attributes}
    if "score" not in full:  # of old: its sign says what kind says
        full.setdefault("kind", "Mandatory")
    if "first" in full:
        full.setdefault("first-action", "start")
        full.setdefault("then-action", full["first-action"])
    full.setdefault("symmetrical", "false" if full.get("kind") == "Serialize" else "true")
    return full


def _without_started(attributes: Attributes) -> dict[str, str]:
    """A constraint without the role that pacemaker takes for granted."""
    roles = ("rsc-role", "with-rsc-role", "role")
    return {k: v for k, v in attributes.items() if not (k in roles and v.lower() == "started")}


def _full_location(attributes: Attributes) -> dict[str, str]:
    return {"resource-discovery": "always", **_without_started(attributes)}


ORDER = Kind(
    "order",
    "rsc_order",
    {"first": "first", "then": "then"},
    (),
    ("first", "then", "first-action", "then-action"),
    ("kind", "symmetrical", "require-all", "first-action", "then-action", "score"),
    _full_order,
)
COLOCATION = Kind(
    "colocation",
    "rsc_colocation",
    {"rsc": "resource", "with-rsc": "with_resource"},
    (),
    ("rsc", "with-rsc", "rsc-role", "with-rsc-role", "node-attribute"),
    (
        *("score", "rsc-role", "with-rsc-role", "node-attribute", "influence"),
        *("score-attribute", "score-attribute-mangle", "rsc-instance", "with-rsc-instance"),
    ),
    _without_started,
)
LOCATION = Kind(
    "location",
    "rsc_location",
    {"rsc": "resource"},
    ("rsc-pattern", "node"),
    ("rsc", "rsc-pattern", "node", "role"),
    ("score", "role", "resource-discovery", "score-attribute"),
    _full_location,
)
TICKET = Kind(
    "ticket",
    "rsc_ticket",
    {"rsc": "resource"},
    ("ticket",),
    ("rsc", "rsc-role", "ticket"),
    ("rsc-role", "loss-policy"),
    _without_started,
)
KINDS = {Order: ORDER, Colocation: COLOCATION, Location: LOCATION, Ticket: TICKET}
BY_TAG = {kind.tag: kind for kind in KINDS.values()}
# Attributes that are fields of an object, not among its options.
FIELDS = {"first", "then", "rsc", "with-rsc", "rsc-pattern", "node", "ticket", "id"}


def attributes(wanted: Constraint) -> dict[str, str]:
    """The attributes of a declared constraint's element, but for its id."""
    kind = KINDS[type(wanted)]
    given = {name: getattr(wanted, field) for name, field in kind.references.items()}
    if isinstance(wanted, Location):
        given |= {"rsc-pattern": wanted.pattern, "node": wanted.node}
    if isinstance(wanted, Ticket):
        given["ticket"] = wanted.ticket
    named = {name: value for name, value in given.items() if value is not None}
    return named | texts(wanted.options)


def edit_constraint(cib: Cib, wanted: Constraint, found: Element | None) -> Iterator[Change]:
    """Make this constraint hold: in the element that was ``found`` for it, else in a new one."""
    kind = KINDS[type(wanted)]
    _check(wanted, kind)
    shape = Shape(
        kind=kind.name,
        tag=kind.tag,
        section="constraints",
        attributes=attributes(wanted),
        allowed=(*kind.options, *kind.references, *kind.fields),
        parts=(
            Part("sets", ("resource_set",), build_sets(wanted.sets, wanted.id), SET_OPTIONS),
            Part("rules", ("rule",), _build_rules(wanted)),
        ),
        check=lambda: _check_references(cib, wanted, kind),
        full=kind.full,
    )
    if found is not None:
        yield from converge(cib, wanted.id, shape, found)
        return
    # What is new is told with what was declared, not with what is taken for granted.
    new = create(cib, wanted.id, kind.tag, "constraints")
    for change in converge(cib, wanted.id, shape._replace(full=as_given), new):
        yield Change(action="create", kind=kind.name, id=wanted.id, details=change.details)


def _check_references(cib: Cib, wanted: Constraint, kind: Kind) -> None:
    """A constraint is on resources, or on tags and templates that stand for some."""
    named = [(name, getattr(wanted, field)) for name, field in kind.references.items()]
    if len(named) > 1 and None not in {it[1] for it in named} and named[0][1] == named[1][1]:
        raise Wrong(f"it relates {named[0][1]} to itself")
    named += [("set's member", member) for given in wanted.sets for member in given.members]
    for what, name in named:
        element = None if name is None else cib.ids.get(name)
        if name is not None and (element is None or element.tag not in REFERRED):
            raise Missing(f"its {what} {name} is no resource of the cluster")
    if isinstance(wanted, Location):
        _check_scores(wanted)


def _check_scores(wanted: Location) -> None:
    """A node has its score in the options, each rule one of its own."""
    own = {"score", "score-attribute"} & set(wanted.options)
    if wanted.node is not None and "score" not in own:
        raise Wrong("it needs a score for the node, such as 100, INFINITY or -INFINITY")
    if wanted.rules and own:
        raise Wrong(f"its {own.pop()} stands in the rule, not in the options")
    if any(rule.score is None and rule.score_attribute is None for rule in wanted.rules):
        raise Wrong("each of its rules needs a score")


def _check(wanted: Constraint, kind: Kind) -> None:
    for name in wanted.options:
        if name in FIELDS:
            raise Wrong(f"its {name} does not stand in the options, but beside them")
    fields = list(kind.references.values()) + (["pattern"] if kind is LOCATION else [])
    given = [field for field in fields if getattr(wanted, field) is not None]
    needed = 1 if kind is LOCATION else len(kind.references)
    if wanted.sets and given:
        raise Wrong(f"it has sets and {' and '.join(given)}; leave one of them out")
    if not wanted.sets and len(given) != needed:
        either = " or ".join(fields) if kind is LOCATION else " and ".join(fields)
        raise Wrong(f"it needs {either}, or sets")
    if isinstance(wanted, Location) and bool(wanted.rules) == (wanted.node is not None):
        raise Wrong("it needs a node (with options: score), or rules")


def build_sets(sets: Sets, name: str) -> list[Element]:
    """Elements of resource sets."""
    return [_build_set(item, f"{name}-set-{number}") for number, item in enumerate(sets)]


def _build_set(item: ResourceSet, name: str) -> Element:
    element = Element("resource_set", {"id": name, **texts(item.options)})
    for member in item.members:
        element.append(Element("resource_ref", {"id": member}))
    return element


def _build_rules(wanted: Constraint) -> list[Element]:
    given = wanted.rules if isinstance(wanted, Location) else ()
    names = [f"{wanted.id}-rule" if n == 0 else f"{wanted.id}-rule-{n}" for n in range(len(given))]
    return [rules.build(rule, name) for rule, name in zip(given, names, strict=True)]


def relation(cib: Cib, kind: Kind, element: Element) -> tuple:
    """What a constraint relates, and how: the same for two that differ in strength only."""
    full = kind.full({name: v for name, v in element.attrib.items() if name != "id"})
    roles = {name: ROLES.get(v.lower(), v.lower()) for name, v in full.items() if "role" in name}
    # The score of a rule says how much, as that of a node does.
    inside = tuple(
        (elements.condition if child.tag == "rule" else elements.meaning)(cib, child)
        for child in element
        if child.tag in ("resource_set", "rule")
    )
    return (kind.tag, *(roles.get(part, full.get(part)) for part in kind.relation), inside)


def wanted_relation(cib: Cib, wanted: Constraint) -> tuple:
    """The same for a declared one."""
    kind = KINDS[type(wanted)]
    element = Element(kind.tag, attributes(wanted))
    element.extend([*build_sets(wanted.sets, "wanted"), *_build_rules(wanted)])
    return relation(cib, kind, element)


# -- reading ---------------------------------------------------------------------------------------


def read_constraint(cib: Cib, element: Element) -> Constraint | None:
    """A constraint as it would be declared; None for one that no schema of today describes."""
    kind = BY_TAG[element.tag]
    given = element.attrib
    options = {name: value for name, value in given.items() if name not in FIELDS}
    sets = tuple(_read_set(cib, it) for it in element.iterfind("resource_set"))
    parts = {field: given.get(name) for name, field in kind.references.items()}
    common = {"id": given["id"], "options": options, "sets": sets, **parts}
    if not sets and any(value is None for value in parts.values()) and "rsc-pattern" not in given:
        return None
    if kind is ORDER:
        return Order(**common)
    if kind is COLOCATION:
        return Colocation(**common)
    if kind is TICKET:
        return Ticket(ticket=given.get("ticket", ""), **common)
    ruled = tuple(rules.read(cib, it) for it in element.iterfind("rule"))
    if bool(ruled) == ("node" in given):
        return None
    return Location(pattern=given.get("rsc-pattern"), node=given.get("node"), rules=ruled, **common)


def _read_set(cib: Cib, element: Element) -> ResourceSet:
    element = cib.referred(element)
    options = {name: value for name, value in element.attrib.items() if name != "id"}
    names = tuple(item.attrib.get("id", "") for item in element.iterfind("resource_ref"))
    return ResourceSet(members=names, options=options)
