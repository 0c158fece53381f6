"""Units handed over to Pacemaker: systemd does not start them at boot any more.

They are stopped later and only once, when the cluster is about to be formed (core.formation): an
API that serves already keeps serving until then.
"""

from __future__ import annotations

from collections.abc import Iterable

from saltext_hakube.host import systemd
from saltext_hakube.host.machine import Machine


def plan(units: Iterable[str], machine: Machine) -> list[str]:
    """The units that systemd would start beside Pacemaker."""
    return [unit for unit in units if systemd.enabled(unit)] if machine.live else []


def apply(units: Iterable[str], machine: Machine) -> list[str]:
    """Disable them; returns which."""
    todo = plan(units, machine)
    for unit in todo:
        systemd.disable(unit)
    return todo
