"""One rung on this node: may it, is there anything to do, do it, did it help.

gates -> lock -> look -> (turn -> look again) -> claim -> do -> verify
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import ModuleType
from typing import Literal

from msgspec import Struct

from saltext_hakube.core.errors import HakubeError, Refused, TimedOut
from saltext_hakube.core.remedy.local import Local
from saltext_hakube.core.remedy.task import Finding, refused
from saltext_hakube.host import turn
from saltext_hakube.host.remedy import claim, fence, files, hand, kill, move, probe, standby
from saltext_hakube.host.remedy.deadline import hard
from saltext_hakube.host.remedy.scene import Scene

RUNGS: dict[str, ModuleType] = {
    "probe": probe,
    "files": files,
    "hand": hand,
    "kill": kill,
    "move": move,
    "standby": standby,
    "fence": fence,
}


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of it. ``verified``: None where nobody looked."""

    result: Literal["done", "nothing", "refused", "failed", "would"]
    why: str
    did: list[str] = []
    verified: bool | None = None
    took: float = 0.0


def act(scene: Scene) -> Outcome:
    """Do what the scene's task says, within its deadline."""
    try:
        with hard(scene.deadline):
            result, why, verified = _act(scene)
    except Refused as error:
        # Once something was done it is no refusal of ours any more.
        result, why, verified = "failed" if scene.did else "refused", str(error), None
    except (HakubeError, OSError) as error:
        # One that could not even look did nothing.
        result, why, verified = "failed" if scene.begun else "refused", str(error), None
    return Outcome(
        result=result,
        why=why,
        did=list(scene.did),
        verified=verified,
        took=round(scene.deadline.took, 2),
    )


def look(scene: Scene) -> Finding:
    """What the rung would do here now. Changes nothing. Raises HakubeError."""
    if not scene.machine.live or scene.machine.cib_file is not None:
        return refused(f"nothing runs at {scene.machine.root}, which stands for the machine")
    rung = RUNGS[scene.task.rung]
    if rung is probe:
        return probe.look(scene)
    resource = scene.place.resource if scene.place and not scene.task.undo else None
    if scene.task.undo and not hasattr(rung, "back"):
        return refused(f"what {scene.task.rung} did is not taken back")
    why = gate(scene.local(), resource, undo=scene.task.undo) or _busy(scene)
    if why:
        return refused(why)
    found: Finding = rung.look(scene)
    return found


def gate(local: Local, resource: str | None, *, undo: bool = False) -> str:
    """Why nothing is done on this node whatever is wrong; empty if something may be. ``undo``: it
    is to end the node's standby."""
    if not local.quorate:
        return "the cluster has no quorum here"
    if local.maintenance:
        return "the cluster is in maintenance"
    if local.me.maintenance:
        return f"{local.node} is in maintenance"
    if local.me.standby and not undo:
        return f"{local.node} is in standby"
    if not local.me.online:
        return f"{local.node} is no member of the cluster"
    return local.view(resource).hands_off if resource else ""


def _busy(scene: Scene) -> str:
    if scene.busy:
        return f"Salt is at work here: {scene.busy}"
    return claim.fresh(claim.last(), claim.now(), scene.heal.settle)


def _act(scene: Scene) -> tuple[str, str, bool | None]:
    if scene.task.test or scene.task.rung == "probe":
        return _only_look(scene)
    with claim.alone():
        found = look(scene)
        if not found.go:
            return found.result, found.why, None
        rung = RUNGS[scene.task.rung]
        with _turn(scene, rung):
            if hasattr(rung, "confirm"):
                found = rung.confirm(scene, found)
                if not found.go:
                    return found.result, found.why, None
            return _do(scene, rung, found)


def _only_look(scene: Scene) -> tuple[str, str, bool | None]:
    found = look(scene)
    if scene.task.rung == "probe" and found.go and not scene.task.test:
        verified, why = probe.verdict(scene)
        return ("nothing" if verified else "done"), why, verified
    for order in found.orders:
        scene.say(f"would {order.told}")
    return found.result, found.why, None


def _do(scene: Scene, rung: ModuleType, found: Finding) -> tuple[str, str, bool | None]:
    claim.note(scene.task)
    scene.begun = True
    try:
        rung.do(scene, found)
        verified, seen = _verified(scene, rung, found)
    finally:
        claim.note(scene.task)
    return "done", f"{found.why}. Then: {seen}", verified


def _verified(scene: Scene, rung: ModuleType, found: Finding) -> tuple[bool | None, str]:
    """Whether it helped. It was done in any case."""
    try:
        verified, seen = rung.verify(scene, found)
    except TimedOut as error:
        return False, str(error)
    return verified, seen


@contextlib.contextmanager
def _turn(scene: Scene, rung: ModuleType) -> Iterator[None]:
    """One node at a time does what can hurt; Raises Refused where another one is at it."""
    if not getattr(rung, "DISRUPTIVE", False):
        yield
        return
    lease = max(turn.SHORTEST_LEASE, scene.deadline.left + turn.SHORTEST_LEASE)
    with scene.turn(lease):
        yield


def rungs(scene: Scene) -> Finding:
    """``look``, with an error as a refusal: of many rungs one may not be able to say."""
    try:
        return look(scene)
    except (HakubeError, OSError) as error:
        return refused(f"nobody knows: {error}")
