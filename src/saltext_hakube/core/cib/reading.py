"""The objects that stand in a CIB, in the words in which they would be declared."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib import options
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.kinds import BY_TAG, OPTIONS, RULED
from saltext_hakube.core.cib.objects import Object
from saltext_hakube.core.cib.resources import CONTAINER_TAGS

SECTIONS = ("resources", "constraints", "fencing-topology", "tags", "acls", "alerts")


def objects(text: str) -> tuple[Object, ...]:
    """Everything in the CIB ``text`` that can be declared."""
    cib = Cib.parse(text)
    return (
        *(item for kind in OPTIONS for item in options.read_options(cib, kind)),
        *(item for kind in RULED for item in options.read_ruled(cib, kind)),
        *options.read_nodes(cib),
        *_elements(cib),
    )


def _elements(cib: Cib) -> Iterator[Object]:
    for name in SECTIONS:
        section = cib.find_section(name)
        inner = () if section is None else section.iter() if name == "resources" else section
        for element in inner:
            kind = BY_TAG.get(element.tag) if isinstance(element.tag, str) else None
            if kind is None or kind.section != name or not _whole(element):
                continue
            found = kind.read(cib, element)
            if found is not None:
                yield found


# What an element has to have inside, one of these; pacemaker itself ignores it else.
NEEDED = {
    "group": ("primitive",),
    "clone": ("primitive", "group"),
    "master": ("primitive", "group"),
    "bundle": CONTAINER_TAGS,
    "tag": ("obj_ref",),
}


def _whole(element: Element) -> bool:
    """Whether it has what its kind cannot be without."""
    inside = NEEDED.get(element.tag)
    if inside is not None and not any(child.tag in inside for child in element):
        return False
    known = element.attrib.keys()
    if element.tag in ("primitive", "template") and not {"type", "template"} & known:
        return False
    if element.tag == "fencing-level" and not element.attrib.get("devices"):
        return False
    return "id" in known
