"""Standby and maintenance: of a node, a resource, or the whole cluster. Pure.

Each is a name and a value in the CIB, where Pacemaker's own crm_standby and crm_attribute put it
too. Switching off takes the value out, so that the default holds and nothing of ours is left. Sets
with a rule, or that are only referred to, belong to somebody who had a reason: they stay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from saltext_hakube.core.administration import names
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.meaning import TRUE


class Switch(NamedTuple):
    """Where a mode is written: sets of ``tag`` below ``owner``, under ``name``.

    ``set_id``: the set that is made where there is none. ``kind`` and ``of`` tell a person.
    """

    owner: Element
    tag: str
    set_id: str
    name: str
    kind: str
    of: str


def standby(cib: Cib, node: str) -> Switch:
    """Whether the node runs no resources, though it is a member."""
    return _of_node(cib, node, "standby")


def maintenance(cib: Cib, node: str | None = None, resource: str | None = None) -> Switch:
    """Whether Pacemaker leaves everything as it is: on the node, of the resource, anywhere."""
    if node is not None:
        return _of_node(cib, node, "maintenance")
    if resource is not None:
        owner = names.resource(cib, resource)
        set_id = f"{resource}-meta_attributes"
        return Switch(owner, "meta_attributes", set_id, "maintenance", "resource", resource)
    owner, name = cib.section("crm_config"), "maintenance-mode"
    return Switch(owner, "cluster_property_set", "cib-bootstrap-options", name, "property", name)


def _of_node(cib: Cib, node: str, name: str) -> Switch:
    owner = names.node(cib, node)
    # crm_attribute's name for the set: the node's id, which is a number where corosync is below.
    set_id = f"nodes-{owner.attrib['id']}"
    return Switch(owner, "instance_attributes", set_id, name, "node", node)


def is_on(switch: Switch) -> bool:
    """Whether it is switched on."""
    return any(pair.attrib.get("value", "").lower() in TRUE for pair in _pairs(switch))


def until_reboot(cib: Cib, node: str) -> bool:
    """Whether the node is in the other standby, which ends when it is booted: it is no part of
    the configuration but of the node's state."""
    for state in cib.root.iterfind("status/node_state"):
        if state.get("uname") == node:
            for pair in state.iterfind("transient_attributes/instance_attributes/nvpair"):
                if pair.get("name") == "standby" and pair.get("value", "").lower() in TRUE:
                    return True
    return False


def turn(cib: Cib, switch: Switch, on: bool) -> Iterator[Change]:
    """Switch it on or off; no change where it is so already."""
    if is_on(switch) == on:
        return
    pairs = list(_pairs(switch))
    before = pairs[0].attrib.get("value") if pairs else None
    # What stands there as "off" goes too: one place for a value, the one where tools put it.
    for pair in pairs:
        cib.remove(pair)
    if on:
        _add(cib, switch)
    after = _word(switch) if on else None
    details = {switch.name: (before, after)}
    yield Change(action="update", kind=switch.kind, id=switch.of, details=details)


def _word(switch: Switch) -> str:
    # As crm_standby's manual has it; the others are read as true or false.
    return "on" if switch.name == "standby" else "true"


def _add(cib: Cib, switch: Switch) -> None:
    sets = list(_sets(switch))
    sets.sort(key=lambda item: item.attrib.get("id") != switch.set_id)
    found = sets[0] if sets else cib.add(switch.owner, switch.tag, id=switch.set_id)
    identity = f"{found.attrib['id']}-{switch.name}"
    cib.add(found, "nvpair", id=identity, name=switch.name, value=_word(switch))


def _sets(switch: Switch) -> Iterator[Element]:
    for item in switch.owner.findall(switch.tag):
        if "id-ref" not in item.attrib and item.find("rule") is None:
            yield item


def _pairs(switch: Switch) -> Iterator[Element]:
    for item in _sets(switch):
        for pair in item.findall("nvpair"):
            if pair.attrib.get("name") == switch.name:
                yield pair
