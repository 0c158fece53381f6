"""Every kind of object in one table: its name, its key in a pillar, how it is edited and read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from saltext_hakube.core.cib import acls, alerts, constraints, fencing, options, resources, tags
from saltext_hakube.core.cib.change import Change
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.objects import (
    AclGroup,
    AclRole,
    AclUser,
    Alert,
    Bundle,
    Clone,
    FencingLevel,
    Group,
    NodeValues,
    Object,
    OperationDefault,
    Primitive,
    Property,
    ResourceDefault,
    RuledOperationDefaults,
    RuledProperties,
    RuledResourceDefaults,
    Tag,
    Template,
)


class Kind(NamedTuple):
    """``key``: under ``hakube:objects`` and in ``absent``. ``edit``: None for constraints, which
    are matched all together. ``tags``: the elements that may be such an object.
    """

    type: type[Object]
    name: str
    key: str
    tags: tuple[str, ...] = ()
    section: str | None = None
    edit: Callable[[Cib, Any], Iterator[Change]] | None = None
    read: Callable[[Cib, Any], Object | None] | None = None


# In the order in which they are edited: what is referred to comes first.
TABLE = (
    Kind(Property, "property", "properties", edit=options.edit_option),
    Kind(RuledProperties, "properties by rule", "ruled_properties", edit=options.edit_ruled),
    Kind(ResourceDefault, "resource default", "resource_defaults", edit=options.edit_option),
    Kind(
        RuledResourceDefaults,
        "resource defaults by rule",
        "ruled_resource_defaults",
        edit=options.edit_ruled,
    ),
    Kind(OperationDefault, "operation default", "operation_defaults", edit=options.edit_option),
    Kind(
        RuledOperationDefaults,
        "operation defaults by rule",
        "ruled_operation_defaults",
        edit=options.edit_ruled,
    ),
    Kind(NodeValues, "node", "nodes", edit=options.edit_node),
    Kind(
        Template,
        "template",
        "templates",
        ("template",),
        "resources",
        resources.edit_template,
        resources.read_template,
    ),
    Kind(
        Primitive,
        "primitive",
        "primitives",
        ("primitive",),
        "resources",
        resources.edit_primitive,
        resources.read_primitive,
    ),
    Kind(
        Group,
        "group",
        "groups",
        ("group",),
        "resources",
        resources.edit_group,
        resources.read_group,
    ),
    Kind(
        Clone,
        "clone",
        "clones",
        ("clone", "master"),
        "resources",
        resources.edit_clone,
        resources.read_clone,
    ),
    Kind(
        Bundle,
        "bundle",
        "bundles",
        ("bundle",),
        "resources",
        resources.edit_bundle,
        resources.read_bundle,
    ),
    Kind(
        Tag,
        "tag",
        "tags",
        ("tag",),
        "tags",
        tags.edit_tag,
        tags.read_tag,
    ),
    *(
        Kind(
            kind,
            described.name,
            described.name + "s",
            (described.tag,),
            "constraints",
            None,
            constraints.read_constraint,
        )
        for kind, described in constraints.KINDS.items()
    ),
    Kind(
        FencingLevel,
        "fencing level",
        "fencing_levels",
        (fencing.TAG,),
        fencing.SECTION,
        fencing.edit_level,
        fencing.read_level,
    ),
    Kind(
        AclRole,
        "acl role",
        "acl_roles",
        ("acl_role",),
        acls.SECTION,
        acls.edit_role,
        acls.read_role,
    ),
    Kind(
        AclUser,
        "acl user",
        "acl_users",
        ("acl_target",),
        acls.SECTION,
        acls.edit_user,
        acls.read_user,
    ),
    Kind(
        AclGroup,
        "acl group",
        "acl_groups",
        ("acl_group",),
        acls.SECTION,
        acls.edit_group,
        acls.read_group,
    ),
    Kind(
        Alert,
        "alert",
        "alerts",
        ("alert",),
        "alerts",
        alerts.edit_alert,
        alerts.read_alert,
    ),
)
BY_TYPE = {kind.type: kind for kind in TABLE}
BY_KEY = {kind.key: kind for kind in TABLE}
BY_TAG = {tag: kind for kind in TABLE for tag in kind.tags}
RANKS = {kind.type: rank for rank, kind in enumerate(TABLE)}
CONTAINERS = (Group, Clone, Bundle)
OPTIONS = (Property, ResourceDefault, OperationDefault)
RULED = (RuledProperties, RuledResourceDefaults, RuledOperationDefaults)
CONSTRAINTS = tuple(constraints.KINDS)
