"""Rung *move*: the VIP away from this node, to one whose haproxy is well, for some minutes.

Where the node itself finds the VIP well, the word of several others counts who do not reach it: the
master tells which.

It is a preference for the other node and no ban of this one: if that one dies, the VIP may come
back. Where the VIP follows the health of the haproxies it is taken back as soon as the VIP is
there: it outweighs that, and would hold the VIP on a node whose haproxy fails then. (What keeps it
there is its stickiness.) Else Pacemaker decides again when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from saltext_hakube.core import reflex
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy.local import Local
from saltext_hakube.core.remedy.task import Finding, Order, left_alone, nothing, refused
from saltext_hakube.host import placement
from saltext_hakube.host.administration import How
from saltext_hakube.host.remedy import probe
from saltext_hakube.host.remedy.probe import Seen
from saltext_hakube.host.remedy.scene import Scene

DISRUPTIVE = True
LIFETIME = "10min"
#: Whose trouble is a reason to move the VIP. Never an apiserver's: haproxy sends its clients on.
COMPONENTS = ("vip", "haproxy")


def judge(local: Local, vip: str, steers: bool, seen: Seen) -> Finding:
    """``steers``: whether the nodes say of their haproxy how it is."""
    view = local.view(vip)
    left = left_alone(view)
    if left is not None:
        return left
    if not view.runs:
        where = ", ".join(view.elsewhere) or "no node"
        return nothing(f"{vip} is not on this node; Pacemaker has it on {where}")
    if view.blocked:
        return refused(f"{vip} is blocked by a failed stop; the rung hand is for that")
    return _target(local, vip, steers, seen)


def _target(local: Local, vip: str, steers: bool, seen: Seen) -> Finding:
    if seen.value != "down":
        return nothing(f"nothing is wrong here: {seen.why}")
    good = [it for it in local.others if not steers or green(local, it)]
    if not good:
        said = "green" if steers else "active"
        return refused(f"no other node is {said}; {vip} stays where it is")
    told = f"move {vip} to {good[0]} for {LIFETIME}"
    return Finding("would", seen.why, (Order("move", good[0], told),))


def green(local: Local, node: str) -> bool:
    """Whether the node says that its haproxy is well, and has a server up."""
    said = local.attributes.get(node, {})
    return said.get(reflex.HAPROXY) == "1" and said.get(reflex.SERVERS, "1") != "0"


def look(scene: Scene) -> Finding:
    if scene.task.component not in COMPONENTS:
        return nothing(f"the VIP is not moved for {scene.task.component}")
    vip = scene.places["vip"].resource
    local = scene.local()
    if not local.view(vip).runs:  # before anything is asked that takes time
        return judge(local, vip, scene.config.steers, Seen("unknown", ()))
    found = judge(local, vip, scene.config.steers, _seen(scene))
    before = _before(scene, vip, found.orders[0].on) if found.go else ""
    return refused(before) if before else found


def _before(scene: Scene, vip: str, target: str) -> str:
    """The word of a person that a move would take away; empty where there is none."""
    for one in placement.standing(scene.machine, vip):
        if not one["expired"] and (one["kind"] == "move" or one["node"] == target):
            did = "moved to" if one["kind"] == "move" else "banned from"
            until = f"until {one['end']}" if one["end"] else "for good"
            return f"{vip} was {did} {one['node']} {until}, and that stays (`hakube_pcs.clear`)"
    return ""


def _seen(scene: Scene) -> Seen:
    nodes = [it.name for it in scene.config.nodes]
    against = outside(scene.task.evidence.get("outside", ()), nodes, scene.node)
    if scene.task.component == "vip" and against:
        return Seen("down", against)
    return probe.see(scene)


def outside(lines: Iterable[str], nodes: Sequence[str], node: str) -> tuple[str, ...]:
    """What others say who do not reach the VIP (``node2: ...``); nothing where they are too few."""
    others = [it for it in nodes if it != node]
    found = {it.partition(":")[0]: it for it in lines}
    said = tuple(found[it] for it in others if it in found)
    return said if len(said) >= min(2, len(others)) and said else ()


def confirm(scene: Scene, _finding: Finding) -> Finding:
    return look(scene)


def do(scene: Scene, finding: Finding) -> None:
    node, vip = finding.orders[0].on, scene.places["vip"].resource
    placement.move(scene.machine, vip, node, LIFETIME, How())
    scene.say(f"moved {vip} to {node} for {LIFETIME}")


def verify(scene: Scene, finding: Finding) -> tuple[bool | None, str]:
    """Wait until Pacemaker has it there, and the address is here no more."""
    node, vip = finding.orders[0].on, scene.places["vip"].resource

    def moved() -> bool:
        return node in scene.local().view(vip).elsewhere and not scene.address_here()

    if scene.deadline.wait(moved):
        if scene.config.steers:
            _let_go(scene, vip, node)
        return True, f"{vip} is on {node}, and the address is not here any more"
    return False, f"{vip} is not on {node} after {scene.deadline.seconds:g} s"


def _let_go(scene: Scene, vip: str, node: str) -> None:
    try:
        placement.clear(scene.machine, vip, node, False, How())
    except HakubeError as error:  # it ends by itself
        scene.say(f"could not take back the preference for {node}: {error}")
    else:
        scene.say(f"took back the preference for {node}: {vip} follows haproxy's health again")
