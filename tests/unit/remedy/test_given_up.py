"""What mends nothing is given up, what is refused asked for later, and both are tried anew."""

from __future__ import annotations

from itertools import pairwise

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.decision import Pause
from saltext_hakube.core.remedy.policy import Budget, Heal
from tests.unit.remedy.deciding import ACT, kinds, last_gates, quiet, rungs
from tests.unit.remedy.fleet import NODES, Fault, World, garbage, hang


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
