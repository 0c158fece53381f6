"""The cluster as it is declared and as it is: fencing, quorum, what stands in its CIB."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from saltext_hakube.core.cib.meaning import FALSE, TRUE, duration, number, text
from saltext_hakube.core.cib.objects import (
    Clone,
    Colocation,
    NodeValues,
    Object,
    Operation,
    Primitive,
    Property,
    Template,
)
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.core.config import Config
from saltext_hakube.core.preflight.finding import Check, Look, Unseen, error, need, warning
from saltext_hakube.core.preflight.observed import Observed

FENCING = (
    "hakube:fencing",
    "hakube:properties:stonith-enabled",
    "hakube:properties:fencing-enabled",
)
NODES = "hakube:cluster:nodes"
SPLIT = "both halves may hold the VIP"
ALWAYS_STARTED = ("started", "promoted", "unpromoted", "master", "slave")


def no_fencing(config: Config, observed: Observed) -> Look:
    """Nobody can switch off a node that hangs."""
    for where, told in _warned(config):
        if where in FENCING and SPLIT not in told:
            yield warning(where, told, "declare fence devices under hakube:fencing")


def node_count(config: Config, observed: Observed) -> Look:
    """Fewer than three nodes, or an even number without another voice."""
    for where, told in _warned(config):
        if where == NODES and SPLIT not in told:
            yield warning(where, told, "have 3 or 5 nodes, or hakube:cluster:quorum_device")


def split_brain(config: Config, observed: Observed) -> Look:
    """A split network has two holders of the VIP, and the pillar accepts it."""
    for where, told in _warned(config):
        if SPLIT in told:
            yield warning(where, told, "declare fence devices, or a third voice")


def unfenced_node(config: Config, observed: Observed) -> Look:
    """There are fence devices, and none of them is for this node."""
    covered: set[str] = set()
    for device in config.fencing.values():
        options = {name: text(value) for name, value in device.options.items()}
        given = f"{options.get('pcmk_host_list', '')} {options.get('pcmk_host_map', '')}"
        if not given.strip():
            return  # the device is asked whom it knows
        covered |= {
            word.partition(":")[0] for word in given.replace(",", " ").replace(";", " ").split()
        }
    for node in config.nodes:
        if config.fencing and node.name not in covered:
            yield warning(
                "hakube:fencing",
                f"no device is for {node.name} (pcmk_host_list, pcmk_host_map): when it hangs "
                "nothing goes on until somebody confirms that it is off",
                "declare a device for it, or correct the names",
            )


def corosync_differs(config: Config, observed: Observed) -> Look:
    """The cluster that runs here knows a node by other addresses than the pillar."""
    conf = need(observed.cluster.conf)
    if conf is None or conf.sample:
        yield Unseen("no cluster is formed on this machine yet")
        return
    members = {member.name: member for member in conf.members}
    for node in config.nodes:
        member = members.get(node.name)
        if member and not set(member.addresses) & {*node.addresses, node.name}:
            yield warning(
                f"{NODES}:{node.name}",
                f"corosync reaches it at {', '.join(member.addresses)}, the pillar says "
                f"{', '.join(node.addresses)}",
                "correct the pillar, or move the link (`pcs cluster link update`)",
            )


def no_monitor(config: Config, observed: Observed) -> Look:
    """Nobody looks whether it still runs."""
    found = _objects(observed)
    templates = {item.id: item for item in found if isinstance(item, Template)}
    own = _own(config)
    for item in found:
        if not isinstance(item, Primitive):
            continue
        template = templates.get(item.template or "")
        agent = item.agent or (template.agent if template else "")
        operations = [*_listed(item), *(_listed(template) if template else ())]
        if agent and not any(map(_watches, operations)):
            mended = item.id in own or item.id in config.fencing
            yield warning(
                f"resource {item.id}",
                "has no monitor operation that repeats, so Pacemaker never notices its death",
                "hakube.resources adds it"
                if mended
                else f"`pcs resource op add {item.id} monitor interval=10s`",
            )


def colocation_reversed(config: Config, observed: Observed) -> Look:
    """haproxy has to be where the VIP is: on one node, and nowhere else."""
    found = _objects(observed)
    haproxy = {config.resources.haproxy.name}
    unit = config.haproxy.unit.removesuffix(".service")
    haproxy |= {
        it.id for it in found if isinstance(it, Primitive) and it.agent == f"systemd:{unit}"
    }
    haproxy |= {it.id for it in found if isinstance(it, Clone) and it.member in haproxy}
    for item in found:
        if (
            isinstance(item, Colocation)
            and item.resource in haproxy
            and item.with_resource == config.resources.vip.name
            # Without a score it is INFINITY (Pacemaker Explained, "Colocation").
            and number(text(item.options.get("score", "INFINITY"))) > 0
        ):
            yield warning(
                f"constraint {item.id}",
                f"places {item.resource} with {item.with_resource}, so haproxy runs on the VIP's "
                "node only, and a move of the VIP waits for its start",
                f"`pcs constraint delete {item.id}`; the VIP goes with haproxy, not the reverse",
            )


def unattended(config: Config, observed: Observed) -> Look:
    """Somebody has told Pacemaker to keep its hands off."""
    own = _own(config)
    remedy = "when the work is done: "
    for item in _objects(observed):
        if isinstance(item, Property) and item.id == "maintenance-mode" and _true(item.value):
            yield warning(
                "property maintenance-mode",
                "true: Pacemaker starts, stops and moves nothing, whatever fails",
                f"{remedy}`pcs property set maintenance-mode=false`",
            )
        elif isinstance(item, NodeValues):
            for name in ("standby", "maintenance"):
                if _true(item.attributes.get(name, "false")):
                    yield warning(
                        f"node {item.id}",
                        f"{name}: nothing is started there",
                        f"{remedy}`pcs node un{name} {item.id}`",
                    )
        elif item.id in own and isinstance(getattr(item, "meta", None), dict):
            told = _held(item.meta)
            if told:
                yield warning(
                    f"resource {item.id}",
                    told,
                    f"{remedy}`pcs resource enable` or `manage {item.id}`",
                )


def _held(meta: dict) -> str:
    values = {name: text(value).lower() for name, value in meta.items()}
    if values.get("target-role", "started") not in ALWAYS_STARTED:
        return f"target-role is {meta['target-role']}: it is kept stopped"
    if values.get("is-managed") in FALSE or values.get("maintenance") in TRUE:
        return "is unmanaged: Pacemaker does nothing for it, whatever fails"
    return ""


def two_owners(config: Config, observed: Observed) -> Look:
    """Another resource of the cluster has the VIP's address, too."""
    for item in _objects(observed):
        if (
            isinstance(item, Primitive)
            and item.id != config.resources.vip.name
            and (item.agent or "").endswith((":IPaddr2", ":IPaddr", ":IPv6addr"))
            and isinstance(item.options, dict)
            and config.vip.address in (item.options.get("ip"), item.options.get("ipv6addr"))
        ):
            yield error(
                f"resource {item.id}",
                f"has the address {config.vip.address} as well, so the cluster would run the VIP "
                "twice, on two nodes",
                f"remove it first (`pcs resource delete {item.id}`), or give it as "
                "hakube:resources:vip:name",
            )


