"""Moves and bans: the location constraints of people, read, made and cleared. Pure.

They are the constraints of Pacemaker's own ``crm_resource --move`` and ``--ban``, id for id, so
that its ``--clear`` and pcs know ours and we know theirs. They are made by an edit of the CIB, as
that tool refuses what is asked for often: a ban on top of a ban ("Invalid configuration"), a move
to where the resource is already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Literal

from msgspec import Struct

from saltext_hakube.core.administration import names
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import duration
from saltext_hakube.core.errors import ConfigError

Kind = Literal["move", "ban"]

# crm_resource's ids: cli-prefer-RESOURCE, cli-ban-RESOURCE-on-NODE.
PREFIXES: dict[str, Kind] = {"cli-prefer-": "move", "cli-ban-": "ban"}

# Those of the rule and its two parts.
_IDS: dict[str, tuple[str, str, str]] = {
    "move": ("cli-prefer-rule-{1}", "cli-prefer-expr-{1}", "cli-prefer-lifetime-end-{1}"),
    "ban": ("{0}-rule", "{0}-expr", "{0}-lifetime"),
}

LONGEST = timedelta(days=366)

# Two ends that are less apart are one: a call that is repeated changes nothing.
SAME = timedelta(minutes=1)

# How Pacemaker writes a time: 2026-11-24 09:57:07Z, or with the offset of where it was asked. One
# without either is read by each node in its own zone: nobody can say when that is.
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,]\d+)?\s*(?:Z|([+-]\d\d):?(\d\d))\Z"
)


class Move(Struct, frozen=True):
    """One of them. ``end``: when it ends; None: never, or ``ends`` tells it as nobody can read.

    ``ends``: the CIB's own text for it.
    """

    id: str
    kind: Kind
    resource: str
    node: str | None
    end: datetime | None = None
    ends: str | None = None

    def over(self, now: datetime) -> bool:
        """Whether it has no effect any more."""
        return self.end is not None and self.end <= now

    def told(self, now: datetime) -> dict[str, object]:
        """In plain types."""
        end = self.ends if self.end is None else self.end.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "id": self.id,
            "kind": self.kind,
            "resource": self.resource,
            "node": self.node,
            "end": end,
            "expired": self.over(now),
        }


def lifetime(value: object) -> timedelta:
    """How long: seconds, or text such as 30min, 2h, PT1H, P1D. Raises ConfigError."""
    match = None
    if not isinstance(value, bool) and isinstance(value, int | str):
        match = re.fullmatch(r"(\d{1,18})us", duration(str(value).strip()))
    if match is None:
        raise ConfigError(
            [f"lifetime: {value} is no duration; expected one such as 30min, 2h, PT1H or P1D"]
        )
    # Pacemaker's ends have whole seconds.
    given = timedelta(seconds=min(int(match[1]) // 10**6, 10**10))
    if not timedelta(seconds=1) <= given <= LONGEST:
        raise ConfigError(
            [f"lifetime: {value} is out of range; expected 1 s to {LONGEST.days} days"]
        )
    return given


def standing(cib: Cib, resource: str | None = None) -> tuple[Move, ...]:
    """All moves and bans in the CIB, those that are over too; of one resource, or of all."""
    return tuple(
        move for _element, move in _standing(cib) if resource is None or move.resource == resource
    )


def move(cib: Cib, resource: str, node: str, end: datetime) -> Iterator[Change]:
    """Let the resource prefer this node above all until then. It takes the place of a former move,
    and of a ban from this very node."""
    found = names.placeable(cib, resource)
    if found.tag in names.COLLECTIVE:
        raise ConfigError(
            [
                f"resource {resource}: a {found.tag} runs on several nodes, so it cannot be moved "
                "to one; ban it on the node that it is to leave"
            ]
        )
    names.node(cib, node)
    wanted = Move(f"cli-prefer-{resource}", "move", resource, node, end)
    in_the_way = [
        (element, other)
        for element, other in _standing(cib)
        if other.resource == resource and (other.kind == "move" or other.node == node)
    ]
    yield from _replace(cib, in_the_way, wanted)


def ban(cib: Cib, resource: str, node: str, end: datetime | None) -> Iterator[Change]:
    """Keep the resource off this node until then, or until it is cleared."""
    names.placeable(cib, resource)
    names.node(cib, node)
    wanted = Move(f"cli-ban-{resource}-on-{node}", "ban", resource, node, end)
    in_the_way = [
        (element, other)
        for element, other in _standing(cib)
        if other.resource == resource and other.kind == "ban" and other.node == node
    ]
    yield from _replace(cib, in_the_way, wanted)


def clear(
    cib: Cib, resource: str | None, node: str | None, over_at: datetime | None
) -> Iterator[Change]:
    """Remove moves and bans: of a resource or of all, of a node or of all; with ``over_at`` only
    those that are over then."""
    if resource is not None:
        names.resource(cib, resource)
    if node is not None:
        names.node(cib, node)
    for element, found in list(_standing(cib)):
        if (
            resource in (None, found.resource)
            and node in (None, found.node)
            and (over_at is None or found.over(over_at))
        ):
            cib.remove(element)
            yield _change("remove", found)


def _replace(cib: Cib, in_the_way: list[tuple[Element, Move]], wanted: Move) -> Iterator[Change]:
    if len(in_the_way) == 1 and _same(in_the_way[0][1], wanted):
        return
    for element, found in in_the_way:
        cib.remove(element)
        if found.id != wanted.id:
            yield _change("remove", found)
    _write(cib, wanted)
    known = any(found.id == wanted.id for _element, found in in_the_way)
    yield _change("update" if known else "create", wanted)


def _same(one: Move, other: Move) -> bool:
    if (one.kind, one.node, one.end is None) != (other.kind, other.node, other.end is None):
        return False
    if one.end is None or other.end is None:
        return one.ends is None
    return abs(one.end - other.end) < SAME


def _write(cib: Cib, wanted: Move) -> None:
    """The elements as crm_resource of Pacemaker 2 and 3 writes them."""
    section = cib.section("constraints")
    score = "INFINITY" if wanted.kind == "move" else "-INFINITY"
    attributes = {"rsc": wanted.resource, "role": "Started"}
    if wanted.end is None:
        attributes |= {"node": str(wanted.node), "score": score}
        cib.add(section, "rsc_location", id=wanted.id, **attributes)
        return
    found = cib.add(section, "rsc_location", id=wanted.id, **attributes)
    # Its --clear looks for the rule, and that by its id.
    rule_id, expression_id, end_id = (
        pattern.format(wanted.id, wanted.resource) for pattern in _IDS[wanted.kind]
    )
    options = {"score": score, "boolean-op": "and"}
    rule = cib.add(found, "rule", id=rule_id, **options)
    expression = {"attribute": "#uname", "operation": "eq", "value": str(wanted.node)}
    cib.add(rule, "expression", id=expression_id, **expression, type="string")
    ends = wanted.end.strftime("%Y-%m-%d %H:%M:%SZ")
    cib.add(rule, "date_expression", id=end_id, operation="lt", end=ends)


def _standing(cib: Cib) -> Iterator[tuple[Element, Move]]:
    section = cib.find_section("constraints")
    for element in () if section is None else section.findall("rsc_location"):
        identity = element.attrib.get("id", "")
        kind = next((kind for start, kind in PREFIXES.items() if identity.startswith(start)), None)
        if kind is None or "rsc" not in element.attrib:
            continue
        node = element.attrib.get("node")
        for expression in element.iter("expression"):
            if expression.attrib.get("attribute") == "#uname":
                node = expression.attrib.get("value")
        ends = next((date.attrib.get("end") for date in element.iter("date_expression")), None)
        end = None if ends is None else _time(ends)
        yield element, Move(identity, kind, element.attrib["rsc"], node, end, ends)


def _time(text: str) -> datetime | None:
    match = _TIME.match(text.strip())
    if match is None:
        return None
    day, clock, hours, minutes = match.groups()
    offset = timezone.utc
    if hours is not None:
        sign = -1 if hours.startswith("-") else 1
        offset = timezone(timedelta(hours=int(hours), minutes=sign * int(minutes)))
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}")
        return moment.replace(tzinfo=offset).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None


def _change(action: Literal["create", "update", "remove"], found: Move) -> Change:
    return Change(action=action, kind=found.kind, id=found.id)
