"""A CIB as a tree that can be searched by id and edited. What is not edited stays as it was."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

from saltext_hakube.core.cib import xmltext
from saltext_hakube.core.errors import HakubeError

Element = ET.Element

# A template is no resource: it runs nowhere.
RESOURCES = frozenset({"primitive", "group", "clone", "master", "bundle"})
CONTAINERS = frozenset({"group", "clone", "master", "bundle"})

# Elements whose id names another element, and those whose id is none in the sense of XML: the
# schema has it as plain text, so a resource may have the same one (nodes-*.rng, acls-2.0.rng).
REFERENCES = frozenset({"resource_ref", "obj_ref", "role", "role_ref"})
NO_IDS = REFERENCES | {"node", "acl_target"}

# Of these the attribute that people know them by.
NAMES = {"node": "uname", "acl_target": "id"}

# The schema wants the sections of <configuration> in this order (cib-*.rng of pacemaker).
SECTIONS = (
    "crm_config",
    "rsc_defaults",
    "op_defaults",
    "nodes",
    "resources",
    "constraints",
    "fencing-topology",
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

_SCHEMA = re.compile(r"pacemaker-(\d+)\.(\d+)\Z")


class Cib:
    """One CIB. ``parents`` tells where an element of the configuration hangs.

    ``ids``: the elements of the configuration by their id, which is unique there. ``claimed``:
    those in which a plan found what is declared. ``named``: the ids of all that is declared.
    """

    def __init__(self, root: Element):
        if root.tag != "cib" or root.find("configuration") is None:
            raise HakubeError(f"this is not a CIB: <{root.tag}> without a <configuration>")
        self.root = root
        self.configuration: Element = root.find("configuration")
        self.parents: dict[Element, Element] = {}
        self.ids: dict[str, Element] = {}
        self.by_name: dict[tuple[str, str], Element] = {}
        self.memo: dict[str, Any] = {}
        self.claimed: set[Element] = set()
        self.named: set[str] = set()
        self._borrowers: dict[str, list[Element]] | None = None
        for element in self.configuration.iter():
            for child in element:
                self.parents[child] = element
            self._remember(element)

    @classmethod
    def parse(cls, text: str | bytes) -> Cib:
        """Read a CIB. Raises HakubeError where the text is none."""
        return cls(xmltext.parse(text, "the CIB"))

    def text(self) -> str:
        """The XML text."""
        # ElementTree leaves a carriage return in text as it is, which a reader takes for a newline.
        return ET.tostring(self.root, encoding="unicode").replace("\r", "&#13;")

    @property
    def schema(self) -> tuple[int, int]:
        """The version of pacemaker's schema that the CIB is written in; (0, 0): unknown."""
        match = _SCHEMA.match(self.root.attrib.get("validate-with", ""))
        return (int(match[1]), int(match[2])) if match else (0, 0)

    def raise_version(self) -> None:
        """Count one change of the configuration, without which the cluster calls a patch old."""
        self.root.attrib["epoch"] = str(int(self.root.attrib.get("epoch", "0")) + 1)
        self.root.attrib["num_updates"] = "0"

    def find_section(self, tag: str) -> Element | None:
        """A section of the configuration, None where it is missing."""
        return self.configuration.find(tag)

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
        section = self.find_section("resources")
        for element in section.iter() if section is not None else ():
            if element.tag in RESOURCES:
                yield element

    def is_free(self, element: Element) -> bool:
        """Whether something that is declared by another id may be meant by this element."""
        return element not in self.claimed and element.attrib.get("id") not in self.named

    def parent(self, element: Element) -> Element:
        """The element that this one hangs in."""
        return self.parents[element]

    def referred(self, element: Element) -> Element:
        """The element itself, or the one that its ``id-ref`` names; itself if that is nowhere."""
        name = element.attrib.get("id-ref")
        return element if name is None else self.ids.get(name, element)

    def add(
        self, parent: Element, tag: str, index: int | None = None, **attributes: str
    ) -> Element:
        """Hang a new element into ``parent``; an id that is taken gets a number."""
        if "id" in attributes and tag not in NO_IDS:
            attributes["id"] = self.free_id(attributes["id"])
        element = Element(tag, attributes)
        self.hang(parent, element, index)
        self._remember(element)
        return element

    def hang(self, parent: Element, element: Element, index: int | None = None) -> None:
        """Put an element that hangs nowhere into ``parent``, last or at ``index``."""
        parent.insert(len(parent) if index is None else index, element)
        self.parents[element] = parent

    def unhang(self, element: Element) -> None:
        """Take an element out of its place, to hang it somewhere else."""
        self.parents.pop(element).remove(element)

    def remove(self, element: Element) -> None:
        """Remove an element and all in it; who has borrowed of it (``id-ref``) gets a copy."""
        self.bequeath(element)
        self.unhang(element)
        for inner in element.iter():
            self.parents.pop(inner, None)
            if self.ids.get(inner.attrib.get("id", "")) is inner:
                del self.ids[inner.attrib["id"]]
            if inner.tag in NAMES:
                self.by_name.pop((inner.tag, inner.attrib.get(NAMES[inner.tag], "")), None)

    def graft(self, owner: Element, tree: Element, index: int | None = None) -> Element:
        """Hang a copy of a tree into ``owner``; ids that are taken get numbers."""
        element = self.add(owner, tree.tag, index, **tree.attrib)
        for child in tree:
            if isinstance(child.tag, str):
                self.graft(element, child)
        return element

    def replace(self, element: Element, original: Element) -> Element:
        """Put a copy of ``original`` into the element's place, with ids of its own."""
        owner = self.parents[element]
        index = list(owner).index(element)
        self.unhang(element)
        return self.graft(owner, original, index)

    def bequeath(self, element: Element) -> None:
        """Give who has borrowed of the element (``id-ref``) a copy: it is about to change."""
        if self._borrowers is None:
            self._borrowers = {}
            for borrower in self.configuration.iter():
                if "id-ref" in borrower.attrib:
                    self._borrowers.setdefault(borrower.attrib["id-ref"], []).append(borrower)
        if not self._borrowers:
            return
        going = set(element.iter())
        for inner in going:
            for borrower in self._borrowers.pop(inner.attrib.get("id", ""), ()):
                if borrower not in going and borrower in self.parents:
                    self.replace(borrower, inner)

    def free_id(self, wanted: str) -> str:
        """``wanted``, or the first of wanted-1, wanted-2 ... that is free (as pcs counts)."""
        if wanted not in self.ids:
            return wanted
        number = 1
        while f"{wanted}-{number}" in self.ids:
            number += 1
        return f"{wanted}-{number}"

    def _remember(self, element: Element) -> None:
        if "id" in element.attrib and element.tag not in NO_IDS:
            self.ids.setdefault(element.attrib["id"], element)
        elif element.tag in NAMES:
            name = element.attrib.get(NAMES[element.tag], "")
            self.by_name.setdefault((element.tag, name), element)
        if "id-ref" in element.attrib and self._borrowers is not None:
            self._borrowers.setdefault(element.attrib["id-ref"], []).append(element)
