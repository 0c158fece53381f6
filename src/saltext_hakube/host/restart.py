"""The drop-ins of core.restart on this machine. Nothing is restarted for them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from saltext_hakube.core import restart
from saltext_hakube.host import systemd, wholefiles
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.wholefiles import Changes


@dataclass(frozen=True)
class Plan:
    """What would change. ``files``: path -> (old, new), new None where it goes. ``reload``: whether
    systemd has to read units again."""

    files: Changes = field(default_factory=dict)
    reload: bool = False
    notes: tuple[str, ...] = ()


def plan(machine: Machine, haproxy: str | None) -> Plan:
    """What must change so that the drop-ins are there, for the unit of this name; or, with None,
    that none of them is. Raises HakubeError."""
    wanted: dict[str, bytes | None] = dict.fromkeys(_there(machine))
    if haproxy is not None:
        wanted |= restart.dropins(haproxy)
    changes = wholefiles.changes(machine, wanted)
    if not machine.live:
        return Plan(changes, False, (f"systemd is not told: {machine.root} stands for it",))
    if not systemd.properties("corosync", "LoadState"):
        return Plan(changes, False, ("systemd does not run here",))
    return Plan(changes, bool(changes) or any(_unread(machine, unit) for unit in _units(wanted)))


def apply(machine: Machine, plan: Plan) -> None:
    """Do what the plan says. Raises HakubeError; what was done until then stays."""
    wholefiles.write(machine, plan.files)
    if plan.reload:
        systemd.daemon_reload()


def _there(machine: Machine) -> list[str]:
    """All that there are: also that of a unit that is not haproxy's any more."""
    folder = machine.path(restart.FOLDER)
    found = sorted(folder.glob(f"*.service.d/{restart.NAME}"))
    return [f"{restart.FOLDER}/{path.relative_to(folder)}" for path in found]


def _units(wanted: Iterable[str]) -> list[str]:
    # Also those whose drop-in is gone already, by an apply that was cut short.
    return sorted({restart.unit(path) for path in wanted} | {"corosync", "pacemaker"})


def _unread(machine: Machine, unit: str) -> bool:
    """Whether systemd has not read what is there.

    Of a folder for drop-ins that is new it does not say so itself (seen with 252).
    """
    shown = systemd.properties(unit, "LoadState", "NeedDaemonReload", "DropInPaths")
    if shown.get("LoadState") != "loaded":
        return False
    path = restart.path(unit)
    known = path in shown.get("DropInPaths", "").split()
    return shown.get("NeedDaemonReload") == "yes" or known != machine.path(path).exists()
