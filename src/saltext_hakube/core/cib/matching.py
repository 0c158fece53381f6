"""Which constraint of the CIB is meant by which declared one.

First the one of the same id that relates the same; then one that relates the same, whatever its
id; then the one of the same id. A second one that relates the same is somebody else's, and stays.
So is an administrator's move or ban (``cli-...``), unless it is declared by its id.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from saltext_hakube.core.cib.constraints import BY_TAG, KINDS, relation, wanted_relation
from saltext_hakube.core.cib.document import Cib, Element

# What crm_resource and pcs call the constraints of move and ban (crm_resource_ban.c).
ADMINISTRATORS = ("cli-ban-", "cli-prefer-", "cli-standby-")


def match(cib: Cib, wanted: Iterable[Any]) -> dict[str, Element]:
    """The element for each declared constraint, by its id; without one it has to be made."""
    wanted = list(wanted)
    section = cib.find_section("constraints")
    actual = [it for it in section if it.tag in BY_TAG] if section is not None else []
    relations = {id(it): relation(cib, BY_TAG[it.tag], it) for it in actual}
    by_relation: dict[tuple, list[Element]] = {}
    for element in actual:
        by_relation.setdefault(relations[id(element)], []).append(element)
    wants = {item.id: wanted_relation(cib, item) for item in wanted}
    named = {item.id for item in wanted}
    found: dict[str, Element] = {}
    claimed: set[int] = set()

    def claim(name: str, element: Element) -> None:
        found[name] = element
        claimed.add(id(element))

    for item in wanted:
        element = cib.ids.get(item.id)
        if element is not None and relations.get(id(element)) == wants[item.id]:
            claim(item.id, element)
    for item in wanted:
        for element in by_relation.get(wants[item.id], ()) if item.id not in found else ():
            name = element.attrib.get("id", "")
            if id(element) not in claimed and name not in named and not is_administrators(name):
                claim(item.id, element)
                break
    for item in wanted:
        element = cib.ids.get(item.id)
        same_kind = element is not None and element.tag == KINDS[type(item)].tag
        if item.id not in found and same_kind and id(element) not in claimed:
            claim(item.id, element)
    return found


def is_administrators(name: str) -> bool:
    """Whether a constraint of this id is an administrator's move or ban."""
    return name.startswith(ADMINISTRATORS)
