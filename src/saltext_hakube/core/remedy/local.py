"""What Pacemaker says of this node and of what runs on it: crm_mon's XML and the CIB's. Pure.

crm_mon has what Pacemaker itself made of the CIB. What it does not tell is whether a blocked
resource would be managed: it calls every blocked one unmanaged (lib/pengine/unpack.c,
action_fail_block). So that is read out of the CIB.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

from msgspec import Struct

from saltext_hakube.core import status
from saltext_hakube.core.cib.meaning import TRUE
from saltext_hakube.core.errors import HakubeError

# What a resource may be in, and has meta attributes from.
_AROUND = frozenset({"group", "clone", "master", "bundle"})


class Member(Struct, frozen=True):
    """A node, as Pacemaker sees it."""

    online: bool = False
    standby: bool = False
    maintenance: bool = False

    @property
    def active(self) -> bool:
        """Whether it may run resources."""
        return self.online and not self.standby and not self.maintenance


class View(Struct, frozen=True, kw_only=True):
    """One resource on this node.

    ``runs``: Pacemaker takes it for running here; ``pending``: what it is at with it just now;
    ``blocked``: a stop failed, and it is left alone since; ``banned``: so many failures here that
    it may not run here; ``failures``: what went wrong here, a line each; ``elsewhere``: other nodes
    on which it runs; ``hands_off``: why it is nobody's business but a person's; empty if it is not.
    """

    id: str
    runs: bool = False
    failed: bool = False
    blocked: bool = False
    pending: str = ""
    banned: bool = False
    failures: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    cloned: bool = False
    hands_off: str = ""

    @property
    def stuck(self) -> bool:
        """Whether it does not run here because it failed, and nobody tries again."""
        return not self.runs and (self.banned or bool(self.failures))


class Local(Struct, frozen=True, kw_only=True):
    """The cluster as this node sees it. ``attributes``: node -> its transient attributes."""

    node: str
    quorate: bool
    maintenance: bool
    members: dict[str, Member]
    views: dict[str, View]
    attributes: dict[str, dict[str, str]]

    @property
    def me(self) -> Member:
        return self.members.get(self.node, Member())

    @property
    def others(self) -> list[str]:
        """The other nodes that may run resources."""
        return sorted(name for name, it in self.members.items() if it.active and name != self.node)

    def view(self, resource: str) -> View:
        """Of the resource; of one that the cluster has not: that it is not for us."""
        missing = View(id=resource, hands_off=f"the cluster has no resource {resource}")
        return self.views.get(resource, missing)


def read(mon: str, cib: str, node: str) -> Local:
    """``mon``: of ``crm_mon --inactive --output-as=xml`` with TZ=UTC0. Raises HakubeError."""
    try:
        shown, configured = ET.fromstring(mon), ET.fromstring(cib)
    except ET.ParseError as error:
        raise HakubeError(f"what the cluster says of itself cannot be read: {error}") from None
    if shown.find("resources") is None:  # its exit code may be 0 all the same
        said = "; ".join(it.text or "" for it in shown.iterfind("status/errors/error"))
        raise HakubeError(f"the cluster does not say what runs in it: {said or 'no reason given'}")
    seen = status.read(mon) or status.Status()
    options = shown.find("summary/cluster_options")
    members = {it.get("name", ""): _member(it) for it in shown.iterfind("nodes/node")}
    names = {_name(it) for it in shown.iter("resource")}
    counts = status.fail_counts(mon)
    banned = {_plain(it.resource) for it in counts if it.node == node and it.banned}
    return Local(
        node=node,
        quorate=seen.quorate,
        maintenance=options is not None and options.get("maintenance-mode") == "true",
        members=members,
        views={it: _view(shown, configured, seen, node, it, it in banned) for it in names},
        attributes={name: dict(_attributes(configured, name)) for name in members},
    )


def _member(node: ET.Element) -> Member:
    return Member(
        online=node.get("online") == "true"
        and node.get("pending") != "true"
        and node.get("unclean") != "true",
        standby="true" in (node.get("standby"), node.get("standby_onfail")),
        maintenance=node.get("maintenance") == "true",
    )


def _view(  # noqa: PLR0917
    shown: ET.Element,
    configured: ET.Element,
    seen: status.Status,
    node: str,
    name: str,
    banned: bool,
) -> View:
    mine = [it for it in shown.iter("resource") if _name(it) == name and _is_on(it, node)]
    # One that runs nowhere is at no node: what is pending of it may be ours.
    idle = [it for it in shown.iter("resource") if _name(it) == name and it.find("node") is None]
    pending = [it.get("pending") for it in (*mine, *(idle if not mine else ()))]
    return View(
        id=name,
        runs=any(it.get("active") == "true" for it in mine),
        failed=any(it.get("failed") == "true" for it in mine),
        blocked=any(it.get("blocked") == "true" for it in mine),
        # A monitor says nothing about what is so already.
        pending=next((it for it in pending if it and it != "Monitoring"), ""),
        banned=banned,
        failures=tuple(
            f"{it.task}: {it.reason}"
            for it in seen.failures
            if (it.resource, it.node) == (name, node)
        ),
        elsewhere=tuple(it for it in seen.running.get(name, ()) if it != node),
        cloned=name in seen.cloned,
        hands_off=_hands_off(configured, name),
    )


def _name(resource: ET.Element) -> str:
    return _plain(resource.get("id", ""))


def _plain(name: str) -> str:
    """Without the number of a clone's instance."""
    return name.partition(":")[0]


