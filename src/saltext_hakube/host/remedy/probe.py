"""Rung *probe*: look again, with this node's own eyes, and say what is seen. Changes nothing.

What is seen here is also the precondition of the rungs that move things: they do nothing about
what cannot be seen on the spot.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from saltext_hakube.core.remedy.local import Local
from saltext_hakube.core.remedy.task import Finding, Order, nothing
from saltext_hakube.core.remedy.words import Value
from saltext_hakube.host.remedy import ask
from saltext_hakube.host.remedy.ask import Answer
from saltext_hakube.host.remedy.scene import Scene
from saltext_hakube.host.remedy.unit import Unit

PATIENCE = 2.0  # seconds for one answer


class Seen(Struct, frozen=True):
    """``value``: of the component on this node; ``lines``: why."""

    value: Value
    lines: tuple[str, ...]

    @property
    def why(self) -> str:
        return "; ".join(self.lines)


def see(scene: Scene) -> Seen:
    """The component as it is on this node now. Raises HakubeError."""
    component = scene.task.component
    if component == "vip":
        return of_vip(scene.local(), scene.view().id, scene.address_here())
    if component in scene.places:
        unit, view = scene.unit(), scene.view()
        asked = ask.questions(scene.config, scene.machine, component, unit.pid) if unit else []
        answers = [question(scene.deadline.most(PATIENCE)) for _, question in asked]
        return of_unit(unit or Unit(name=component), answers, view.elsewhere, view.cloned)
    if component in ("pacemaker", "corosync"):
        return of_cluster(scene.local())
    if component == "files":
        changed = [it.name for it in scene.subjects if it.plan()["changes"]]
        if changed:
            return Seen("down", (f"not as applied: {', '.join(changed)}",))
        return Seen("up", ("all files of hakube are as applied",))
    return Seen("unknown", (f"no rung looks at {component}",))


def of_unit(unit: Unit, answers: Sequence[Answer], elsewhere: Sequence[str], cloned: bool) -> Seen:
    """A component that is a unit."""
    if not unit.runs:
        if elsewhere and not cloned:
            return Seen("up", (f"it runs on {', '.join(elsewhere)}, and is not to run here",))
        return Seen("down", (unit.told,))
    bad = [it.told for it in answers if it.kind != "well"]
    if bad:
        return Seen("down", (unit.told, *bad))
    if not answers:
        return Seen("unknown", (unit.told, "there is nothing to ask it"))
    return Seen("up", (unit.told, *(it.told for it in answers)))


def of_vip(local: Local, resource: str, here: bool) -> Seen:
    """The VIP: its address on this machine, and Pacemaker's word for where it is."""
    view = local.view(resource)
    address = "the address is here" if here else "the address is not here"
    if view.runs:
        said = f"Pacemaker has {resource} on {local.node}"
        bad = not here or view.blocked
        blocked = ("it is blocked: a stop failed",) if view.blocked else ()
        return Seen("down" if bad else "up", (said, address, *blocked))
    said = f"Pacemaker has {resource} on {', '.join(view.elsewhere) or 'no node'}"
    return Seen("down" if here or not view.elsewhere else "up", (said, address))


def of_cluster(local: Local) -> Seen:
    """Pacemaker and Corosync, by what they say of themselves."""
    lines = [] if local.quorate else ["the cluster has no quorum here"]
    lines += [f"{name} is offline" for name, it in sorted(local.members.items()) if not it.online]
    for name, view in sorted(local.views.items()):
        if view.blocked:
            lines.append(f"{name} is blocked here")
        elif view.stuck:
            lines.append(f"{name} failed here ({'; '.join(view.failures) or 'too often'})")
    return Seen("down" if lines else "up", tuple(lines) or ("nothing is wrong here",))


def look(scene: Scene) -> Finding:
    """Whether there is something to see: always."""
    if not scene.task.test:
        return Finding("would", "it is looked at", (Order("look", scene.node, "look"),))
    seen = see(scene)
    told = f"{seen.value}: {seen.why}"
    return nothing(told) if seen.value == "up" else Finding("would", told)


def verdict(scene: Scene) -> tuple[bool | None, str]:
    """What is seen: well, not well, or nobody knows; and why."""
    seen = see(scene)
    for line in seen.lines:
        scene.say(f"saw: {line}")
    return {"up": True, "down": False}.get(seen.value), seen.why
