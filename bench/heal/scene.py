"""Where a fault is made, and what is so there: by the nodes, not by the healing's word."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.heal.master import Master
from bench.reflex import health
from bench.reflex.faults import CONFIG
from bench.traffic import balancer
from tests.lab import Lab, LabError, Node

#: Where each answers about itself, on its node (tests/lab/kubefiles.py).
_HEALTH = {
    "kube-apiserver": "https://{node.address}:6443/livez",
    "kube-scheduler": "https://127.0.0.1:10259/healthz",
    "kube-controller-manager": "https://127.0.0.1:10257/healthz",
}
UNITS = tuple(_HEALTH)
#: The fail count after which a resource may not run on a node.
INFINITY = 1000000


@dataclass
class Scene:
    """``holder`` has the VIP when it begins, ``node`` is where the fault is. As they were before:
    ``files``: node -> its haproxy.cfg; ``pids``: unit -> its main process on the fault's node.
    ``told``: figures of this fault's own, for the record."""

    master: Master
    nodes: list[Node]
    holder: Node
    node: Node
    files: dict[str, str] = field(default_factory=dict)
    pids: dict[str, str] = field(default_factory=dict)
    told: dict[str, object] = field(default_factory=dict)

    @property
    def lab(self) -> Lab:
        return self.master.lab

    @property
    def others(self) -> list[Node]:
        """The nodes that are not the fault's."""
        return [node for node in self.nodes if node is not self.node]


Do = Callable[[Scene], object]
Seen = Callable[[Scene], bool]
#: Out of the nodes and the one with the VIP.
Where = Callable[[list[Node], Node], Node]


# --- Where it is made.


def holder(_: list[Node], holder: Node) -> Node:
    return holder


def other(nodes: list[Node], holder: Node) -> Node:
    """Not the holder; always the same one for a holder."""
    at = [node.name for node in nodes].index(holder.name)
    return nodes[(at + 1) % len(nodes)]


def of(unit: str) -> Where:
    """The one node on which the unit runs."""

    def where(nodes: list[Node], _: Node) -> Node:
        found = next((node for node in nodes if active(node, unit)), None)
        if found is None:
            raise LabError(f"{unit} runs on no node")
        return found

    return where


# --- What is so on a node.


def active(node: Node, unit: str) -> bool:
    return node.run(f"systemctl is-active {unit}", check=False).stdout.strip() == "active"


def pid(node: Node, unit: str) -> str:
    """Of the main process; 0 where there is none."""
    return node.run(f"systemctl show --property=MainPID --value {unit}").stdout.strip()


def age(node: Node, unit: str) -> float:
    """Seconds since it became active, by the clock that all nodes of a lab share."""
    words = f"systemctl show --property=ActiveState,ActiveEnterTimestampMonotonic {unit}"
    shown = dict(line.split("=", 1) for line in node.run(words).stdout.splitlines())
    if shown["ActiveState"] != "active":
        return float("inf")
    return time.monotonic() - int(shown["ActiveEnterTimestampMonotonic"]) / 1e6


def answers(node: Node, unit: str) -> bool:
    """Whether the unit runs here and answers, whatever it says."""
    address = _HEALTH[unit].format(node=node)
    asked = f"systemctl is-active -q {unit} && curl -sk -m 1 -o /dev/null {address}"
    return node.run(asked, check=False).returncode == 0


def blocked(node: Node, resource: str) -> bool:
    """Whether Pacemaker leaves it alone since a stop of it failed."""
    shown = node.run("crm_mon -1 --output-as=xml").stdout.split("<resource ")
    return any(f'id="{resource}"' in it and 'blocked="true"' in it for it in shown)


def banned(node: Node, resource: str) -> bool:
    """Whether its failures on this node keep it away."""
    told = [it.rpartition(": ") for it in failures(node, resource)]
    return any(it[0].endswith(f" on {node.name}") and int(it[2]) >= INFINITY for it in told)


def failures(node: Node, resource: str) -> list[str]:
    """Its fail counts; an instance of a clone may have a number."""
    return [it for it in health.failures(node) if re.match(rf"{resource}(:\d+)? on ", it)]


def quorate(node: Node) -> bool:
    told = node.run("corosync-quorumtool -s", check=False).stdout
    return any(line.split() == ["Quorate:", "Yes"] for line in told.splitlines())


# --- What is so after a fault.


def anew(unit: str, *, anywhere: bool = True) -> Seen:
    """It answers, and is another process than before; ``anywhere``: or it is on another node."""

    def seen(scene: Scene) -> bool:
        node = scene.node
        if pid(node, unit) not in ("0", scene.pids[unit]) and answers(node, unit):
            return True
        return anywhere and any(answers(it, unit) for it in scene.others)

    return seen


def clean(unit: str, resource: str, *, everywhere: bool = False) -> Seen:
    """It answers, on one node or on each, and no failure of the resource is left."""

    def seen(scene: Scene) -> bool:
        node = scene.nodes[0]
        if blocked(node, resource) or failures(node, resource):
            return False
        return (all if everywhere else any)(answers(it, unit) for it in scene.nodes)

    return seen


def file_and_haproxy(scene: Scene) -> bool:
    """The file is as it was, and haproxy runs with it."""
    node = scene.node
    right = node.read(CONFIG) == scene.files[node.name]
    return right and active(node, "haproxy") and bool(balancer.up(node))


def haproxies_answer(scene: Scene) -> bool:
    return all(balancer.up(node) for node in scene.nodes)


def same(unit: str) -> Callable[[Scene], list[str]]:
    """What was done about a unit of the fault's node that hangs; nothing: it is as it was."""

    def touched(scene: Scene) -> list[str]:
        now = pid(scene.node, unit)
        return [] if now == scene.pids[unit] else [f"{unit} on {scene.node.name} is another one"]

    return touched
