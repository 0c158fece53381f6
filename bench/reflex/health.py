"""Whether a cluster is whole again, and what is against it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from bench.traffic import balancer
from saltext_hakube.core import status
from saltext_hakube.core.reflex import HAPROXY
from tests.lab import Lab, LabError, Node
from tests.lab.process import wait_until

#: In one go, as each command in a node costs a start of its own.
_ASK = f"""
TZ=UTC0 crm_mon -1 --output-as=xml || exit 1
echo; echo ==; for node in $NODES; do attrd_updater -Q -n {HAPROXY} -N $node 2>/dev/null; done
echo ==; cibadmin -Q --local --xpath //constraints 2>/dev/null | grep -c 'attribute="{HAPROXY}"'
true
"""
_ATTRIBUTE = re.compile(r'host="([^"]+)" value="([^"]*)"')


def against(lab: Lab, nodes: Sequence[Node]) -> list[str]:
    """What is wrong with the cluster, a line each; nothing: it is healthy."""
    for node in nodes:
        if not node.running:
            return [f"{node.name} is off"]
    names = [node.name for node in nodes]
    done = nodes[0].run(_ASK, check=False, env={"NODES": " ".join(names)})
    if done.returncode:
        return [f"crm_mon on {nodes[0].name}: {(done.stderr or done.stdout).strip()[-200:]}"]
    monitor, attributes, rules = done.stdout.rsplit("==", 2)
    now = status.read(monitor)
    if now is None or not now.quorate:
        return ["no quorum"]
    found = [f"{name} is not online" for name in names if name not in now.online]
    found += _resources(now, names)
    green = dict(_ATTRIBUTE.findall(attributes))
    if int(rules.strip() or 0):
        found += [f"{HAPROXY} of {it} is {green.get(it)}" for it in names if green.get(it) != "1"]
    for node in nodes:
        try:
            down = sorted(balancer.not_up(node))
            found += [f"{name} is not up for haproxy on {node.name}" for name in down]
        except LabError as error:
            found.append(str(error))
    try:
        balancer.holder(lab)
    except LabError as error:
        found.append(str(error))
    return found


def _resources(now: status.Status, names: Sequence[str]) -> list[str]:
    found = []
    for resource, running in sorted(now.running.items()):
        wanted = len(names) if resource in now.cloned else 1
        if len(set(running)) != wanted or len(running) != wanted:
            found.append(f"{resource} runs on {', '.join(running) or 'no node'}")
    return found


def members(lab: Lab) -> list[Node]:
    """The nodes that the cluster has just now."""
    told = lab.nodes[0].run("crm_mon -1 --output-as=xml").stdout
    now = status.read(told)
    return [node for node in lab.nodes if now and node.name in now.online]


def failures(node: Node) -> list[str]:
    """The fail counts that are not zero, as text."""
    told = node.run("TZ=UTC0 crm_mon -1 --output-as=xml").stdout
    return [f"{it.resource} on {it.node}: {it.count}" for it in status.fail_counts(told)]


def told(node: Node) -> list[str]:
    """The cluster as this node sees it, for a person: state, history, fail counts."""
    words = "crm_mon -1 --inactive --operations --failcounts --show-detail; ip -br address"
    return node.run(words, check=False).stdout.splitlines()


def wait(lab: Lab, nodes: Sequence[Node], timeout: float) -> list[str]:
    """Wait until nothing is against it; what is, after *timeout* seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = against(lab, nodes)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(1)


def clean(node: Node, seconds: float = 60) -> None:
    """Forget what failed, as an administrator would, so that the next run begins afresh."""
    node.run("crm_resource --cleanup", timeout=seconds)
    settle = f"crm_resource --wait --timeout={seconds:g}s"
    node.run(settle, check=False, timeout=seconds + 15)


def rescue(nodes: Sequence[Node]) -> None:
    """What a person would do for a cluster that did not heal by itself."""
    for node in nodes:
        node.run("systemctl reset-failed; systemctl start corosync pacemaker", timeout=180)

    def cleaned() -> bool:
        try:
            clean(nodes[0])
        except LabError:
            return False
        return True

    wait_until(cleaned, f"the cluster to speak on {nodes[0].name}", timeout=120, every=2)
