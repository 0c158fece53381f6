"""Observe this machine's part in the cluster, and do the steps that make it one.

Every wait has an end and says what it waited for. Before the cluster is formed nothing that a
failure leaves behind harms: a password, a running pcsd, tokens.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from msgspec import structs

from saltext_hakube.core.addresses import Node
from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import CommandError, HakubeError, NotInstalled, Refused, TimedOut
from saltext_hakube.core.formation import WAITS, Kind, Step, peer_problem
from saltext_hakube.core.membership import Observed, Service, formed
from saltext_hakube.host import accounts, corosync, pcsd, systemd, totem, waits
from saltext_hakube.host.corosync import conf_of, corosync_conf
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.status import status

STACK = ("corosync", "pacemaker")

# How long a peer may name this machine as a member before that machine has its files: `pcs
# cluster node add` tells the members first, then the new node. A second, or ten on a busy machine.
JOINING = 30.0


def observe(config: Config, machine: Machine) -> Observed:
    """What this machine shows of its part in the cluster."""
    if not machine.live:
        return Observed()
    conf = corosync_conf(machine)
    running = _status() if systemd.active("pacemaker") else None
    known = pcsd.known_hosts()
    silent = (
        node.name
        for node in config.nodes
        if conf is not None and node.name in conf.names and node.name not in known
        if not pcsd.answers(node.address)
    )
    observed = Observed(
        corosync=conf,
        password_right=accounts.has_password(pcsd.USER, config.cluster.password),
        pcsd=Service(systemd.active("pcsd"), systemd.enabled("pcsd")),
        stack=Service(all(map(systemd.active, STACK)), all(map(systemd.enabled, STACK))),
        units=tuple(unit for unit in config.units if systemd.active(unit)),
        known=known,
        silent=frozenset(silent),
        online=running.online if running else frozenset(),
        quorate=bool(running and running.quorate),
        totem=corosync.running() if systemd.active("corosync") else None,
    )
    return totem.look(config, observed)


def perform(
    steps: Sequence[Step], config: Config, machine: Machine
) -> tuple[list[Step], list[str]]:
    """Do the steps until one fails. Returns those that changed something, and why it ended."""
    done: list[Step] = []
    for step in steps:
        try:
            _PERFORM[step.kind](step, config, machine)
        except (HakubeError, OSError) as error:
            return done, [str(error)]
        if step.kind not in WAITS:
            done.append(step)
    return done, []


def _password(step: Step, config: Config, machine: Machine) -> None:
    accounts.set_password(pcsd.USER, config.cluster.password)


def _pcsd(step: Step, config: Config, machine: Machine) -> None:
    systemd.enable("pcsd")
    systemd.start("pcsd")


def _peers(step: Step, config: Config, machine: Machine) -> None:
    """See that every peer's pcsd answers, before anything of the cluster is touched."""
    waits.for_pcsd(
        {node.name: node.address for node in config.nodes if node.name in step.nodes},
        config,
        "no cluster was formed; apply to all nodes at the same time, without -b",
    )


def _drop_sample(step: Step, config: Config, machine: Machine) -> None:
    conf = corosync_conf(machine)
    # The first node may have set the cluster up since the plan was made.
    if conf is not None and conf.sample:
        pcsd.destroy()


def _release(step: Step, config: Config, machine: Machine) -> None:
    for unit in step.nodes:
        systemd.stop(unit)


def _setup(step: Step, config: Config, machine: Machine) -> None:
    """Authenticate, look at every peer, and set up; again until the others are ready.

    A peer that has not yet set its password or dropped its sample cluster only takes time. One
    that is in a real cluster ends it: `pcs cluster setup` destroys what it finds. It is never
    forced, so that pcs refuses by itself too.

    A peer that names this machine may be adding it at this very moment, so that is a problem only
    if it lasts.
    """
    named_since: float | None = None

    def try_it() -> bool:
        nonlocal named_since
        pcsd.authenticate(config.nodes, config.cluster.password)
        if formed(config, Observed(corosync=corosync_conf(machine))):
            return True
        peers = [(node.name, conf_of(node)) for node in config.nodes if node.name != config.node]
        wrong = [(conf, told) for name, conf in peers if (told := peer_problem(config, name, conf))]
        if wrong and all(config.node in conf.names for conf, _told in wrong):
            named_since = named_since or time.monotonic()
            if time.monotonic() - named_since < JOINING:
                return False
        if wrong:
            raise Refused("; ".join(told for _conf, told in wrong))
        if any(conf is not None for _name, conf in peers):
            return False
        pcsd.setup(config.cluster.name, config.nodes, structs.asdict(config.totem))
        return True

    _insist(try_it, config, "the cluster was not set up")


