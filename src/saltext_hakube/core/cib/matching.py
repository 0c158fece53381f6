"""Which constraint of the CIB is meant by which declared one.

First the one of the same id that relates the same; then any that relates the same, whatever its
id; then the one of the same id. Of two orders between the same resources pacemaker obeys both, so
what nobody else has claimed is made to mean the same. An administrator's moves and bans
(``cli-...``) are nobody's, unless they are declared by their id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from saltext_hakube.core.cib.constraints import BY_TAG, KINDS, relation, wanted_relation
from saltext_hakube.core.cib.document import Cib, Element

# What crm_resource and pcs call the constraints of move and ban (crm_resource_ban.c).
ADMINISTRATORS = ("cli-ban-", "cli-prefer-", "cli-standby-")


def match(cib: Cib, wanted: Iterable[Any]) -> dict[str, list[Element]]:
    """The elements for each declared constraint, by its id; none: it has to be made."""
    wanted = list(wanted)
    section = cib.find_section("constraints")
    actual = [it for it in section if it.tag in BY_TAG] if section is not None else []
    relations = {id(it): relation(cib, BY_TAG[it.tag], it) for it in actual}
    by_relation: dict[tuple, list[Element]] = {}
    for element in actual:
        by_relation.setdefault(relations[id(element)], []).append(element)
    wants = {item.id: wanted_relation(cib, item) for item in wanted}
    named = {item.id for item in wanted}
    found: dict[str, list[Element]] = {item.id: [] for item in wanted}
    claimed: set[int] = set()

    def claim(name: str, element: Element) -> None:
        found[name].append(element)
        claimed.add(id(element))

    for item in wanted:
        element = cib.ids.get(item.id)
        if element is not None and relations.get(id(element)) == wants[item.id]:
            claim(item.id, element)
    for item in wanted:
        for element in by_relation.get(wants[item.id], ()):
            name = element.attrib.get("id", "")
            if id(element) not in claimed and name not in named and not is_administrators(name):
                claim(item.id, element)
    for item in wanted:
        element = cib.ids.get(item.id)
        same_kind = element is not None and element.tag == KINDS[type(item)].tag
        if not found[item.id] and same_kind and id(element) not in claimed:
            claim(item.id, element)
    return found


def is_administrators(name: str) -> bool:
    """Whether a constraint of this id is an administrator's move or ban."""
    return name.startswith(ADMINISTRATORS)
