"""What is mended, and how: told as stories on a virtual clock."""

from __future__ import annotations

import msgspec
import pytest

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.report import Look
from tests.unit.remedy.deciding import kinds, last_gates, quiet, rungs
from tests.unit.remedy.fleet import NODES, Fault, World, garbage, hang


def test_a_file_of_garbage_is_put_right_and_haproxy_is_back_within_fifteen_seconds():
    world = quiet(World())
    world.took = 6.0  # it waits until hakube-watch has seen that the file is good
    world.fault("node2", garbage())
    begun = world.now
    world.run(40)
    assert rungs(world) == [("files", "node2")]
    assert world.actions[0][0] + world.took - begun <= 15
    assert kinds(world).count("opened") == kinds(world).count("closed") == 1


def test_where_the_file_alone_does_not_bring_haproxy_back_pacemaker_is_asked_for_it():
    world = quiet(World())
    world.fault("node2", garbage(banned=True))
    world.run(40)
    assert rungs(world) == [("files", "node2"), ("hand", "node2")]
    assert [it.data["mended"] for it in world.ledger if it.kind == "verified"] == [True, True]
    assert kinds(world).count("opened") == kinds(world).count("closed") == 1


@pytest.mark.parametrize("component", ["apiserver", "scheduler", "controller-manager"])
def test_a_unit_that_hangs_is_killed_within_thirty_seconds(component):
    world = quiet(World())
    world.took = 12.0  # three questions of 2 s without an answer, once more with the turn, and back
    world.fault("node3", hang(component))
    begun = world.now
    world.run(60)
    assert rungs(world) == [("kill", "node3")]
    assert world.actions[0][0] + world.took - begun <= 30
    assert not world.state().incidents


def test_what_the_reflex_mends_within_seconds_is_nobodys_business():
    """haproxy is killed and systemd starts it; the VIP's address goes and Pacemaker brings it."""
    for probe in ("haproxy.process", "vip.address", "apiserver.livez"):
        world = quiet(World())
        fault = world.fault("node1", Fault({probe}, seen=1.0, how="refused"))
        world.run(3.5)
        assert world.state().incidents or probe == "apiserver.livez"
        fault.down.clear()
        world.run(30)
        # An apiserver is killed at once where it hangs, which the node looks at by itself.
        assert [it for it in rungs(world) if it[0] != "kill"] == [], probe
        assert not world.state().incidents


def test_an_apiserver_that_stops_its_scheduler_is_one_story():
    world = quiet(World())
    world.fault("node1", hang("apiserver"))
    world.run(1)
    world.fault("node1", hang("scheduler"))
    world.run(60)
    assert kinds(world).count("opened") == kinds(world).count("closed") == 1
    assert rungs(world) == [("kill", "node1"), ("kill", "node1")]
    assert [it.component for _, it in world.actions] == ["apiserver", "scheduler"]


def test_a_resource_that_is_banned_is_cleaned_up_on_its_node():
    world = quiet(World())
    banned = Fault({"pacemaker.failures"}, {"hand": {"pacemaker.failures"}})
    for node in NODES:  # all members see the same
        world.fault(node, banned)
    world.nodes["node1"].report = world.nodes["node2"].report = world.nodes["node3"].report
    world.nodes["node1"].faults = world.nodes["node2"].faults = world.nodes["node3"].faults

    def look(state=None, order=None):
        state = world.state()
        for name in NODES:
            told = msgspec.structs.replace(
                world.nodes["node3"].report(world.now), node=name, holder=name == "node1"
            )
            state = world.keep(decide.heard(world.cluster, state, told, world.clock))
        return state

    world.look = look
    world.run(30)
    assert rungs(world) == [("hand", "node3")]
    assert not world.state().incidents


def test_what_is_banned_on_all_nodes_is_cleaned_up_on_each():
    """A bad haproxy.cfg everywhere, put right meanwhile. Each cleanup is a success of its own."""
    world = quiet(World())
    banned = set(NODES)

    def look(state=None, order=None):
        state = world.state()
        for name in NODES:
            node = world.nodes[name]
            node.faults = [Fault({"pacemaker.failures"})] if banned else []
            told = node.report(world.now)
            if banned:
                seen = [f"haproxy@{it}" for it in sorted(banned)]
                told.looks["pacemaker.failures"] = Look(value="down", evidence={"banned": seen})
            state = world.keep(decide.heard(world.cluster, state, told, world.clock))
        return state

    def perform(action):
        world.now += 2
        banned.discard(action.node)
        return {"result": "done", "why": "", "verified": True}

    world.look, world.perform = look, perform
    world.run(90)
    assert rungs(world) == [("hand", it) for it in NODES]
    assert not world.state().incidents
    assert "gave_up" not in kinds(world)


def test_what_was_mended_of_an_incident_is_no_failure_because_of_the_rest():
    world = quiet(World())
    world.fault("node1", hang("apiserver"))
    world.run(1)
    world.fault("node1", hang("scheduler"))
    world.run(20)
    assert [it.component for _, it in world.actions] == ["apiserver", "scheduler"]
    first = next(it for it in world.ledger if it.kind == "verified")
    assert first.data["mended"] and first.data["why"] == "apiserver is well again"


