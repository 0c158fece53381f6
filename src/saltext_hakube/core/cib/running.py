"""What runs where, by the history that a CIB's status section keeps of each node.

A reading of pacemaker's own (lib/pengine/unpack.c), reduced to what it means for a resource that
is at rest: the last action that ended says whether it runs. Operations in flight say nothing yet.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import NamedTuple

from saltext_hakube.core.cib import xmltext

Running = dict[str, frozenset[str]]

# OCF exit codes: "running" and "running, promoted"; 9 is promoted and failed, which still runs.
RUNS = ("0", "8", "9")
NOT_RUNNING = "7"
# The number that pacemaker puts behind the id of a clone's instance.
INSTANCE = re.compile(r":[0-9]+\Z")


class Status(NamedTuple):
    """``members``: the nodes that take part now; ``running``: resource -> nodes where it runs.

    ``last``: the same with nodes that are gone, as they were seen last: what pacemaker fences
    them for.
    """

    members: frozenset[str]
    running: Running
    last: Running
    quorate: bool


def status(text: str) -> Status:
    """The status out of the CIB ``text``. Raises HakubeError where the text is none."""
    root = xmltext.parse(text, "the CIB")
    members, last = set(), {}
    for state in root.iterfind("status/node_state"):
        node = state.get("uname") or state.get("id", "")
        if _is_member(state):
            members.add(node)
        for resource in _resources(state):
            last.setdefault(resource, set()).add(node)
    return Status(
        members=frozenset(members),
        running={name: found for name, nodes in last.items() if (found := nodes & members)},
        last={name: frozenset(nodes) for name, nodes in last.items()},
        quorate=root.get("have-quorum") != "0",
    )


def runs(running: Running, resource: str) -> frozenset[str]:
    """The nodes where a resource runs; a bundle, where its containers do."""
    container = re.compile(rf"{re.escape(resource)}-(?:docker|podman|rkt)-[0-9]+\Z")
    containers = [nodes for name, nodes in running.items() if container.match(name)]
    return running.get(resource, frozenset()).union(*containers)


def plain(resource: str) -> str:
    """The id of a resource without the number of a clone's instance."""
    return INSTANCE.sub("", resource)


def _is_member(state: ET.Element) -> bool:
    # Pacemaker 3 writes since when (0: not), those before true or false; and online or offline.
    # A remote node has neither, but a state of its own on a cluster that keeps it.
    if state.get("remote_node") == "true":
        return state.get("node_fenced", "0") in ("0", "false")
    return state.get("in_ccm", "0") not in ("0", "false") and state.get("crmd", "0") not in (
        "0",
        "offline",
    )


def _resources(state: ET.Element) -> Iterator[str]:
    for resource in state.iterfind("lrm/lrm_resources/lrm_resource"):
        operations = sorted(resource.iterfind("lrm_rsc_op"), key=_age)
        up = False
        for operation in operations:
            up = _after(operation, up)
        if up:
            yield plain(resource.get("id", ""))


def _age(operation: ET.Element) -> tuple[int, int]:
    return int(operation.get("call-id", "-1")), int(operation.get("last-rc-change", "0"))


def _after(operation: ET.Element, runs: bool) -> bool:
    """Whether the resource runs after this operation, if it did so (or not) before."""
    done, code = operation.get("operation"), operation.get("rc-code", "")
    if operation.get("op-status") == "-1":  # in flight
        return runs
    if done in ("stop", "migrate_to"):
        # One that failed leaves it running, and pacemaker without a way on but fencing.
        return code not in ("0", NOT_RUNNING)
    if done in ("promote", "demote"):
        return code != NOT_RUNNING
    if done in ("start", "monitor", "migrate_from"):
        # A probe that could not tell (not installed, no permission) leaves it where it was.
        return code in RUNS or (runs and code != NOT_RUNNING)
    return runs
