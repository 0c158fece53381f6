"""Primitives, templates, groups, clones, bundles: what they are in the CIB, both ways."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.cib import operations, pairs
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.converge import Shape, converge, own
from saltext_hakube.core.cib.document import CONTAINERS, Cib, Element
from saltext_hakube.core.cib.elements import Part
from saltext_hakube.core.cib.meaning import boolean
from saltext_hakube.core.cib.objects import Bundle, Clone, Group, Primitive, Template
from saltext_hakube.core.cib.words import Missing, Wrong

OPTIONS, META = "instance_attributes", "meta_attributes"
CONTAINER_TAGS = ("docker", "podman", "rkt")
CLASSES = ("ocf", "systemd", "stonith", "service", "lsb", "upstart", "nagios", "heartbeat")


def edit_primitive(cib: Cib, wanted: Primitive) -> Iterator[Change]:
    """Make the primitive be there, with these options, meta attributes and operations."""
    if (not wanted.agent) == (wanted.template is None):
        raise Wrong("it needs either an agent or a template")
    agent = wanted.agent or f"template {wanted.template}"
    attributes = split_agent(wanted.agent) if wanted.agent else {"template": wanted.template}
    template = cib.ids.get(wanted.template or "")
    if wanted.template is not None and (template is None or template.tag != "template"):
        raise Missing(f"its template {wanted.template} is no template of the cluster")
    element = own(cib, wanted.id, "primitive")
    yield from _edit_primitive(
        cib, wanted, element=element, tag="primitive", attributes=attributes, agent=agent
    )


def edit_template(cib: Cib, wanted: Template) -> Iterator[Change]:
    """Make the template be there."""
    element = own(cib, wanted.id, "template")
    attributes = split_agent(wanted.agent)
    yield from _edit_primitive(
        cib, wanted, element=element, tag="template", attributes=attributes, agent=wanted.agent
    )


def _edit_primitive(
    cib: Cib,
    wanted: Primitive | Template,
    *,
    element: Element | None,
    tag: str,
    attributes: dict[str, str],
    agent: str,
) -> Iterator[Change]:
    shape = Shape(
        kind=tag,
        tag=tag,
        section="resources",
        attributes=attributes,
        allowed=("class", "provider", "type", "template"),
        description=wanted.description,
        pairs=(
            ("option", OPTIONS, wanted.options),
            ("meta", META, wanted.meta),
            ("utilization", "utilization", wanted.utilization),
        ),
        operations=wanted.operations,
    )
    before = None if element is None else read_agent(element)
    for change in converge(cib, wanted.id, shape, element, _agent_told(cib, wanted, element)):
        for part in ("class", "provider", "type", "template"):
            change.details.pop(part, None)
        details = {"agent": (before, agent)} if before != agent else {}
        details |= change.details
        change.details.clear()
        change.details.update(details)
        yield change


def edit_group(cib: Cib, wanted: Group) -> Iterator[Change]:
    """Make the group's own parts be these; its members are placed by ``core.cib.nesting``."""
    element = own(cib, wanted.id, "group")
    shape = Shape(
        kind="group",
        tag="group",
        section="resources",
        attributes={},
        description=wanted.description,
        pairs=(("meta", META, wanted.meta), ("option", OPTIONS, wanted.options)),
    )
    yield from converge(cib, wanted.id, shape, element)


def edit_clone(cib: Cib, wanted: Clone) -> Iterator[Change]:
    """Make the clone's own parts be these. An old ``<master>`` is a promotable clone."""
    element = own(cib, wanted.id, "clone", "master")
    meta = wanted.meta
    if element is not None and element.tag == "master" and isinstance(meta, dict):
        # The tag says it already, and the old schemas have no such attribute.
        if boolean(pairs.texts(meta).get("promotable", "true")) != "true":
            raise Wrong(
                "in the cluster it is a <master> of old, which cannot be turned into a plain "
                "clone; declare it absent first, or another name"
            )
        meta = {name: value for name, value in meta.items() if name != "promotable"}
    shape = Shape(
        kind="clone",
        tag="clone",
        section="resources",
        attributes={},
        description=wanted.description,
        pairs=(("meta", META, meta), ("option", OPTIONS, wanted.options)),
    )
    yield from converge(cib, wanted.id, shape, element)


def edit_bundle(cib: Cib, wanted: Bundle) -> Iterator[Change]:
    """Make the bundle's own parts be these."""
    element = own(cib, wanted.id, "bundle")
    container = _element(wanted.container, wanted.options)
    network = []
    if wanted.network is not None or wanted.ports:
        network = [_element("network", wanted.network or {})]
        _fill(network[0], "port-mapping", wanted.ports, f"{wanted.id}-port")
    storage = []
    if wanted.storage:
        storage = [_element("storage", {})]
        _fill(storage[0], "storage-mapping", wanted.storage, f"{wanted.id}-storage")
    shape = Shape(
        kind="bundle",
        tag="bundle",
        section="resources",
        attributes={},
        description=wanted.description,
        pairs=(("meta", META, wanted.meta), ("attribute", OPTIONS, wanted.attributes)),
        check=lambda: _check_reachable(wanted),
        parts=(
            Part("container", CONTAINER_TAGS, [container]),
            Part("network", ("network",), network),
            Part("storage", ("storage",), storage),
        ),
    )
    yield from converge(cib, wanted.id, shape, element)


