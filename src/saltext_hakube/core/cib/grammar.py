"""What pacemaker's schema asks of elements that are compared and replaced as a whole.

Only what is about to be written is judged, so that a person reads what is wrong: the schema's own
complaint names no place (from rule-3.9.rng, resources-3.9.rng).
"""

from __future__ import annotations

from typing import NamedTuple

from saltext_hakube.core.cib.document import Element
from saltext_hakube.core.cib.words import Wrong, check_names
from saltext_hakube.core.reading import shown


class Known(NamedTuple):
    """``needed``: attributes that must be there; ``one_of``: of which there must be one."""

    needed: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()


OPERATIONS = {
    "expression": ("lt", "gt", "lte", "gte", "eq", "ne", "defined", "not_defined"),
    "date_expression": ("gt", "lt", "in_range", "date_spec"),
}
# What a date needs for each of its operations.
DATES = {"gt": ("start",), "lt": ("end",), "in_range": ("start", "end")}
CONTAINER = Known(
    ("image",),
    (
        *("replicas", "replicas-per-host", "promoted-max", "masters"),
        *("run-command", "network", "options"),
    ),
)
TAGS = {
    "expression": Known(("attribute", "operation"), ("value", "type", "value-source")),
    "date_expression": Known(("operation",), ("start", "end")),
    "rsc_expression": Known((), ("class", "provider", "type")),
    "op_expression": Known(("name",), ("interval",)),
    "docker": CONTAINER,
    "podman": CONTAINER,
    "rkt": CONTAINER,
    "network": Known(
        (), ("ip-range-start", "control-port", "host-interface", "host-netmask", "add-host")
    ),
    "port-mapping": Known((), ("internal-port",), ("port", "range")),
    "storage-mapping": Known(("target-dir",), ("options",), ("source-dir", "source-dir-root")),
}
NUMBERS = frozenset(
    {
        *("replicas", "replicas-per-host", "promoted-max", "masters"),
        *("control-port", "host-netmask", "port", "internal-port"),
    }
)


def judge(tree: Element) -> None:
    """Raise Wrong where the schema takes no such element, or none in it."""
    for element in tree.iter():
        known = TAGS.get(element.tag)
        if known is not None:
            _judge(element, known)


def _judge(element: Element, known: Known) -> None:
    tag = element.tag
    given = {name: value for name, value in element.attrib.items() if name != "id"}
    check_names(given, (*known.needed, *known.one_of, *known.others), f"the {tag}'s")
    for name in known.needed:
        if name not in given:
            raise Wrong(f"the {tag} needs {name}")
    if known.one_of and len(given.keys() & set(known.one_of)) != 1:
        raise Wrong(f"the {tag} needs {' or '.join(known.one_of)}")
    for name in NUMBERS & given.keys():
        if not (given[name].isascii() and given[name].isdecimal()):
            raise Wrong(f"{name}: {shown(given[name])} is wrong; expected a whole number")
    operation = given.get("operation", "")
    if operation not in OPERATIONS.get(tag, (operation,)):
        expected = ", ".join(OPERATIONS[tag])
        raise Wrong(f"operation: {shown(operation)} is wrong; expected one of {expected}")
    if tag == "date_expression":
        _judge_date(element, operation)


def _judge_date(element: Element, operation: str) -> None:
    if operation == "date_spec" and element.find("date_spec") is None:
        raise Wrong("the date_expression needs a date_spec")
    needed = DATES.get(operation)
    if needed and not element.attrib.keys() & set(needed):
        raise Wrong(f"the date_expression needs {' or '.join(needed)} for {operation}")
