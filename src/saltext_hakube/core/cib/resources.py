"""Primitives, groups and clones: edit the CIB until it means what is declared."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib.attributes import edit_operations, edit_pairs
from saltext_hakube.core.cib.change import Change, prefixed
from saltext_hakube.core.cib.document import Cib, Element
from saltext_hakube.core.cib.objects import ADMINISTRATIVE, Clone, Group, Primitive
from saltext_hakube.core.errors import ConfigError


def edit_primitive(cib: Cib, wanted: Primitive) -> Iterator[Change]:
    """Make the primitive be there, with these options, meta attributes and operations."""
    element, action = _own(cib, wanted.id, "primitive")
    details = {}
    klass, provider, kind = split_agent(wanted.agent)
    if element is None:
        element = cib.add(cib.section("resources"), "primitive", id=wanted.id)
        action = "create"
    actual = tuple(element.attrib.get(name) for name in ("class", "provider", "type"))
    if actual != (klass, provider, kind):
        # What a template gave is given by the object itself from now on.
        template = element.attrib.pop("template", None)
        before = f"template {template}" if template else ":".join(filter(None, actual)) or None
        details["agent"] = (before, wanted.agent)
        element.attrib.update({"class": klass, "type": kind})
        element.attrib.pop("provider", None)
        if provider is not None:
            element.attrib["provider"] = provider
    keep = ADMINISTRATIVE - set(wanted.meta)
    details |= prefixed("option", edit_pairs(cib, element, "instance_attributes", wanted.options))
    details |= prefixed("operation", edit_operations(cib, element, wanted.operations))
    details |= prefixed("meta", edit_pairs(cib, element, "meta_attributes", wanted.meta, keep))
    if details or action == "create":
        yield Change(
            action=action, kind="primitive", id=wanted.id, agent=wanted.agent, details=details
        )


def edit_group(cib: Cib, wanted: Group) -> Iterator[Change]:
    """Make the group hold these members in this order; one that is dropped stays, ungrouped."""
    element, action = _own(cib, wanted.id, "group")
    details = {}
    actual = [] if element is None else [child.attrib["id"] for child in members(element)]
    if element is None:
        element = cib.add(cib.section("resources"), "group", id=wanted.id)
        action = "create"
    if actual != list(wanted.members):
        details["members"] = (" ".join(actual) or None, " ".join(wanted.members))
        _move_members(cib, element, wanted)
    keep = ADMINISTRATIVE - set(wanted.meta)
    details |= prefixed("meta", edit_pairs(cib, element, "meta_attributes", wanted.meta, keep))
    if details:
        yield Change(action=action, kind="group", id=wanted.id, details=details)


def edit_clone(cib: Cib, wanted: Clone) -> Iterator[Change]:
    """Make the clone be around its member, with these meta attributes."""
    element, action = _own(cib, wanted.id, "clone")
    member = cib.resource(wanted.member)
    if member is None:
        raise ConfigError([f"clone {wanted.id}: its member {wanted.member} is not in the cluster"])
    details = {}
    around = cib.parent(member)
    if element is None:
        if around.tag in ("clone", "master", "bundle", "group"):
            raise ConfigError(
                [
                    f"clone {wanted.id}: {wanted.member} is already in the {around.tag} "
                    f"{around.attrib['id']}; take it out first, or declare {wanted.member} under "
                    "another name"
                ]
            )
        index = list(around).index(member)
        element = cib.add(around, "clone", index=index, id=wanted.id)
        action = "create"
    if around is not element:
        if inner := next(iter(members(element)), None):
            cib.unhang(inner)
            cib.hang(cib.section("resources"), inner)
        before = inner.attrib["id"] if inner is not None else None
        details["member"] = (before, wanted.member)
        cib.unhang(member)
        cib.hang(element, member)
    keep = ADMINISTRATIVE - set(wanted.meta)
    details |= prefixed("meta", edit_pairs(cib, element, "meta_attributes", wanted.meta, keep))
    if details:
        yield Change(action=action, kind="clone", id=wanted.id, details=details)


def members(element: Element) -> list[Element]:
    """The resources in a group or clone."""
    return [child for child in element if child.tag in ("primitive", "group")]


def split_agent(agent: str) -> tuple[str, str | None, str]:
    """Class, provider and type of an agent's name."""
    parts = agent.split(":")
    if parts[0] == "ocf" and len(parts) == 3:
        return parts[0], parts[1], parts[2]
    if parts[0] in ("systemd", "stonith", "service", "lsb") and len(parts) >= 2:
        return parts[0], None, ":".join(parts[1:])
    raise ConfigError(
        [f"{agent!r} is no resource agent; expected ocf:PROVIDER:TYPE, systemd:UNIT, stonith:TYPE"]
    )


def _own(cib: Cib, name: str, tag: str) -> tuple[Element | None, str]:
    """The element of this id, which must be of this kind or not be there."""
    element = cib.ids.get(name)
    if element is not None and element.tag != tag:
        raise ConfigError(
            [f"{tag} {name}: the cluster has a {element.tag} of this id; choose another name"]
        )
    return element, "update"


def _move_members(cib: Cib, group: Element, wanted: Group) -> None:
    for name in wanted.members:
        member = cib.resource(name)
        if member is None or member.tag != "primitive":
            raise ConfigError(
                [f"group {wanted.id}: its member {name} is not a primitive of the cluster"]
            )
        around = cib.parent(member)
        if around is not group and around.tag != "resources":
            raise ConfigError(
                [
                    f"group {wanted.id}: {name} is already in the {around.tag} "
                    f"{around.attrib['id']}; take it out first"
                ]
            )
    for member in members(group):
        cib.unhang(member)
        cib.hang(cib.section("resources"), member)
    for name in wanted.members:
        member = cib.resource(name)
        cib.unhang(member)
        cib.hang(group, member)
