"""One fault is one incident, whichever of its signs is seen first, and ends."""

from __future__ import annotations

import pytest

from tests.unit.remedy.deciding import kinds, quiet, rungs
from tests.unit.remedy.fleet import NODES, Fault, World, hang


def test_what_runs_on_another_node_after_it_was_killed_is_mended():
    """A scheduler that is no clone: this node cannot say of it how it is any more."""
    world = quiet(World())
    world.fault("node2", hang("scheduler"))

    def perform(action):
        world.nodes["node2"].blind.add("scheduler.health")
        return World.perform(world, action)

    world.perform = perform
    world.run(60)
    assert [it.data["mended"] for it in world.ledger if it.kind == "verified"] == [True]
    assert rungs(world) == [("kill", "node2")]
    assert not world.state().incidents
    assert "gave_up" not in kinds(world)


@pytest.mark.parametrize("seen", [0.0, 2.0, 5.0])
def test_what_pacemaker_lists_first_is_part_of_what_the_node_says_a_moment_later(seen):
    """Its news are pushed, the node looks every other second."""
    world = quiet(World())
    failures, process = "pacemaker.failures", "haproxy.process"
    world.fault("node2", Fault({failures}, {"hand": {failures}}))
    world.fault("node2", Fault({process}, {"hand": {process}}, seen=seen))
    world.run(60)
    opened = [it.incident.rsplit("-", 1)[0] for it in world.ledger if it.kind == "opened"]
    assert opened == ["haproxy-node2"]
    assert not world.state().incidents


@pytest.mark.parametrize(
    ("seen", "name"), [(6.0, "scheduler-node2"), (2.0, "controller-manager-node2")]
)
def test_a_controller_manager_that_is_stopped_over_its_scheduler_is_one_story_with_it(seen, name):
    """They are a group: Pacemaker stops the second before it stops, or starts, the first."""
    world = quiet(World())
    world.fault("node2", hang("scheduler"))
    health = "controller-manager.health"
    world.fault("node2", Fault({health}, {"hand": {health}}, seen=seen))
    world.run(60)
    opened = [it.incident.rsplit("-", 1)[0] for it in world.ledger if it.kind == "opened"]
    assert opened == [name]
    assert ("kill", "node2") in rungs(world)
    assert not world.state().incidents


@pytest.mark.parametrize("seen", [0.0, 8.0, 18.0], ids=["lease first", "later", "much later"])
@pytest.mark.parametrize("of", ["scheduler", "controller-manager"])
def test_a_lease_that_nobody_renews_is_part_of_what_ails_its_holder(seen, of):
    """Lease and unit are seen in any order; the lease is taken anew a while after the repair."""
    world = quiet(World())
    lease = Fault({f"{of}.lease"})
    for node in NODES:
        world.fault(node, lease)
    world.fault("node2", Fault({"scheduler.health"}, {"kill": {"scheduler.health"}}, seen=seen))
    world.run(60)
    assert rungs(world) == [("kill", "node2")]
    (incident,) = world.state().incidents.values()
    assert (incident.component, incident.node) == ("scheduler", "node2")
    assert set(incident.probes) == {"scheduler.health", f"{of}.lease"}
    assert [it.data["mended"] for it in world.ledger if it.kind == "verified"] == [True]
    for node in NODES:
        world.nodes[node].faults.remove(lease)
    world.run(30)
    assert not world.state().incidents
    assert kinds(world).count("opened") == 1
    assert "gave_up" not in kinds(world)


def test_a_lease_that_runs_out_on_another_node_makes_no_failure_of_what_helped():
    """Pacemaker has it elsewhere now, and waits for the old one's lease there."""
    world = quiet(World())
    world.fault("node2", hang("scheduler"))
    lease = Fault({"scheduler.lease"})

    def perform(action):
        world.nodes["node2"].blind.add("scheduler.health")
        for node in NODES:
            world.fault(node, lease)
        return World.perform(world, action)

    world.perform = perform
    world.run(60)
    assert [it.data["mended"] for it in world.ledger if it.kind == "verified"] == [True]
    (incident,) = world.state().incidents.values()
    assert not incident.gave_up
    for node in NODES:
        world.nodes[node].faults.remove(lease)
    world.run(30)
    assert not world.state().incidents
    assert kinds(world).count("opened") == 1


def test_what_only_pacemaker_lists_waits_no_longer_than_anything_else():
    world = quiet(World())
    failures = "pacemaker.failures"
    for node in NODES:
        world.fault(node, Fault({failures}, {"hand": {failures}}))
    begun = world.now
    world.run(30)
    assert rungs(world)[0][0] == "hand"
    assert world.actions[0][0] - begun <= 10


def test_of_what_nobody_can_say_any_more_that_it_is_down_there_is_no_incident_for_ever():
    world = quiet(World())
    world.fault("node2", Fault({"scheduler.health"}))
    world.nodes["node2"].maintenance = True
    world.run(30)
    world.nodes["node2"].faults.clear()
    world.nodes["node2"].blind.add("scheduler.health")
    world.run(120)
    assert world.state().incidents, "it may be back in a moment"
    world.run(60)
    assert not world.state().incidents
    (why,) = [it.data["why"] for it in world.ledger if it.kind == "closed"]
    assert "nobody" in why
    world.nodes["node2"].blind.clear()
    world.fault("node2", Fault({"scheduler.health"}))
    world.run(30)
    assert world.state().incidents
