"""Units handed over to Pacemaker: not enabled, and not running before there is a cluster."""

from __future__ import annotations

from collections.abc import Iterable

from saltext_hakube.host import systemd
from saltext_hakube.host.formation import corosync_conf
from saltext_hakube.host.machine import Machine


def plan(units: Iterable[str], machine: Machine) -> dict[str, tuple[str, ...]]:
    """What to do with each unit that is not yet Pacemaker's: ``disable``, ``stop`` or both."""
    if not machine.live:
        return {}
    conf = corosync_conf(machine)
    # Once a cluster is formed here, a unit that runs may be Pacemaker's own doing (design, law 5).
    may_stop = conf is None or conf.sample
    todo = {}
    for unit in units:
        actions = [
            *(["disable"] if systemd.enabled(unit) else []),
            *(["stop"] if may_stop and systemd.active(unit) else []),
        ]
        if actions:
            todo[unit] = tuple(actions)
    return todo


def apply(units: Iterable[str], machine: Machine) -> dict[str, tuple[str, ...]]:
    """Do what ``plan`` says; returns it."""
    todo = plan(units, machine)
    for unit, actions in todo.items():
        if "disable" in actions:
            systemd.disable(unit)
        if "stop" in actions:
            systemd.stop(unit)
    return todo
