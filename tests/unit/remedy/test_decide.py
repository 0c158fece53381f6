"""What is decided, told as stories on a virtual clock."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.decision import Pause, Record
from saltext_hakube.core.remedy.fold import fold, snapshot
from saltext_hakube.core.remedy.policy import Budget, Heal
from saltext_hakube.core.remedy.replay import replay
from saltext_hakube.core.remedy.report import Look
from tests.unit.remedy.fleet import NODES, Fault, World, garbage, hang

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


def test_after_two_actions_that_mend_nothing_it_is_given_up_and_told_once():
    world = quiet(World())
    world.fault("node2", Fault({"scheduler.health"}))
    world.perform = lambda action: {"result": "done", "why": "?", "verified": False}
    world.run(3600)
    assert [it for it, _ in rungs(world)] == ["kill", "hand"]
    assert kinds(world).count("gave_up") == 1
    # A person says go on: then there may be two more.
    world.keep(decide.resumed(world.state(), "", "fixed the image", world.clock))
    world.run(3600)
    assert len(world.actions) == 4
    assert kinds(world).count("gave_up") == 2


def given_up(world: World, fault: Fault) -> Fault:
    world.fault("node2", fault)
    world.perform = lambda action: {"result": "done", "why": "?", "verified": False}
    world.run(300)
    (incident,) = world.state().incidents.values()
    assert incident.gave_up
    del world.perform
    world.actions.clear()
    return fault


def test_what_else_breaks_where_something_was_given_up_is_mended():
    world = quiet(World(Heal(mode="act", budget=Budget(each=5))))
    given_up(world, Fault({"haproxy.stats"}))
    world.fault("node2", Fault({"haproxy.process"}, {"hand": {"haproxy.process"}}))
    world.run(60)
    assert rungs(world)[0] == ("hand", "node2")
    assert world.nodes["node2"].down(world.now) == {"haproxy.stats"}
    (incident,) = world.state().incidents.values()
    assert incident.probes == ("haproxy.stats", "haproxy.process")


def test_what_hangs_beside_something_that_was_given_up_is_an_incident_of_its_own():
    world = quiet(World())
    given_up(world, Fault({"apiserver.livez"}))
    world.fault("node2", hang("scheduler"))
    world.run(10)
    assert {it.component for it in world.state().incidents.values()} == {"apiserver", "scheduler"}
    world.nodes["node2"].faults[0].down.clear()
    world.run(60)
    assert rungs(world) == [("kill", "node2")]
    assert not world.state().incidents


def test_what_was_well_for_a_while_and_breaks_again_is_a_new_fault_though_another_one_is_given_up():
    world = quiet(World(Heal(mode="act", budget=Budget(each=9, cluster=9))))
    crash = Fault({"haproxy.process"})
    world.fault("node2", crash)
    given_up(world, Fault({"haproxy.stats"}))
    crash.down.clear()
    world.run(60)
    (incident,) = world.state().incidents.values()
    assert incident.probes == ("haproxy.stats",)
    world.fault("node2", Fault({"haproxy.process"}, {"hand": {"haproxy.process"}}))
    world.run(60)
    assert rungs(world)[0] == ("hand", "node2")
    assert world.nodes["node2"].down(world.now) == {"haproxy.stats"}


def test_what_was_given_up_is_tried_anew_after_an_hour_then_two_then_four():
    world = quiet(World())
    given_up(world, Fault({"scheduler.health"}))
    world.perform = lambda action: {"result": "done", "why": "?", "verified": False}
    world.run(16 * 3600, every=110.0)
    at = [it.at for it in world.ledger if it.kind == "retried"]
    between = [round((later - earlier) / 3600) for earlier, later in pairwise(at)]
    assert between == [2, 4, 8]
    assert kinds(world).count("gave_up") == len(at) + 1
    assert len(world.actions) == 2 * len(at)


def test_a_person_says_that_one_incident_is_to_be_tried_anew_and_pauses_stay():
    world = quiet(World())
    given_up(world, Fault({"scheduler.health"}, {"kill": {"scheduler.health"}}))
    pause = Pause(since=world.clock, until=None, reason="a disk is changed", node="node1")
    world.keep(decide.paused(world.state(), pause, world.clock))
    assert decide.retried(world.state(), "scheduler-node9-9", "Ann", world.clock).refused
    world.keep(decide.retried(world.state(), "scheduler-node2-1", "a new image", world.clock))
    assert world.state().pauses == (pause,)
    world.run(60)
    assert rungs(world) == [("kill", "node2")]
    assert not world.state().incidents


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


def test_between_two_that_failed_it_waits_longer_each_time():
    budget = Budget(each=10, breaker=10, cluster=50, backoff=30)
    ladder = ("kill", "hand", "standby")
    world = quiet(World(Heal(mode="act", budget=budget, rungs={"scheduler": ladder})))
    world.fault("node2", Fault({"scheduler.health"}))
    world.perform = lambda action: {"result": "failed", "why": "?"}
    world.run(600)
    times = [at for at, _ in world.actions]
    first, second, *_ = (later - earlier for earlier, later in pairwise(times))
    assert 30 <= first <= 30 * 1.25 + 5
    assert 60 <= second <= 60 * 1.25 + 5


def test_what_comes_back_again_and_again_is_mended_so_often_and_no_more():
    world = quiet(World())
    for _ in range(20):
        world.fault("node2", hang("scheduler"))
        world.run(40)
    assert len(world.actions) == ACT.budget.each
    assert "enough within 900 s" in last_gates(world)["budget"]


def test_what_a_node_refuses_is_asked_for_again_and_uses_up_no_budget():
    world = quiet(World(Heal(mode="act", budget=Budget(each=1, cluster=1))))
    world.fault("node2", hang("scheduler"))
    begun = world.now

    def perform(action):
        if world.now < begun + 200:
            return {"result": "refused", "why": "Salt is at work here"}
        return World.perform(world, action)

    world.perform = perform
    world.run(600)
    assert len(world.actions) > 4
    assert rungs(world)[-1] == ("kill", "node2")
    assert not world.state().incidents
    assert "gave_up" not in kinds(world)


def test_what_a_node_refuses_for_hours_is_given_up_and_told():
    world = quiet(World())
    world.fault("node2", hang("scheduler"))
    world.perform = lambda action: {"result": "refused", "why": "node2 has the turn"}
    world.run(5000)
    (incident,) = world.state().incidents.values()
    assert incident.gave_up
    assert kinds(world).count("gave_up") == 1
    (told,) = [it.data["why"] for it in world.ledger if it.kind == "gave_up"]
    assert "node2 has the turn" in told
    assert len(world.actions) == 16, "kill and hand, eight times each"


def test_a_rung_that_could_not_be_done_is_tried_once_more():
    """The files' apply waited for the turn longer than an action may last."""
    world = quiet(World())
    world.fault("node2", garbage())
    answers = [{"result": "failed", "why": "it did not end within 30 s, and was ended"}]
    world.perform = lambda it: answers.pop() if answers else World.perform(world, it)
    world.run(60)
    assert rungs(world) == [("files", "node2"), ("files", "node2")]
    assert world.actions[1][0] - world.actions[0][0] >= 15, "it rests before"
    assert not world.state().incidents


