"""hakube-probe on this machine: what it is told of the components and of our files here."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from saltext_hakube.core import alert, kubelayout, manifest, probe
from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.haproxy import unit as units
from saltext_hakube.core.preflight import words
from saltext_hakube.core.probe import Flags, Place
from saltext_hakube.host import daemon, files, wholefiles
from saltext_hakube.host import manifest as ours
from saltext_hakube.host.daemon import Plan
from saltext_hakube.host.haproxy.unit import text, unit_texts
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.preflight.kube import MANIFESTS
from saltext_hakube.host.program import agent as agent_text
from saltext_hakube.host.wholefiles import Changes

#: Files of ours beside the daemon's own, and who may do what with them. The manifest may quote
#: haproxy's file, which not everybody may read; the agent is run by Pacemaker.
MODES = {probe.MANIFEST: 0o600, alert.PROGRAM: 0o755}


def plan(machine: Machine, config: Config) -> Plan:
    """What must change so that the daemon runs, as the pillar has it. Raises HakubeError."""
    told = probe.config(config, place(machine, config))
    found = daemon.plan(machine, probe.DAEMON, told)
    parts, problems = ours.parts(machine, config)
    agent = {alert.PROGRAM: agent_text()}
    whole = ours.whole(machine, config) | daemon.wanted(machine, probe.DAEMON, told) | agent
    wanted = {probe.MANIFEST: manifest.text(whole, parts), **agent}
    others = wholefiles.changes(machine, wanted) | _modes(machine, wanted)
    return replace(found, files=found.files | others, warnings=(*found.warnings, *problems))


def plan_absent(machine: Machine) -> Plan:
    """What must change so that nothing of it is left. Raises HakubeError."""
    found = daemon.plan_absent(machine, probe.DAEMON)
    others = wholefiles.changes(machine, dict.fromkeys(MODES))
    return replace(found, files=others | found.files)


def apply(machine: Machine, plan: Plan) -> None:
    """Do what the plan says. Raises HakubeError; what was done until then stays."""
    rest = dict(plan.files)
    for path, mode in MODES.items():
        _, content = rest.get(path, (None, None))
        if content is not None:
            place = machine.path(path)
            if place.exists():  # it keeps its mode
                _change_mode(place, mode)
            files.write(place, content, mode=mode)
            del rest[path]
    daemon.apply(machine, probe.DAEMON, replace(plan, files=rest))
    if not machine.path(alert.PROGRAM).exists():  # nobody writes or reads there any more
        shutil.rmtree(machine.path(probe.SPOOL), ignore_errors=True)


def _modes(machine: Machine, wanted: Mapping[str, bytes]) -> Changes:
    """Those that have another mode, though what is in them is right."""
    found: Changes = {}
    for path, content in wanted.items():
        place = machine.path(path)
        if place.exists() and stat.S_IMODE(place.stat().st_mode) != MODES[path]:
            found[path] = (files.read(place), content)
    return found


def _change_mode(place: Path, mode: int) -> None:
    try:
        place.chmod(mode)
    except OSError as error:
        raise HakubeError(f"cannot change the mode of {place}: {error.strerror}") from None


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
