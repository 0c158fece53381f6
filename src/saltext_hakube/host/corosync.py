"""Corosync on this machine and its file; that of another node by way of its pcsd."""

from __future__ import annotations

from saltext_hakube.core import corosync
from saltext_hakube.core.addresses import Node
from saltext_hakube.host import pcsd
from saltext_hakube.host.files import read
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

COROSYNC_CONF = "/etc/corosync/corosync.conf"


def corosync_conf(machine: Machine) -> corosync.Corosync | None:
    """This machine's corosync.conf; None where it has none."""
    content = read(machine.path(COROSYNC_CONF))
    return None if content is None else corosync.parse(content.decode(errors="replace"))


def conf_of(node: Node) -> corosync.Corosync | None:
    """Another node's corosync.conf; None where it has none or gives none."""
    text = pcsd.corosync_conf(node)
    return None if text is None else corosync.parse(text)


def running() -> corosync.Running | None:
    """What corosync works with here; None where it does not run."""
    shown = run(["corosync-cmapctl", "runtime.config.totem."], ok=None, timeout=10)
    return corosync.running(shown.stdout)


def reload() -> None:
    """Let corosync read its file again, on all nodes."""
    run(["corosync-cfgtool", "-R"], timeout=30)
