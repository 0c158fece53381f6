"""Sets of name-value pairs: read what they mean, edit them to mean something else.

An edit returns what it changed as ``{name: (before, after)}``; empty: nothing. A value that only
looks different (``60s`` and ``1min``) is left as it is, and so is the order of the pairs.

A set without a rule holds always, one with a rule sometimes. Sets and pairs may be borrowed
(``id-ref``): they are read like others, and become the owner's own where they have to change.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from saltext_hakube.core.cib import elements, grammar, rules, words
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import canonical, number, text
from saltext_hakube.core.cib.objects import Pairs, PairSet
from saltext_hakube.core.values import MASKED

Changes = elements.Details

# These are read by agents, each in its own way; all others by pacemaker.
AGENTS = frozenset({"instance_attributes", "utilization"})

# The schema wants a resource's own parts before the resources in it (resources-*.rng).
BEFORE = ("description", "meta_attributes", "instance_attributes", "utilization", "operations")


def blocks(cib: Cib, owner: Element, tag: str) -> list[Element]:
    """The owner's sets of this tag, the one that wins first.

    The higher score wins; of the same score the one that stands later (measured with pacemaker
    2.1.5: crm_resource --get-parameter on two sets).
    """
    found = owner.findall(tag)
    if len(found) < 2:
        return found
    ranked = [
        (-number(cib.referred(item).attrib.get("score")), -place, item)
        for place, item in enumerate(found)
    ]
    return [item for _score, _place, item in sorted(ranked, key=lambda entry: entry[:2])]


def has_rule(cib: Cib, item: Element) -> bool:
    """Whether a set holds only sometimes."""
    return cib.referred(item).find("rule") is not None


def values(cib: Cib, item: Element) -> dict[str, str]:
    """The names and values of one set; of a name that stands twice the first counts."""
    found: dict[str, str] = {}
    for pair in cib.referred(item).iterfind("nvpair"):
        own = cib.referred(pair)
        name = pair.attrib.get("name") or own.attrib.get("name")
        if name:
            found.setdefault(name, own.attrib.get("value", ""))
    return found


def plain_values(cib: Cib, owner: Element, tag: str) -> dict[str, str]:
    """The names and values that hold always."""
    found: dict[str, str] = {}
    for item in blocks(cib, owner, tag):
        if not has_rule(cib, item):
            for name, value in values(cib, item).items():
                found.setdefault(name, value)
    return found


def read(cib: Cib, owner: Element, tag: str) -> Pairs:
    """What would be declared: a mapping, or where there are rules a list of sets."""
    found = owner.findall(tag)
    if not any(has_rule(cib, item) for item in found):
        return plain_values(cib, owner, tag)
    return tuple(
        read_set(cib, item)
        for item in found
        if len(cib.referred(item)) and (values(cib, item) or has_rule(cib, item))
    )


def read_set(cib: Cib, item: Element) -> PairSet:
    """One set, as it would be declared."""
    own = cib.referred(item)
    rule = own.find("rule")
    return PairSet(
        values=values(cib, item),
        rule=None if rule is None else rules.read(cib, rule),
        score=own.attrib.get("score"),
    )


def edit(cib: Cib, owner: Element, tag: str, wanted: Pairs, keep: Collection[str] = ()) -> Changes:
    """Make the owner's sets of this tag mean exactly ``wanted``, but for the names in ``keep``.

    A mapping says what holds always, and leaves alone what holds by a rule; a list says all.
    """
    if isinstance(wanted, Mapping):
        return _edit_plain(cib, owner, tag, texts(wanted), keep)
    return _edit_sets(cib, owner, tag, wanted, keep)


def means(cib: Cib, owner: Element, tag: str, wanted: Pairs) -> bool:
    """Whether nothing would have to be edited."""
    if isinstance(wanted, Mapping):
        return not _differing(tag, plain_values(cib, owner, tag), texts(wanted))
    return _same_sets(cib, tag, owner.findall(tag), wanted, ())


def texts(given: Mapping[str, object]) -> dict[str, str]:
    """A pillar's scalars as the CIB writes them."""
    return {name: text(value) for name, value in given.items()}


