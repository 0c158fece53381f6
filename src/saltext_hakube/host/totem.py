"""Corosync's totem on all nodes: looked at and changed by the one node that speaks for them."""

from __future__ import annotations

import time

from msgspec import structs

from saltext_hakube.core import totem
from saltext_hakube.core.config import Config
from saltext_hakube.core.corosync import Running
from saltext_hakube.core.errors import CommandError, HakubeError
from saltext_hakube.core.membership import Observed, formed
from saltext_hakube.core.timing import Totem
from saltext_hakube.host import corosync, pcsd, systemd, waits
from saltext_hakube.host.machine import Machine

# How long corosync may take to work with a changed file. Seconds; it takes some milliseconds.
RELOADED = 30.0
# How long the links are given at most between two changes. Seconds.
LONGEST = 10.0


def look(config: Config, observed: Observed) -> Observed:
    """With what only the speaker has to know: the other members' files, and what pcs can do."""
    if not (formed(config, observed) and totem.speaks(config, observed)):
        return observed
    silent, others = set(observed.silent), {}
    for node in config.nodes:
        if node.name == config.node or node.name not in observed.online:
            continue
        if (conf := corosync.conf_of(node)) is not None:
            others[node.name] = conf
        elif not pcsd.answers(node.address):
            silent.add(node.name)
    seen = structs.replace(observed, silent=frozenset(silent), others=others)
    if totem.due(config, seen):
        seen = structs.replace(seen, updates=pcsd.updates_corosync())
    return seen


def change(config: Config, machine: Machine, others: tuple[str, ...]) -> None:
    """Write it on this and the other nodes, and see that corosync works with it.

    The cluster goes on, and nobody leaves it (measured, corosync 3.1.7 and 3.1.9). From one
    profile to the other it takes 12 s.
    """
    conf = corosync.corosync_conf(machine)
    target = None if conf is None else totem.wanted(config, conf)
    if target is None:
        return  # somebody has decided otherwise since the plan was made
    before = corosync.running() if systemd.active("corosync") else None
    addresses = {member.name: member.addresses[0] for member in conf.members}
    addresses |= {node.name: node.address for node in config.nodes}
    waits.for_pcsd(
        {name: addresses[name] for name in others},
        config,
        "corosync's timing was not changed; apply again when it is back",
    )
    for step in (target,) if before is None else totem.way(before, target, conf):
        _write(step)
        if before is not None:
            _await(step, totem.works(step, conf))
    if before is not None:
        corosync.reload()


def _write(step: Totem) -> None:
    try:
        pcsd.update_totem(structs.asdict(step))
    except CommandError as error:
        raise HakubeError(
            "corosync's timing was not changed on all nodes; pcs says: "
            f"{pcsd.complaints(error.output)}. Mend that and apply again"
        ) from None


def _await(step: Totem, works: Running) -> None:
    waits.wait(
        lambda: corosync.running() == works,
        RELOADED,
        f"waited {RELOADED:g} s for corosync to work with {totem.told(step)}; see "
        "`corosync-cmapctl runtime.config.totem.` and `journalctl -u corosync`",
    )
    # A ping or two: each link is to know its new times before they change again.
    time.sleep(min(works.token / 2000 + 0.4, LONGEST))
