"""A CIB written as the pillar that declares it, as plain data.

What an administrator set for the moment (target-role, is-managed, maintenance, standby, moves and
bans) and what pacemaker writes itself is left out: declared, it would not be theirs to change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from saltext_hakube.core.cib.kinds import BY_TYPE, OPTIONS
from saltext_hakube.core.cib.matching import is_administrators
from saltext_hakube.core.cib.objects import (
    ADMINISTRATIVE,
    NodeValues,
    Object,
    Operation,
    Primitive,
    Property,
    Recipient,
    Template,
)
from saltext_hakube.core.cib.operations import listed
from saltext_hakube.core.cib.options import PACEMAKERS
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.core.cib.rules import LEAVES
from saltext_hakube.core.values import MASKED, hides, is_secret

# Node attributes and cluster properties that are an administrator's word.
OF_THE_MOMENT = {
    NodeValues: frozenset({"standby", "maintenance"}),
    Property: frozenset({"maintenance-mode", "stop-all-resources"}),
}

# What is there is there, also without an attribute.
EMPTY_SAYS = ("network", "duration", *LEAVES, "date_spec")


def export(text: str, secrets: bool = False, administrative: bool = False) -> dict[str, Any]:
    """The mapping for ``hakube:objects`` that the CIB ``text`` is.

    ``secrets``: also values that may be secret, which else are masked: a plan takes a masked value
    for the one that is there. ``administrative``: also what an administrator set for the moment.
    """
    found = [item for item in objects(text) if administrative or not _of_the_moment(item)]
    return plain(found, secrets, administrative)


def plain(
    items: Iterable[Object], secrets: bool = False, administrative: bool = True
) -> dict[str, Any]:
    """Objects as a pillar has them: a mapping for each kind."""
    items = list(items)
    known = agents(items)
    result: dict[str, Any] = {}
    for item in items:
        shown = item if secrets else masked(item, known)
        told = _told(shown, administrative)
        if told is not None:
            result.setdefault(BY_TYPE[type(item)].key, {})[item.id] = told
    return result


def agents(items: Iterable[Object]) -> dict[str, str | None]:
    """The agents of resources and templates, by id: they tell what may be a secret."""
    return {item.id: item.agent for item in items if isinstance(item, (Primitive, Template))}


def masked(item: Object, known: Mapping[str, str | None]) -> Object:
    """The object without what may be a secret. ``known``: the agents of templates."""
    agent = getattr(item, "agent", None)
    if isinstance(item, Primitive) and item.template is not None:
        agent = known.get(item.template)
    if isinstance(item, OPTIONS):
        return msgspec.structs.replace(item, value=MASKED) if is_secret(item.id) else item
    return _masked(item, agent)


def _masked(value: Any, agent: str | None, name: str = "") -> Any:
    """The same, for any part of an object: what hangs at a name is judged by that name."""
    if isinstance(value, msgspec.Struct):
        fields = {
            field.name: _masked(getattr(value, field.name), agent, _part(field.name))
            for field in msgspec.structs.fields(value)
        }
        if isinstance(value, Recipient) and hides("value", None, value.value):
            fields["value"] = MASKED  # an address with a token in it
        return type(value)(**fields)
    if isinstance(value, Mapping):
        return {
            key: (
                _masked(part, agent)
                if isinstance(part, (msgspec.Struct, Mapping))
                else MASKED
                if hides(key, agent if name == "options" else None, part)
                else part
            )
            for key, part in value.items()
        }
    if isinstance(value, tuple):
        return tuple(_masked(part, agent, name) for part in value)
    return value


def _part(field: str) -> str:
    # A set of options has its values under that name.
    return "options" if field in ("options", "values") else field


def _of_the_moment(item: Object) -> bool:
    if isinstance(item, Property):
        return item.id in PACEMAKERS or item.id in OF_THE_MOMENT[Property]
    return is_administrators(item.id)


def _told(item: Object, administrative: bool) -> Any:
    """An object's body as a pillar has it; None where nothing is left of it."""
    if isinstance(item, OPTIONS):
        return item.value
    data = msgspec.to_builtins(item)
    for key in ("type", "id"):
        data.pop(key)
    if "operations" in data:
        data["operations"] = _operations(listed(item.operations))
    if not administrative:
        if isinstance(item, NodeValues):
            data["attributes"] = _without(data["attributes"], OF_THE_MOMENT[NodeValues])
        elif "meta" in data:
            data["meta"] = _without(data["meta"], ADMINISTRATIVE)
    left = _given(data)
    return left if left or not isinstance(item, NodeValues) else None


def _without(values: Any, names: Iterable[str]) -> Any:
    if isinstance(values, Mapping):
        return {name: value for name, value in values.items() if name not in names}
    return [{**one, "values": _without(one["values"], names)} for one in values]


def _operations(given: Iterable[Operation]) -> Any:
    """A mapping where each operation has another name, and attributes only."""
    given = tuple(given)
    simple = all(not operation.options and not operation.meta for operation in given)
    if simple and len({operation.name for operation in given}) == len(given):
        return {operation.name: operation.attributes for operation in given}
    return msgspec.to_builtins(given)


def _given(value: Any) -> Any:
    """Without what is not given: a pillar leaves that out."""
    if isinstance(value, Mapping):
        parts = {key: _given(part) for key, part in value.items()}
        return {
            key: part
            for key, part in parts.items()
            if part is not None and (part not in ([], {}) or (key in EMPTY_SAYS and part == {}))
        }
    if isinstance(value, (list, tuple)):
        return [_given(part) for part in value]
    return value