def same(tag: str, name: str, one: str, other: str) -> bool:
    """Whether two values of an attribute in a set of this tag mean the same."""
    if one == other:
        return True
    return tag not in AGENTS and canonical(name, one) == canonical(name, other)


def _edit_plain(
    cib: Cib, owner: Element, tag: str, wanted: Mapping[str, str], keep: Collection[str]
) -> Changes:
    changes = _differing(tag, plain_values(cib, owner, tag), wanted, keep)
    if changes:
        _write(cib, owner, tag, [it for it in owner.findall(tag) if not has_rule(cib, it)], changes)
    return changes


def _differing(
    tag: str, actual: Mapping[str, str], wanted: Mapping[str, str], keep: Collection[str] = ()
) -> Changes:
    changes: Changes = {}
    for name, value in wanted.items():
        if name not in actual:
            changes[name] = (None, value)
        elif value != MASKED and not same(tag, name, actual[name], value):
            changes[name] = (actual[name], value)
    for name, value in actual.items():
        if name not in wanted and name not in keep:
            changes[name] = (value, None)
    return changes


def _write(cib: Cib, owner: Element, tag: str, sets: list[Element], changes: Changes) -> None:
    """Carry out the changes in sets that hold always."""
    sets = [make_own(cib, item) for item in sets]
    for item in sets:
        cib.bequeath(item)
    # What is borrowed from nowhere stays borrowed, and says nothing.
    ranked = [it for it in blocks(cib, owner, tag) if it in sets and "id-ref" not in it.attrib]
    for name, (_before, after) in changes.items():
        if after is not None:
            (words.check_text if tag in AGENTS else words.check)(name, after)
        pairs = [
            it for item in ranked for it in item.iterfind("nvpair") if pair_name(cib, it) == name
        ]
        for pair in pairs:
            if after is None:
                cib.remove(pair)
            else:
                make_pair_own(cib, pair)
                pair.attrib["value"] = after
        if not pairs and after is not None:
            if not ranked:
                ranked = [cib.add(owner, tag, _place(owner), id=_set_id(owner, tag))]
            add_pair(cib, ranked[0], name, after)
    for item in ranked:
        if len(item) == 0:
            cib.remove(item)


def add_pair(cib: Cib, item: Element, name: str, value: str) -> Element:
    """Hang a new pair into a set."""
    identity = f"{item.attrib.get('id', item.tag)}-{as_id(name)}"
    return cib.add(item, "nvpair", id=identity, name=name, value=value)


def _edit_sets(
    cib: Cib, owner: Element, tag: str, wanted: Iterable[PairSet], keep: Collection[str]
) -> Changes:
    """Each wanted set becomes, or is, one with the same rule and score; the others go.

    What administrators set (``keep``) stays in a set of its own.
    """
    left = list(owner.findall(tag))
    kept = {k: v for k, v in plain_values(cib, owner, tag).items() if k in keep}
    changes: Changes = {}
    sets = [item for item in wanted if item.values or item.rule]
    if _same_sets(cib, tag, left, sets, keep):
        return changes
    if kept and not any(item.rule is None and kept.keys() <= item.values.keys() for item in sets):
        sets.append(PairSet(values=kept))
    before = "; ".join(told(read_set(cib, item)) for item in left) or None
    after = "; ".join(told(item) for item in sets) or None
    old = {name: v for item in left for name, v in values(cib, item).items()}
    for item in left:
        cib.remove(item)
    for item in sets:
        _add_set(cib, owner, tag, item, old)
    if before != after:
        changes["sets"] = (before, after)
    return changes


def _same_sets(
    cib: Cib,
    tag: str,
    actual: list[Element],
    wanted: Iterable[PairSet],
    keep: Collection[str],
) -> bool:
    have = [item for item in actual if values(cib, item).keys() - keep or has_rule(cib, item)]
    want = [item for item in wanted if item.values or item.rule]
    if len(want) == len(have) + 1 or any(item.values.keys() & set(keep) for item in want):
        keep = ()  # what is declared is no longer an administrator's
        have = [item for item in actual if values(cib, item) or has_rule(cib, item)]
    return len(want) == len(have) and all(
        same_set(cib, tag, one, other, keep) for one, other in zip(want, have, strict=True)
    )


