"""Let Pacemaker forget what it knows of a resource, at a moment when that harms nothing.

A cleanup ends the monitors of what it forgets. Where Pacemaker has asked for one that has not
answered yet (a systemd unit that is just starting is no answer), nobody answers any more: the
cluster waits for it, for its timeout and cluster-delay, 160 s with what is usual, and does nothing
else meanwhile. (pacemaker 2.1.5, where haproxy fell over its file and was cleaned up once that was
put right.)
"""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET

from saltext_hakube.agents.ground.history import LONGEST, awaited
from saltext_hakube.core.errors import Refused
from saltext_hakube.host import cib
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

PAUSE = 0.25  # seconds between two looks


def clean_up(
    machine: Machine, resource: str | None, node: str | None, timeout: float, patience: float
) -> None:
    """Let it forget failures, and look again at what had some; of all resources, on all nodes,
    where none is named.

    ``timeout``: seconds for crm_resource; ``patience``: those to wait before it for the answers of
    monitors. Raises Refused where they do not come, and what ``run`` raises.
    """
    _forget("--cleanup", machine, resource, node, timeout, patience)


def refresh(
    machine: Machine, resource: str | None, node: str | None, timeout: float, patience: float
) -> None:
    """Let it forget what is well, too. As clean_up."""
    _forget("--refresh", machine, resource, node, timeout, patience)


def _forget(  # noqa: PLR0917
    how: str,
    machine: Machine,
    resource: str | None,
    node: str | None,
    timeout: float,
    patience: float,
) -> None:
    calm(machine, resource, node, timeout, patience)
    words = [] if resource is None else ["--resource", resource]
    words += [] if node is None else ["--node", node]
    run(["crm_resource", how, *words], timeout=timeout)


def calm(
    machine: Machine, resource: str | None, node: str | None, timeout: float, patience: float
) -> None:
    """Wait for the moment at which it may be forgotten. As clean_up."""
    end = time.monotonic() + patience
    while found := unanswered(cib.read(machine, timeout=timeout), resource, node, time.time()):
        if time.monotonic() >= end:
            raise Refused(
                f"Pacemaker still waits for the monitor of {', '.join(found)}; were it forgotten "
                "now, the cluster would do nothing for minutes; try again when it has answered"
            )
        time.sleep(PAUSE)


def unanswered(text: str, resource: str | None, node: str | None, now: float) -> list[str]:
    """Of which resources that are forgotten, and where, a monitor has not answered yet. ``text``:
    the CIB; ``now``: Unix time."""
    root = ET.fromstring(text)
    meant = None if resource is None else _meant(root, resource)
    found = []
    for state in root.iterfind("status/node_state"):
        name = state.get("uname", "")
        for one in state.iterfind("lrm/lrm_resources/lrm_resource"):
            instance = one.get("id", "")
            if meant is not None and instance.partition(":")[0] not in meant:
                continue
            if node in (None, name) and awaited([state], instance) > now - LONGEST:
                found.append(f"{instance} on {name}")
    return found


def _meant(root: ET.Element, resource: str) -> set[str] | None:
    """The primitives that crm_resource takes for the resource: all in its group or clone, whichever
    of them it is told (``uber_parent`` in crm_resource.c). None where that may be any."""
    plain = resource.partition(":")[0]
    for top in root.iterfind("configuration/resources/*"):
        if any(it.get("id") == plain for it in top.iter()):
            bundle = top.tag == "bundle"  # it has resources that nobody has declared
            return None if bundle else {it.get("id", "") for it in top.iter("primitive")}
    return None
