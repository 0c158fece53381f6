"""Orders and colocations: found by what they mean, whatever their id, then edited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from saltext_hakube.core.cib.attributes import Changes
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import same
from saltext_hakube.core.cib.objects import Colocation, Order
from saltext_hakube.core.errors import ConfigError


def edit_order(cib: Cib, wanted: Order) -> Iterator[Change]:
    """Make this order hold."""
    attributes = {"first": wanted.first, "then": wanted.then, **wanted.options}
    yield from _edit(cib, ORDER, wanted.id, attributes)


def edit_colocation(cib: Cib, wanted: Colocation) -> Iterator[Change]:
    """Make this colocation hold."""
    attributes = {"rsc": wanted.resource, "with-rsc": wanted.with_resource, **wanted.options}
    yield from _edit(cib, COLOCATION, wanted.id, attributes)


Attributes = Mapping[str, str]


class _Kind(NamedTuple):
    """``relation``: the attributes that say what is related, and how; the rest is its strength."""

    name: str
    tag: str
    references: tuple[str, ...]
    relation: tuple[str, ...]
    full: Callable[[Attributes], dict[str, str]]


def _full_order(attributes: Attributes) -> dict[str, str]:
    """The order with what pacemaker takes for granted (Pacemaker Explained, rsc_order)."""
    full = {"first-action": "start", "kind": "Mandatory", "require-all": "true", **attributes}
    full.setdefault("then-action", full["first-action"])
    full.setdefault("symmetrical", "false" if full["kind"] == "Serialize" else "true")
    return full


def _full_colocation(attributes: Attributes) -> dict[str, str]:
    """The colocation without the role that pacemaker takes for granted."""
    roles = ("rsc-role", "with-rsc-role")
    return {k: v for k, v in attributes.items() if not (k in roles and v == "Started")}


ORDER = _Kind(
    "order",
    "rsc_order",
    ("first", "then"),
    ("first", "then", "first-action", "then-action"),
    _full_order,
)
COLOCATION = _Kind(
    "colocation",
    "rsc_colocation",
    ("rsc", "with-rsc"),
    ("rsc", "with-rsc", "rsc-role", "with-rsc-role", "node-attribute"),
    _full_colocation,
)


def _edit(cib: Cib, kind: _Kind, name: str, wanted: dict[str, str]) -> Iterator[Change]:
    for reference in kind.references:
        if cib.resource(wanted[reference]) is None:
            raise ConfigError(
                [
                    f"{kind.name} {name}: its {reference} {wanted[reference]} is no resource of "
                    "the cluster"
                ]
            )
    section = cib.section("constraints")
    found = _find(section, kind, name, wanted)
    for element in found:
        details = _update(element, kind, wanted)
        if details:
            yield Change(action="update", kind=kind.name, id=element.attrib["id"], details=details)
    if found:
        return
    if name in cib.ids:
        raise ConfigError(
            [
                f"{kind.name} {name}: the cluster has a {cib.ids[name].tag} of this id; "
                "choose another name"
            ]
        )
    cib.add(section, kind.tag, id=name).attrib.update(wanted)
    details = {option: (None, value) for option, value in wanted.items()}
    yield Change(action="create", kind=kind.name, id=name, details=details)


def _find(section: Element, kind: _Kind, name: str, wanted: Attributes) -> list[Element]:
    """All constraints that relate the same things in the same way, else the one of this id.

    All: of two orders between the same resources pacemaker obeys both.
    """

    def relation(attributes: Attributes) -> tuple[str | None, ...]:
        full = kind.full(attributes)
        return tuple(full.get(part) for part in kind.relation)

    simple = [item for item in section.findall(kind.tag) if item.find("resource_set") is None]
    alike = [item for item in simple if relation(item.attrib) == relation(wanted)]
    return alike or [item for item in simple if item.attrib.get("id") == name]


def _update(element: Element, kind: _Kind, wanted: Attributes) -> Changes:
    actual = kind.full({name: v for name, v in element.attrib.items() if name != "id"})
    full = kind.full(wanted)
    details = {
        option: (actual.get(option), full.get(option))
        for option in dict.fromkeys([*full, *actual])
        if not same(option, actual.get(option), full.get(option))
    }
    for option in details:
        if option in wanted:
            element.attrib[option] = wanted[option]
        else:
            element.attrib.pop(option, None)
    return details
