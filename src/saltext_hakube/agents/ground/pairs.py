"""The CIB's sets of name-value pairs: what may be in force where sets, rules and references decide.

A rule is not evaluated. What it decides about counts as in force where that is against us, and
not where it would be for us.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

Sets = list[ET.Element]

# What Pacemaker takes for a boolean (crm_str_to_boolean), any case.
TRUE = frozenset({"true", "on", "yes", "y", "1"})
FALSE = frozenset({"false", "off", "no", "n", "0"})


class Pairs:
    """A set, or a pair, may stand for another one (``id-ref``)."""

    def __init__(self, root: ET.Element):
        self._root = root
        self._named = {
            one.get("id"): one for one in root.iterfind("configuration//*") if one.get("id")
        }

    def of(self, chain: Iterable[ET.Element], kind: str = "meta_attributes") -> list[Sets]:
        """The sets of a resource's attributes: its own, its template's, those of what it is in, the
        defaults of all. Each level stands over the next one."""
        levels = []
        for element in chain:
            levels.append(element.findall(kind))
            template = self._named.get(element.get("template"))
            if template is not None:
                levels.append(template.findall(kind))
        levels.append(self._root.findall(f"configuration/rsc_defaults/{kind}"))
        return levels

    def operations(self, primitive: ET.Element, name: str) -> Sets:
        """The operations of that name: its own, else those of its template."""
        template = self._named.get(primitive.get("template"))
        for one in (primitive,) if template is None else (primitive, template):
            sets = [self._resolve(it) for it in one.findall("operations")]
            found = [op for given in sets for op in given.iterfind("op") if op.get("name") == name]
            if found:
                return found
        return []

    def other(self, name: str, usual: frozenset[str], levels: Iterable[Sets]) -> str | None:
        """The value that may be in force and is none of the usual ones; None where there is none.

        What is no word that we know is another one.
        """
        texts = self.in_force(name, levels)
        return next((text for text in texts if text.strip().lower() not in usual), None)

    def in_force(self, name: str, levels: Iterable[Sets]) -> Iterator[str]:
        """Each value that may be in force."""
        for level in levels:
            sure = False
            for ruled, text in self.values(name, level):
                yield text
                sure = sure or not ruled
            if sure:  # nothing below is asked
                return

    def values(self, name: str, sets: Iterable[ET.Element]) -> Iterator[tuple[bool, str]]:
        """Each value, and whether a rule decides about it."""
        for given in sets:
            found = self._resolve(given)
            ruled = found.find("rule") is not None
            for pair in found.iterfind("nvpair"):
                pair_ = self._resolve(pair)
                if (pair.get("name") or pair_.get("name")) == name:
                    yield ruled, pair_.get("value", "")

    def lost(self, levels: Iterable[Sets]) -> bool:
        """Whether something stands for what is not there: then anything may be in force."""
        sets = [one for level in levels for one in level]
        pairs = [pair for one in sets for pair in self._resolve(one).iterfind("nvpair")]
        named = {it.get("id-ref") for it in (*sets, *pairs)} - {None}
        return not named <= self._named.keys()

    def _resolve(self, element: ET.Element) -> ET.Element:
        return self._named.get(element.get("id-ref"), element)
