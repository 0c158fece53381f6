"""What a node has tried and taken back, kept in the CIB so that the others do not try it. Pure.

A change that is valid but wrong (a wrong port, a wrong CA) is seen to be wrong on the first node
that has it. Its refusal names the change by a digest: another change, a mended one, is not meant.
It goes when the node that wrote it succeeds, or when somebody drops it.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from msgspec import Struct

from saltext_hakube.core.cib.turn import Edit

# The id of the set in crm_config, and what the names and ids of its entries begin with.
SET = "hakube-refused"

_NO_ID = re.compile(r"[^A-Za-z0-9_.-]")


class Refusal(Struct, frozen=True, kw_only=True):
    """``what`` was changed (haproxy), on which ``node``. ``since``: a time, for people."""

    what: str
    node: str
    digest: str
    since: str

    @property
    def name(self) -> str:
        """The name of its entry: a node has one for each subject. It is an XML id, too, which has
        fewer characters than a unit's name (haproxy@blue)."""
        return _NO_ID.sub("_", f"{SET}-{self.what}-{self.node}")


Refusals = tuple[Refusal, ...]


def refusals(text: str) -> Refusals:
    """The refusals in the CIB ``text``; what somebody else has put into the set is none."""
    found = _set(ET.fromstring(text))
    pairs = [] if found is None else found.iterfind("nvpair")
    read = (_read(pair.get("name", ""), pair.get("value", "")) for pair in pairs)
    return tuple(one for one in read if one is not None)


def edit(text: str, wanted: Iterable[Refusal]) -> Edit:
    """The plan that makes these the refusals."""
    new = {one.name: one for one in wanted}
    old = {one.name: one for one in refusals(text)}
    if new == old:
        return Edit(text, text, ())
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    tree = ET.fromstring(text, parser=parser)
    section, found = tree.find("configuration/crm_config"), _set(tree)
    if found is None:
        found = ET.SubElement(section, "cluster_property_set", id=SET)
    for pair in list(found):
        if pair.get("name") in old:
            found.remove(pair)
    for name, one in new.items():
        value = f"what={one.what} node={one.node} digest={one.digest} since={one.since}"
        ET.SubElement(found, "nvpair", id=name, name=name, value=value)
    if not len(found):
        section.remove(found)
    return Edit(text, ET.tostring(tree, encoding="unicode"), tuple(sorted(old.keys() | new.keys())))


def _set(tree: ET.Element) -> ET.Element | None:
    return tree.find(f"configuration/crm_config/cluster_property_set[@id='{SET}']")


def _read(name: str, value: str) -> Refusal | None:
    words = dict(word.partition("=")[::2] for word in value.split())
    if not name.startswith(f"{SET}-") or not {"what", "node", "digest", "since"} <= words.keys():
        return None
    return Refusal(**{key: words[key] for key in ("what", "node", "digest", "since")})
