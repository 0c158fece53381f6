"""Whether the VIP's failure may be handed to Pacemaker: from the local CIB. Pure.

Its address is gone. That is Pacemaker's own doing where it stops the VIP: it writes the stop down
as pending 0.1 to 0.2 s before the address goes, and as done 0.1 s after it (measured, 2.1.5).
Whatever looks unfamiliar is a no: Pacemaker's own monitor finds it within ten seconds.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from typing import NamedTuple

_TRUE = frozenset(("true", "on", "yes", "y", "1"))  # crm_str_to_boolean of Pacemaker
_FALSE = frozenset(("false", "off", "no", "n", "0"))
_PENDING = "-1"  # op-status (PCMK_EXEC_PENDING)


class Answer(NamedTuple):
    """``yes``: it may be handed over; ``why``, or why not. ``later``: a no that may not last."""

    yes: bool
    why: str
    later: bool = False


def may_hand_over(text: str, resource: str, node: str) -> Answer:
    """Whether ``resource`` (the VIP) on ``node`` (this one) failed without Pacemaker's knowing."""
    try:
        cib = ET.fromstring(text)
    except ET.ParseError as error:
        return Answer(False, f"the CIB cannot be read: {error}", later=True)
    if cib.tag != "cib":
        return Answer(False, f"the CIB is a <{cib.tag}>", later=True)
    state = _one(cib.iterfind("status/node_state"), "uname", node)
    history = None if state is None else _history(state, resource)
    if not history:
        return Answer(False, f"{resource} was never started on {node}")
    here = _here(history)
    if not here.yes:
        return here
    for reason in (_cluster(cib), _node(cib, state, node), _resource(cib, resource)):
        if reason:
            return Answer(False, reason, later=True)
    return here


def _history(state: ET.Element, resource: str) -> list[ET.Element]:
    path = "lrm/lrm_resources/lrm_resource"
    return [
        operation
        for one in state.iterfind(path)
        if one.get("id") == resource
        for operation in one.iterfind("lrm_rsc_op")
    ]


def _here(history: list[ET.Element]) -> Answer:
    """Whether it is started, by what was done last."""
    done = []
    for operation in history:
        name = operation.get("operation", "?")
        if operation.get("op-status") == _PENDING:
            # A recurring monitor that is pending is about to run for the first time.
            if name != "monitor" or operation.get("interval", "0") == "0":
                return Answer(False, f"Pacemaker is about to {name} it", later=True)
            continue
        call = operation.get("call-id", "")
        if not call.isdecimal():
            return Answer(False, f"the history has a {name} without a number", later=True)
        done.append((int(call), operation))
    if not done:
        return Answer(False, "the history has nothing that has ended", later=True)
    newest = max(call for call, _ in done)
    # A failure is there twice, under the number of what failed.
    last = [_ended(operation) for call, operation in done if call == newest]
    return next((answer for answer in last if not answer.yes), last[0])


def _ended(operation: ET.Element) -> Answer:
    """What the last thing that Pacemaker did with it says."""
    name, code = operation.get("operation", "?"), operation.get("rc-code", "?")
    if name == "stop" and code == "0":
        return Answer(False, "Pacemaker stopped it here")
    if name == "monitor" and code == "7" and operation.get("interval", "0") == "0":
        return Answer(False, "Pacemaker never started it here")
    if name not in ("start", "monitor") or code != "0" or operation.get("op-status") != "0":
        return Answer(False, f"Pacemaker knows that it is not well ({name}: {code})", later=True)
    return Answer(True, f"Pacemaker takes it for started here ({name}: {code})")


def _cluster(cib: ET.Element) -> str:
    if not _is(cib.get("have-quorum"), _TRUE):
        return "the node has no quorum"
    properties = "configuration/crm_config/cluster_property_set"
    for pair in cib.iterfind(f"{properties}/nvpair"):
        if pair.get("id-ref"):
            return "the cluster has properties that are set elsewhere"
        name, value = pair.get("name"), pair.get("value")
        if name in ("maintenance-mode", "stop-all-resources") and not _is(value, _FALSE):
            return f"the cluster has {name}={value}"
        if name == "is-managed-default" and not _is(value, _TRUE):
            return f"the cluster has {name}={value}"
    return ""


def _node(cib: ET.Element, state: ET.Element, node: str) -> str:
    if state.get("join") != "member" or state.get("expected") != "member":
        return f"{node} is no member just now"
    described = _one(cib.iterfind("configuration/nodes/node"), "uname", node)
    if described is None:
        return f"the CIB does not have {node}"
    if any(pair.get("id-ref") for pair in described.iter("nvpair")):
        return f"{node} has attributes that are set elsewhere"
    pairs = [*described.iter("nvpair"), *state.iterfind("transient_attributes//nvpair")]
    for pair in pairs:
        name, value = pair.get("name"), pair.get("value")
        if name in ("maintenance", "shutdown") and not _is(value, _FALSE):
            return f"{node} has {name}={value}"
    return ""


def _resource(cib: ET.Element, resource: str) -> str:
    """Why Pacemaker may have been told to leave it alone."""
    chain = _chain(cib.find("configuration/resources"), resource)
    if chain is None:
        return f"{resource} is no primitive, alone or in a group"
    sets = [one for element in chain for one in element.iterfind("meta_attributes")]
    sets += cib.findall("configuration/rsc_defaults/meta_attributes")
    for one in sets:
        if one.get("id-ref") or any(pair.get("id-ref") for pair in one.iter("nvpair")):
            return f"{resource} has meta attributes that are set elsewhere"
        for pair in one.iterfind("nvpair"):
            name, value = pair.get("name"), pair.get("value")
            managed = name != "is-managed" or _is(value, _TRUE)
            if not managed or (name == "maintenance" and not _is(value, _FALSE)):
                return f"{resource} has {name}={value}"
            if name == "target-role" and value not in ("Started", "started"):
                return f"{resource} has {name}={value}"
    return ""


def _chain(resources: ET.Element | None, resource: str) -> list[ET.Element] | None:
    """The primitive, its group and its template; None where it is anything else."""
    if resources is None:
        return None
    found = None
    for one in resources:
        if one.tag == "primitive" and one.get("id") == resource:
            found = [one]
        elif one.tag == "group":
            member = _one(one.iterfind("primitive"), "id", resource)
            found = [member, one] if member is not None else found
    if found is None:
        return None
    name = found[0].get("template")
    if name is not None:
        template = _one(resources.iterfind("template"), "id", name)
        if template is None:
            return None
        found.append(template)
    return found


def _one(elements: Iterable[ET.Element], key: str, value: str) -> ET.Element | None:
    return next((one for one in elements if one.get(key) == value), None)


def _is(value: str | None, words: frozenset[str]) -> bool:
    return value is not None and value.strip().lower() in words