def _is_on(resource: ET.Element, node: str) -> bool:
    return any(it.get("name") == node for it in resource.iterfind("node"))


def _attributes(cib: ET.Element, node: str) -> Iterator[tuple[str, str]]:
    for state in cib.iterfind("status/node_state"):
        if state.get("uname") == node:
            for pair in state.iterfind("transient_attributes/instance_attributes/nvpair"):
                yield pair.get("name", ""), pair.get("value", "")


def _hands_off(cib: ET.Element, resource: str) -> str:
    """Whether the resource is in maintenance or unmanaged; where a rule decides, that counts."""
    levels = list(_levels(cib, resource))
    if _might("maintenance", True, levels):
        return f"{resource} is in maintenance"
    default = cib.findall("configuration/crm_config/cluster_property_set")
    if _might("is-managed", False, levels) or _might("is-managed-default", False, [default]):
        return f"{resource} is unmanaged"
    return ""


def _levels(cib: ET.Element, resource: str) -> Iterator[list[ET.Element]]:
    """The sets of its meta attributes: its own, its template's, those of what it is in, the
    defaults. Each level stands over the next one."""
    named = {it.get("id"): it for it in cib.iterfind("configuration//*") if it.get("id")}
    for element in _chain(cib.find("configuration/resources"), resource):
        template = named.get(element.get("template"))
        for one in (element, template):
            if one is not None:
                sets = one.findall("meta_attributes")
                yield [named.get(it.get("id-ref"), it) for it in sets]
    yield cib.findall("configuration/rsc_defaults/meta_attributes")


def _chain(parent: ET.Element | None, resource: str) -> list[ET.Element]:
    """The resource and what it is in, the innermost first."""
    for child in () if parent is None else parent:
        if child.tag == "primitive" and child.get("id") == resource:
            return [child]
        if child.tag in _AROUND and (found := _chain(child, resource)):
            return [*found, child]
    return []


def _might(name: str, value: bool, levels: Iterable[Iterable[ET.Element]]) -> bool:
    """Whether the boolean may have this value now."""
    for level in levels:
        sure = False
        for given in level:
            for pair in given.iterfind("nvpair"):
                if pair.get("name") != name:
                    continue
                if (pair.get("value", "").lower() in TRUE) == value:
                    return True
                sure = sure or given.find("rule") is None
        if sure:  # nothing below is asked
            return False
    return False
