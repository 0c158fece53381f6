"""Tags: a name for several things in the CIB."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.converge import Shape, converge, own
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.elements import Part
from saltext_hakube.core.cib.objects import Tag
from saltext_hakube.core.cib.words import Missing


def edit_tag(cib: Cib, wanted: Tag) -> Iterator[Change]:
    """Make the tag be there, with these members."""

    def check() -> None:
        for member in wanted.members:
            if member not in cib.ids and member not in _nodes(cib):
                raise Missing(f"its member {member} is nothing in the cluster")

    references = [Element("obj_ref", {"id": member}) for member in wanted.members]
    part = Part("members", ("obj_ref",), references)
    shape = Shape("tag", "tag", "tags", {}, parts=(part,), check=check)
    yield from converge(cib, wanted.id, shape, own(cib, wanted.id, "tag"))


def _nodes(cib: Cib) -> set[str]:
    """The ids and names of nodes, of which a tag may speak, too."""
    if "nodes" not in cib.memo:
        section = cib.find_section("nodes")
        nodes = list(section.iter("node")) if section is not None else []
        cib.memo["nodes"] = {it.attrib.get(key, "") for it in nodes for key in ("id", "uname")}
    return cib.memo["nodes"]


def read_tag(_cib: Cib, element: Element) -> Tag:
    """A tag as it would be declared."""
    members = tuple(it.attrib.get("id", "") for it in element.iterfind("obj_ref"))
    return Tag(id=element.attrib["id"], members=members)