def _check_reachable(wanted: Bundle) -> None:
    # Pacemaker ignores such a bundle (pe__unpack_bundle).
    reached = {"ip-range-start", "control-port"} & set(wanted.network or {})
    if wanted.member is not None and not reached:
        raise Wrong(
            f"{wanted.member} in it needs network: ip-range-start or control-port, by which the "
            "cluster reaches it"
        )


def _element(tag: str, attributes: dict) -> Element:
    return Element(tag, pairs.texts(attributes))


def _fill(owner: Element, tag: str, entries: tuple[dict, ...], name: str) -> None:
    for number, entry in enumerate(entries):
        owner.append(Element(tag, {"id": f"{name}-{number}", **pairs.texts(entry)}))


# -- reading ---------------------------------------------------------------------------------------


def read_primitive(cib: Cib, element: Element) -> Primitive:
    """A primitive as it would be declared."""
    agent, template = read_agent(element), element.attrib.get("template")
    return Primitive(agent=None if template else agent, template=template, **_common(cib, element))


def read_template(cib: Cib, element: Element) -> Template:
    """A template as it would be declared."""
    return Template(agent=read_agent(element) or "", **_common(cib, element))


def _common(cib: Cib, element: Element) -> dict:
    return {
        "id": element.attrib["id"],
        "options": pairs.read(cib, element, OPTIONS),
        "meta": pairs.read(cib, element, META),
        "operations": operations.read(cib, element),
        "utilization": pairs.read(cib, element, "utilization"),
        "description": element.attrib.get("description"),
    }


def read_group(cib: Cib, element: Element) -> Group:
    """A group as it would be declared."""
    inside = tuple(member.attrib["id"] for member in members(element))
    return Group(members=inside, **_outer(cib, element))


def read_clone(cib: Cib, element: Element) -> Clone:
    """A clone, or a ``<master>`` of old, as it would be declared."""
    outer = _outer(cib, element)
    if element.tag == "master" and isinstance(outer["meta"], dict):
        outer["meta"] = {"promotable": "true", **outer["meta"]}
    return Clone(member=members(element)[0].attrib["id"], **outer)


def read_bundle(cib: Cib, element: Element) -> Bundle:
    """A bundle as it would be declared."""
    container = next(child for child in element if child.tag in CONTAINER_TAGS)
    network, storage = element.find("network"), element.find("storage")
    outer = _outer(cib, element)
    inside = members(element)
    return Bundle(
        container=container.tag,
        network=dict(network.attrib) if network is not None else None,
        ports=_entries(network, "port-mapping"),
        storage=_entries(storage, "storage-mapping"),
        member=inside[0].attrib["id"] if inside else None,
        attributes=outer.pop("options"),
        options=dict(container.attrib),
        **outer,
    )


def _outer(cib: Cib, element: Element) -> dict:
    return {
        "id": element.attrib["id"],
        "meta": pairs.read(cib, element, META),
        "options": pairs.read(cib, element, OPTIONS),
        "description": element.attrib.get("description"),
    }


def _entries(element: Element | None, tag: str) -> tuple[dict[str, str], ...]:
    found = element.iterfind(tag) if element is not None else ()
    return tuple({k: v for k, v in item.attrib.items() if k != "id"} for item in found)


# -- what both need --------------------------------------------------------------------------------


def members(element: Element) -> list[Element]:
    """The resources in a group, clone or bundle."""
    return [child for child in element if child.tag in ("primitive", "group")]


def container(cib: Cib, element: Element) -> Element | None:
    """The group, clone or bundle that a resource is in."""
    around = cib.parents.get(element)
    return around if around is not None and around.tag in CONTAINERS else None


def read_class(cib: Cib, element: Element) -> str | None:
    """The class of a resource's agent, or of its template's."""
    template = cib.ids.get(element.attrib.get("template", ""))
    return (element if template is None else template).attrib.get("class")


def read_agent(element: Element) -> str | None:
    """An agent's whole name: class, provider if any, type; ``template NAME`` where it has that."""
    if "template" in element.attrib:
        return f"template {element.attrib['template']}"
    parts = (element.attrib.get(part) for part in ("class", "provider", "type"))
    return ":".join(part for part in parts if part) or None


def split_agent(agent: str) -> dict[str, str]:
    """Class, provider and type of an agent's name."""
    first, *rest = agent.split(":")
    if first == "ocf" and len(rest) == 2 and all(rest):
        return {"class": first, "provider": rest[0], "type": rest[1]}
    if first in CLASSES and first != "ocf" and rest and all(rest):
        return {"class": first, "type": ":".join(rest)}
    raise Wrong(
        f"{agent!r} is no resource agent; expected ocf:PROVIDER:TYPE, systemd:UNIT, stonith:TYPE"
    )


def _agent_told(cib: Cib, wanted: Primitive | Template, element: Element | None) -> str | None:
    """The agent by which options are told: that of a fence device, if it is or was one."""
    after = _agent_of(cib, wanted)
    if element is None or read_class(cib, element) != "stonith":
        return after
    return after if after is not None and after.startswith("stonith:") else "stonith:"


def _agent_of(cib: Cib, wanted: Primitive | Template) -> str | None:
    """The agent, which tells what may be a secret; that of the template where it has one."""
    if wanted.agent is not None:
        return wanted.agent
    template = cib.ids.get(wanted.template)
    return read_agent(template) if template is not None else None
