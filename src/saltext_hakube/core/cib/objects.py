"""The objects that can be declared: what stands in the CIB once they are there.

The same kinds serve the pillar (``hakube:objects``), the states and the plan. Values are the CIB's
texts, or a pillar's scalars that become these. An object says everything about itself: an option
that it does not name is dropped from the CIB, but for what administrators set (``ADMINISTRATIVE``)
and its description.

``sets`` of a pair block: a mapping holds always; a list of sets has some that hold by a rule.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from saltext_hakube.core.values import AttributeName, ObjectId, Text

# Meta attributes that pcs and crm_resource set on an administrator's word (disable, unmanage,
# maintenance). They stay as they are unless the object names them.
ADMINISTRATIVE = frozenset({"target-role", "is-managed", "maintenance"})

# Unlike a Scalar it may have line ends, as what stands in a CIB may.
Value = Annotated[
    bool | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | float | Text,
    Meta(description="text, a number, or true or false"),
]
Values = dict[AttributeName, Value]
Names = Annotated[tuple[ObjectId, ...], Meta(description="a list of names")]


class Object(Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True):
    """Something in the CIB with an id. In a pillar the id is the key, the rest stands under it."""

    id: Annotated[ObjectId, Meta(extra={"key": True})]


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When something holds: ``all`` or ``any`` of more rules, or one expression.

    ``expression``: of a node's attribute (attribute, operation, value, type); ``date``: operation
    with start and end, or with a ``duration`` or ``date_spec``; ``resource``: class, provider,
    type of a resource; ``operation``: name and interval. All in the CIB's own words.
    """

    score: Value | None = None
    score_attribute: Text | None = None
    role: Text | None = None
    all: tuple[Rule, ...] | None = None
    any: tuple[Rule, ...] | None = None
    expression: Values | None = None
    date: Values | None = None
    duration: Values | None = None
    date_spec: Values | None = None
    resource: Values | None = None
    operation: Values | None = None


class PairSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names and values that hold where the rule does; of several sets the highest score wins."""

    values: Values = field(default_factory=dict)
    rule: Rule | None = None
    score: Value | None = None


Pairs = Annotated[
    Values | tuple[PairSet, ...],
    Meta(description="a mapping of names to values, or a list of sets with values, rule, score"),
]


class Operation(Struct, frozen=True, forbid_unknown_fields=True):
    """``attributes``: interval, timeout, role, on-fail ... in the CIB's own words."""

    name: AttributeName
    attributes: Values = field(default_factory=dict)
    options: Pairs = field(default_factory=dict)
    meta: Pairs = field(default_factory=dict)


Operations = Annotated[
    dict[AttributeName, Values] | tuple[Operation, ...],
    Meta(
        description="a mapping of operations to their attributes, or a list of operations "
        "with name, attributes, options, meta"
    ),
]


# -- resources -------------------------------------------------------------------------------------


class Primitive(Object, frozen=True, kw_only=True):
    """One resource. ``agent``: ocf:heartbeat:IPaddr2, systemd:haproxy, stonith:fence_ipmilan.

    It has an agent, or a template that has.
    """

    agent: Text | None = None
    template: ObjectId | None = None
    options: Pairs = field(default_factory=dict)
    meta: Pairs = field(default_factory=dict)
    operations: Operations = ()
    utilization: Pairs = field(default_factory=dict)
    description: Text | None = None


class Template(Object, frozen=True, kw_only=True):
    """What several primitives have in common."""

    agent: Text
    options: Pairs = field(default_factory=dict)
    meta: Pairs = field(default_factory=dict)
    operations: Operations = ()
    utilization: Pairs = field(default_factory=dict)
    description: Text | None = None


class Group(Object, frozen=True, kw_only=True):
    """Primitives that start in this order, on one node, and stop in the reverse."""

    members: Annotated[tuple[ObjectId, ...], Meta(min_length=1, description="a list of members")]
    meta: Pairs = field(default_factory=dict)
    options: Pairs = field(default_factory=dict)
    description: Text | None = None


class Clone(Object, frozen=True, kw_only=True):
    """A primitive or group (``member``) that runs on many nodes; ``promotable`` is a meta."""

    member: ObjectId
    meta: Pairs = field(default_factory=dict)
    options: Pairs = field(default_factory=dict)
    description: Text | None = None


class Bundle(Object, frozen=True, kw_only=True):
    """Containers that run on many nodes, each with an instance of ``member`` in it.

    ``options``: of the container (image, replicas, run-command ...); ``network`` and ``ports``,
    ``storage``: in the CIB's own words.
    """

    container: Literal["docker", "podman", "rkt"] = "podman"
    options: Values = field(default_factory=dict)
    network: Values | None = None
    ports: tuple[Values, ...] = ()
    storage: tuple[Values, ...] = ()
    member: ObjectId | None = None
    meta: Pairs = field(default_factory=dict)
    attributes: Pairs = field(default_factory=dict)
    description: Text | None = None


# -- constraints -----------------------------------------------------------------------------------


class ResourceSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Resources that a constraint speaks of together; ``options``: sequential, role, action ..."""

    members: Annotated[tuple[ObjectId, ...], Meta(min_length=1, description="a list of resources")]
    options: Values = field(default_factory=dict)


Sets = tuple[ResourceSet, ...]


class Order(Object, frozen=True, kw_only=True):
    """``first`` does its action before ``then`` does its own; or the same for whole sets."""

    first: ObjectId | None = None
    then: ObjectId | None = None
    sets: Sets = ()
    options: Values = field(default_factory=dict)


class Colocation(Object, frozen=True, kw_only=True):
    """``resource`` is placed where ``with_resource`` is; or the same for whole sets."""

    resource: ObjectId | None = None
    with_resource: ObjectId | None = None
    sets: Sets = ()
    options: Values = field(default_factory=dict)


class Location(Object, frozen=True, kw_only=True):
    """A resource, a ``pattern`` of names or sets prefer or avoid a node, or nodes by rules.

    ``options``: score, role, resource-discovery ...
    """

    resource: ObjectId | None = None
    pattern: Text | None = None
    sets: Sets = ()
    node: Text | None = None
    rules: tuple[Rule, ...] = ()
    options: Values = field(default_factory=dict)


class Ticket(Object, frozen=True, kw_only=True):
    """A resource or sets run only where the cluster has a ticket (of booth)."""

    ticket: Text
    resource: ObjectId | None = None
    sets: Sets = ()
    options: Values = field(default_factory=dict)


# -- properties, defaults, nodes -------------------------------------------------------------------


class Property(Object, frozen=True, kw_only=True):
    """A cluster property; its name is the id."""

    value: Value


class ResourceDefault(Object, frozen=True, kw_only=True):
    """A meta attribute that holds for each resource that does not say otherwise."""

    value: Value


class OperationDefault(Object, frozen=True, kw_only=True):
    """An attribute that holds for each operation that does not say otherwise."""

    value: Value


class RuledDefaults(Object, frozen=True, kw_only=True):
    """Properties or defaults that hold by a rule; the id is that of their set in the CIB."""

    rule: Rule
    values: Values = field(default_factory=dict)
    score: Value | None = None


class RuledProperties(RuledDefaults, frozen=True, kw_only=True):
    """Cluster properties by a rule."""


class RuledResourceDefaults(RuledDefaults, frozen=True, kw_only=True):
    """Defaults of resources by a rule (of their agent, of the date ...)."""


class RuledOperationDefaults(RuledDefaults, frozen=True, kw_only=True):
    """Defaults of operations by a rule (of the operation, the resource ...)."""


class NodeValues(Object, frozen=True, kw_only=True):
    """Attributes and utilization of a node, by its name. Others that it has stay."""

    attributes: Values = field(default_factory=dict)
    utilization: Values = field(default_factory=dict)


# -- fencing, tags, permissions, alerts ------------------------------------------------------------


class FencingLevel(Object, frozen=True, kw_only=True):
    """Which devices fence a target together, at which ``index`` (the lowest is tried first).

    The target: a node's name, a ``target_pattern`` of names, or nodes by an attribute.
    """

    index: Annotated[int, Meta(ge=1, description="a whole number, from 1")]
    devices: Annotated[tuple[ObjectId, ...], Meta(min_length=1, description="a list of devices")]
    target: Text | None = None
    target_pattern: Text | None = None
    target_attribute: Text | None = None
    target_value: Text | None = None


class Tag(Object, frozen=True, kw_only=True):
    """A name for several things in the CIB."""

    members: Annotated[tuple[ObjectId, ...], Meta(min_length=1, description="a list of ids")]


class AclRole(Object, frozen=True, kw_only=True):
    """Permissions: each with kind (read, write, deny) and xpath, reference or object-type."""

    permissions: tuple[Values, ...] = ()
    description: Text | None = None


class AclUser(Object, frozen=True, kw_only=True):
    """The roles of a user of the system, by the user's name."""

    roles: Names = ()
    name: Text | None = None


class AclGroup(Object, frozen=True, kw_only=True):
    """The roles of a group of the system, by the group's name."""

    roles: Names = ()
    name: Text | None = None


class Recipient(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets an alert: a ``value`` that the agent understands."""

    value: Text
    options: Pairs = field(default_factory=dict)
    meta: Pairs = field(default_factory=dict)
    description: Text | None = None


Selection = Literal["attributes", "fencing", "nodes", "resources"]


class Alert(Object, frozen=True, kw_only=True):
    """A program that is told what happens. ``select``: of what; without it, the usual.

    ``attributes``: with ``attributes`` selected, of which node attributes.
    """

    path: Text
    options: Pairs = field(default_factory=dict)
    meta: Pairs = field(default_factory=dict)
    select: tuple[Selection, ...] | None = None
    attributes: tuple[AttributeName, ...] = ()
    recipients: dict[ObjectId, Recipient] = field(default_factory=dict)
    description: Text | None = None