def test_what_was_not_tried_yet_comes_before_what_failed():
    world = quiet(World())
    world.fault("node2", hang("scheduler"))
    answers = {"kill": [None], "hand": [{"result": "nothing", "why": "it runs here"}]}

    def perform(action):
        again = answers[action.rung]
        return again.pop() if again else World.perform(world, action)

    world.perform = perform
    world.run(200)
    assert rungs(world) == [("kill", "node2"), ("hand", "node2"), ("kill", "node2")]
    assert not world.state().incidents


def test_an_hour_has_no_more_actions_than_the_clusters_budget():
    world = quiet(World())
    for number in range(30):
        node = NODES[number % 3]
        component = ("scheduler", "controller-manager", "apiserver")[number // 3 % 3]
        world.fault(node, hang(component))
        world.run(60)
        world.nodes[node].faults.clear()
        world.run(30)
    assert len(world.actions) == ACT.budget.cluster


def test_an_action_of_which_nobody_hears_again_is_an_attempt_that_failed():
    world = quiet(World())
    world.fault("node2", hang("scheduler"))
    world.now += 6
    world.round()
    world.now += 1
    state = world.look()
    step = decide.decide(world.cluster, state, world.clock)
    world.keep(step)
    world.keep(decide.begun(step.state, step.action, world.clock))
    # The master dies here. The next one finds it in the ledger, and waits.
    world.now += 5
    assert world.round().action is None
    world.now += 60
    world.round()
    (incident,) = world.state().incidents.values()
    assert [it.result for it in incident.attempts] == ["lost"]
    late = decide.ended(world.state(), step.action, {"result": "done"}, world.clock)
    assert late.refused and not late.records
    world.run(60)
    assert rungs(world) == [("hand", "node2")], "the next rung, after a rest"


@pytest.mark.parametrize("second", ["under way", "failed"])
def test_a_late_answer_to_the_first_of_two_attempts_is_none_of_the_second(second):
    world = quiet(World())
    world.fault("node2", hang("scheduler"))
    world.now += 6
    world.round()
    world.now += 1
    step = decide.decide(world.cluster, world.look(), world.clock)
    kill = step.action
    world.keep(step)
    world.keep(decide.begun(world.state(), kill, world.clock))
    world.keep(decide.ended(world.state(), kill, None, world.clock))
    world.keep(decide.begun(world.state(), kill, world.clock + 1))
    if second == "failed":
        failed = {"result": "failed", "why": "no"}
        world.keep(decide.ended(world.state(), kill, failed, world.clock + 2))
    before = world.state().incidents
    done = {"result": "done", "why": ""}
    step = decide.late(world.state(), kill, done, world.clock + 3, attempt=0)
    assert [it.kind for it in step.records] == ["late"], "it is kept"
    assert step.state.incidents == before
    step = decide.late(step.state, kill, done, world.clock + 4, attempt=1)
    (incident,) = step.state.incidents.values()
    assert [it.result for it in incident.attempts] == ["lost", "done"]


def test_what_was_decided_and_not_begun_is_decided_again():
    world = quiet(World())
    world.fault("node2", hang("scheduler"))
    world.now += 6
    world.round()
    world.now += 1
    first = decide.decide(world.cluster, world.look(), world.clock)
    world.keep(first)
    world.now += 3
    second = decide.decide(world.cluster, world.look(), world.clock)
    assert first.action is not None and second.action == first.action


def test_a_clock_that_goes_back_an_hour_makes_no_wait_longer_and_none_shorter():
    for jump in (-3600.0, 3600.0):
        world = quiet(World())
        world.fault("node2", Fault({"haproxy.process"}, {"hand": {"haproxy.process"}}))
        world.now += 1
        world.round()
        world.skew = jump
        begun = world.now
        world.run(60)
        assert rungs(world) == [("hand", "node2")]
        after = world.actions[0][0] - begun
        assert 0 <= after <= 8, (jump, after)


def test_a_clock_that_jumps_to_and_fro_frees_no_budget():
    world = quiet(World())
    for number in range(20):
        world.skew = 3600.0 if number % 2 else 0.0
        world.fault("node2", hang("scheduler"))
        world.run(30)
    assert len(world.actions) <= ACT.budget.each


def test_a_master_that_was_away_for_hours_heals_and_holds_nobody_for_silent():
    world = quiet(World())
    world.now += 7200
    world.fault("node2", garbage())
    world.run(40)
    assert rungs(world) == [("files", "node2")]
    assert "storm" not in kinds(world)


def test_what_is_not_newer_changes_nothing():
    world = World()
    state = world.look()
    node = world.nodes["node2"]
    world.now += 10
    newest = node.report(world.now)
    state = world.keep(decide.heard(world.cluster, state, newest, world.clock))
    world.fault("node2", Fault({"haproxy.process"}))
    late = node.report(world.now - 5)
    for report in (newest, late):
        step = decide.heard(world.cluster, state, report, world.clock)
        assert step.refused and step.state is state and not step.records


def test_a_report_of_a_former_boot_changes_nothing():
    world = World()
    node = world.nodes["node2"]
    old = [node.report(world.now + number) for number in range(3)]
    state = world.keep(decide.heard(world.cluster, world.state(), old[0], world.clock))
    node.boot, node.booted = "boot2", world.now
    world.now += 40
    state = world.keep(decide.heard(world.cluster, state, node.report(world.now), world.clock))
    for report in old[1:]:
        assert decide.heard(world.cluster, state, report, world.clock).refused
    # One that was not known before, with a clock that is behind, counts after a while.
    node.boot, node.ahead = "boot3", -5000.0
    early = decide.heard(world.cluster, state, node.report(world.now + 1), world.clock + 1)
    assert early.refused
    later = decide.heard(world.cluster, state, node.report(world.now + 70), world.clock + 70)
    assert not later.refused


def test_strangers_are_refused():
    world = World()
    state = world.look()
    stranger = msgspec.structs.replace(world.nodes["node1"].report(world.now + 1), node="node9")
    other = world.nodes["node1"].report(world.now + 1, cluster="other")
    for report in (stranger, other):
        step = decide.heard(world.cluster, state, report, world.clock)
        assert step.refused and step.state is state
    assert decide.silent(world.cluster, state, "node9", world.clock).refused


def test_a_node_that_is_declared_no_more_is_forgotten():
    world = quiet(World())
    world.fault("node3", hang("scheduler"))
    world.run(8)
    del world.nodes["node3"]
    world.round()
    state = world.state()
    assert set(state.reports) == {"node1", "node2"}
    assert not state.incidents and state.closed


def test_a_day_without_a_fault_is_a_day_without_an_action_or_a_line():
    world = World()
    state = world.look()
    step = decide.decide(world.cluster, state, world.clock)
    state = world.keep(step)
    before = len(world.ledger)
    end = world.now + 86400
    while world.now < end:
        world.now += 15
        state = world.look(state)
        step = decide.decide(world.cluster, state, world.clock)
        state = world.keep(step)
        assert step.action is None
    assert len(world.ledger) == before


def test_the_state_is_what_the_ledger_says_also_from_a_snapshot_on_in_the_middle():
    world = quiet(World())
    world.fault("node2", garbage())
    world.run(30)
    assert rungs(world)
    plain = msgspec.json.Decoder(Record)
    text = [msgspec.json.encode(it) for it in world.ledger]
    whole = fold(plain.decode(it) for it in text)
    assert whole == world.state()
    for cut in range(len(world.ledger) + 1):
        state = fold(world.ledger[:cut])
        kept = msgspec.json.encode(snapshot(state, state.clock))
        assert fold([plain.decode(kept), *world.ledger[cut:]]) == whole


def test_a_ledger_replayed_gives_the_same_decisions_and_another_policy_others():
    world = quiet(World())
    world.fault("node2", garbage())
    world.run(30)
    world.fault("node3", Fault({"scheduler.health"}))
    world.perform = lambda action: {"result": "done", "why": "?", "verified": False}
    world.run(600)
    plain = msgspec.json.Decoder(Record)
    ledger = [plain.decode(msgspec.json.encode(it)) for it in world.ledger]
    turns = replay(ledger)
    assert all(turn.same for turn in turns)
    assert [turn.was["rung"] for turn in turns if turn.was] == [it for it, _ in rungs(world)]
    others = replay(ledger, Heal(mode="act", rungs={"scheduler": (), "haproxy": ("move",)}))
    # Files are no rung of haproxy's ladder there, and node2 has no VIP that could be moved.
    assert not any(turn.now for turn in others)
    told = [it for turn in others for it in turn.gates.values()]
    assert "incident: no rung is left for haproxy; move: the VIP is not on node2" in told
    assert any("nothing may be done about scheduler" in it for it in told)
    assert [turn.was for turn in others] == [turn.was for turn in turns]
    observed = replay(ledger, Heal(mode="observe"))
    assert [it.now["rung"] for it in observed if it.now] == [it for it, _ in rungs(world)]
