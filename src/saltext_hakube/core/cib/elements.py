"""What an element means, whatever its ids and the spelling of its values; and parts of an object
that are compared as a whole and put in place as a whole: rules, resource sets, permissions ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from saltext_hakube.core.cib import grammar, rules, words
from saltext_hakube.core.cib.document import REFERENCES, Cib, Element
from saltext_hakube.core.cib.meaning import canonical
from saltext_hakube.core.values import MASKED

Meaning = tuple[Any, ...]
Details = dict[str, tuple[str | None, str | None]]

# What pacemaker takes for granted where an attribute is missing (Pacemaker Explained; rule-*.rng).
DEFAULTS = {
    "rule": {"boolean-op": "and"},
    "expression": {"type": "string", "value-source": "literal"},
    "resource_set": {"sequential": "true", "require-all": "true"},
}
# Whose attributes are pacemaker's words; a permission has a "kind" of its own.
JUDGED = frozenset({"rule", "resource_set"})
# What is unknown in a rule cannot be declared, and so is not compared.
KNOWN = {"rule": frozenset({"boolean-op", "role", "score", "score-attribute"})}
KNOWN |= {tag: frozenset({"id"}) for tag in REFERENCES}
SCORES = frozenset({"score", "score-attribute"})
INSIDE = {"rule": frozenset({"rule", *rules.LEAVES.values()}), "resource_set": {"resource_ref"}}
# Of these the order of what is inside says nothing.
UNORDERED = frozenset({"rule", "acl_role", "select", "select_attributes", "network", "storage"})


def meaning(cib: Cib, element: Element) -> Meaning:
    """A value that is the same for two elements that mean the same."""
    element = cib.referred(element)
    defaults = DEFAULTS.get(element.tag, {})
    attributes = {
        name: canonical(name, value)
        for name, value in element.attrib.items()
        if (name != "id" or element.tag in REFERENCES)
        and (element.tag not in KNOWN or name in KNOWN[element.tag])
    }
    known = INSIDE.get(element.tag)
    # Of a rule in a rule pacemaker asks only whether it holds.
    of_child = condition if element.tag == "rule" else meaning
    inside = [
        of_child(cib, child)
        for child in element
        if isinstance(child.tag, str) and (known is None or child.tag in known)
    ]
    if element.tag == "rule" and len(inside) == 1:
        attributes.pop("boolean-op", None)  # of one, "and" is "or"
    # Where a set's members go in parallel, their order says nothing.
    parallel = element.tag == "resource_set" and attributes.get("sequential") == "false"
    if parallel or element.tag in UNORDERED:
        inside.sort()
    told = ((name, value) for name, value in attributes.items() if value != defaults.get(name))
    return element.tag, tuple(sorted(told)), tuple(inside)


class Part(NamedTuple):
    """Children that are compared and replaced as a whole. ``label``: as changes call them.

    ``allowed``: the attributes that they may have; none: any.
    """

    label: str
    tags: tuple[str, ...]
    wanted: list[Element]
    allowed: tuple[str, ...] = ()


def converge(cib: Cib, owner: Element, part: Part) -> Details:
    """Make the children of a part mean what the wanted elements do, in their order.

    A child that means it already stays where it is; of an unordered kind, in any order.
    """
    actual = [child for child in owner if child.tag in part.tags]
    wanted = [_unmasked(child, part.wanted, actual) for child in part.wanted]
    want, have = [meaning(cib, child) for child in wanted], [meaning(cib, it) for it in actual]
    if want == have or (owner.tag in UNORDERED and sorted(want) == sorted(have)):
        return {}
    for child in wanted:
        given = {name: value for name, value in child.attrib.items() if name != "id"}
        words.check_names(given, part.allowed or tuple(given), f"the {child.tag}'s")
        for name, value in given.items():
            (words.check if child.tag in JUDGED else words.check_text)(name, value)
        grammar.judge(child)
    before = "; ".join(told(child) for child in actual) or None
    place = list(owner).index(actual[0]) if actual else len(owner)
    spare = dict(zip(have, actual, strict=False))
    for child in actual:
        cib.unhang(child)
    kept = []
    for child, what in zip(wanted, want, strict=True):
        found = spare.pop(what, None)
        kept.append((found, child))
    for child in actual:
        if not any(found is child for found, _ in kept):
            _forget(cib, child)
    for number, (found, child) in enumerate(kept):
        if found is not None:
            cib.hang(owner, found, place + number)
        else:
            graft(cib, owner, child, place + number)
    return {part.label: (before, "; ".join(told(child) for child in wanted) or None)}


def _unmasked(child: Element, among: Sequence[Element], actual: Sequence[Element]) -> Element:
    """The element with the values that stand where masked ones are declared; itself if none are.

    They are those of the one that stands in its place, if that says the same else or is the only
    one on both sides; else of the only one that says the same else. Others are not guessed.
    """
    if not any(MASKED in it.attrib.values() for it in child.iter()):
        return child
    beside = [it for it in among if it.tag == child.tag]
    there = [it for it in actual if it.tag == child.tag]
    plain = {k: canonical(k, v) for k, v in child.items() if v != MASKED and k != "id"}

    def alike(element: Element) -> bool:
        return plain.items() <= {k: canonical(k, v) for k, v in element.items()}.items()

    place = there[beside.index(child) :][:1]
    if len(beside) == len(there) == 1 or (place and alike(place[0])):
        found = place
    else:
        found = [it for it in there if alike(it)]
    known = found[0] if len(found) == 1 else Element(child.tag)
    new = Element(child.tag, {k: known.get(k, v) if v == MASKED else v for k, v in child.items()})
    new.extend(_unmasked(it, list(child), list(known)) for it in child)
    return new


def graft(cib: Cib, owner: Element, tree: Element, index: int | None = None) -> Element:
    """Hang a copy of a tree into ``owner``, in the words that the CIB's schema wants."""
    element = cib.graft(owner, tree, index)
    for inner in element.iter():
        if inner.tag in JUDGED or inner.tag == "network":
            for name, value in inner.attrib.items():
                inner.attrib[name] = words.spelled(cib.schema, name, value)
    if (0, 0) < cib.schema < (3, 9):
        for rule in element.iter("rule"):
            if "score" not in rule.attrib and "score-attribute" not in rule.attrib:
                rule.attrib["score"] = "INFINITY"  # says nothing, but has to be there
    return element


