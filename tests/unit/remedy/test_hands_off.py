"""What keeps the healing from doing anything: all red, storms, pauses, modes, silence."""

from __future__ import annotations

from itertools import pairwise

import pytest

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.decision import Pause
from saltext_hakube.core.remedy.policy import Heal
from tests.unit.remedy.deciding import kinds, last_gates, quiet, rungs
from tests.unit.remedy.fleet import NODES, Fault, World, garbage, hang


def test_two_nodes_with_one_trouble_are_a_storm_and_then_mended_one_after_the_other():
    world = quiet(World())
    for node in ("node1", "node2"):
        world.fault(node, Fault({"haproxy.process"}, {"hand": {"haproxy.process"}}))
    world.run(30)
    assert "storm" in kinds(world)
    assert "cliff" in last_gates(world)
    assert not world.actions
    world.run(300)
    assert rungs(world) == [("hand", "node1"), ("hand", "node2")]
    assert not world.state().incidents


def test_where_a_node_is_off_what_is_broken_on_another_one_is_mended():
    world = quiet(World())
    world.nodes["node3"].mute = True
    world.run(300)
    world.fault("node1", garbage())
    world.run(120)
    assert ("files", "node1") in rungs(world)


def test_two_nodes_with_different_troubles_are_mended_one_after_the_other_after_the_storm():
    world = quiet(World())
    world.fault("node1", garbage())
    world.fault("node2", hang("apiserver"))
    world.run(100)
    assert not world.actions
    world.run(150)
    assert sorted(set(rungs(world))) == [("files", "node1"), ("kill", "node2")]
    assert not world.state().incidents
    spans = [(at, at + world.took) for at, _ in world.actions]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))


def test_all_red_is_nobodys_to_mend():
    world = quiet(World())
    for node in NODES:
        world.fault(node, Fault({"haproxy.process"}, {"hand": {"haproxy.process"}}))
    world.run(600)
    assert not world.actions
    assert "no node is well" in last_gates(world)["healthy"]


def test_in_the_mode_observe_it_says_what_it_would_do():
    world = quiet(World(Heal(mode="observe")))
    world.fault("node2", garbage())
    world.run(60)
    assert not world.actions
    would = [it.data["would"] for it in world.ledger if it.data.get("would")]
    assert [(it["rung"], it["node"]) for it in would] == [("files", "node2")]
    assert last_gates(world) == {"paused": "hakube:heal:mode is observe"}


def test_in_the_mode_none_nothing_is_written():
    world = World(Heal(mode="none"))
    world.fault("node2", garbage())
    state = world.look()
    assert decide.decide(world.cluster, state, world.clock).records == ()


def test_paused_nothing_is_done_and_the_ledger_says_why_and_it_goes_on_at_the_end():
    world = quiet(World())
    pause = Pause(since=world.clock, until=world.clock + 120, reason="Ann works on the switch")
    world.keep(decide.paused(world.state(), pause, world.clock))
    world.fault("node2", garbage())
    world.run(110)
    assert not world.actions
    assert last_gates(world) == {"paused": "k8s is paused: Ann works on the switch"}
    world.run(60)
    assert rungs(world) == [("files", "node2")]


def test_a_wish_that_waited_is_no_clock_that_goes_back():
    world = quiet(World())
    world.fault("node2", Fault({"haproxy.process"}, {"hand": {"haproxy.process"}}))
    world.now += 1
    world.round()
    before = world.state()
    pause = Pause(since=world.clock - 30, until=None, reason="Ann", node="node1")
    step = decide.paused(before, pause, world.clock - 30)
    assert step.state.clock == before.clock and step.state.incidents == before.incidents


def test_a_pause_of_one_node_leaves_the_others_to_be_mended():
    world = quiet(World())
    pause = Pause(since=world.clock, until=None, reason="a disk is changed", node="node1")
    world.keep(decide.paused(world.state(), pause, world.clock))
    world.fault("node1", hang("apiserver"))
    world.run(60)
    assert not world.actions
    world.fault("node2", hang("apiserver"))
    world.run(60)
    assert rungs(world) == [("kill", "node2")]


def test_where_a_node_is_off_an_apiserver_that_hangs_is_killed_and_of_two_one_after_the_other():
    world = quiet(World())
    world.nodes["node3"].mute = True
    world.run(300)
    world.fault("node1", hang("apiserver"))
    world.run(60)
    assert rungs(world) == [("kill", "node1")]
    world.nodes["node3"].mute = False
    world.run(60)
    world.fault("node2", hang("apiserver"))
    world.fault("node3", hang("apiserver"))
    world.run(300)
    assert sorted(rungs(world)) == [("kill", "node1"), ("kill", "node2"), ("kill", "node3")]
    spans = [(at, at + world.took) for at, _ in world.actions]
    assert all(end <= begin for (_, end), (begin, _) in pairwise(spans))
    assert not world.state().incidents


@pytest.mark.parametrize(
    ("changed", "gate", "why"),
    [
        ({"maintenance": True}, "paused", "in maintenance"),
        ({"busy": "state.apply"}, "busy", "Salt is at work on node2"),
        ({"quorate": False}, "quorum", "node2 is not known to be quorate"),
        ({"quorate": None}, "quorum", "node2 is not known to be quorate"),
    ],
)
def test_what_a_node_says_of_itself_keeps_hands_off(changed, gate, why):
    world = quiet(World())
    world.fault("node2", garbage())
    for name, value in changed.items():
        setattr(world.nodes["node2"], name, value)
    world.run(60)
    assert not world.actions
    assert why in last_gates(world)[gate]


def test_what_is_stopped_on_a_node_in_standby_is_no_incident():
    world = quiet(World())
    world.nodes["node2"].standby = True
    world.fault("node2", Fault({"haproxy.process", "apiserver.livez", "scheduler.health"}))
    world.run(60)
    assert not world.state().incidents


def test_without_a_majority_that_is_quorate_nothing_is_done():
    world = quiet(World())
    world.fault("node2", garbage())
    for node in ("node1", "node3"):
        world.nodes[node].quorate = False
    world.run(60)
    assert not world.actions
    assert last_gates(world)["quorum"].startswith("1 of 3 nodes answer and are quorate")


def test_silence_is_told_and_nothing_is_done_about_it():
    world = quiet(World(Heal(mode="act", rungs={"node": ("fence",)})))
    world.nodes["node2"].mute = True
    world.run(100)
    assert not world.state().incidents
    world.run(100)
    (incident,) = world.state().incidents.values()
    assert (incident.component, incident.node) == ("node", "node2")
    assert not world.actions
    assert "silent, which alone proves nothing" in last_gates(world)["votes"]
    world.nodes["node2"].mute = False
    world.run(30)
    assert not world.state().incidents


def test_a_node_that_is_silent_is_not_acted_on_whatever_it_said_before():
    world = quiet(World())
    world.fault("node2", garbage())
    world.now += 5
    world.round()
    world.nodes["node2"].mute = True
    world.run(60)
    assert not world.actions
    assert "does not answer" in last_gates(world)["votes"]


def test_when_most_fall_silent_it_is_told_once_and_as_one():
    world = quiet(World())
    for node in ("node1", "node2", "node3"):
        world.nodes[node].mute = True
    world.run(600)
    assert kinds(world).count("storm") == 1
    assert "opened" not in kinds(world)
