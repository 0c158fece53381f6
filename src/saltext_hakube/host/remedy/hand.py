"""Rung *hand*: hand a failure to Pacemaker, or let it forget one that keeps a resource down.

Which of the two is decided by what Pacemaker thinks and what is so on this machine:

    Pacemaker thinks      here                        then
    it runs here          it does not                 --fail: Pacemaker recovers it
    it runs here          haproxy refuses its file    nothing: Pacemaker would fail, and ban it
    it is blocked         nothing of it is left       --cleanup: Pacemaker takes it on again
    it is blocked         something of it is left     nothing: only a person, or the rung kill, may
    it failed too often   nothing speaks against it   --cleanup: Pacemaker tries again
    it failed too often   it would fail again         nothing

Of the VIP also:

    it runs here          others do not reach it      its address is announced anew
    it runs elsewhere     the address is here, too    --refresh: Pacemaker looks, and ends that
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from saltext_hakube.core.errors import HakubeError, Refused
from saltext_hakube.core.remedy.local import View
from saltext_hakube.core.remedy.task import Finding, Order, left_alone, nothing, refused
from saltext_hakube.core.remedy.words import SPOILED, Component
from saltext_hakube.host.haproxy import check
from saltext_hakube.host.remedy import announce
from saltext_hakube.host.remedy import unit as units
from saltext_hakube.host.remedy.scene import Scene

FAIL, CLEAN, ANNOUNCE, REFRESH = "fail", "cleanup", "announce", "refresh"
# Of several resources: those that can be cleaned up without anybody being asked.
SEVERAL = ("pacemaker",)
STEADY = 2.0  # seconds; what Pacemaker has started and is there after them did not fail at once


class Own(Struct, frozen=True, kw_only=True):
    """What is so on this machine. ``runs``: it is there and works as far as one sees; ``stopped``:
    nothing of it is left; ``against``: why a start would fail."""

    runs: bool
    stopped: bool
    told: str
    against: str = ""


def judge(view: View, own: Own, outside: Sequence[str] = ()) -> Finding:
    """What is to be done about one resource. ``outside``: other nodes that do not reach the VIP, a
    line each, by the master's word: what is done for that harms nothing."""
    left = left_alone(view)
    if left is not None:
        return left
    if view.blocked:
        return _blocked(view, own)
    return _running(view, own, outside) if view.runs else _down(view, own)


def _blocked(view: View, own: Own) -> Finding:
    if not own.stopped:
        return refused(f"{view.id} is blocked, and it is not stopped: {own.told}")
    why = f"{view.id} is blocked by a failed stop, and is stopped: {own.told}"
    return Finding("would", why, (Order(CLEAN, view.id, f"clean up {view.id}"),))


def _running(view: View, own: Own, outside: Sequence[str]) -> Finding:
    if own.runs and outside:
        why = f"{view.id} is here, and others do not reach it: {'; '.join(outside[:3])}"[:300]
        told = f"announce the address of {view.id} anew"
        return Finding("would", why, (Order(ANNOUNCE, view.id, told),))
    if own.runs or not own.stopped:
        return nothing(f"{view.id} runs here, as Pacemaker has it: {own.told}")
    if own.against.startswith(SPOILED):
        return refused(f"{view.id} would fail again: {own.against}")
    why = f"Pacemaker takes {view.id} for running here, and it does not: {own.told}"
    return Finding("would", why, (Order(FAIL, view.id, f"tell Pacemaker that {view.id} failed"),))


def _down(view: View, own: Own) -> Finding:
    if own.runs and view.elsewhere and not view.cloned:
        why = f"{view.id} runs on {', '.join(view.elsewhere)}, and {own.told}"
        told = f"let Pacemaker look for {view.id} here"
        return Finding("would", why, (Order(REFRESH, view.id, told),))
    if not view.stuck:
        where = f"on {', '.join(view.elsewhere)}" if view.elsewhere else "nowhere"
        return nothing(f"{view.id} has no failure here (it runs {where})")
    if own.against:
        return refused(f"{view.id} would fail again: {own.against}")
    if not own.stopped:
        return refused(f"{view.id} is down, as Pacemaker has it, but not stopped: {own.told}")
    why = f"{view.id} is kept from this node ({'; '.join(view.failures) or 'it failed too often'})"
    return Finding("would", why, (Order(CLEAN, view.id, f"clean up {view.id}"),))


