"""The words of the healing: components, what is probed of them, the rungs of the ladder."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

Value = Literal["up", "down", "unknown"]
Scope = Literal["node", "cluster"]
Component = Literal[
    "haproxy",
    "vip",
    "apiserver",
    "scheduler",
    "controller-manager",
    "pacemaker",
    "corosync",
    "files",
    "certificates",
    "disk",
    "eyes",  # hakube's own, on a node: without them nobody knows how the rest is
    "node",  # the machine itself: silent, or dead. No probe of it: the dead do not report.
]
#: The steps of the remediation ladder, the gentlest first.
Rung = Literal["probe", "files", "hand", "kill", "move", "standby", "fence"]
#: What came of a step where the node did nothing: it found it needless, or refused.
IDLE = ("nothing", "refused")

#: What a node says in its reason not to hand haproxy over: no start could succeed.
SPOILED = "haproxy -c refuses"

#: How a node begins to say that it has no report, for its own pillar has it so; and for it was not
#: set up yet, or not any more.
OFF, BARE = "hakube:heal:mode is none here", "nothing is set up here"

#: What Pacemaker runs on each node, and the kubernetes ones of it.
KUBERNETES: frozenset[Component] = frozenset({"apiserver", "scheduler", "controller-manager"})
UNITS: frozenset[Component] = KUBERNETES | {"haproxy"}

#: What a rung can do something about, where that is not everything. (A person may fence for all.)
USES: dict[Rung, frozenset[Component]] = {
    "kill": UNITS,
    "hand": UNITS | {"vip", "pacemaker"},
    "move": frozenset({"haproxy", "vip"}),
    "standby": UNITS | {"vip"},
}

COMPONENTS: tuple[Component, ...] = get_args(Component)
RUNGS: tuple[Rung, ...] = get_args(Rung)


def unwatched(said: str) -> str:
    """Why nothing is watched on a node, in two words, by what it says in place of a report; empty
    where it says something else."""
    return "mode none" if said.startswith(OFF) else "not set up" if said.startswith(BARE) else ""


class Probe(NamedTuple):
    """One look at one component. ``down``: what its *down* means, in words for people."""

    component: Component
    scope: Scope
    down: str


#: What hakube's programs look at, by name. A report has each of them once.
PROBES: dict[str, Probe] = {
    "haproxy.process": Probe("haproxy", "node", "haproxy does not run"),
    "haproxy.stats": Probe("haproxy", "node", "haproxy's stats socket does not answer"),
    "haproxy.backends": Probe("haproxy", "node", "haproxy has no apiserver that is up"),
    "haproxy.request": Probe("haproxy", "node", "haproxy does not answer a request"),
    "vip.address": Probe("vip", "node", "the VIP's address or link is not as it should be"),
    "vip.owner": Probe("vip", "cluster", "not exactly one machine answers for the VIP's address"),
    "vip.request": Probe("vip", "cluster", "the VIP does not answer a request"),
    "apiserver.livez": Probe("apiserver", "node", "the apiserver is not alive (/livez)"),
    "apiserver.readyz": Probe("apiserver", "node", "the apiserver is not ready (/readyz)"),
    "scheduler.health": Probe("scheduler", "node", "the scheduler is not healthy"),
    "scheduler.lease": Probe("scheduler", "cluster", "no scheduler holds its lease"),
    "controller-manager.health": Probe(
        "controller-manager", "node", "the controller-manager is not healthy"
    ),
    "controller-manager.lease": Probe(
        "controller-manager", "cluster", "no controller-manager holds its lease"
    ),
    "pacemaker.process": Probe("pacemaker", "node", "Pacemaker does not run"),
    "pacemaker.nodes": Probe("pacemaker", "cluster", "nodes of the cluster are offline"),
    "pacemaker.failures": Probe(
        "pacemaker", "cluster", "resources have failed and were not mended"
    ),
    "pacemaker.fencing": Probe("pacemaker", "cluster", "fencing is pending"),
    "corosync.quorum": Probe("corosync", "node", "the node has no quorum"),
    "files.drift": Probe("files", "node", "files of hakube are not as they were applied"),
    "certificates.expiry": Probe("certificates", "node", "certificates end soon or have ended"),
    "disk.space": Probe("disk", "node", "a disk is nearly full"),
    "eyes.beacon": Probe("eyes", "node", "the node is blind: its beacon does not look"),
    "eyes.probe": Probe("eyes", "node", "the node is blind: hakube-probe says nothing"),
    "eyes.watch": Probe("eyes", "node", "the node is blind: hakube-watch says nothing new"),
    "eyes.guard": Probe("eyes", "node", "the node is blind: hakube-guard says nothing new"),
}
