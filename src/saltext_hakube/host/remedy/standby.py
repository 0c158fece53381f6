"""Rung *standby*: nothing runs on this node any more, until that is taken back (``undo``: the
healing does so after a while), it is booted, or a person ends it.

It is the standby that ends with a boot, which is not the one that people set: taking it back leaves
theirs.
"""

from __future__ import annotations

from saltext_hakube.core.remedy.local import Local
from saltext_hakube.core.remedy.task import Finding, Order, nothing, refused
from saltext_hakube.host.remedy import probe
from saltext_hakube.host.remedy.probe import Seen
from saltext_hakube.host.remedy.scene import Scene

DISRUPTIVE = True
ORDER = 30.0  # seconds for crm_attribute
ENDS = 5.0  # seconds until the CIB has it


def judge(local: Local, declared: int, seen: Seen) -> Finding:
    """``declared``: how many nodes the pillar has."""
    if seen.value != "down":
        return nothing(f"nothing is wrong here: {seen.why}")
    of, left = max(declared, len(local.members)), len(local.others)
    if 2 * left <= of:
        return refused(f"{left} of {of} nodes would be left, which is no majority")
    told = f"put {local.node} into standby until it is booted"
    return Finding("would", seen.why, (Order("standby", local.node, told),))


def back(local: Local) -> Finding:
    """Whether there is a standby to be taken back."""
    if not local.me.standby:
        return nothing(f"{local.node} is not in standby")
    told = f"end the standby of {local.node}"
    return Finding("would", f"{local.node} is in standby", (Order("back", local.node, told),))


def look(scene: Scene) -> Finding:
    if scene.task.undo:
        return back(scene.local())
    return judge(scene.local(), len(scene.config.nodes), probe.see(scene))


def confirm(scene: Scene, _finding: Finding) -> Finding:
    return look(scene)


def do(scene: Scene, _finding: Finding) -> None:
    words = ("--node", scene.node, "--name", "standby", "--lifetime", "reboot")
    if scene.task.undo:
        scene.run("crm_attribute", *words, "--delete", most=ORDER)
        scene.say(f"ended the standby of {scene.node} that would have ended at the next boot")
        return
    scene.run("crm_attribute", *words, "--update", "on", most=ORDER)
    scene.say(
        f"put {scene.node} into standby until it is booted (`hakube_pcs.unstandby {scene.node}` "
        "ends it)"
    )


def verify(scene: Scene, _finding: Finding) -> tuple[bool | None, str]:
    """Wait until nothing runs here any more, or something may."""
    if scene.task.undo:
        if scene.deadline.wait(lambda: not scene.local().me.standby, ENDS):
            return True, f"{scene.node} may run resources again"
        return False, f"{scene.node} is in standby still: somebody else put it there"
    left: list[str] = []

    def empty() -> bool:
        local = scene.local()
        left[:] = sorted(name for name, it in local.views.items() if it.runs)
        return local.me.standby and not left

    if scene.deadline.wait(empty):
        return True, "nothing runs here any more"
    return False, f"still here after {scene.deadline.seconds:g} s: {', '.join(left)}"
