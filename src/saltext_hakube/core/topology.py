"""The document's cluster as objects: VIP, haproxy, apiserver, scheduler, controller, constraints.

Names, structure and constraints are those of the document. Where our defaults differ from what
its commands give with today's pcs, docs/differences.md says so and why.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from saltext_hakube.core import alert, properties, reflex
from saltext_hakube.core.cib.meaning import TRUE, text
from saltext_hakube.core.cib.objects import (
    Clone,
    Colocation,
    Group,
    Location,
    Object,
    Operation,
    Order,
    Primitive,
    Property,
    Rule,
)
from saltext_hakube.core.cib.removal import Absent
from saltext_hakube.core.config import Config
from saltext_hakube.core.schema import FenceDevice, Resource
from saltext_hakube.core.schema import Operation as Declared

Operations = Mapping[str, Mapping[str, str]]

# What pcs writes for IPaddr2 from the agent's own metadata.
ADDRESS: Operations = {
    "monitor": {"interval": "10s", "timeout": "20s"},
    "start": {"timeout": "20s"},
    "stop": {"timeout": "20s"},
}
# What pcs writes for a systemd unit: 100 s is a little more than systemd's own 90 s for a start
# or stop, and a monitor every minute.
UNIT: Operations = {
    "monitor": {"interval": "60s", "timeout": "100s"},
    "start": {"timeout": "100s"},
    "stop": {"timeout": "100s"},
}
# Pacemaker turns off systemd's own restart of its units, so its monitor is what sees a death. In
# the document's minute of blindness clients fail; a look every few seconds costs one D-Bus call.
HAPROXY: Operations = {**UNIT, "monitor": {"interval": "5s", "timeout": "100s"}}
# With 5 s an apiserver that was killed was in use again after 5.9 to 10.8 s (eight runs): a stop
# and a start cost some 2 s each, and haproxy wants to see it well twice.
APISERVER: Operations = {**UNIT, "monitor": {"interval": "3s", "timeout": "100s"}}
# By pacemaker's defaults a failed start bans a resource from its node until somebody cleans up,
# also when the cause is long gone (a bad haproxy.cfg that is good again). So failures are forgotten
# after a while; before that, so many of them make it try elsewhere. For haproxy the while is short:
# it is what clients wait for where haproxy failed on all nodes.
FORGIVING = {
    "haproxy": {"failure-timeout": "20s", "migration-threshold": "5"},
    "apiserver": {"failure-timeout": "60s", "migration-threshold": "5"},
    "vip": {"failure-timeout": "60s", "migration-threshold": "3"},
    "controllers": {"failure-timeout": "60s"},
}
# What runs on one node must not be started elsewhere because a failed stop was forgotten with the
# rest: the VIP would have two owners. Pacemaker blocks it by default where there is no fencing, and
# yet forgets it after failure-timeout, unless block is written (seen with crm_simulate of 2.0, 2.1
# and 3.0). With fencing the default, fence, is the answer.
REMEMBERED = {"on-fail": "block"}
# Without it scheduler and controller-manager are restarted elsewhere as often as the VIP comes to
# their node: pacemaker spreads what does not mind (seen with crm_simulate of 2.0, 2.1, 3.0).
SETTLED = {"resource-stickiness": "1"}
# An instance waits for the other clone's instance on its own node, not for those of all nodes.
INTERLEAVE = {"interleave": "true"}
# A look at a fence device may be slow and is no emergency.
FENCE: Operations = {"monitor": {"interval": "60s"}}


def topology(config: Config) -> tuple[Object, ...]:
    """Everything that the pillar declares in the cluster."""
    names = config.resources
    haproxy_clone = f"{names.haproxy.name}-clone"
    apiserver_clone = f"{names.apiserver.group}-clone"
    return (
        *_properties(config),
        *(_fence_device(name, device) for name, device in config.fencing.items()),
        _once(config, _vip(config)),
        _unit(names.haproxy, config.haproxy.unit, HAPROXY, FORGIVING["haproxy"]),
        _unit(names.apiserver, names.apiserver.unit, APISERVER, FORGIVING["apiserver"]),
        _once(config, _unit(names.scheduler, names.scheduler.unit, UNIT, FORGIVING["controllers"])),
        _once(
            config, _unit(names.controller, names.controller.unit, UNIT, FORGIVING["controllers"])
        ),
        Group(
            id=names.controller_group,
            members=(names.scheduler.name, names.controller.name),
            meta=_over(SETTLED, names.controller_group_meta),
        ),
        Group(
            id=names.apiserver.group,
            members=(names.apiserver.name,),
            meta=_texts(names.apiserver.group_meta),
        ),
        Clone(
            id=haproxy_clone,
            member=names.haproxy.name,
            meta=_over(INTERLEAVE, names.haproxy.clone_meta),
        ),
        Clone(
            id=apiserver_clone,
            member=names.apiserver.group,
            meta=_over(INTERLEAVE, names.apiserver.clone_meta),
        ),
        _order(config, names.vip.name, haproxy_clone),
        _order(config, haproxy_clone, apiserver_clone),
        Colocation(
            id=f"colocation-{names.vip.name}-{haproxy_clone}-INFINITY",
            resource=names.vip.name,
            with_resource=haproxy_clone,
            options={"score": "INFINITY"},
        ),
        *(_steering(config) if config.steers else ()),
        *((alert.alert(),) if config.heals else ()),
    )


def absent(config: Config) -> tuple[Absent, ...]:
    """What is of ours and must not be there with this pillar: constraints that nobody feeds, an
    alert that nobody reads, a delay that is not wanted."""
    rules = () if config.steers else tuple(Absent(Location, it.id) for it in _steering(config))
    spoken = {it.id for it in _properties(config)}
    delays = {name: value for name, value in reflex.GATHER.items() if name not in spoken}
    return (
        *rules,
        # One that is not ours is an administrator's.
        *(Absent(Property, name, value=value) for name, value in delays.items()),
        *(() if config.heals else (alert.absent(),)),
    )


def _steering(config: Config) -> tuple[Location, ...]:
    """The VIP where haproxy is green, else where nobody says anything, else where it is.

    Two constraints: pacemaker 3 takes one rule in each, no more.
    """
    vip = config.resources.vip.name
    green, other, not_red = (
        Rule(expression={"attribute": reflex.HAPROXY, "operation": operation, "value": value})
        for operation, value in (("eq", "1"), ("ne", "1"), ("ne", "0"))
    )
    # Not "not_defined": an attribute that was deleted may be left there, empty, which counts as
    # defined in pacemaker 2.0, 2.1 and 3.0; and 2.1 does not take it for equal to "" either.
    unknown = Rule(score=str(reflex.UNKNOWN), all=(other, not_red))
    green = msgspec.structs.replace(green, score=str(reflex.GREEN))
    return tuple(
        Location(id=f"location-{vip}-{name}", resource=vip, rules=(rule,))
        for name, rule in (("haproxy-green", green), ("haproxy-unknown", unknown))
    )


def _properties(config: Config) -> tuple[Property, ...]:
    declared = {name: text(value) for name, value in config.properties.items()}
    # Without fence devices nothing would start while this is true, which is its default.
    if not declared.keys() & set(properties.FENCING):
        declared["stonith-enabled"] = text(bool(config.fencing))
    if config.reflex.gather and not reflex.GATHER.keys() & _spoken_of(config):
        declared = reflex.GATHER | declared
    return tuple(Property(id=name, value=value) for name, value in declared.items())


def _spoken_of(config: Config) -> set[str]:
    """The properties of which the pillar says beside ``hakube:properties`` what becomes of them."""
    said = config.declared
    return {*said.objects.properties, *said.absent.properties}


def _vip(config: Config) -> Primitive:
    vip = config.vip
    sticky = {"resource-stickiness": str(reflex.STICKINESS)} if config.steers else {}
    options = {"ip": vip.address, "cidr_netmask": vip.prefix, "nic": vip.interface}
    return Primitive(
        id=config.resources.vip.name,
        agent="ocf:heartbeat:IPaddr2",
        options={name: text(value) for name, value in options.items() if value is not None},
        meta=_over(FORGIVING["vip"] | sticky, config.resources.vip.meta),
        operations=_operations(ADDRESS, config.resources.vip.operations),
    )


def _unit(
    resource: Resource, unit: str, defaults: Operations, meta: Mapping[str, str]
) -> Primitive:
    return Primitive(
        id=resource.name,
        agent=f"systemd:{unit.removesuffix('.service')}",
        meta=_over(meta, resource.meta),
        operations=_operations(defaults, resource.operations),
    )


def _once(config: Config, resource: Primitive) -> Primitive:
    """The same, for what runs on one node at a time."""
    fences = {item.value.lower() for item in _properties(config) if item.id in properties.FENCING}
    if fences & TRUE or "failure-timeout" not in resource.meta:
        return resource
    operations = tuple(
        Operation(it.name, REMEMBERED | it.attributes) if it.name == "stop" else it
        for it in resource.operations
    )
    return msgspec.structs.replace(resource, operations=operations)


def _fence_device(name: str, device: FenceDevice) -> Primitive:
    return Primitive(
        id=name,
        agent=f"stonith:{device.agent.removeprefix('stonith:')}",
        options=_texts(device.options),
        meta=_texts(device.meta),
        operations=_operations(FENCE, device.operations),
    )


def _order(config: Config, first: str, then: str) -> Order:
    orders = config.resources.orders
    options = {"first-action": "start", "then-action": "start", "kind": orders.kind}
    if not orders.symmetrical:
        options["symmetrical"] = "false"
    return Order(id=f"order-{first}-{then}-{orders.kind}", first=first, then=then, options=options)


def _operations(defaults: Operations, declared: Mapping[str, Declared]) -> tuple[Operation, ...]:
    """The defaults, with the declared attributes over them, each operation for itself."""
    merged = {name: dict(attributes) for name, attributes in defaults.items()}
    for name, operation in declared.items():
        given = msgspec.to_builtins(operation)
        merged.setdefault(name, {}).update(
            {key: text(value) for key, value in given.items() if value is not None}
        )
    return tuple(Operation(name, attributes) for name, attributes in merged.items())


def _over(defaults: Mapping[str, str], declared: Mapping[str, object]) -> dict[str, str]:
    """The defaults with what is declared over them; an empty value takes one away."""
    return _texts({**defaults, **declared})


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: text(value) for name, value in values.items() if value is not None}
