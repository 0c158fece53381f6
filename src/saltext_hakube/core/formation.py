"""From separate machines to one running cluster: what is left to do on this machine. Pure.

Every machine plans for itself, all at the same moment. One thing is done by one machine only: the
first node of the pillar sets the cluster up (``pcs cluster setup`` destroys what it finds, on all
nodes), once, without force, after every other node has answered. The rest wait for it. A node
that is declared later is *added*, by the first node that is in the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

import msgspec

from saltext_hakube.core import totem
from saltext_hakube.core.config import Config
from saltext_hakube.core.corosync import Corosync
from saltext_hakube.core.errors import Refused
from saltext_hakube.core.membership import Observed, formed, members, newcomers, speaker


class Kind(Enum):
    """The steps of a formation, in the order in which they are done."""

    PASSWORD = "password"
    PCSD = "pcsd"
    PEERS = "peers"
    RELEASE = "release"
    DROP_SAMPLE = "drop_sample"
    SETUP = "setup"
    AWAIT_SETUP = "await_setup"
    ENABLE = "enable"
    START = "start"
    AUTHENTICATE = "authenticate"
    TOTEM = "totem"
    ADD = "add"
    AWAIT_QUORUM = "await_quorum"
    DEVICE = "device"


# They change nothing by themselves.
WAITS = frozenset({Kind.PEERS, Kind.AWAIT_SETUP, Kind.AWAIT_QUORUM})


class Step(msgspec.Struct, frozen=True):
    """One thing to do; ``told`` says it to a person, ``nodes`` names whom it concerns."""

    kind: Kind
    told: str
    nodes: tuple[str, ...] = ()


def steps(config: Config, observed: Observed) -> tuple[Step, ...]:
    """What is left to do on this machine; empty when it is a running part of the cluster.

    Raises Refused when the machine is part of another cluster.
    """
    _refuse_foreign(config, observed)
    plan = list(_ready(observed))
    if not formed(config, observed):
        plan += _joining(config, observed)
    else:
        plan += _running(config, observed)
    return tuple(plan)


def warnings(config: Config, observed: Observed) -> tuple[str, ...]:
    """What a person should know though it is no reason to do anything."""
    if not formed(config, observed):
        return ()
    conf = observed.corosync
    found = []
    declared = {node.name: node for node in config.nodes}
    if conf.name != config.cluster.name:
        found.append(
            f"hakube:cluster:name: the running cluster is called {conf.name}; "
            "a cluster is not renamed, write that name"
        )
    for member in conf.members:
        if member.name not in declared:
            found.append(
                f"{member.name} is in the cluster but not in hakube:cluster:nodes; "
                f"declare it, or remove it with `pcs cluster node remove {member.name}`"
            )
        elif member.addresses != declared[member.name].addresses:
            found.append(
                f"hakube:cluster:nodes:{member.name}: corosync uses "
                f"{', '.join(member.addresses)}; change it with `pcs cluster link update`"
            )
    offline = [name for name in conf.names if name in declared and name not in observed.online]
    if offline and observed.stack.active and observed.quorate:
        found.append(f"offline: {', '.join(offline)}; apply there when it is back")
    new, voice = newcomers(config, conf), speaker(config, observed)
    if new and voice != config.node:
        found.append(f"{', '.join(new)}: not yet in the cluster; {voice} adds it")
    found += totem.warnings(config, observed)
    silent = observed.silent - observed.known
    if silent:
        names = ", ".join(sorted(silent))
        found.append(f"pcsd on {names} does not answer, so pcs here is not authenticated with it")
    return tuple(found)


def _refuse_foreign(config: Config, observed: Observed) -> None:
    """Another cluster is nothing to join or to add nodes to, even if it has a node of our name."""
    conf = observed.corosync
    if conf is None or conf.sample:
        return
    declared = {node.name for node in config.nodes}
    same_name = conf.name == config.cluster.name
    if config.node in conf.names and (same_name or declared.issuperset(conf.names)):
        return
    what = (
        f"this machine is in the cluster {conf.name or 'without a name'} "
        f"({', '.join(conf.names) or 'no nodes'}), which is not that of the pillar"
    )
    if {name.lower() for name in declared} & {name.lower() for name in conf.names}:
        raise Refused(
            f"{what}; write these names, in these letters, into hakube:cluster:name and "
            "hakube:cluster:nodes"
        )
    raise Refused(
        f"{what}; correct hakube:cluster:nodes, or, if nobody needs that cluster here, take this "
        "machine out of it with `pcs cluster destroy`"
    )


def peer_problem(config: Config, peer: str, conf: Corosync | None) -> str | None:
    """Why no cluster may be set up, seeing a peer's corosync.conf; None: nothing is in the way.

    A sample cluster is dropped by the peer itself, and a cluster that lacks only this node will
    add it: neither is a problem, they only take time.
    """
    if conf is None or conf.sample:
        return None
    cluster = f"{peer} is in the cluster {conf.name} ({', '.join(conf.names)})"
    if config.node in conf.names:
        return (
            f"{cluster}, which names this machine, but there is no cluster on it (it was "
            "reinstalled, or a set-up was cut off); on a node of that cluster run `pcs cluster "
            f"node remove {config.node} --skip-offline`, then apply to all nodes"
        )
    if conf.name == config.cluster.name or {n.name for n in config.nodes} >= set(conf.names):
        return None
    return f"{cluster}, which is not that of the pillar; correct hakube:cluster:nodes"


def _ready(observed: Observed) -> Iterator[Step]:
    """Before anything else: the others must be able to talk to this machine's pcsd."""
    if not observed.password_right:
        yield Step(Kind.PASSWORD, "set the password of the user hacluster")
    if not (observed.pcsd.active and observed.pcsd.enabled):
        yield Step(Kind.PCSD, "enable and start pcsd")


