"""What Pacemaker says of one resource on one node, out of the CIB's XML.

view(xml, node, resource) -> View        # Raises Unreadable

The XML is the whole CIB (`cibadmin -Q --local`), or Pacemaker's own file of it: that has no
status, so nothing of ``started`` and ``stopping``, but is there while Pacemaker is not.

hakube-watch asks before it hands over: quorate, no ``hands_off``, ``started`` is True, not
``stopping``. The guard asks before it gives up: no ``hands_off``, and ``policy`` in GIVES_UP.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from typing import NamedTuple

#: no-quorum-policy under which a node without quorum stops what it has. (`ignore` and `freeze` let
#: it run.) demote, suicide and fence do more than that.
GIVES_UP = frozenset({"stop", "demote", "suicide", "fence"})

_TRUE = frozenset({"true", "on", "yes", "y", "1"})  # crm_str_to_boolean(), any case
_RUNNING, _NOT_RUNNING = "0", "7"  # what agents answer: OCF_SUCCESS, OCF_NOT_RUNNING
_PENDING = "-1"  # as op-status and as call-id: asked for, not ended

#: What a resource may be in, and has meta attributes from.
_GROUPS = frozenset({"group", "clone", "master", "bundle"})


class Unreadable(Exception):
    """It is no CIB, or has no such resource; the text says which."""


class View(NamedTuple):
    """``hands_off``: why the resource is nobody's business but a person's now; empty if it is not.

    ``started``: the resource's history on the node ends with it running (True), or not (False);
    None where it ends with a failure, something is pending, or it has none. ``stopping``: a stop is
    pending. Where a rule decides about a value it counts as in force where that is maintenance,
    and not where it would end it.
    """

    quorate: bool
    maintenance: bool
    managed: bool
    policy: str
    started: bool | None
    stopping: bool
    hands_off: str


def view(xml: str | bytes, node: str, resource: str) -> View:
    """Read it. Raises Unreadable."""
    try:
        root = ET.fromstring(xml)
    except (ET.ParseError, ValueError) as error:
        raise Unreadable(f"the CIB cannot be read: {error}") from None
    if root.tag != "cib":
        raise Unreadable(f"{root.tag} is no CIB")
    chain = _chain(root, resource)
    if not chain:
        raise Unreadable(f"the CIB has no resource {resource}")
    sets = _Sets(root)
    maintenance = _maintenance(sets, root, chain, node)
    unmanaged = sets.might("is-managed", False, sets.meta(chain)) or sets.might(
        "is-managed-default", False, [root.findall("configuration/crm_config/cluster_property_set")]
    )
    started, stopping = _history(root, node, resource)
    return View(
        quorate=root.get("have-quorum") == "1",
        maintenance=bool(maintenance),
        managed=not unmanaged,
        policy=_policy(sets, root),
        started=started,
        stopping=stopping,
        hands_off=maintenance or (f"{resource} is unmanaged" if unmanaged else ""),
    )


def _chain(root: ET.Element, resource: str) -> list[ET.Element]:
    """The resource and what it is in, the innermost first; nothing where there is none."""

    def search(parent: ET.Element) -> list[ET.Element]:
        for child in parent:
            if child.tag == "primitive" and child.get("id") == resource:
                return [child]
            if child.tag in _GROUPS and (found := search(child)):
                return [*found, child]
        return []

    resources = root.find("configuration/resources")
    return [] if resources is None else search(resources)


class _Sets:
    """Sets of name-value pairs; one may stand for another one (``id-ref``)."""

    def __init__(self, root: ET.Element):
        self._root = root
        self._named = {
            one.get("id"): one for one in root.iterfind("configuration//*") if one.get("id")
        }

    def meta(self, chain: Iterable[ET.Element]) -> list[list[ET.Element]]:
        """The sets of a resource's meta attributes: its own, its template's, those of what it is
        in, the defaults of all. Each level stands over the next one."""
        levels = []
        for element in chain:
            levels.append(element.findall("meta_attributes"))
            template = self._named.get(element.get("template"))
            if template is not None:
                levels.append(template.findall("meta_attributes"))
        levels.append(self._root.findall("configuration/rsc_defaults/meta_attributes"))
        return levels

    def might(self, name: str, value: bool, levels: Iterable[Iterable[ET.Element]]) -> bool:
        """Whether the boolean may have this value now."""
        for level in levels:
            sure = False
            for ruled, text in self.values(name, level):
                if (text.lower() in _TRUE) == value:
                    return True
                sure = sure or not ruled
            if sure:  # nothing below is asked
                return False
        return False

    def values(self, name: str, sets: Iterable[ET.Element]) -> Iterator[tuple[bool, str]]:
        """Each value, and whether a rule decides about it."""
        for given in sets:
            found = self._resolve(given)
            ruled = found.find("rule") is not None
            for pair in found.iterfind("nvpair"):
                pair_ = self._resolve(pair)
                if (pair.get("name") or pair_.get("name")) == name:
                    yield ruled, pair_.get("value", "")

    def _resolve(self, element: ET.Element) -> ET.Element:
        return self._named.get(element.get("id-ref"), element)


def _maintenance(sets: _Sets, root: ET.Element, chain: list[ET.Element], node: str) -> str:
    """Whose maintenance it is; empty where there is none."""
    cluster = root.findall("configuration/crm_config/cluster_property_set")
    if sets.might("maintenance-mode", True, [cluster]):
        return "the cluster is in maintenance"
    own: list[ET.Element] = []
    for entry in _nodes(root, node):  # an attribute for good, or until the next start
        own += entry.findall("instance_attributes")
        own += entry.findall("transient_attributes/instance_attributes")
    if sets.might("maintenance", True, [own]):
        return f"{node} is in maintenance"
    if sets.might("maintenance", True, sets.meta(chain)):
        return f"{chain[0].get('id')} is in maintenance"
    return ""


def _policy(sets: _Sets, root: ET.Element) -> str:
    """What the node does without quorum: the first that is not to stop, where rules decide."""
    cluster = root.findall("configuration/crm_config/cluster_property_set")
    found = list(sets.values("no-quorum-policy", cluster))
    texts = [text.lower() for _, text in found]
    if not any(not ruled for ruled, _ in found):
        texts.append("stop")  # Pacemaker's default
    return next((text for text in texts if text not in GIVES_UP), texts[0])


def _nodes(root: ET.Element, node: str) -> list[ET.Element]:
    """What the CIB has of the node, by its name or its id: configuration and status."""
    configured = [it for it in root.iterfind("configuration/nodes/node") if it.get("uname") == node]
    ids = {it.get("id") for it in configured}
    status = [
        state
        for state in root.iterfind("status/node_state")
        if state.get("uname") == node or state.get("id") in ids
    ]
    return configured + status


def _history(root: ET.Element, node: str, resource: str) -> tuple[bool | None, bool]:
    """How the resource's history on the node ends, and whether a stop is pending.

    Each kind of action has one entry, its last. What is pending has the call-id -1, what ended a
    higher one than all before it (also a failure that a person or hakube reported, `asyncmon`).
    """
    ended: list[tuple[int, ET.Element]] = []
    pending: set[str] = set()
    path = f"lrm/lrm_resources/lrm_resource[@id='{resource}']/lrm_rsc_op"
    for state in _nodes(root, node):
        for action in state.iterfind(path):
            number = action.get("call-id", _PENDING)
            if _PENDING in (number, action.get("op-status")):
                # A recurring monitor that begins says nothing about what is so already.
                if action.get("interval", "0") == "0":
                    pending.add(action.get("operation", ""))
            elif number.isdigit():
                ended.append((int(number), action))
    if pending or not ended:
        return None, "stop" in pending
    newest = max(number for number, _ in ended)
    # A failure that was reported may stand beside the monitor that went well, with its number.
    lasts = [action for number, action in ended if number == newest]
    last = next((one for one in lasts if one.get("rc-code") != _RUNNING), lasts[0])
    kind, code = last.get("operation"), last.get("rc-code")
    if kind in ("start", "monitor") and code == _RUNNING:
        return True, False
    if (kind, code) in (("stop", _RUNNING), ("monitor", _NOT_RUNNING)):
        # A monitor that repeats, and finds it gone, is a failure: Pacemaker mends it now.
        return (False if last.get("interval", "0") == "0" else None), False
    return None, False