def _await_setup(step: Step, config: Config, machine: Machine) -> None:
    _wait(
        lambda: formed(config, Observed(corosync=corosync_conf(machine))),
        config.cluster.start_timeout,
        f"{step.nodes[0]}, the first of hakube:cluster:nodes, to set up the cluster; apply to all "
        "nodes at the same time, without -b, and see what it says there. If there is a cluster "
        f"that names {config.node} already (this machine was reinstalled, or a set-up was cut off)"
        f", run `pcs cluster node remove {config.node} --skip-offline` in it and apply to all",
    )


def _enable(step: Step, config: Config, machine: Machine) -> None:
    for unit in STACK:
        systemd.enable(unit)


def _start(step: Step, config: Config, machine: Machine) -> None:
    for unit in STACK:
        systemd.start(unit)


def _authenticate(step: Step, config: Config, machine: Machine) -> None:
    nodes = [node for node in config.nodes if node.name in step.nodes]
    pcsd.authenticate(nodes, config.cluster.password)


def _totem(step: Step, config: Config, machine: Machine) -> None:
    totem.change(config, machine, step.nodes)


def _add(step: Step, config: Config, machine: Machine) -> None:
    _peers(step, config, machine)
    for node in config.nodes:
        if node.name in step.nodes:
            _insist(lambda node=node: _add_one(node, config), config, f"{node.name} was not added")


def _add_one(node: Node, config: Config) -> bool:
    pcsd.authenticate([node], config.cluster.password)
    if (conf := conf_of(node)) is not None and conf.sample:
        return False  # it will drop that by itself
    pcsd.add(node)
    return True


def _device(step: Step, config: Config, machine: Machine) -> None:
    device = config.cluster.quorum_device
    host = Node(device.host, (device.address or device.host,))

    def try_it() -> bool:
        conf = corosync_conf(machine)
        if conf is not None and conf.device:
            return True  # this node has joined a cluster that has one
        pcsd.authenticate([host], config.cluster.password)
        pcsd.add_quorum_device(device.host, device.algorithm)
        return True

    _insist(try_it, config, f"the quorum device {device.host} was not added")


def _await_quorum(step: Step, config: Config, machine: Machine) -> None:
    def there() -> bool:
        seen = _status()
        return seen is not None and seen.quorate and config.node in seen.online

    _wait(
        there,
        config.cluster.start_timeout,
        "the cluster to be quorate with this node in it; see `pcs status` and whether UDP 5405 "
        "is open between the nodes",
    )


def _status():
    try:
        return status()
    except (NotInstalled, TimedOut):
        return None


def _insist(try_it: Callable[[], bool], config: Config, failure: str) -> None:
    """Try until it is done; when the time is over, tell what was in the way.

    The pause grows: a system that counts wrong passwords locks the account after a few.
    """
    deadline = time.monotonic() + config.cluster.start_timeout
    pause = waits.PAUSE
    while True:
        try:
            if try_it():
                return
            reason = "the other nodes are not ready; see what the apply says there"
        except CommandError as error:
            reason = f"pcs says: {pcsd.complaints(error.output)}"
        if time.monotonic() > deadline:
            raise HakubeError(
                f"{failure} within {config.cluster.start_timeout} s "
                f"(hakube:cluster:start_timeout); {reason}. Apply to all nodes at the same time, "
                "without -b: each sets its own password and makes itself ready"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 15.0)


def _wait(there: Callable[[], bool], timeout: float, what: str) -> None:
    waits.wait(there, timeout, f"waited {timeout:g} s (hakube:cluster:start_timeout) for {what}")


_PERFORM: dict[Kind, Callable[[Step, Config, Machine], None]] = {
    Kind.PASSWORD: _password,
    Kind.PCSD: _pcsd,
    Kind.PEERS: _peers,
    Kind.RELEASE: _release,
    Kind.DROP_SAMPLE: _drop_sample,
    Kind.SETUP: _setup,
    Kind.AWAIT_SETUP: _await_setup,
    Kind.ENABLE: _enable,
    Kind.START: _start,
    Kind.AUTHENTICATE: _authenticate,
    Kind.TOTEM: _totem,
    Kind.ADD: _add,
    Kind.DEVICE: _device,
    Kind.AWAIT_QUORUM: _await_quorum,
}
