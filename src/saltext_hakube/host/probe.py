"""hakube-probe on this machine: what it is told of the components and of our files here."""

from __future__ import annotations

from dataclasses import replace

from saltext_hakube.core import kubelayout, manifest, probe
from saltext_hakube.core.config import Config
from saltext_hakube.core.haproxy import unit as units
from saltext_hakube.core.preflight import words
from saltext_hakube.core.probe import Flags, Place
from saltext_hakube.host import daemon, files, wholefiles
from saltext_hakube.host import manifest as ours
from saltext_hakube.host.daemon import Plan
from saltext_hakube.host.haproxy.unit import text, unit_texts
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.preflight.kube import MANIFESTS


def plan(machine: Machine, config: Config) -> Plan:
    """What must change so that the daemon runs, as the pillar has it. Raises HakubeError."""
    told = probe.config(config, place(machine, config))
    found = daemon.plan(machine, probe.DAEMON, told)
    # Where haproxy's file is made anew by this apply, the states before have done so.
    parts, problems = ours.parts(machine, config)
    whole = ours.whole(machine, config) | daemon.wanted(machine, probe.DAEMON, told)
    listed = wholefiles.changes(machine, {probe.MANIFEST: manifest.text(whole, parts)})
    return replace(found, files=found.files | listed, warnings=(*found.warnings, *problems))


def plan_absent(machine: Machine) -> Plan:
    """What must change so that nothing of it is left. Raises HakubeError."""
    found = daemon.plan_absent(machine, probe.DAEMON)
    listed = wholefiles.changes(machine, {probe.MANIFEST: None})
    return replace(found, files=listed | found.files)


def apply(machine: Machine, plan: Plan) -> None:
    """Do what the plan says. Raises HakubeError; what was done until then stays."""
    # It may quote haproxy's file, which not everybody may read. The daemon looks at it again by
    # itself when it changed.
    _, content = plan.files.get(probe.MANIFEST, (None, None))
    if content is None:
        daemon.apply(machine, probe.DAEMON, plan)
        return
    rest = {path: change for path, change in plan.files.items() if path != probe.MANIFEST}
    files.write_private(machine.path(probe.MANIFEST), content)
    daemon.apply(machine, probe.DAEMON, replace(plan, files=rest))


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
    pod = text(machine.path(f"{MANIFESTS}/kube-{name}.yaml"))
    if pod is not None:
        return words.manifest_flags(pod)
    argv = units.command(list(unit_texts(machine, unit)), lambda file: text(machine.path(file)))
    return words.flags(argv[1:])