def look(scene: Scene) -> Finding:
    if scene.task.component not in (*scene.places, *SEVERAL):
        return nothing(f"Pacemaker does not run {scene.task.component}")
    found = [judge(scene.view(it), own(scene, it), outside(scene, it)) for it in _components(scene)]
    if len(found) == 1:
        return found[0]
    orders = tuple(order for it in found for order in it.orders)
    told = [it.why for it in found if it.go] or [it.why for it in found if it.result == "refused"]
    if orders:
        return Finding("would", "; ".join(told), orders)
    return refused("; ".join(told)) if told else nothing("no resource of ours is stuck here")


def outside(scene: Scene, component: Component) -> tuple[str, ...]:
    """Other nodes that do not reach the VIP, as the master has it."""
    return scene.task.evidence.get("outside", ()) if component == "vip" else ()


def own(scene: Scene, component: Component) -> Own:
    """What is so on this machine. Raises HakubeError."""
    if component == "vip":
        here = scene.address_here()
        word = "is" if here else "is not"
        told = f"{scene.config.vip.address} {word} on this machine"
        return Own(runs=here, stopped=not here, told=told)
    unit = scene.unit(component)
    if unit is None:
        raise HakubeError(f"{component} has no unit")
    against = unit.failing
    if not against and component == "haproxy" and not unit.runs:
        against = _bad_file(scene)
    return Own(runs=unit.runs, stopped=unit.stopped, told=unit.told, against=against)


def _bad_file(scene: Scene) -> str:
    haproxy = scene.config.haproxy
    try:
        content = scene.machine.path(haproxy.config).read_bytes()
    except OSError as error:
        return f"{haproxy.config}: {error.strerror}"
    said = check.check(scene.machine, haproxy.config, haproxy.unit, content)
    return "" if said.good else f"{SPOILED} {haproxy.config}: {'; '.join(said.errors[:2])}"


def do(scene: Scene, finding: Finding) -> None:
    for order in finding.orders:
        if order.kind == FAIL:
            scene.hand_over(order.on)
            continue
        if order.kind == ANNOUNCE:
            address = scene.config.vip.address
            scene.say(f"announced {address} on {announce.again(address)}")
            continue
        if order.kind == REFRESH:
            scene.refresh(order.on)
            continue
        scene.calm(order.on)  # else it would be half done when that is refused
        for place in scene.places.values():
            # systemd's start limit refuses even a good start.
            if (
                place.resource == order.on
                and place.unit
                and units.look(place.unit).active == "failed"
            ):
                units.forget(place.unit)
                scene.say(f"reset the failure of {place.unit}")
        scene.clean_up(order.on)


def after(scene: Scene, finding: Finding) -> None:
    """Do it after another rung's own work, which is done though this has to wait."""
    try:
        do(scene, finding)
    except Refused as error:
        scene.say(f"did not {finding.orders[0].told}: {error}")


def verify(scene: Scene, finding: Finding) -> tuple[bool | None, str]:
    """Wait until each resource is up again: here, or where Pacemaker has it now."""
    if all(order.kind == ANNOUNCE for order in finding.orders):
        return None, "whether others reach it now they have to say"
    due = {order.on for order in finding.orders}
    components = [it for it, place in scene.places.items() if place.resource in due]
    left = [it for it in components if not scene.deadline.wait(partial(well, scene, it))]
    if left:
        return False, f"not well after {scene.deadline.seconds:g} s: {', '.join(left)}"
    return True, "Pacemaker runs it again"


def well(scene: Scene, component: Component) -> bool:
    """Whether it runs: here, and it is there; or, having no instances, on another node."""
    view = scene.view(component)
    if view.blocked or view.pending or view.failed:
        return False
    if not view.runs:
        away = component != "vip" or not scene.address_here()
        return bool(view.elsewhere) and not view.cloned and not view.stuck and away
    if component == "vip":
        return scene.address_here()
    unit = scene.unit(component)
    return unit is not None and unit.runs


def _components(scene: Scene) -> list[Component]:
    mine = scene.task.component
    return list(scene.places) if mine in SEVERAL else [mine]