def condition(cib: Cib, rule: Element) -> Meaning:
    """When a rule holds, whatever its score: the same for two that hold at the same time."""
    tag, attributes, inside = meaning(cib, rule)
    return tag, tuple(it for it in attributes if it[0] not in SCORES), inside


def told(element: Element) -> str:
    """An element as a person reads it in a list of changes."""
    if element.tag in ("rule", *rules.LEAVES.values()):
        return rules.told(element)
    show: Callable[[Element], bool] = lambda it: isinstance(it.tag, str)  # noqa: E731
    inside = [child for child in element if show(child)]
    if element.tag == "resource_set":
        names = " ".join(child.attrib.get("id", "?") for child in inside)
        options = [f"{k}={v}" for k, v in sorted(element.attrib.items()) if k != "id"]
        return " ".join([f"set {names}", *options])
    if element.tag in REFERENCES:
        return element.attrib.get("id", "?")
    parts = [f"{k}={v}" for k, v in sorted(element.attrib.items()) if k != "id"]
    parts += [f"({told(child)})" for child in inside]
    return " ".join([element.tag, *parts])


def _forget(cib: Cib, element: Element) -> None:
    cib.bequeath(element)
    for inner in element.iter():
        cib.parents.pop(inner, None)
        if cib.ids.get(inner.attrib.get("id", "")) is inner:
            del cib.ids[inner.attrib["id"]]
