"""Kinds of change to a cluster's configuration, each an edit of the CIB's <configuration>.

They build on each other: each is made to what the one before has left.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping

Element = ET.Element
Edit = Callable[[Element], None]


def primitive(name: str, agent: str = "pacemaker:Dummy", **options: str) -> Element:
    provider, kind = agent.split(":")
    made = ET.Element("primitive", {"id": name, "class": "ocf", "provider": provider, "type": kind})
    operations = ET.SubElement(made, "operations")
    ET.SubElement(operations, "op", id=f"{name}-monitor", name="monitor", interval="30s")
    ET.SubElement(operations, "op", id=f"{name}-start", name="start", interval="0s", timeout="20s")
    for option, value in options.items():
        pair(made, "instance_attributes", option, value)
    return made


def collection(tag: str, name: str, *members: Element, **meta: str) -> Element:
    made = ET.Element(tag, id=name)
    for option, value in meta.items():
        pair(made, "meta_attributes", option.replace("_", "-"), value)
    made.extend(members)
    return made


def pair(owner: Element, tag: str, name: str, value: str | None) -> None:
    """Set an option; None takes it away."""
    base = f"{owner.tag}-{owner.get('id', '')}-{tag}"
    found = owner.find(tag)
    if found is None:
        # The schema wants meta and instance attributes before a group's and a clone's members.
        found = ET.Element(tag, id=base)
        owner.insert(0, found)
    for old in found.findall(f"nvpair[@name='{name}']"):
        found.remove(old)
    if value is not None:
        ET.SubElement(found, "nvpair", id=f"{base}-{name}", name=name, value=value)


def start() -> list[Element]:
    """The resources to begin with."""
    return [
        primitive("one"),
        primitive("two", "heartbeat:Dummy"),
        collection("group", "group", *(primitive(name) for name in ("g1", "g2", "g3"))),
        collection("clone", "c-clone", primitive("c"), interleave="true"),
        collection("clone", "s-clone", primitive("s", "pacemaker:Stateful"), promotable="true"),
    ]


def at(root: Element, name: str) -> Element:
    return next(item for item in root.iter() if item.get("id") == name)


def option(name: str, key: str, value: str | None) -> Edit:
    return lambda root: pair(at(root, name), "instance_attributes", key, value)


def meta(name: str, key: str, value: str | None) -> Edit:
    return lambda root: pair(at(root, name), "meta_attributes", key, value)


def prop(key: str, value: str | None) -> Edit:
    return lambda root: pair(root.find("crm_config"), "cluster_property_set", key, value)


def default(key: str, value: str) -> Edit:
    def edit(root: Element) -> None:
        if root.find("rsc_defaults") is None:
            ET.SubElement(root, "rsc_defaults")
        pair(root.find("rsc_defaults"), "meta_attributes", key, value)

    return edit


def node(name: str, key: str, value: str | None, tag: str = "instance_attributes") -> Edit:
    def edit(root: Element) -> None:
        pair(
            next(item for item in root.find("nodes") if item.get("uname") == name), tag, key, value
        )

    return edit


def operation(name: str, key: str, value: str) -> Edit:
    return lambda root: at(root, name).set(key, value)


def constraint(tag: str, name: str, **options: str) -> Edit:
    given = {key.replace("_", "-"): value for key, value in options.items()}
    return lambda root: _hang(root, ET.Element(tag, {"id": name, **given}))


def rule(name: str, resource: str, score: str, attribute: str, value: str, **role: str) -> Edit:
    def edit(root: Element) -> None:
        made = ET.Element("rsc_location", {"id": name, "rsc": resource})
        inner = ET.SubElement(made, "rule", {"id": f"{name}-rule", "score": score, **role})
        test = {"attribute": attribute, "operation": "eq", "value": value}
        ET.SubElement(inner, "expression", {"id": f"{name}-expression", **test})
        _hang(root, made)

    return edit


def sets(tag: str, name: str, *members: str, **options: str) -> Edit:
    def edit(root: Element) -> None:
        made = ET.Element(tag, {"id": name, **options})
        inner = ET.SubElement(made, "resource_set", id=f"{name}-set")
        for member in members:
            ET.SubElement(inner, "resource_ref", id=member)
        _hang(root, made)

    return edit


def _hang(root: Element, made: Element) -> None:
    root.find("constraints").append(made)


def add(made: Element, into: str | None = None, index: int | None = None) -> Edit:
    def edit(root: Element) -> None:
        owner = root.find("resources") if into is None else at(root, into)
        owner.insert(len(owner) if index is None else index, made)

    return edit


def remove(name: str) -> Edit:
    def edit(root: Element) -> None:
        owner = next(item for item in root.iter() if at(root, name) in item)
        owner.remove(at(root, name))

    return edit


def last(name: str) -> Edit:
    """A member becomes the last of its group."""

    def edit(root: Element) -> None:
        owner, moved = next(i for i in root.iter() if at(root, name) in i), at(root, name)
        owner.remove(moved)
        owner.append(moved)

    return edit


def cloned(name: str, **more: str) -> Edit:
    def edit(root: Element) -> None:
        resources, item = root.find("resources"), at(root, name)
        resources.remove(item)
        resources.append(collection("clone", f"{name}-clone", item, **more))

    return edit


def uncloned(name: str) -> Edit:
    def edit(root: Element) -> None:
        resources, item = root.find("resources"), at(root, name)
        resources.remove(at(root, f"{name}-clone"))
        resources.append(item)

    return edit


def all_of(*edits: Edit) -> Edit:
    def edit(root: Element) -> None:
        for one in edits:
            one(root)

    return edit


def here(places: Mapping[str, frozenset[str]], name: str) -> str:
    return next(iter(places[name]))


#: A name, the edit, and the kinds of action that must be among the predicted (none: nothing
#: may be predicted). ``None``: whatever it is, the prediction and the cluster must agree.
Change = tuple[str, Edit, str | None]

CHANGES: tuple[Change, ...] = (
    ("nothing", lambda root: None, ""),
    ("an option that the agent can reload", option("one", "fake", "x"), "reload"),
    ("an option that it cannot", option("one", "state", "/run/one.state"), "restart"),
    ("an option dropped", option("one", "state", None), "restart"),
    ("an option of another agent", option("two", "fake", "x"), None),
    ("an option of a group's member", option("g2", "state", "/run/g2.state"), "restart"),
    ("an option of a clone's member", option("c", "state", "/run/c.state"), "restart"),
    ("a monitor's interval", operation("one-monitor", "interval", "20s"), ""),
    ("a monitor's timeout", operation("two-monitor", "timeout", "25s"), None),
    ("a start's timeout", operation("one-start", "timeout", "25s"), ""),
    ("a monitor's on-fail", operation("one-monitor", "on-fail", "restart"), ""),
    ("a priority", meta("two", "priority", "10"), None),
    ("a failure threshold", meta("one", "migration-threshold", "3"), ""),
    ("the order of a group", last("g2"), ""),
    ("a member of a group added", add(primitive("g4"), "group"), "start"),
    ("a member put first", add(primitive("g0"), "group", 0), "restart"),
    ("a member of a group removed", remove("g4"), "stop"),
    ("a primitive cloned", cloned("two", interleave="true"), "start"),
    ("fewer instances of a clone", meta("two-clone", "clone-max", "2"), "stop"),
    ("more instances of a clone", meta("two-clone", "clone-max", "3"), "start"),
    ("a clone made unique", meta("two-clone", "globally-unique", "true"), None),
    ("a clone taken apart", uncloned("two"), "stop"),
    ("a default stickiness", default("resource-stickiness", "100"), None),
    ("a ban", constraint("rsc_location", "ban", rsc="one", node="node1", score="-INFINITY"), None),
    (
        "another ban",
        constraint("rsc_location", "b2", rsc="one", node="node2", score="-INFINITY"),
        None,
    ),
    ("the bans lifted", all_of(remove("ban"), remove("b2")), None),
    ("a strong wish", constraint("rsc_location", "w", rsc="one", node="node1", score="500"), None),
    ("the wish elsewhere", operation("w", "node", "node2"), "move"),
    ("a wish weaker than the stickiness", operation("w", "node", "node3"), None),
    (
        "a live migration",
        all_of(
            meta("one", "allow-migrate", "true"),
            remove("w"),
            constraint("rsc_location", "b3", rsc="one", node="node2", score="-INFINITY"),
        ),
        None,
    ),
    ("a migration back", operation("b3", "node", "node3"), None),
    ("a migration again", operation("b3", "node", "node1"), None),
    (
        "two resources apart",
        constraint("rsc_colocation", "apart", rsc="two", with_rsc="group", score="-INFINITY"),
        None,
    ),
    ("two resources together", operation("apart", "score", "INFINITY"), None),
    ("an order", constraint("rsc_order", "o", first="two", then="group"), ""),
    ("an option with that order", option("two", "fake", "y"), "reload"),
    ("the order made optional", operation("o", "kind", "Optional"), None),
    ("a colocated set", sets("rsc_colocation", "cs", "one", "two", score="INFINITY"), None),
    ("an ordered set", sets("rsc_order", "os", "one", "c-clone"), ""),
    ("the sets removed", all_of(remove("cs"), remove("os"), remove("apart")), None),
    ("a node on standby", node("node2", "standby", "on"), "stop"),
    ("the node back", node("node2", "standby", None), "start"),
    ("a node in maintenance", node("node1", "maintenance", "true"), ""),
    ("that node out of maintenance", node("node1", "maintenance", None), ""),
    (
        "a rule on a node's attribute",
        all_of(node("node3", "rack", "b"), rule("r", "c-clone", "-INFINITY", "rack", "b")),
        "stop",
    ),
    ("the attribute changed", node("node3", "rack", "a"), "start"),
    ("a resource stopped", meta("one", "target-role", "Stopped"), "stop"),
    ("a stopped resource changed", option("one", "fake", "z"), ""),
    ("the resource started", meta("one", "target-role", "Started"), "start"),
    ("a group stopped", meta("group", "target-role", "Stopped"), "stop"),
    ("the group started", meta("group", "target-role", None), "start"),
    (
        "an unmanaged resource changed",
        all_of(meta("two", "is-managed", "false"), option("two", "fake", "z")),
        "",
    ),
    ("the resource managed again", meta("two", "is-managed", None), "reload"),
    (
        "a change in maintenance mode",
        all_of(prop("maintenance-mode", "true"), option("c", "state", "/run/c2.state")),
        "",
    ),
    ("the end of maintenance mode", prop("maintenance-mode", None), "restart"),
    ("another agent", all_of(remove("two"), add(primitive("two"))), None),
    ("a second promoted instance", meta("s-clone", "promoted-max", "2"), "promote"),
    ("one promoted instance", meta("s-clone", "promoted-max", "1"), "demote"),
    (
        "the promoted role elsewhere",
        rule("sr", "s-clone", "1000", "#uname", "node3", role="Promoted"),
        None,
    ),
    ("none promoted", meta("s-clone", "target-role", "Unpromoted"), "demote"),
    ("an option of a promotable clone", option("s", "notify_delay", "1"), None),
    ("promoted again", meta("s-clone", "target-role", None), "promote"),
    ("a new resource", add(primitive("new")), "start"),
    ("a new clone", add(collection("clone", "n-clone", primitive("n"))), "start"),
    ("a resource removed", remove("new"), "stop"),
    ("a clone removed", remove("n-clone"), "stop"),
    (
        "a ticket that nobody holds",
        constraint("rsc_ticket", "t", rsc="one", ticket="site", loss_policy="stop"),
        "stop",
    ),
    ("the ticket no longer asked for", remove("t"), "start"),
    (
        "capacity on the nodes",
        all_of(
            *(node(name, "cpu", "1", "utilization") for name in ("node1", "node2", "node3")),
            lambda root: pair(at(root, "two"), "utilization", "cpu", "1"),
            lambda root: pair(at(root, "one"), "utilization", "cpu", "1"),
            prop("placement-strategy", "utilization"),
        ),
        None,
    ),
    ("more than a node has", lambda root: pair(at(root, "two"), "utilization", "cpu", "2"), "stop"),
    ("no more than it has", lambda root: pair(at(root, "two"), "utilization", "cpu", "1"), "start"),
    ("everything stopped", prop("stop-all-resources", "true"), "stop"),
    ("everything started", prop("stop-all-resources", None), "start"),
)
