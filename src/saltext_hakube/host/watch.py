"""hakube-watch on this machine: what it is told of haproxy here."""

from __future__ import annotations

from saltext_hakube.core import watch
from saltext_hakube.core.config import Config
from saltext_hakube.core.haproxy import endpoint
from saltext_hakube.core.haproxy import unit as commands
from saltext_hakube.core.haproxy.options import Haproxy
from saltext_hakube.core.watch import Place
from saltext_hakube.host import daemon, files
from saltext_hakube.host.daemon import Plan
from saltext_hakube.host.haproxy import unit as units
from saltext_hakube.host.machine import Machine

NO_STATS = (
    "haproxy.cfg has no `stats socket`, and hakube:haproxy:stats_socket (or plain) says that it "
    "gets none of ours: hakube-watch cannot see haproxy's servers, and closes nothing"
)
NO_MASTER = (
    "the unit {unit} starts haproxy without a master socket (`-S PATH`; Debian's has one): "
    "hakube-watch cannot reach old workers, so after a reload their sessions on a server that "
    "dies stay open until `timeout server`"
)


def plan(machine: Machine, config: Config) -> Plan:
    """What must change so that the daemon runs, as the pillar has it. Raises HakubeError."""
    found = place(machine, config.haproxy)
    warnings = [] if found.stats else [NO_STATS]
    if not found.master and _has_unit(machine, config.haproxy):
        warnings.append(NO_MASTER.format(unit=config.haproxy.unit))
    return daemon.plan(machine, watch.DAEMON, watch.config(config, found), tuple(warnings))


def place(machine: Machine, haproxy: Haproxy) -> Place:
    """haproxy here, as it is once hakube.haproxy is applied."""
    argv = units.start_command(machine, haproxy.config, haproxy.unit)
    master, check = endpoint.master(argv), tuple(commands.check(argv, {}))
    if haproxy.stats_socket != "none" and not haproxy.plain:
        return Place(haproxy.stats_socket, master, check)
    content = files.read(machine.path(haproxy.config)) or b""
    found = endpoint.stats([content.decode("utf-8", "surrogateescape")])
    return Place(found[0].path if found else None, master, check)


def _has_unit(machine: Machine, haproxy: Haproxy) -> bool:
    """Whether haproxy is installed; before that nobody knows how it will be started."""
    name = haproxy.unit if haproxy.unit.endswith(".service") else f"{haproxy.unit}.service"
    return any(machine.path(f"{folder}/{name}").exists() for folder in units.FOLDERS)
