"""Rung *fence*: reboot a node by its fence device. Only on a person's word, for a node whose pillar
has this rung in the component's ladder."""

from __future__ import annotations

from saltext_hakube.core.remedy.local import Local
from saltext_hakube.core.remedy.task import Finding, Order, nothing, refused
from saltext_hakube.host.remedy.scene import Scene

DISRUPTIVE = True
ORDER = 60.0  # seconds; the devices' own deadlines are about that
TOKEN, NODE = "token", "node"
SHORTEST = 8  # letters of a token: a name and a reason, not "yes"


def judge(local: Local, declared: int, node: str, devices: str) -> Finding:
    """``node``: who is to be fenced; ``devices``: what stonith_admin says can do it."""
    why = against(local, node)
    if why:
        return refused(why)
    if local.members[node].active:
        return nothing(f"{node} is online, as this node sees it")
    of, active = max(declared, len(local.members)), len(local.others) + local.me.active
    if 2 * active <= of:
        return refused(f"{active} of {of} nodes are active, which is no majority")
    if not devices.strip():
        return refused("the cluster has no fence device")
    told = f"reboot {node} by fencing"
    return Finding("would", f"{node} is offline", (Order("fence", node, told),))


def against(local: Local, node: str) -> str:
    """Why it is nobody to be fenced from here; empty if it may be."""
    if node == local.node:
        return "a node does not fence itself; ask another one"
    return "" if node in local.members else f"the cluster has no node {node or 'without a name'}"


def look(scene: Scene) -> Finding:
    ladder = scene.heal.rungs.get(scene.task.component, ())
    if "fence" not in ladder:
        return refused(
            f"hakube:heal:rungs:{scene.task.component} has no fence, so nobody is fenced for it"
        )
    evidence = scene.task.evidence
    node = "".join(evidence.get(NODE, ())[:1])
    token = " ".join(evidence.get(TOKEN, ()))
    if len(token) < SHORTEST:
        return refused(
            f"fencing needs a person's word: evidence {TOKEN!r}, {SHORTEST} letters or more"
        )
    devices = scene.run("stonith_admin", "--list-registered", "--quiet", most=ORDER)
    return judge(scene.local(), len(scene.config.nodes), node, devices)


def confirm(scene: Scene, _finding: Finding) -> Finding:
    return look(scene)


def do(scene: Scene, finding: Finding) -> None:
    node = finding.orders[0].on
    scene.run("stonith_admin", "--reboot", node, most=ORDER)
    scene.say(f"fenced {node} on the word of {' '.join(scene.task.evidence.get(TOKEN, ()))}")


def verify(scene: Scene, finding: Finding) -> tuple[bool | None, str]:
    """stonith_admin ends well only where the device has said so."""
    return True, f"the fence device has rebooted {finding.orders[0].on}"
