"""The operations of a resource: read them, and edit them until they are the declared ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from saltext_hakube.core.cib import pairs, words
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import canonical, same
from saltext_hakube.core.cib.objects import Operation, Operations
from saltext_hakube.core.cib.pairs import Changes

# What the schema knows of an operation (resources-*.rng of all versions).
ALLOWED = (
    *("interval", "timeout", "role", "on-fail", "enabled", "record-pending", "start-delay"),
    *("interval-origin", "description", "requires", "prereq"),
)
PARTS = (("options", "instance_attributes"), ("meta", "meta_attributes"))


def listed(given: Operations) -> tuple[Operation, ...]:
    """The operations as a list, whichever way they were declared."""
    if isinstance(given, Mapping):
        return tuple(Operation(name, attributes) for name, attributes in given.items())
    return given


def read(cib: Cib, owner: Element) -> tuple[Operation, ...]:
    """What would be declared, as a list."""
    return tuple(_read(cib, op) for op in _elements(cib, owner))


def _read(cib: Cib, element: Element) -> Operation:
    attributes = {k: v for k, v in element.attrib.items() if k not in ("id", "name")}
    parts = {part: pairs.read(cib, element, tag) for part, tag in PARTS}
    return Operation(element.attrib.get("name", ""), attributes, **parts)


def _elements(cib: Cib, owner: Element) -> list[Element]:
    holders = (cib.referred(holder) for holder in owner.iterfind("operations"))
    return [cib.referred(op) for holder in holders for op in holder.iterfind("op")]


def edit(cib: Cib, owner: Element, declared: Operations) -> Changes:
    """Make the resource have exactly these operations.

    An operation is the same one if name, interval and role are; failing that, the only one of
    its name on both sides is the same with another interval.
    """
    wanted = listed(declared)
    matched, left = _match(wanted, _elements(cib, owner))
    if not left and all(
        element is not None and _means(cib, element, operation) for operation, element in matched
    ):
        return {}
    if _borrow(cib, owner):
        matched, left = _match(wanted, _elements(cib, owner))
    for holder in owner.findall("operations"):
        cib.bequeath(holder)
    changes: Changes = {}
    for operation, element in matched:
        if element is None or not _means(cib, element, operation):
            _edit_one(cib, owner, operation, element, changes)
    for element in left:
        _note(changes, element.attrib, (_told(element.attrib), None), {})
        cib.remove(element)
    for holder in owner.findall("operations"):
        if len(holder) == 0 and "id-ref" not in holder.attrib:
            cib.remove(holder)
    return changes


def _edit_one(
    cib: Cib, owner: Element, operation: Operation, found: Element | None, changes: Changes
) -> None:
    before = None if found is None else _told(found.attrib)
    element = _add(cib, owner, operation) if found is None else found
    _edit_attributes(cib, element, pairs.texts(operation.attributes))
    parts = {}
    for part, tag in PARTS:
        edited = pairs.edit(cib, element, tag, getattr(operation, part))
        label = "option" if part == "options" else part
        parts |= {f"{label} {name}": values for name, values in edited.items()}
    _note(changes, element.attrib, (before, _told(element.attrib)), parts)


Matched = list[tuple[Operation, Element | None]]


def _match(wanted: Iterable[Operation], actual: list[Element]) -> tuple[Matched, list[Element]]:
    left = list(actual)
    matched: Matched = []
    for operation in wanted:
        key = _key(operation.name, pairs.texts(operation.attributes))
        element = next((op for op in left if _key(op.attrib.get("name"), op.attrib) == key), None)
        if element is not None:
            left.remove(element)
        matched.append((operation, element))
    for index, (operation, element) in enumerate(matched):
        if element is not None:
            continue
        alike = [op for op in left if op.attrib.get("name") == operation.name]
        missing = [o for o, e in matched if e is None and o.name == operation.name]
        if len(alike) == len(missing) == 1:
            left.remove(alike[0])
            matched[index] = (operation, alike[0])
    return matched, left


def _key(name: str | None, attributes: Mapping[str, str]) -> tuple[str, str, str]:
    interval = canonical("interval", attributes.get("interval", "0"))
    return name or "", interval, canonical("role", attributes.get("role", ""))


def _full(attributes: Mapping[str, str]) -> dict[str, str]:
    """The attributes that mean something, with those that the schema wants."""
    own = {k: v for k, v in attributes.items() if k not in ("id", "name", "description")}
    return {"interval": "0s", **own}


def _means(cib: Cib, element: Element, operation: Operation) -> bool:
    wanted, actual = _full(pairs.texts(operation.attributes)), _full(element.attrib)
    if wanted.keys() != actual.keys():
        return False
    if not all(same(name, actual[name], value) for name, value in wanted.items()):
        return False
    return all(pairs.means(cib, element, tag, getattr(operation, part)) for part, tag in PARTS)


def _edit_attributes(cib: Cib, element: Element, declared: Mapping[str, str]) -> None:
    wanted, actual = _full(declared), _full(element.attrib)
    for name, value in wanted.items():
        if name not in element.attrib or not same(name, actual.get(name), value):
            words.check(name, value)
            words.check_names({name: value}, ALLOWED, "the attribute")
            element.attrib[name] = words.spelled(cib.schema, name, value)
    for name in actual.keys() - wanted.keys():
        del element.attrib[name]
    if "description" in declared:
        element.attrib["description"] = declared["description"]


def _add(cib: Cib, owner: Element, operation: Operation) -> Element:
    holder = owner.find("operations")
    if holder is None:
        holder = cib.add(owner, "operations")
    interval = pairs.texts(operation.attributes).get("interval", "0s")
    identity = f"{owner.attrib['id']}-{operation.name}-interval-{interval}"
    return cib.add(holder, "op", id=pairs.as_id(identity), name=operation.name)


def _borrow(cib: Cib, owner: Element) -> bool:
    """Make borrowed operations the owner's own, to edit them; whether there were any."""
    found = False
    for holder in owner.findall("operations"):
        if "id-ref" in holder.attrib and cib.referred(holder) is not holder:
            cib.replace(holder, cib.referred(holder))
            found = True
        for op in holder.findall("op"):
            if "id-ref" in op.attrib and cib.referred(op) is not op:
                cib.replace(op, cib.referred(op))
                found = True
    return found


def _note(
    changes: Changes,
    attributes: Mapping[str, str],
    told: tuple[str | None, str | None],
    parts: Changes,
) -> None:
    """Tell what became of an operation. Two may have one name and interval."""
    name, interval = attributes.get("name", "?"), attributes.get("interval", "0s")
    label = f"{name} {interval}" if canonical("interval", interval) != "0us" else name
    if "role" in attributes:
        label += f" {attributes['role']}"
    number = 1
    while (key := label if number == 1 else f"{label} ({number})") in changes:
        number += 1
    if told[0] != told[1]:
        changes[key] = told
    changes |= {f"{key} {part}": values for part, values in parts.items()}


def _told(attributes: Mapping[str, str]) -> str:
    return " ".join(f"{k}={v}" for k, v in sorted(attributes.items()) if k not in ("id", "name"))
