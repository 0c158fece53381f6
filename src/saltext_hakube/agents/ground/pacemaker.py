"""What Pacemaker says of one resource on one node, out of the CIB's XML. Pure.

view(xml, node, resource, address) -> View        # Raises Unreadable

The XML is the whole CIB (`cibadmin -Q --local`), or Pacemaker's own file of it: that has no
status, so nothing of ``last`` and ``member``, but is there while Pacemaker is not.

Who sees that the VIP's address is not on this node asks what Pacemaker should hear (``hears``). He
says which address that is: while it is changed the cluster has another one, and that may be here.
The guard asks before it gives up: no ``hands_off``, and, where the stack lives, ``policy`` in
GIVES_UP.
"""

from __future__ import annotations

import ipaddress
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import NamedTuple

from saltext_hakube.agents.ground.history import LONGEST, STARTED, STOP_FAILED, Last, awaited, last
from saltext_hakube.agents.ground.pairs import FALSE, TRUE, Pairs, Sets

#: no-quorum-policy under which a node without quorum stops what it has. (`ignore` and `freeze` let
#: it run.) demote, suicide and fence do more than that.
GIVES_UP = frozenset({"stop", "demote", "suicide", "fence"})

#: What Pacemaker hears of a VIP whose address is not here, as crm_resource's option: that it
#: failed, where it takes it for started; to forget a stop that failed, as nothing is left to stop.
FAIL, CLEAN_UP = "--fail", "--cleanup"

#: What a resource may be in, and has meta attributes from.
_GROUPS = frozenset({"group", "clone", "master", "bundle"})


class Unreadable(Exception):
    """It is no CIB, or has no such resource; the text says which."""


class Missing(Unreadable):
    """The CIB has no such resource."""


class View(NamedTuple):
    """``last``: how the resource's history on the node ends. ``member``: the node is one, and is
    not about to leave. ``wanted``: nobody wants it stopped (``target-role``,
    ``stop-all-resources``).

    ``elsewhere``: the cluster may have another address for the resource than the one asked about.
    ``hands_off``: why the resource is nobody's business but a person's now; empty if it is not.
    ``against``: that, or what else speaks against telling Pacemaker anything; empty if nothing.
    ``awaited``: since when a monitor has not answered (history.awaited).
    Where a rule decides about a value it counts as in force where that is maintenance, and not
    where it would end it.
    """

    quorate: bool
    member: bool
    maintenance: bool
    managed: bool
    wanted: bool
    policy: str
    last: Last
    elsewhere: bool
    hands_off: str
    against: str
    awaited: float

    def waits(self, now: float) -> bool:
        """Whether Pacemaker waits for the answer of a monitor, so that this is no moment for a
        cleanup. ``now``: Unix time."""
        return self.awaited > now - LONGEST

    @property
    def hears(self) -> str:
        """What Pacemaker should hear if the VIP's address is not on the node: FAIL, CLEAN_UP, or
        nothing."""
        return (
            "" if self.against else {STARTED: FAIL, STOP_FAILED: CLEAN_UP}.get(self.last.state, "")
        )


def view(xml: str | bytes, node: str, resource: str, address: str | None = None) -> View:
    """Read it. ``address``: the one that is watched, as text. Raises Unreadable."""
    try:
        root = ET.fromstring(xml)
    except (ET.ParseError, ValueError) as error:
        raise Unreadable(f"the CIB cannot be read: {error}") from None
    if root.tag != "cib":
        raise Unreadable(f"{root.tag} is no CIB")
    chain = _chain(root, resource)
    if not chain:
        raise Missing(f"the CIB has no resource {resource}")
    pairs = Pairs(root)
    configured = [it for it in root.iterfind("configuration/nodes/node") if it.get("uname") == node]
    states = _states(root, configured, node)
    cluster = [root.findall("configuration/crm_config/cluster_property_set")]
    own = [_attributes(configured, states)]
    meta = pairs.of(chain)
    parameters = pairs.of(chain, "instance_attributes")
    lost_parameters = address is not None and pairs.lost(parameters)

    quorate = (root.get("have-quorum") or "").strip().lower() in TRUE
    maintenance = _first(
        (pairs, "the cluster", "maintenance-mode", FALSE, cluster),
        (pairs, node, "maintenance", FALSE, own),
        (pairs, resource, "maintenance", FALSE, meta),
    )
    unmanaged = _first(
        (pairs, "the cluster", "is-managed-default", TRUE, cluster),
        (pairs, resource, "is-managed", TRUE, meta),
    )
    owners = (("the cluster", cluster), (node, own), (resource, meta))
    lost = [who for who, levels in owners if pairs.lost(levels)]
    hands_off = maintenance or unmanaged
    if lost and not hands_off:
        hands_off = f"{lost[0]} has values that are set elsewhere"
    leaves = _membership(configured, states, node)
    leaves = leaves or _first((pairs, node, "shutdown", FALSE, own))
    unwanted = _first(
        (pairs, "the cluster", "stop-all-resources", FALSE, cluster),
        (pairs, resource, "target-role", frozenset({"started"}), meta),
    )
    silent = _stops_silently(root, pairs, chain[0])
    elsewhere = address is not None and _is_other(pairs.in_force("ip", parameters), address)
    alone = all(it.tag in ("primitive", "group") for it in chain)
    return View(
        quorate=quorate,
        member=not leaves,
        maintenance=bool(maintenance or lost),
        managed=not (unmanaged or lost),
        wanted=not unwanted,
        policy=_policy(pairs, cluster[0]),
        last=last(states, resource),
        elsewhere=elsewhere,
        hands_off=hands_off,
        against=("" if quorate else "the node has no quorum")
        or hands_off
        or ("the cluster has another address for it" if elsewhere else "")
        or (f"{resource} has values that are set elsewhere" if lost_parameters else "")
        or leaves
        or unwanted
        or silent
        or ("" if alone else f"{resource} is no primitive, alone or in a group"),
        awaited=awaited(states, resource),
    )


