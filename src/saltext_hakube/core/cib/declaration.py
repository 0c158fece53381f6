"""What a pillar says of the cluster's objects: which are there, which are not, what may be purged.

``hakube:objects`` has a mapping for each kind (core.cib.kinds), ``hakube:absent`` names by kind,
``hakube:purge`` kinds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from saltext_hakube.core.cib.kinds import BY_KEY, BY_TYPE, OPTIONS
from saltext_hakube.core.cib.objects import (
    AclGroup,
    AclRole,
    AclUser,
    Alert,
    Bundle,
    Clone,
    Colocation,
    FencingLevel,
    Group,
    Location,
    Names,
    NodeValues,
    Object,
    Order,
    Primitive,
    RuledOperationDefaults,
    RuledProperties,
    RuledResourceDefaults,
    Tag,
    Template,
    Ticket,
    Values,
)
from saltext_hakube.core.cib.removal import Absent
from saltext_hakube.core.values import AttributeName, ObjectId, Text

PILLAR = "hakube:"


class Objects(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Objects by kind and id."""

    properties: Values = field(default_factory=dict)
    ruled_properties: dict[ObjectId, RuledProperties] = field(default_factory=dict)
    resource_defaults: Values = field(default_factory=dict)
    ruled_resource_defaults: dict[ObjectId, RuledResourceDefaults] = field(default_factory=dict)
    operation_defaults: Values = field(default_factory=dict)
    ruled_operation_defaults: dict[ObjectId, RuledOperationDefaults] = field(default_factory=dict)
    nodes: dict[Text, NodeValues] = field(default_factory=dict)
    templates: dict[ObjectId, Template] = field(default_factory=dict)
    primitives: dict[ObjectId, Primitive] = field(default_factory=dict)
    groups: dict[ObjectId, Group] = field(default_factory=dict)
    clones: dict[ObjectId, Clone] = field(default_factory=dict)
    bundles: dict[ObjectId, Bundle] = field(default_factory=dict)
    orders: dict[ObjectId, Order] = field(default_factory=dict)
    colocations: dict[ObjectId, Colocation] = field(default_factory=dict)
    locations: dict[ObjectId, Location] = field(default_factory=dict)
    tickets: dict[ObjectId, Ticket] = field(default_factory=dict)
    fencing_levels: dict[ObjectId, FencingLevel] = field(default_factory=dict)
    tags: dict[ObjectId, Tag] = field(default_factory=dict)
    acl_roles: dict[ObjectId, AclRole] = field(default_factory=dict)
    acl_users: dict[ObjectId, AclUser] = field(default_factory=dict)
    acl_groups: dict[ObjectId, AclGroup] = field(default_factory=dict)
    alerts: dict[ObjectId, Alert] = field(default_factory=dict)

    def listed(self) -> Iterator[Object]:
        """All of them."""
        for key, kind in BY_KEY.items():
            for name, item in getattr(self, key).items():
                yield kind.type(id=name, value=item) if kind.type in OPTIONS else item


class AbsentValues(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of what a node is not to have."""

    attributes: tuple[AttributeName, ...] = ()
    utilization: tuple[AttributeName, ...] = ()


class AbsentObjects(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names of what is not to be there, by kind.

    Of nodes, the names of attributes and utilization; a list has those of both.
    """

    properties: tuple[AttributeName, ...] = ()
    ruled_properties: Names = ()
    resource_defaults: tuple[AttributeName, ...] = ()
    ruled_resource_defaults: Names = ()
    operation_defaults: tuple[AttributeName, ...] = ()
    ruled_operation_defaults: Names = ()
    nodes: dict[Text, tuple[AttributeName, ...] | AbsentValues] = field(default_factory=dict)
    templates: Names = ()
    primitives: Names = ()
    groups: Names = ()
    clones: Names = ()
    bundles: Names = ()
    orders: Names = ()
    colocations: Names = ()
    locations: Names = ()
    tickets: Names = ()
    fencing_levels: Names = ()
    tags: Names = ()
    acl_roles: Names = ()
    acl_users: tuple[Text, ...] = ()
    acl_groups: tuple[Text, ...] = ()
    alerts: Names = ()

    def listed(self) -> Iterator[Absent]:
        """All of them."""
        for key, kind in BY_KEY.items():
            given = getattr(self, key)
            for name in given:
                if kind.type is not NodeValues:
                    yield Absent(kind.type, name)
                elif isinstance(names := given[name], AbsentValues):
                    yield Absent(kind.type, name, names.attributes, names.utilization)
                else:
                    yield Absent(kind.type, name, names, names)


# Attributes of nodes are purged by nobody: agents keep theirs there.
Purgeable = Literal[
    "properties",
    "ruled_properties",
    "resource_defaults",
    "ruled_resource_defaults",
    "operation_defaults",
    "ruled_operation_defaults",
    "templates",
    "primitives",
    "groups",
    "clones",
    "bundles",
    "orders",
    "colocations",
    "locations",
    "tickets",
    "fencing_levels",
    "tags",
    "acl_roles",
    "acl_users",
    "acl_groups",
    "alerts",
]
Purge = Annotated[
    tuple[Purgeable, ...],
    Meta(description="a list of kinds of objects, such as primitives, orders"),
]


def purged(keys: Purge) -> tuple[type[Object], ...]:
    """The kinds of these keys."""
    return tuple(BY_KEY[key].type for key in keys)


def place(kind: type[Object], name: str, root: str = PILLAR) -> str:
    """Where an object is declared: in the pillar, or in arguments, which have no ``root``."""
    return f"{root}objects:{BY_TYPE[kind].key}:{name}"


def absent_place(kind: type[Object], name: str, root: str = PILLAR) -> str:
    """Where an object is declared absent."""
    return f"{root}absent:{BY_TYPE[kind].key}:{name}"
