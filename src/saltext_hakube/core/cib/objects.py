"""The objects that can be declared: what stands in the CIB once they are there.

All values are texts as the CIB has them. An object says everything about itself: an option that
it does not name is dropped from the CIB, but for what administrators set (``ADMINISTRATIVE``).
"""

from __future__ import annotations

from msgspec import Struct, field

# Meta attributes that pcs and crm_resource set on an administrator's word (disable, unmanage,
# maintenance). They stay as they are unless the object names them.
ADMINISTRATIVE = frozenset({"target-role", "is-managed", "maintenance"})


class Object(Struct, frozen=True, kw_only=True, tag=True):
    """Something in the CIB with an id."""

    id: str


class Operation(Struct, frozen=True):
    """``attributes``: interval, timeout, role, on-fail ... in the CIB's own words."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)


class Primitive(Object, frozen=True, kw_only=True):
    """One resource. ``agent``: ocf:heartbeat:IPaddr2, systemd:haproxy, stonith:fence_ipmilan."""

    agent: str
    options: dict[str, str] = field(default_factory=dict)
    meta: dict[str, str] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()


class Group(Object, frozen=True, kw_only=True):
    """Primitives that start in this order, on one node, and stop in the reverse."""

    members: tuple[str, ...]
    meta: dict[str, str] = field(default_factory=dict)


class Clone(Object, frozen=True, kw_only=True):
    """A primitive or group (``member``) that runs on many nodes."""

    member: str
    meta: dict[str, str] = field(default_factory=dict)


class Order(Object, frozen=True, kw_only=True):
    """``first`` does its action before ``then`` does its own."""

    first: str
    then: str
    options: dict[str, str] = field(default_factory=dict)


class Colocation(Object, frozen=True, kw_only=True):
    """``resource`` is placed where ``with_resource`` is."""

    resource: str
    with_resource: str
    options: dict[str, str] = field(default_factory=dict)


class Property(Object, frozen=True, kw_only=True):
    """A cluster property; its name is the id."""

    value: str
