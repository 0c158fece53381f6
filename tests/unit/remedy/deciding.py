"""What the tests of decisions have in common."""

from __future__ import annotations

from saltext_hakube.core.remedy.policy import Heal
from tests.unit.remedy.fleet import World

ACT = Heal(mode="act")


def kinds(world: World) -> list[str]:
    return [it.kind for it in world.ledger]


def rungs(world: World) -> list[tuple[str, str]]:
    return [(it.rung, it.node) for _, it in world.actions]


def last_gates(world: World) -> dict[str, str]:
    """The gates that say no in the last decision, with why."""
    record = [it for it in world.ledger if it.kind == "decided"][-1]
    return {it["name"]: it["why"] for it in record.data["gates"] if not it["ok"]}


def quiet(world: World) -> World:
    """With a look at a healthy cluster."""
    world.round()
    return world
