"""The objects that stand in a CIB, in the words in which they would be declared.

What the objects cannot say (rules, resource sets, bundles, templates, other constraints) is passed
over here, and left untouched by plans.
"""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib.attributes import operations, pairs
from saltext_hakube.core.cib.constraints import COLOCATION, ORDER
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.objects import (
    Clone,
    Colocation,
    Group,
    Object,
    Operation,
    Order,
    Primitive,
    Property,
)
from saltext_hakube.core.cib.resources import members


def objects(text: str) -> tuple[Object, ...]:
    """Everything in the CIB ``text`` that can be declared."""
    cib = Cib.parse(text)
    return (*_properties(cib), *_resources(cib), *_constraints(cib))


def _properties(cib: Cib) -> Iterator[Property]:
    for name, value in pairs(cib.section("crm_config"), "cluster_property_set").items():
        yield Property(id=name, value=value)


def _resources(cib: Cib) -> Iterator[Object]:
    for element in cib.resources():
        name, meta = element.attrib["id"], pairs(element, "meta_attributes")
        inside = [member.attrib["id"] for member in members(element)]
        if element.tag == "primitive" and "type" in element.attrib:
            yield Primitive(
                id=name,
                agent=_agent(element),
                options=pairs(element, "instance_attributes"),
                meta=meta,
                operations=tuple(_operation(op) for op in operations(element)),
            )
        elif element.tag == "group":
            yield Group(id=name, members=tuple(inside), meta=meta)
        elif element.tag == "clone" and inside:
            yield Clone(id=name, member=inside[0], meta=meta)


def _agent(element: Element) -> str:
    parts = (element.attrib.get(part) for part in ("class", "provider", "type"))
    return ":".join(part for part in parts if part)


def _operation(element: Element) -> Operation:
    attributes = {k: v for k, v in element.attrib.items() if k not in ("id", "name")}
    return Operation(element.attrib.get("name", ""), attributes)


def _constraints(cib: Cib) -> Iterator[Object]:
    for element in cib.section("constraints"):
        options = {k: v for k, v in element.attrib.items() if k != "id"}
        name = element.attrib.get("id", "")
        if element.tag == ORDER.tag and "first" in options and "then" in options:
            first, then = options.pop("first"), options.pop("then")
            yield Order(id=name, first=first, then=then, options=options)
        elif element.tag == COLOCATION.tag and "rsc" in options and "with-rsc" in options:
            resource, other = options.pop("rsc"), options.pop("with-rsc")
            yield Colocation(id=name, resource=resource, with_resource=other, options=options)