def same_set(
    cib: Cib, tag: str, wanted: PairSet, item: Element, keep: Collection[str] = ()
) -> bool:
    """Whether a set has this rule, score and values, but for the names in ``keep``."""
    own = cib.referred(item)
    rule = own.find("rule")
    if (wanted.rule is None) != (rule is None) or number(text(wanted.score or 0)) != number(
        own.attrib.get("score")
    ):
        return False
    if wanted.rule is not None and rule is not None:
        built = rules.build(wanted.rule, "wanted")
        if elements.condition(cib, built) != elements.condition(cib, rule):
            return False
    want = texts(wanted.values)
    have = {k: v for k, v in values(cib, item).items() if k in want or k not in keep}
    return have.keys() == want.keys() and all(
        want[name] == MASKED or same(tag, name, have[name], want[name]) for name in have
    )


def _add_set(cib: Cib, owner: Element, tag: str, wanted: PairSet, old: Mapping[str, str]) -> None:
    item = cib.add(owner, tag, _place(owner), id=_set_id(owner, tag))
    fill_set(cib, item, wanted, old)


def fill_set(cib: Cib, item: Element, wanted: PairSet, old: Mapping[str, str]) -> None:
    """Put score, rule and pairs into a new set. ``old``: what masked values stand for."""
    if wanted.rule is not None:
        grammar.judge(rules.build(wanted.rule, "judged"))
    if wanted.score is not None:
        words.check("score", text(wanted.score))
        item.attrib["score"] = text(wanted.score)
    if wanted.rule is not None:
        elements.graft(cib, item, rules.build(wanted.rule, f"{item.attrib['id']}-rule"))
    for name, value in texts(wanted.values).items():
        real = old.get(name, MASKED) if value == MASKED else value
        (words.check_text if item.tag in AGENTS else words.check)(name, real)
        add_pair(cib, item, name, real)


def told(item: PairSet) -> str:
    """A set as a person reads it in a list of changes."""
    parts = [f"{name}={value}" for name, value in sorted(texts(item.values).items())]
    if item.score is not None:
        parts.append(f"score={text(item.score)}")
    if item.rule is not None:
        parts.append(f"if {rules.told(rules.build(item.rule, 'told'))}")
    return " ".join(parts)


def pair_name(cib: Cib, pair: Element) -> str | None:
    """The name of a pair, which may be borrowed with the value."""
    return pair.attrib.get("name") or cib.referred(pair).attrib.get("name")


def make_own(cib: Cib, item: Element) -> Element:
    """A set that may be edited: a borrowed one is replaced by a copy."""
    if "id-ref" not in item.attrib:
        return item
    lender = cib.referred(item)
    return item if lender is item else cib.replace(item, lender)


def make_pair_own(cib: Cib, pair: Element) -> bool:
    """The same for a pair; always true."""
    if "id-ref" in pair.attrib:
        item, name = cib.parent(pair), pair_name(cib, pair) or ""
        value = cib.referred(pair).attrib.get("value", "")
        identity = cib.free_id(f"{item.attrib.get('id', item.tag)}-{as_id(name)}")
        pair.attrib.clear()
        pair.attrib.update({"id": identity, "name": name, "value": value})
        cib.ids[identity] = pair
    return True


def as_id(name: str) -> str:
    """A name as part of an XML id: attributes such as ``#health`` are no ids."""
    return "".join(char if char.isalnum() or char in "._-" else "." for char in name)


def _set_id(owner: Element, tag: str) -> str:
    """The id of a new set: XML takes no number, as nodes have, for one (crm_attribute: nodes-1)."""
    name = owner.attrib.get("id", owner.tag)
    return f"nodes-{name}-{tag}" if owner.tag == "node" else f"{name}-{tag}"


def _place(owner: Element) -> int:
    """Behind the owner's other parts, before members of a group, clone or bundle."""
    if owner.tag in ("group", "clone", "master"):
        return sum(1 for child in owner if child.tag in BEFORE)
    if owner.tag == "alert":
        return sum(1 for child in owner if child.tag not in ("recipient",))
    return len(owner)