def _joining(config: Config, observed: Observed) -> Iterator[Step]:
    peers = tuple(node.name for node in config.nodes if node.name != config.node)
    if peers:
        yield Step(Kind.PEERS, f"wait for pcsd on {', '.join(peers)}", peers)
    if observed.units:
        units = ", ".join(observed.units)
        yield Step(Kind.RELEASE, f"stop {units}, which Pacemaker will start", observed.units)
    if observed.corosync is not None:
        yield Step(
            Kind.DROP_SAMPLE,
            f"destroy the sample cluster {observed.corosync.name} of this machine alone",
        )
    if config.first:
        names = tuple(node.name for node in config.nodes)
        yield Step(
            Kind.SETUP, f"set up the cluster {config.cluster.name} of {', '.join(names)}", names
        )
    else:
        first = config.nodes[0].name
        yield Step(Kind.AWAIT_SETUP, f"wait until {first} has set up the cluster", (first,))
    yield Step(Kind.ENABLE, "enable corosync and pacemaker")
    yield Step(Kind.START, "start corosync and pacemaker")
    yield Step(Kind.AWAIT_QUORUM, "wait until the cluster is quorate with this node in it")
    if config.first and config.cluster.quorum_device is not None:
        yield _device(config)


def _running(config: Config, observed: Observed) -> Iterator[Step]:
    conf = observed.corosync
    if not observed.stack.enabled:
        yield Step(Kind.ENABLE, "enable corosync and pacemaker")
    if not observed.stack.active:
        yield Step(Kind.START, "start corosync and pacemaker")
    if not (observed.stack.active and observed.quorate and config.node in observed.online):
        yield Step(Kind.AWAIT_QUORUM, "wait until the cluster is quorate with this node in it")
    unknown = tuple(
        name
        for name in members(config, conf)
        if name not in observed.known and name not in observed.silent
    )
    if unknown:
        yield Step(Kind.AUTHENTICATE, f"authenticate pcs with {', '.join(unknown)}", unknown)
    if totem.possible(config, observed):
        others = tuple(name for name in conf.names if name != config.node)
        yield Step(Kind.TOTEM, totem.change(config, conf), others)
    new = newcomers(config, conf)
    speaks = config.node == speaker(config, observed)
    if new and speaks:
        yield Step(Kind.ADD, f"add {', '.join(new)} to the cluster", new)
    if config.cluster.quorum_device is not None and not conf.device and speaks:
        yield _device(config)


def _device(config: Config) -> Step:
    device = config.cluster.quorum_device
    return Step(Kind.DEVICE, f"use {device.host} as the quorum device", (device.host,))