def command(hears: str, node: str, resource: str) -> tuple[str, ...]:
    """How Pacemaker hears it."""
    return ("crm_resource", hears, "-r", resource, "-N", node)


def _first(*asked: tuple[Pairs, str, str, frozenset[str], list[Sets]]) -> str:
    """The first value that is not a usual one, in some words."""
    for pairs, who, name, usual, levels in asked:
        found = pairs.other(name, usual, levels)
        if found is not None:
            return f"{who} has {name}={found}"
    return ""


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


def _states(root: ET.Element, configured: Sets, node: str) -> Sets:
    """What the status has of the node, by its name or its id."""
    ids = {it.get("id") for it in configured} - {None}
    return [
        state
        for state in root.iterfind("status/node_state")
        if state.get("uname") == node or state.get("id") in ids
    ]


def _attributes(configured: Sets, states: Sets) -> Sets:
    """The node's attributes, for good or until its next start."""
    return [
        one
        for entry in (*configured, *states)
        for path in ("instance_attributes", "transient_attributes/instance_attributes")
        for one in entry.findall(path)
    ]


def _membership(configured: Sets, states: Sets, node: str) -> str:
    """Why it is no member; empty where it is one."""
    if not configured:
        return f"the CIB does not have {node}"
    joined = [(it.get("join"), it.get("expected")) for it in states]
    if not joined or set(joined) != {("member", "member")}:
        return f"{node} is no member just now"
    return ""


def _stops_silently(root: ET.Element, pairs: Pairs, primitive: ET.Element) -> str:
    """Why a stop that is under way cannot be told from none; empty where Pacemaker tells it.

    What counts is the operation's own attribute, then its meta attributes, then the defaults of
    all operations, then true (crm_simulate's graph says so). With two of a name any may count.
    """
    text = f"a stop of {primitive.get('id')} is not written down before it is done (record-pending)"
    defaults = root.findall("configuration/op_defaults/meta_attributes")
    for stop in pairs.operations(primitive, "stop") or [ET.Element("op")]:
        own = stop.get("record-pending")
        if own is not None:
            if own.strip().lower() not in TRUE:
                return text
            continue
        levels = [stop.findall("meta_attributes"), defaults]
        if pairs.other("record-pending", TRUE, levels) is not None or pairs.lost(levels):
            return text
    return ""


def _is_other(texts: Iterable[str], address: str) -> bool:
    """Whether one of them is not this address. (An IPv6 address can be written in many ways.)"""
    watched = ipaddress.ip_address(address)
    for text in texts:
        try:
            if ipaddress.ip_address(text.strip()) != watched:
                return True
        except ValueError:  # no address, so not this one
            return True
    return False


def _policy(pairs: Pairs, cluster: Sets) -> str:
    """What the node does without quorum: the first that is not to stop, where rules decide."""
    found = list(pairs.values("no-quorum-policy", cluster))
    texts = [text.lower() for _, text in found]
    if not any(not ruled for ruled, _ in found):
        texts.append("stop")  # Pacemaker's default
    return next((text for text in texts if text not in GIVES_UP), texts[0])
