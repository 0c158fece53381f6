"""What Pacemaker says of the whole cluster, out of crm_mon's XML. Pure.

Read with the XML of Pacemaker 2.0, 2.1 and 3.0, which differ in words that nobody needs here.
"""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

INFINITY = 1000000  # so many failures are a ban by themselves: a start or a stop that failed


class Unreadable(Exception):
    """It is nothing that crm_mon prints."""


class Node(NamedTuple):
    online: bool = False
    standby: bool = False
    maintenance: bool = False
    unclean: bool = False


class Failure(NamedTuple):
    """An action that went wrong and was not cleaned up yet."""

    resource: str
    node: str
    task: str
    why: str


Place = tuple[str, str]  # a resource and a node


class Cluster(NamedTuple):
    """``problem``: why nothing else is known; empty where it is. ``asked``: False where it is we
    who could not ask. ``quorate``: None where there is no DC just now. ``running``: resource ->
    where. ``busy``: what is being started or stopped, the node empty where it is not said.
    ``banned``: by failures, not by a person. ``fencing``: what is pending, in words. ``stopped``:
    on purpose.
    """

    problem: str = ""
    asked: bool = True
    quorate: bool | None = None
    maintenance: bool = False
    nodes: Mapping[str, Node] = MappingProxyType({})
    running: Mapping[str, frozenset[str]] = MappingProxyType({})
    cloned: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    busy: frozenset[Place] = frozenset()
    blocked: frozenset[Place] = frozenset()
    failed: frozenset[Place] = frozenset()
    banned: frozenset[Place] = frozenset()
    failures: tuple[Failure, ...] = ()
    fencing: tuple[str, ...] = ()

    def is_busy(self, resource: str) -> bool:
        return any(name == resource for name, _ in self.busy)


def read(text: str) -> Cluster:
    """Out of `crm_mon -1 --output-as=xml`. Raises Unreadable."""
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, ValueError) as error:
        raise Unreadable(f"crm_mon told what is no XML ({error})") from None
    if root.tag not in ("pacemaker-result", "crm_mon"):
        raise Unreadable(f"crm_mon told {root.tag!r}")
    status = root.find("status")
    if status is not None and status.get("code", "0") != "0":
        errors = [it.text.strip() for it in status.iter("error") if it.text]
        told = errors[0] if errors else status.get("message", "")
        return Cluster(problem=told.removeprefix("error: ") or "crm_mon failed")
    if root.find("summary") is None:
        daemon = root.find("pacemakerd")
        state = daemon.get("state", "unknown") if daemon is not None else "unknown"
        return Cluster(problem=f"Pacemaker has no cluster yet ({state})")
    resources = list(root.iter("resource"))
    options = root.find("summary/cluster_options")
    return Cluster(
        quorate=_quorate(root),
        maintenance=options is not None and options.get("maintenance-mode") == "true",
        nodes={it.get("name", ""): _node(it) for it in root.iterfind("nodes/node")},
        running=_running(resources),
        cloned=frozenset(
            _name(it) for clone in root.iter("clone") for it in clone.iter("resource")
        ),
        stopped=frozenset(_stopped(root)),
        busy=_places(resources, "pending"),
        blocked=_places(resources, "blocked"),
        failed=_places(resources, "failed"),
        banned=frozenset(_banned(root)),
        failures=tuple(map(_failure, root.iterfind("failures/failure"))),
        fencing=tuple(_fencing(root)),
    )


def _quorate(root: ET.Element) -> bool | None:
    dc = root.find("summary/current_dc")
    if dc is None or dc.get("present") != "true":
        return None
    return dc.get("with_quorum") == "true"


def _node(item: ET.Element) -> Node:
    flags = (item.get(name) == "true" for name in ("online", "standby", "maintenance", "unclean"))
    online, standby, maintenance, unclean = flags
    return Node(online and item.get("pending") != "true", standby, maintenance, unclean)


def _name(resource: ET.Element) -> str:
    """The resource's id, without the number of an instance."""
    return resource.get("id", "").partition(":")[0]


def _where(resource: ET.Element) -> list[str]:
    return [node.get("name", "") for node in resource.iterfind("node")]


def _running(resources: list[ET.Element]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for resource in resources:
        here = _where(resource) if resource.get("role") not in ("Stopped",) else []
        found[_name(resource)] = found.get(_name(resource), frozenset()) | frozenset(here)
    return found


def _places(resources: list[ET.Element], flag: str) -> frozenset[Place]:
    """Where the flag is set; ``pending`` says what goes on in place of yes or no."""
    return frozenset(
        (_name(resource), node)
        for resource in resources
        if resource.get(flag, "false") not in ("false", "")
        for node in (_where(resource) or [""])
    )


def _stopped(root: ET.Element) -> Iterator[str]:
    for holder in root.iter():
        off = holder.tag in ("group", "clone", "bundle") and holder.get("disabled") == "true"
        if off or (holder.tag == "resource" and holder.get("target_role") == "Stopped"):
            yield from (_name(it) for it in holder.iter("resource"))


def _banned(root: ET.Element) -> Iterator[Place]:
    for node in root.iterfind("node_history/node"):
        for item in node.iterfind("resource_history"):
            count, most = (_number(item.get(it)) for it in ("fail-count", "migration-threshold"))
            if count and count >= min(most or INFINITY, INFINITY):
                yield item.get("id", "").partition(":")[0], node.get("name", "")


def _number(text: str | None) -> int:
    if text in ("INFINITY", "+INFINITY"):
        return INFINITY
    return int(text) if text and text.isdecimal() else 0


def _failure(item: ET.Element) -> Failure:
    task = item.get("task", "")
    key = item.get("op_key", "").removesuffix(f"_{item.get('interval', '0')}")
    words = [item.get(it, "") for it in ("exitstatus", "exitreason")]
    told = [html.unescape(" ".join(word.split())) for word in words if word]  # escaped twice
    resource = key.removesuffix(f"_{task}").partition(":")[0]
    return Failure(resource, item.get("node", ""), task, ", ".join(told))


def _fencing(root: ET.Element) -> Iterator[str]:
    for event in root.iterfind("fence_history/fence_event"):
        if event.get("status") == "pending":
            yield f"{event.get('action', 'fencing')} of {event.get('target', '')}"
