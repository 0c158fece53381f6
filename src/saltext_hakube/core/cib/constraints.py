"""Orders and colocations: found by what they mean, whatever their id, then edited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import same
from saltext_hakube.core.cib.objects import Colocation, Order
from saltext_hakube.core.errors import ConfigError


def edit_order(cib: Cib, wanted: Order) -> Iterator[Change]:
    """Make this order hold."""
    attributes = {"first": wanted.first, "then": wanted.then, **wanted.options}
    yield from _edit(cib, "rsc_order", wanted.id, attributes, _order_defaults, _ORDER_KEY)


def edit_colocation(cib: Cib, wanted: Colocation) -> Iterator[Change]:
    """Make this colocation hold."""
    attributes = {"rsc": wanted.resource, "with-rsc": wanted.with_resource, **wanted.options}
    yield from _edit(cib, "rsc_colocation", wanted.id, attributes, dict, _COLOCATION_KEY)


_KINDS = {"rsc_order": "order", "rsc_colocation": "colocation"}
_ORDER_KEY = ("first", "then", "first-action", "then-action")
_COLOCATION_KEY = ("rsc", "with-rsc", "rsc-role", "with-rsc-role", "node-attribute")
_REFERENCES = ("first", "then", "rsc", "with-rsc")


def _order_defaults(attributes: Mapping[str, str]) -> dict[str, str]:
    """The order with what pacemaker takes for granted (Pacemaker Explained, rsc_order)."""
    full = {"first-action": "start", "kind": "Mandatory", **attributes}
    full.setdefault("then-action", full["first-action"])
    full.setdefault("symmetrical", "false" if full["kind"] == "Serialize" else "true")
    return full


def _edit(cib: Cib, tag: str, name: str, wanted: dict[str, str], defaults, key) -> Iterator[Change]:
    for reference in _REFERENCES:
        target = wanted.get(reference)
        if target is not None and cib.resource(target) is None:
            raise ConfigError(
                [f"{_KINDS[tag]} {name}: its {reference} {target} is no resource of the cluster"]
            )
    section = cib.section("constraints")
    element = _find(section, tag, name, wanted, defaults, key)
    if element is None:
        if name in cib.ids:
            raise ConfigError(
                [
                    f"{_KINDS[tag]} {name}: the cluster has a {cib.ids[name].tag} of this id; "
                    "choose another name"
                ]
            )
        element = cib.add(section, tag, id=name)
        element.attrib.update(wanted)
        details = {key: (None, value) for key, value in wanted.items()}
        yield Change(action="create", kind=_KINDS[tag], id=name, details=details)
        return
    actual = {k: v for k, v in element.attrib.items() if k != "id"}
    full, full_wanted = defaults(actual), defaults(wanted)
    details = {
        option: (full.get(option), full_wanted.get(option))
        for option in [*full_wanted, *(o for o in full if o not in full_wanted)]
        if not same(option, full.get(option), full_wanted.get(option))
    }
    if details:
        for option in details:
            if option in wanted:
                element.attrib[option] = wanted[option]
            else:
                element.attrib.pop(option, None)
        yield Change(
            action="update", kind=_KINDS[tag], id=element.attrib["id"], details=details
        )


def _find(section: Element, tag: str, name: str, wanted, defaults, key) -> Element | None:
    """The constraint that relates the same things in the same way, else the one of this id."""

    def relation(attributes: Mapping[str, str]) -> tuple[str | None, ...]:
        full = defaults(attributes)
        return tuple(full.get(part) for part in key)

    simple = [element for element in section.findall(tag) if element.find("resource_set") is None]
    alike = [element for element in simple if relation(element.attrib) == relation(wanted)]
    named = [element for element in simple if element.attrib.get("id") == name]
    both = [element for element in alike if element in named]
    return next(iter(both or alike or named), None)
