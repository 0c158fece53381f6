"""A plan: what has to change in a CIB so that it means what is declared. Pure.

The plan is made by editing a copy, so that it is what it tells: its changes come from the very
edits that make ``after``. Declared objects are converged in the order of their references
(primitives, groups, clones, constraints), everything else in the CIB stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.constraints import edit_colocation, edit_order
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.objects import (
    Clone,
    Colocation,
    Group,
    Object,
    Order,
    Primitive,
    Property,
)
from saltext_hakube.core.cib.properties import edit_property
from saltext_hakube.core.cib.resources import edit_clone, edit_group, edit_primitive

# In the order in which they are edited: what is referred to comes first.
EDITS: dict[type[Object], Callable[[Cib, Any], Iterator[Change]]] = {
    Property: edit_property,
    Primitive: edit_primitive,
    Group: edit_group,
    Clone: edit_clone,
    Order: edit_order,
    Colocation: edit_colocation,
}


class Plan(Struct, frozen=True):
    """``before``: the CIB that was read; ``after``: what it should be; ``changes``: the way."""

    before: str
    after: str
    changes: tuple[Change, ...]

    def told(self) -> dict[str, dict[str, str]]:
        """The changes as a state shows them: ``{id: {...}}``."""
        return {change.id: change.told() for change in self.changes}


def plan(desired: Iterable[Object], text: str) -> Plan:
    """The plan from the CIB ``text`` to one in which all ``desired`` objects stand.

    Raises ConfigError where an object refers to something that is neither there nor declared.
    """
    cib = Cib.parse(text)
    ranks = {kind: rank for rank, kind in enumerate(EDITS)}
    changes = [
        change
        for item in sorted(desired, key=lambda item: ranks[type(item)])
        for change in EDITS[type(item)](cib, item)
    ]
    if changes:
        cib.raise_version()
    return Plan(before=text, after=cib.text() if changes else text, changes=tuple(changes))