def _warned(config: Config) -> Iterator[tuple[str, str]]:
    """What the pillar's own checks warn of (core.quorum), by its place."""
    for line in config.warnings:
        where, _, told = line.partition(": ")
        yield where, told


def _objects(observed: Observed) -> tuple[Object, ...]:
    return _read(need(observed.cluster.cib))


# Several checks look at the same one.
@lru_cache(maxsize=1)
def _read(cib: str) -> tuple[Object, ...]:
    return objects(cib)


def _own(config: Config) -> set[str]:
    names = config.resources
    haproxy, group = names.haproxy.name, names.apiserver.group
    resources = (names.vip, names.haproxy, names.apiserver, names.scheduler, names.controller)
    groups = {group, names.controller_group, f"{haproxy}-clone", f"{group}-clone"}
    return {resource.name for resource in resources} | groups


def _listed(item: Primitive | Template) -> Iterator[Operation]:
    if isinstance(item.operations, dict):
        yield from (Operation(name, values) for name, values in item.operations.items())
    else:
        yield from item.operations


def _watches(operation: Operation) -> bool:
    attributes = {name: text(value) for name, value in operation.attributes.items()}
    return (
        operation.name == "monitor"
        and duration(attributes.get("interval", "0")) != "0us"
        and attributes.get("enabled", "true").lower() not in FALSE
    )


def _true(value: object) -> bool:
    return text(value).lower() in TRUE


CHECKS: dict[str, Check] = {
    "no-fencing": no_fencing,
    "node-count": node_count,
    "split-brain": split_brain,
    "unfenced-node": unfenced_node,
    "corosync-differs": corosync_differs,
    "no-monitor": no_monitor,
    "colocation-reversed": colocation_reversed,
    "vip-twice-in-cluster": two_owners,
    "cluster-unattended": unattended,
}
