"""A cluster of two nodes: what one node's word is good for, when the other one is off."""

from __future__ import annotations

import pytest

from saltext_hakube.core.remedy.policy import Heal
from tests.unit.remedy.fleet import Fault, World, garbage, hang

TWO = ("node1", "node2")


def two(**more) -> World:
    """node1 has the VIP, so that node2 is the one that can ask it."""
    world = World(Heal(mode="act", **more), TWO)
    world.nodes["node1"].blind = {"vip.request"}
    world.round()
    return world


def one_is_off(name: str = "node1") -> World:
    """Corosync has two_node: the other one goes on, quorate."""
    world = two()
    for node in world.nodes.values():
        node.online = [it for it in TWO if it != name]
        node.holder = node.name != name
        node.blind = set()
    world.nodes[name].mute = True
    world.run(300)
    assert not world.actions
    return world


def rungs(world: World) -> list[tuple[str, str]]:
    return [(it.rung, it.node) for _, it in world.actions]


def against(world: World) -> dict[str, str]:
    record = [it for it in world.ledger if it.kind == "decided"][-1]
    return {it["name"]: it["why"] for it in record.data["gates"] if not it["ok"]}


def vip() -> Fault:
    return Fault({"vip.request"}, {"hand": {"vip.request"}})


def test_what_only_one_of_them_can_see_it_may_say_alone():
    world = two()
    world.fault("node2", vip())
    world.perform = lambda action: {"result": "done", "why": "?", "verified": False}
    world.run(60)
    assert rungs(world)[0] == ("hand", "node1")


def test_where_the_other_one_says_otherwise_nothing_is_done():
    world = two()
    world.nodes["node1"].blind = set()
    world.fault("node2", vip())
    world.run(60)
    assert not world.actions
    assert "1 of 2 nodes say so; 2 have to" in against(world)["votes"]


def test_where_one_is_off_what_the_other_one_has_of_the_cluster_is_mended():
    world = one_is_off()
    world.fault("node2", vip())
    world.run(60)
    assert rungs(world) == [("hand", "node2")]
    assert not [it for it in world.state().incidents.values() if it.component == "vip"]


def test_where_one_is_off_files_and_failures_of_the_other_one_are_put_right():
    world = one_is_off()
    world.fault("node2", Fault({"files.drift"}, {"files": {"files.drift"}}))
    world.run(60)
    world.fault("node2", Fault({"pacemaker.failures"}, {"hand": {"pacemaker.failures"}}))
    world.run(60)
    assert rungs(world) == [("files", "node2"), ("hand", "node2")]


def test_a_holder_that_is_off_is_none():
    world = two()
    world.nodes["node1"].mute = True
    world.nodes["node2"].holder = True
    world.nodes["node2"].online = ["node2"]
    world.fault("node2", vip())
    world.run(60)
    assert rungs(world) == [("hand", "node2")]


@pytest.mark.parametrize("fault", [garbage, lambda: hang("apiserver")])
def test_where_one_is_off_and_the_other_one_is_red_no_node_is_well_and_nothing_is_done(fault):
    world = one_is_off()
    world.fault("node2", fault())
    world.run(400)
    assert not world.actions
    assert against(world)["healthy"] == "no node is well"


@pytest.mark.parametrize("quorate", [False, None])
def test_without_two_node_the_one_that_is_left_has_no_quorum(quorate):
    world = one_is_off()
    world.nodes["node2"].quorate = quorate
    world.fault("node2", vip())
    world.run(60)
    assert not world.actions
    assert "0 of 2 nodes answer and are quorate" in against(world)["quorum"]


def test_two_that_are_quorate_each_without_the_other_are_left_alone():
    world = two()
    for node in world.nodes.values():
        node.online = [node.name]
    world.fault("node2", Fault({"scheduler.health"}, {"hand": {"scheduler.health"}}))
    world.run(60)
    assert not world.actions
    assert "without the other" in against(world)["quorum"]


def test_while_both_are_on_one_of_them_is_mended():
    for fault in (garbage(), hang("apiserver")):
        world = two()
        world.fault("node2", fault)
        world.run(60)
        assert len(world.actions) == 1
        assert not world.state().incidents