def test_one_nodes_view_of_the_whole_cluster_is_not_enough():
    world = quiet(World())
    world.fault("node2", Fault({"vip.request"}))
    world.run(60)
    assert not world.actions
    assert last_gates(world)["votes"] == "1 of 3 nodes say so; 2 have to"
    world.fault("node3", Fault({"vip.request"}))
    world.run(20)
    assert rungs(world)[0] == ("hand", "node1")


def outside(world: World, *nodes: str) -> Fault:
    """The holder finds the VIP well, these nodes do not reach it."""
    fault = Fault({"vip.request"})
    for node in nodes:
        world.fault(node, fault)
    return fault


def test_a_vip_that_only_others_do_not_reach_is_announced_anew_and_then_moved():
    world = quiet(World())
    fault = outside(world, "node2", "node3")

    def perform(action):
        if action.rung == "move":
            fault.down.clear()
        return {"result": "done", "why": "it is here", "verified": None}

    world.perform = perform
    world.run(90)
    assert kinds(world).count("opened") == 1
    assert rungs(world) == [("hand", "node1"), ("move", "node1")]
    for _, action in world.actions:
        assert action.evidence["outside"] == [
            "node2: the VIP does not answer a request",
            "node3: the VIP does not answer a request",
        ]
    assert not world.state().incidents


def test_a_node_that_is_blind_is_told_and_only_its_own_programs_are_put_right():
    world = quiet(World())
    world.fault("node2", Fault({"eyes.probe", "eyes.beacon"}))
    world.run(300)
    (incident,) = world.state().incidents.values()
    assert (incident.scope, incident.component, incident.node) == ("node", "eyes", "node2")
    assert "the node is blind: hakube-probe says nothing" in incident.why
    assert [(it.rung, it.component, it.node) for _, it in world.actions] == [
        ("files", "eyes", "node2")
    ]
    assert not world.state().red


def test_a_minion_that_answers_with_an_error_is_told_with_it():
    world = quiet(World())

    def look(state=None, order=None):
        state = World.look(world, state, ["node1", "node3"])
        why = "there is no /etc/hakube/beacon.json (state hakube.beacon)"
        return world.keep(decide.silent(world.cluster, state, "node2", world.clock, why))

    world.look = look
    world.run(300)
    (incident,) = world.state().incidents.values()
    assert "instead its minion says: there is no /etc/hakube/beacon.json" in incident.why
    assert kinds(world).count("silent") == 1
    assert not world.actions


@pytest.mark.parametrize("name", ["scheduler", "controller-manager"])
def test_a_lease_that_nobody_renews_while_all_are_up_is_the_clusters_and_is_told(name):
    world = quiet(World())
    for node in NODES:
        world.fault(node, Fault({f"{name}.lease"}))
    world.run(120)
    (incident,) = world.state().incidents.values()
    assert (incident.scope, incident.component, incident.node) == ("cluster", name, "")
    assert f"no {name} holds its lease" in incident.why
    assert not world.actions


@pytest.mark.parametrize("name", ["scheduler", "controller-manager"])
def test_a_lease_that_nobody_renews_as_nobody_runs_is_no_trouble_of_its_own(name):
    world = quiet(World())
    for node in NODES:
        world.fault(node, Fault({f"{name}.lease", f"{name}.health"}))
    world.run(60)
    assert {it.scope for it in world.state().incidents.values()} == {"node"}


def test_what_one_node_does_not_reach_is_told_and_nothing_is_done():
    world = quiet(World())
    outside(world, "node2")
    world.run(90)
    (incident,) = world.state().incidents.values()
    assert (incident.scope, incident.component, world.actions) == ("cluster", "vip", [])


def test_two_owners_of_the_vip_are_one_story_and_the_wrong_one_is_asked():
    world = quiet(World())
    for node in NODES:
        world.fault(node, Fault({"vip.owner"}))
    stray = world.fault("node3", Fault({"vip.address"}, {"hand": {"vip.address"}}))
    world.nodes["node3"].holder = True
    world.run(20)
    assert kinds(world).count("opened") == 1
    assert rungs(world)[0] == ("hand", "node3")
    assert not stray.down
    world.nodes["node3"].holder = False
    world.run(20)
    assert rungs(world)[1] == ("hand", "node1"), "what is left others see, of the VIP where it is"


def test_a_vip_that_all_reach_is_not_moved_because_two_answer_for_its_address():
    """A router that answers ARP for all, or a holder with two cards in one network: it would be so
    wherever the VIP is."""
    world = quiet(World())
    for node in NODES:
        world.fault(node, Fault({"vip.owner"}))
    world.run(900)
    assert {it.rung for _, it in world.actions} == {"hand"}
    (incident,) = world.state().incidents.values()
    assert incident.gave_up
    assert "move: nobody says that the VIP is not reached" in next(
        it.data["why"] for it in world.ledger if it.kind == "gave_up"
    )


def test_a_haproxy_of_the_holder_that_hangs_is_one_story_with_the_vip_that_others_do_not_reach():
    world = quiet(World())
    world.fault("node1", Fault({"haproxy.request"}, {"kill": {"haproxy.request"}}, how="silent"))
    fault = outside(world, "node2", "node3")
    world.run(10)
    assert rungs(world) == [("kill", "node1")]
    assert world.state().incidents, "the others do not reach it yet"
    fault.down.clear()
    world.run(30)
    assert kinds(world).count("opened") == kinds(world).count("closed") == 1
