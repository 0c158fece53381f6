"""A CIB as a tree that can be searched by id and edited. What is not edited stays as it was."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from saltext_hakube.core.errors import HakubeError

Element = ET.Element

RESOURCES = frozenset({"primitive", "group", "clone", "master", "bundle", "template"})

# The schema wants the sections of <configuration> in this order (cib-*.rng of pacemaker).
SECTIONS = (
    "crm_config",
    "nodes",
    "resources",
    "constraints",
    "fencing-topology",
    "op_defaults",
    "rsc_defaults",
    "acls",
    "tags",
    "alerts",
)

# What a plan is made against where no cluster runs yet.
EMPTY = (
    '<cib admin_epoch="0" epoch="0" num_updates="0" validate-with="pacemaker-3.0">'
    "<configuration><crm_config/><nodes/><resources/><constraints/></configuration>"
    "<status/></cib>"
)


class Cib:
    """One CIB. ``parents`` tells where an element hangs; ids are unique in the whole document."""

    def __init__(self, root: Element):
        if root.tag != "cib" or root.find("configuration") is None:
            raise HakubeError(f"this is not a CIB: <{root.tag}> without a <configuration>")
        self.root = root
        self.parents: dict[Element, Element] = {}
        self.ids: dict[str, Element] = {}
        for element in root.iter():
            for child in element:
                self.parents[child] = element
        for element in self.configuration.iter():
            if "id" in element.attrib:
                self.ids.setdefault(element.attrib["id"], element)

    @classmethod
    def parse(cls, text: str | bytes) -> Cib:
        """Read a CIB. Raises HakubeError where the text is none."""
        # Comments are kept: what this project does not know survives untouched.
        parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
        try:
            return cls(ET.fromstring(text, parser=parser))
        except ET.ParseError as error:
            raise HakubeError(f"the CIB is not well-formed XML: {error}") from None

    def copy(self) -> Cib:
        """A copy to edit."""
        return Cib(copy.deepcopy(self.root))

    def text(self) -> str:
        """The XML text."""
        return ET.tostring(self.root, encoding="unicode")

    @property
    def configuration(self) -> Element:
        """The part that people and this project write; the rest is the cluster's own."""
        return self.root.find("configuration")

    def raise_version(self) -> None:
        """Count one change of the configuration, without which the cluster calls a patch old."""
        self.root.attrib["epoch"] = str(int(self.root.attrib.get("epoch", "0")) + 1)
        self.root.attrib["num_updates"] = "0"

    def section(self, tag: str) -> Element:
        """A section of the configuration, made where it is missing."""
        section = self.configuration.find(tag)
        if section is None:
            before = SECTIONS[: SECTIONS.index(tag)]
            index = sum(1 for child in self.configuration if child.tag in before)
            section = self.add(self.configuration, tag, index=index)
        return section

    def resource(self, name: str) -> Element | None:
        """The resource with this id."""
        element = self.ids.get(name)
        return element if element is not None and element.tag in RESOURCES else None

    def resources(self) -> Iterator[Element]:
        """All resources, outermost first."""
        for element in self.section("resources").iter():
            if element.tag in RESOURCES:
                yield element

    def parent(self, element: Element) -> Element:
        """The element that this one hangs in."""
        return self.parents[element]

    def add(
        self, parent: Element, tag: str, index: int | None = None, **attributes: str
    ) -> Element:
        """Hang a new element into ``parent``; an id that is taken gets a number."""
        if "id" in attributes:
            attributes["id"] = self.free_id(attributes["id"])
        element = Element(tag, attributes)
        self.hang(parent, element, index)
        if "id" in attributes:
            self.ids[attributes["id"]] = element
        return element

    def hang(self, parent: Element, element: Element, index: int | None = None) -> None:
        """Put an element that hangs nowhere into ``parent``, last or at ``index``."""
        parent.insert(len(parent) if index is None else index, element)
        self.parents[element] = parent

    def unhang(self, element: Element) -> None:
        """Take an element out of its place, to hang it somewhere else."""
        self.parents.pop(element).remove(element)

    def remove(self, element: Element) -> None:
        """Remove an element and all in it."""
        self.unhang(element)
        for inner in element.iter():
            if self.ids.get(inner.attrib.get("id", "")) is inner:
                del self.ids[inner.attrib["id"]]

    def free_id(self, wanted: str) -> str:
        """``wanted``, or the first of wanted-1, wanted-2 ... that is free (as pcs counts)."""
        if wanted not in self.ids:
            return wanted
        number = 1
        while f"{wanted}-{number}" in self.ids:
            number += 1
        return f"{wanted}-{number}"
