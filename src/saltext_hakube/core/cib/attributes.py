"""Sets of name-value pairs and operations: read what they mean, edit them to mean something else.

An edit returns what it changed as ``{name: (before, after)}``; empty: nothing. A value that only
looks different (``60s`` and ``1min``) is left as it is, and so is the order of the pairs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import canonical, same, score
from saltext_hakube.core.cib.objects import Operation

Changes = dict[str, tuple[str | None, str | None]]


def plain_sets(owner: Element, tag: str) -> list[Element]:
    """The sets that hold everywhere, the one that wins first: by score, then as they stand.

    Sets with a rule hold sometimes, those with an id-ref are somebody else's.
    """
    found = [
        candidate
        for candidate in owner.findall(tag)
        if candidate.find("rule") is None and "id-ref" not in candidate.attrib
    ]
    return sorted(found, key=lambda item: -_number(score(item.attrib.get("score", "0"))))


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0


def effective(sets: Iterable[Element]) -> dict[str, Element]:
    """The nvpair that counts for each name: the first set that has it wins."""
    found: dict[str, Element] = {}
    for item in sets:
        for pair in item.findall("nvpair"):
            if "name" in pair.attrib:
                found.setdefault(pair.attrib["name"], pair)
    return found


def pairs(owner: Element, tag: str) -> dict[str, str]:
    """The names and values that count, of the sets that hold everywhere."""
    found = effective(plain_sets(owner, tag))
    return {name: pair.attrib.get("value", "") for name, pair in found.items()}


def edit_pairs(
    cib: Cib, owner: Element, tag: str, wanted: Mapping[str, str], keep: Collection[str] = ()
) -> Changes:
    """Make the owner's sets of this tag mean exactly ``wanted``, but for the names in ``keep``."""
    changes: Changes = {}
    sets = plain_sets(owner, tag)
    actual = effective(sets)
    for name, value in wanted.items():
        pair = actual.get(name)
        if pair is None:
            if not sets:
                identity = f"{owner.attrib['id']}-{tag}"
                sets = [cib.add(owner, tag, index=_place(owner, tag), id=identity)]
            identity = f"{sets[0].attrib['id']}-{name}"
            cib.add(sets[0], "nvpair", id=identity, name=name, value=value)
            changes[name] = (None, value)
        elif not same(name, pair.attrib.get("value"), value):
            changes[name] = (pair.attrib.get("value"), value)
            pair.attrib["value"] = value
    for name, pair in actual.items():
        if name not in wanted and name not in keep:
            changes[name] = (pair.attrib.get("value"), None)
            for item in sets:
                for other in item.findall("nvpair"):
                    if other.attrib.get("name") == name:
                        cib.remove(other)
    for item in sets:
        if changes and len(item) == 0:
            cib.remove(item)
    return changes


# The schema wants a resource's own parts before the resources in it (resources-*.rng).
_BEFORE = ("description", "meta_attributes", "instance_attributes", "utilization", "operations")


def _place(owner: Element, tag: str) -> int:
    """Behind the parts that come before ``tag``, before members of a group or clone."""
    if owner.tag in ("group", "clone", "master"):
        return sum(1 for child in owner if child.tag in _BEFORE)
    return len(owner)


def operations(owner: Element) -> list[Element]:
    """The operations of a primitive."""
    return [op for holder in owner.findall("operations") for op in holder.findall("op")]


def edit_operations(cib: Cib, owner: Element, wanted: Iterable[Operation]) -> Changes:
    """Make the primitive have exactly these operations.

    An operation is the same one if name, interval and role are; failing that, the only one of
    its name on both sides is the same with another interval.
    """
    changes: Changes = {}
    wanted = list(wanted)
    left = operations(owner)
    matched: list[tuple[Operation, Element | None]] = []
    for operation in wanted:
        element = next((op for op in left if _key(op.attrib) == _wanted_key(operation)), None)
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
    for operation, element in matched:
        before = None if element is None else dict(element.attrib)
        if element is None:
            _add_operation(cib, owner, operation)
        elif not _edit_operation(element, operation):
            continue
        _note(changes, operation.name, before, operation.attributes)
    for element in left:
        _note(changes, element.attrib.get("name", "?"), element.attrib, None)
        cib.remove(element)
    for holder in owner.findall("operations"):
        if changes and len(holder) == 0 and "id-ref" not in holder.attrib:
            cib.remove(holder)
    return changes


def _key(attributes: Mapping[str, str]) -> tuple[str, str, str]:
    interval = canonical("interval", attributes.get("interval", "0"))
    return attributes.get("name", ""), interval, attributes.get("role", "")


def _wanted_key(operation: Operation) -> tuple[str, str, str]:
    return _key({"name": operation.name, **operation.attributes})


def _edit_operation(element: Element, operation: Operation) -> bool:
    changed = False
    wanted = {"interval": "0s", **operation.attributes}
    for name, value in wanted.items():
        if not same(name, element.attrib.get(name), value):
            element.attrib[name] = value
            changed = True
    for name in set(element.attrib) - set(wanted) - {"id", "name", "description"}:
        del element.attrib[name]
        changed = True
    return changed


def _add_operation(cib: Cib, owner: Element, operation: Operation) -> None:
    holder = owner.find("operations")
    if holder is None:
        holder = cib.add(owner, "operations")
    attributes = {"interval": "0s", **operation.attributes}
    identity = f"{owner.attrib['id']}-{operation.name}-interval-{attributes['interval']}"
    cib.add(holder, "op", id=identity, name=operation.name, **attributes)


def _note(
    changes: Changes,
    name: str,
    before: Mapping[str, str] | None,
    after: Mapping[str, str] | None,
) -> None:
    """Tell what became of an operation. Two may have one name and interval."""
    attributes = (before if after is None else after) or {}
    interval = attributes.get("interval", "0s")
    label = f"{name} {interval}" if canonical("interval", interval) != "0us" else name
    if "role" in attributes:
        label += f" {attributes['role']}"
    number = 1
    while (key := label if number == 1 else f"{label} ({number})") in changes:
        number += 1
    changes[key] = tuple(None if side is None else _told(side) for side in (before, after))


def _told(attributes: Mapping[str, str]) -> str:
    return " ".join(f"{k}={v}" for k, v in sorted(attributes.items()) if k not in ("id", "name"))
