"""hakube-guard on this machine."""

from __future__ import annotations

from saltext_hakube.core import guard
from saltext_hakube.core.config import Config
from saltext_hakube.host import daemon
from saltext_hakube.host.daemon import Plan
from saltext_hakube.host.machine import Machine


def plan(machine: Machine, config: Config) -> Plan:
    """What must change so that the daemon runs, as the pillar has it. Raises HakubeError."""
    return daemon.plan(machine, guard.DAEMON, guard.config(config))
