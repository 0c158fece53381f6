"""Rules: when something holds. Read into what would be declared, and written out of it."""

from __future__ import annotations

from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import text
from saltext_hakube.core.cib.objects import Rule
from saltext_hakube.core.cib.words import Wrong

# A declared part of a rule and its element.
LEAVES = {
    "expression": "expression",
    "date": "date_expression",
    "resource": "rsc_expression",
    "operation": "op_expression",
}
INNER = ("duration", "date_spec")


def read(cib: Cib, element: Element) -> Rule:
    """What a ``<rule>`` or an expression in one says."""
    element = cib.referred(element)
    if element.tag != "rule":
        return _read_leaf(element)
    word = "any" if element.attrib.get("boolean-op") == "or" else "all"
    inside = [child for child in element if child.tag in ("rule", *LEAVES.values())]
    return Rule(
        score=element.attrib.get("score"),
        score_attribute=element.attrib.get("score-attribute"),
        role=element.attrib.get("role"),
        **{word: tuple(read(cib, child) for child in inside)},
    )


def _read_leaf(element: Element) -> Rule:
    name = next(name for name, tag in LEAVES.items() if tag == element.tag)
    parts = {name: _plain(element)}
    for child in element:
        if child.tag in INNER:
            parts[child.tag] = _plain(child)
    return Rule(**parts)


def _plain(element: Element) -> dict[str, str]:
    return {name: value for name, value in element.attrib.items() if name != "id"}


def build(rule: Rule, name: str) -> Element:
    """The ``<rule>`` of this meaning. ``name``: what its id begins with."""
    if rule.all is None and rule.any is None:
        # One expression alone stands in a rule of its own.
        leaf = Rule(**{part: getattr(rule, part) for part in (*LEAVES, *INNER)})
        rule = Rule(
            score=rule.score, score_attribute=rule.score_attribute, role=rule.role, all=(leaf,)
        )
    inside = rule.all if rule.any is None else rule.any
    if rule.all is not None and rule.any is not None:
        raise Wrong("a rule has either all or any, not both; put one into the other")
    if not inside:
        raise Wrong("a rule needs at least one expression")
    element = Element("rule", {"id": name})
    if len(inside) > 1 or rule.any is not None:
        element.set("boolean-op", "and" if rule.any is None else "or")
    for key, value in (
        ("role", rule.role),
        ("score", rule.score),
        ("score-attribute", rule.score_attribute),
    ):
        if value is not None:
            element.set(key, text(value))
    for number, part in enumerate(inside):
        inner = f"{name}-rule" if number == 0 else f"{name}-rule-{number}"
        combined = part.all is not None or part.any is not None
        element.append(build(part, inner) if combined else _build_leaf(part, name, number))
    return element


def _build_leaf(rule: Rule, name: str, number: int) -> Element:
    given = [part for part in LEAVES if getattr(rule, part) is not None]
    if len(given) != 1:
        raise Wrong(f"a rule's part needs exactly one of all, any, {', '.join(LEAVES)}")
    suffix = "expr" if number == 0 else f"expr-{number}"
    element = Element(LEAVES[given[0]], {"id": f"{name}-{suffix}"})
    element.attrib.update({key: text(value) for key, value in getattr(rule, given[0]).items()})
    for part in INNER:
        values = getattr(rule, part)
        if values is not None:
            if given[0] != "date":
                raise Wrong(f"{part} belongs to a date, not to {given[0]}")
            inner = Element(part, {"id": f"{name}-{suffix}-{part}"})
            inner.attrib.update({key: text(value) for key, value in values.items()})
            element.append(inner)
    return element


def told(element: Element) -> str:
    """A rule or expression as a person reads it."""
    attributes = element.attrib
    if element.tag == "rule":
        word = f" {attributes.get('boolean-op', 'and')} "
        parts = [
            f"({told(child)})" if child.tag == "rule" else told(child)
            for child in element
            if child.tag in ("rule", *LEAVES.values())
        ]
        strength = [
            f"{key}={attributes[key]}"
            for key in ("score", "score-attribute", "role")
            if key in attributes
        ]
        return " ".join([*strength, word.join(parts)])
    if element.tag == "expression":
        keys = ("attribute", "operation", "value")
        return " ".join(attributes[key] for key in keys if key in attributes)
    inner = [f"{child.tag} {_listed(child)}" for child in element if child.tag in INNER]
    return " ".join([element.tag.removesuffix("_expression"), _listed(element), *inner])


def _listed(element: Element) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(_plain(element).items()))
