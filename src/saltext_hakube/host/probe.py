"""hakube-probe on this machine: what it is told of the components here."""

from __future__ import annotations

from saltext_hakube.core import kubelayout, probe
from saltext_hakube.core.config import Config
from saltext_hakube.core.haproxy import unit as units
from saltext_hakube.core.preflight import words
from saltext_hakube.core.probe import Flags, Place
from saltext_hakube.host import daemon, files
from saltext_hakube.host.daemon import Plan
from saltext_hakube.host.haproxy.unit import text, unit_texts
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.preflight.kube import MANIFESTS


def plan(machine: Machine, config: Config) -> Plan:
    """What must change so that the daemon runs, as the pillar has it. Raises HakubeError."""
    return daemon.plan(machine, probe.DAEMON, probe.config(config, place(machine, config)))


def place(machine: Machine, config: Config) -> Place:
    """How the components are started here, and haproxy's file."""
    names = config.resources
    named = {
        kubelayout.APISERVER: names.apiserver.unit,
        kubelayout.SCHEDULER: names.scheduler.unit,
        kubelayout.CONTROLLER_MANAGER: names.controller.unit,
    }
    content = files.read(machine.path(config.haproxy.config)) or b""
    flags = {name: _flags(machine, name, unit) for name, unit in named.items()}
    return Place(flags, content.decode("utf-8", "replace"))


def _flags(machine: Machine, name: str, unit: str) -> Flags:
    """Those of its command line, by a static pod's manifest or by its unit."""
    manifest = text(machine.path(f"{MANIFESTS}/kube-{name}.yaml"))
    if manifest is not None:
        return words.manifest_flags(manifest)
    argv = units.command(list(unit_texts(machine, unit)), lambda file: text(machine.path(file)))
    return words.flags(argv[1:])
