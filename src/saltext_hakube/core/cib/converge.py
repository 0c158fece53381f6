"""Make one element of the CIB be what an object says: found or made, then edited part by part."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

from saltext_hakube.core.cib import elements, operations, pairs, words
from saltext_hakube.core.cib.change import Change, prefixed
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.elements import Details, Part
from saltext_hakube.core.cib.meaning import same
from saltext_hakube.core.cib.objects import ADMINISTRATIVE, Operations, Pairs
from saltext_hakube.core.cib.words import Wrong
from saltext_hakube.core.values import MASKED

Attributes = dict[str, str]


def as_given(attributes: Mapping[str, str]) -> Attributes:
    """For elements in which pacemaker takes nothing for granted."""
    return dict(attributes)


def anything() -> None:
    """For objects of which nothing more has to be true."""


class Shape(NamedTuple):
    """What an object's element is to be.

    ``allowed``: the attributes that an object of this kind has; others are unknown, and stay.
    ``full``: attributes with what is taken for granted. ``check``: raises Wrong where the object
    cannot be; asked only where something is about to change, for what stands is not ours to judge.
    """

    kind: str
    tag: str
    section: str
    attributes: Attributes
    allowed: tuple[str, ...] = ()
    description: str | None = None
    pairs: tuple[tuple[str, str, Pairs], ...] = ()
    operations: Operations | None = None
    parts: tuple[Part, ...] = ()
    check: Callable[[], None] = anything
    full: Callable[[Mapping[str, str]], Attributes] = as_given


def converge(
    cib: Cib, name: str, shape: Shape, element: Element | None, agent: str | None = None
) -> Iterator[Change]:
    """Edit ``element`` (None: make it) until it is of this shape."""
    action = "update" if element is not None else "create"
    if element is None:
        element = create(cib, name, shape.tag, shape.section)
    cib.claimed.add(element)
    details = edit_attributes(cib, element, shape)
    for label, tag, wanted in shape.pairs:
        details |= prefixed(label, pairs.edit(cib, element, tag, wanted, kept(tag, wanted)))
    if shape.operations is not None:
        details |= prefixed("operation", operations.edit(cib, element, shape.operations))
    for part in shape.parts:
        details |= elements.converge(cib, element, part)
    if details or action == "create":
        shape.check()
        identity = element.attrib.get("id", name)
        yield Change(action=action, kind=shape.kind, id=identity, agent=agent, details=details)


def kept(tag: str, wanted: Pairs) -> Collection[str]:
    """What stays of a set although it is not declared: an administrator's meta attributes."""
    if tag != "meta_attributes":
        return ()
    sets = [wanted] if isinstance(wanted, Mapping) else [item.values for item in wanted]
    return ADMINISTRATIVE - {name for values in sets for name in values}


def create(cib: Cib, name: str, tag: str, section: str) -> Element:
    """A new element of this id, last in its section."""
    taken = cib.ids.get(name)
    if taken is not None:
        raise Wrong(f"the cluster has a {taken.tag} of this id; choose another name")
    words.check_id(name)
    return cib.add(cib.section(section), tag, id=name)


def own(cib: Cib, name: str, *tags: str) -> Element | None:
    """The element of this id, which must be of one of these tags or not be there."""
    element = cib.ids.get(name)
    if element is not None and element.tag not in tags:
        raise Wrong(f"the cluster has a {element.tag} of this id; choose another name")
    return element


def edit_attributes(cib: Cib, element: Element, shape: Shape) -> Details:
    """Make the element have exactly these attributes; what the kind does not know stays."""
    wanted = {
        name: element.attrib.get(name, MASKED) if value == MASKED else value
        for name, value in shape.attributes.items()
    }
    known = {*shape.allowed, *wanted} - {"id", "description"}
    given = {name: value for name, value in element.attrib.items() if name in known}
    actual, full = shape.full(given), shape.full(wanted)
    details: Details = {}
    for name in dict.fromkeys([*full, *actual]):
        if same(name, actual.get(name), full.get(name)):
            continue
        details[name] = (actual.get(name), full.get(name))
        if name in wanted:
            if shape.allowed:
                words.check_names({name: wanted[name]}, shape.allowed, "the option")
            words.check(name, wanted[name])
            element.attrib[name] = words.spelled(cib.schema, name, wanted[name])
        else:
            element.attrib.pop(name, None)
    if shape.description is not None and element.attrib.get("description") != shape.description:
        details["description"] = (element.attrib.get("description"), shape.description)
        words.check_text("description", shape.description)
        element.attrib["description"] = shape.description
    return details
