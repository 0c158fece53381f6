"""Truth tables: each gate by itself, and the ladder rung by rung."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from saltext_hakube.core.remedy import budget, gates, ladder
from saltext_hakube.core.remedy.budget import Spent
from saltext_hakube.core.remedy.decision import GATES, Attempt, Cluster, Incident, Pause, State
from saltext_hakube.core.remedy.elapsed import passed
from saltext_hakube.core.remedy.gates import Case
from saltext_hakube.core.remedy.local import View
from saltext_hakube.core.remedy.policy import DEFAULT, Budget, Heal
from saltext_hakube.core.remedy.report import Look, Report
from saltext_hakube.core.remedy.sight import Sight
from saltext_hakube.core.remedy.words import COMPONENTS, PROBES, RUNGS, SPOILED
from saltext_hakube.host.remedy import hand
from saltext_hakube.host.remedy.hand import Own

NOW = 1_764_000_000.0
CFG = {"files.drift": {"files": ["/etc/haproxy/haproxy.cfg"]}}
KUBE = {"files.drift": {"files": ["/etc/kubernetes/apiserver"]}}


def report(node, down=(), evidence=None, **more):
    looks = {
        name: Look(value="down", evidence=(evidence or {}).get(name, {}))
        if name in down
        else Look(value="up")
        for name in PROBES
    }
    given = {"quorate": True, "holder": node == "node1", "online": ["node1", "node2", "node3"]}
    return Report(
        format=1, cluster="k8s", node=node, boot="b", seq=1, at=NOW, looks=looks, **(given | more)
    )


def incident(component="haproxy", node="node2", probes=("haproxy.process",), **more):
    given = {"opened": NOW - 60, "since": NOW - 60, "why": "it is down"}
    scope = "node" if node else "cluster"
    return Incident(
        id="i", component=component, scope=scope, node=node, probes=probes, **(given | more)
    )


def attempt(rung="kill", result="done", mended=False, ago=100.0, **more):
    given = {"component": "haproxy", "node": "node2", "began": NOW - ago - 1, "ended": NOW - ago}
    return Attempt(rung=rung, result=result, mended=mended, **(given | more))


def case(open_=None, *, reports=None, policy=None, other="", **more):
    """An incident of haproxy on node2 whose rung is due, in an otherwise healthy cluster."""
    open_ = open_ or incident()
    told = {it: report(it) for it in ("node1", "node2", "node3")}
    told["node2"] = report("node2", open_.probes)
    told |= reports or {}
    cluster = Cluster(name="k8s", nodes={it: it for it in told}, policy=policy or Heal(mode="act"))
    state = State(
        reports=told,
        heard=dict.fromkeys(told, NOW - 1),
        incidents={open_.id: open_},
        clock=NOW,
        **more,
    )
    sight = Sight(cluster, state, NOW)
    spent = Spent(state, cluster.policy.budget, NOW)
    return Case(sight, state, open_, ladder.choose(sight, open_), spent, other)


def against(given):
    return {gate.name: gate.why for gate in gates.ask(given) if not gate.ok}


def test_a_case_against_which_nothing_speaks_passes_all_gates_in_their_order():
    answers = gates.ask(case())
    assert tuple(gate.name for gate in answers) == GATES
    assert all(gate.ok and gate.why for gate in answers)


DOWN = ("haproxy.process",)
TABLE = {
    # What is so, the one gate that says no, and a part of why.
    "paused": ({"pauses": (Pause(since=0, until=None, reason="Ann"),)}, "paused", "Ann"),
    "paused till later": (
        {"pauses": (Pause(since=0, until=NOW + 1, reason="Ann"),)},
        "paused",
        "Ann",
    ),
    "its node is paused": (
        {"pauses": (Pause(since=0, until=None, reason="Ann", node="node2"),)},
        "paused",
        "node2 is paused",
    ),
    "observe": ({"policy": Heal(mode="observe")}, "paused", "observe"),
    "maintenance": (
        {"reports": {"node3": report("node3", maintenance=True)}},
        "paused",
        "maintenance",
    ),
    "standby": ({"reports": {"node2": report("node2", DOWN, standby=True)}}, "paused", "standby"),
    "busy": (
        {"reports": {"node2": report("node2", DOWN, busy="state.apply")}},
        "busy",
        "state.apply",
    ),
    "storm": ({"storm": NOW + 1}, "cliff", "most nodes went bad"),
    "another repair": ({"other": "node3 comes first: kill"}, "healthy", "node3 comes first"),
    "not quorate": (
        {"reports": {"node2": report("node2", DOWN, quorate=False)}},
        "quorum",
        "node2 is not known to be quorate",
    ),
    "given up": ({"open_": incident(gave_up=True)}, "incident", "given up"),
    "just opened": ({"open_": incident(since=NOW - 3.9)}, "incident", "others have 4 s"),
    "not verified": (
        {"open_": incident(attempts=(attempt(mended=None),))},
        "incident",
        "what came of kill",
    ),
    "rests": (
        {"open_": incident(attempts=(attempt(ago=14.9),))},
        "budget",
        "after 1 that mended nothing",
    ),
    "spent": (
        {"open_": incident(attempts=tuple(attempt(mended=True) for _ in range(3)))},
        "budget",
        "3 of 3 for this",
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_one_thing_against_it_is_one_gate_that_says_no(name):
    given, gate, why = TABLE[name]
    found = against(case(**given))
    assert list(found) == [gate]
    assert why in found[gate]


NOT_AGAINST = {
    "another node is paused": {"pauses": (Pause(since=0, until=None, reason="Ann", node="node3"),)},
    "the pause is over": {"pauses": (Pause(since=0, until=NOW, reason="Ann"),)},
    "another node is busy": {"reports": {"node3": report("node3", busy="state.apply")}},
    "the storm is over": {"storm": NOW},
    "it has settled": {"open_": incident(since=NOW - 4)},
    "another apiserver is down": {"reports": {"node3": report("node3", ["apiserver.livez"])}},
    "it rested": {"open_": incident(attempts=(attempt(ago=15 * 1.25),))},
    "a refusal rests not": {"open_": incident(attempts=(attempt(result="refused", ago=5),))},
    "the node did nothing, often": {
        "open_": incident(
            attempts=tuple(attempt(result=it, ago=600) for it in ("refused", "nothing") * 2)
        )
    },
    "attempts of long ago": {
        "open_": incident(attempts=tuple(attempt(mended=True, ago=3601) for _ in range(9)))
    },
}


def test_a_node_is_not_asked_for_ever_for_what_it_does_not_do():
    """Nor in one incident after the other, of something that flaps."""
    limits = Budget(each=3)
    open_ = incident(attempts=tuple(attempt(result="nothing", ago=60) for _ in range(12)))
    given = case(open_, policy=Heal(mode="act", budget=limits))
    assert "asked 12 times" in against(given)["budget"]
    assert budget.frees(given.state, open_, limits, NOW) == pytest.approx(NOW - 61 + 900)


@pytest.mark.parametrize("name", NOT_AGAINST)
def test_what_does_not_matter_is_not_against_it(name):
    assert against(case(**NOT_AGAINST[name])) == {}


def test_a_node_that_does_not_answer_is_not_touched():
    found = against(case(silent={"node2": NOW - 1}))
    assert set(found) == {"votes", "quorum"}
    assert "does not answer" in found["votes"]


def test_a_word_that_was_not_repeated_is_not_believed():
    open_ = incident(since=NOW - 1)  # opened on the report that came then
    assert "a second look is waited for" in against(case(open_))["votes"]


@pytest.mark.parametrize(
    ("down", "ok"), [([], False), (["node2"], False), (["node2", "node3"], True)]
)
def test_what_concerns_the_cluster_two_have_to_say(down, ok):
    reports = {it: report(it, ["vip.request"] if it in down else []) for it in ("node2", "node3")}
    open_ = incident("vip", "", ("vip.request",))
    assert ("votes" not in against(case(open_, reports=reports))) is ok


@pytest.mark.parametrize(
    ("bad", "ok"), [(["node2"], True), (["node2", "node3"], False), (["node1", "node2"], False)]
)
def test_a_majority_has_to_be_well_without_the_node(bad, ok):
    reports = {it: report(it, DOWN) for it in bad}
    policy = Heal(mode="act", rungs={"haproxy": ("standby",)})
    assert ("healthy" not in against(case(reports=reports, policy=policy))) is ok
    # What is mended on the spot takes nobody away who is well.
    assert "healthy" not in against(case(reports=reports))


SILENT = {"apiserver.livez": {"how": ["silent"]}}


@pytest.mark.parametrize(
    ("more", "ok"),
    [
        ({}, True),
        ({"silent": {"node3": NOW - 99}}, True),
        ({"reports": {"node3": report("node3", ["apiserver.livez"], SILENT)}}, True),
        ({"other": "node3 comes first: kill"}, False),
        ({"red": {"node1": NOW - 99, "node2": NOW - 99}, "silent": {"node3": NOW - 99}}, False),
    ],
)
def test_an_apiserver_that_serves_nobody_may_be_killed_however_few_others_are_well(more, ok):
    open_ = incident("apiserver", "node2", ("apiserver.livez",))
    reports = {"node2": report("node2", ["apiserver.livez"], SILENT)} | more.get("reports", {})
    given = case(open_, **{**more, "reports": reports})
    assert given.choice.rung == "kill"
    assert gates.healthy(given).ok is ok


@pytest.mark.parametrize("component", COMPONENTS)
def test_each_default_ladder_has_known_rungs_and_never_standby_or_fence(component):
    assert set(DEFAULT[component]) <= set(RUNGS) - {"standby", "fence"}
    assert len(set(DEFAULT[component])) == len(DEFAULT[component])


KILL, HAND, MOVE, FILES = "kill", "hand", "move", "files"
HANG = {"apiserver.livez": {"how": ["silent"]}, "scheduler.health": {"how": ["silent"]}}
REFUSED = {"apiserver.livez": {"how": ["refused"]}}
ANSWERS = {"apiserver.livez": {"how": ["answered 500"]}}
LADDER = [
    # component, node, what is down there, evidence, rungs tried -> the next rung
    ("haproxy", "node2", ["haproxy.process"], {}, [], HAND),
    ("haproxy", "node2", ["haproxy.process", "files.drift"], CFG, [], FILES),
    ("haproxy", "node2", ["haproxy.process", "files.drift"], KUBE, [], HAND),
    ("haproxy", "node2", ["haproxy.process", "files.drift"], CFG, [FILES], None),
    ("haproxy", "node2", ["haproxy.request"], {}, [], KILL),
    ("haproxy", "node2", ["haproxy.request"], {}, [KILL], HAND),
    ("haproxy", "node2", ["haproxy.request"], {}, [KILL, HAND], None),
    ("haproxy", "node1", ["haproxy.request"], {}, [KILL, HAND], MOVE),
    ("haproxy", "node2", ["haproxy.backends"], {}, [], None),
    ("haproxy", "node1", ["haproxy.backends"], {}, [], MOVE),
    ("apiserver", "node2", ["apiserver.livez"], HANG, [], KILL),
    ("apiserver", "node2", ["apiserver.livez"], HANG, [KILL], HAND),
    ("apiserver", "node2", ["apiserver.livez"], {}, [], KILL),
    ("apiserver", "node2", ["apiserver.livez"], REFUSED, [], HAND),
    ("apiserver", "node2", ["apiserver.livez"], ANSWERS, [], HAND),
    ("apiserver", "node2", ["apiserver.readyz"], {}, [], None),
    ("apiserver", "node2", ["apiserver.livez", "files.drift"], HANG | KUBE, [], FILES),
    ("apiserver", "node2", ["apiserver.livez", "scheduler.health"], HANG, [], KILL),
    ("scheduler", "node2", ["scheduler.health"], HANG, [], KILL),
    ("scheduler", "node2", ["scheduler.health", "apiserver.livez"], HANG, [], None),
    ("scheduler", "", ["scheduler.lease"], {}, [], None),
    ("vip", "node1", ["vip.address"], {}, [], HAND),
    ("vip", "node1", ["vip.address"], {}, [HAND], MOVE),
    ("vip", "node2", ["vip.address"], {}, [HAND], None),
    ("vip", "", ["vip.request"], {}, [], HAND),
    ("pacemaker", "", ["pacemaker.failures"], {}, [], HAND),
    ("pacemaker", "", ["pacemaker.nodes"], {}, [], None),
    ("pacemaker", "node2", ["pacemaker.process"], {}, [], None),
    ("corosync", "node2", ["corosync.quorum", "haproxy.process"], {}, [], None),
    ("files", "node2", ["files.drift"], CFG, [], FILES),
    ("files", "node2", ["files.drift", "haproxy.process"], CFG, [], FILES),
    ("files", "node2", ["haproxy.process"], {}, [], HAND),
    ("certificates", "node2", ["certificates.expiry"], {}, [], None),
    ("disk", "node2", ["disk.space"], {}, [], None),
]


@pytest.mark.parametrize(("component", "node", "down", "evidence", "tried", "rung"), LADDER)
def test_the_next_rung_is_that_whose_precondition_holds(  # noqa: PLR0917
    component, node, down, evidence, tried, rung
):
    attempts = tuple(
        attempt(it, component="files" if it == FILES else component, node=node) for it in tried
    )
    probes = ("files.drift", *down) if component == "files" else tuple(down)
    open_ = incident(component, node, probes, attempts=attempts)
    at = [node] if node else ["node1", "node2"]
    given = case(
        open_,
        reports={it: report(it, down, evidence) for it in at}
        | ({"node2": report("node2")} if node == "node1" else {}),
    )
    assert given.choice.rung == rung, given.choice.skipped
    assert all(": " in line for line in given.choice.skipped)


def test_a_rung_that_the_node_refused_is_tried_again_after_a_while():
    for ago, rung in ((10, None), (20, HAND)):
        open_ = incident(attempts=(attempt(HAND, "refused", ago=ago),))
        assert case(open_).choice.rung == rung


def test_files_of_which_nothing_was_to_do_are_not_asked_for_again_and_again():
    """Somebody else put them right; the node says now that haproxy refuses what it has."""
    why = "haproxy would fail again: haproxy -c refuses /etc/haproxy/haproxy.cfg: unknown keyword"
    said = attempt(HAND, "refused", ago=12, why=why)
    files = attempt(FILES, "nothing", True, ago=10, component="files")
    given = case(incident(attempts=(said, files)))
    assert given.choice.rung is None
    assert "files: not yet again" in "; ".join(given.choice.skipped)


def test_a_rung_that_the_node_does_not_do_is_given_up_after_some_times():
    attempts = tuple(attempt(HAND, "refused", ago=5000 + it) for it in range(8))
    given = case(incident(attempts=attempts))
    assert given.choice.rung is None and given.choice.spent
    assert not case(incident(attempts=attempts[:7])).choice.spent
    assert case(incident(attempts=attempts[:7])).choice.rung == HAND


@pytest.mark.parametrize("result", ["failed", "lost"])
def test_what_could_not_be_done_is_tried_twice_and_what_was_done_once(result):
    often = Heal(mode="act", budget=Budget(breaker=10))
    once, again = (attempt(HAND, result, ago=it) for it in (200, 100))
    assert case(incident(attempts=(again,)), policy=often).choice.rung == HAND
    soon = case(incident(attempts=(attempt(HAND, result, ago=10),)), policy=often).choice
    assert (soon.rung, soon.spent) == (None, False)
    twice = case(incident(attempts=(once, again)), policy=often).choice
    assert (twice.rung, twice.spent) == (None, True)
    done = case(incident(attempts=(attempt(HAND),)), policy=often).choice
    assert (done.rung, done.spent) == (None, True)


def test_a_scheduler_runs_on_one_node_and_can_be_mended_there_where_apiservers_are_well():
    away = Look(value="unknown", why="it does not run here: it runs on node2")
    others = {it: report(it) for it in ("node1", "node3")}
    for one in others.values():
        one.looks["scheduler.health"] = away
    hung = {"scheduler.health": {"how": ["silent"]}}
    open_ = incident("scheduler", "node2", ("scheduler.health",))
    given = case(open_, reports=others | {"node2": report("node2", ["scheduler.health"], hung)})
    assert given.choice.rung == "kill"
    assert gates.healthy(given).ok
    # Of a scheduler nobody can say that it is well where it does not run.
    policy = Heal(mode="act", rungs={"scheduler": ("standby",)})
    told = gates.healthy(case(open_, reports=given.state.reports, policy=policy))
    assert told.why == "apiserver is well on 2 of the 2 other nodes"
    for one in others.values():
        one.looks["apiserver.livez"] = Look(value="down")
    reports = others | {"node2": report("node2", ["scheduler.health"], hung)}
    assert not gates.healthy(case(open_, reports=reports, policy=policy)).ok


def test_haproxy_that_cannot_start_with_its_file_gets_the_last_good_one():
    bad = Own(runs=False, stopped=True, told="it is failed", against=f"{SPOILED} a file: a word")
    for view in (View(id="haproxy", runs=True), View(id="haproxy", banned=True)):
        said = hand.judge(view, bad)
        open_ = incident(attempts=(attempt(HAND, said.result, ago=5, why=said.why),))
        assert case(open_).choice.rung == "files"


def test_what_the_pillar_allows_beyond_the_default_is_taken_in_its_order():
    policy = Heal(mode="act", rungs={"haproxy": ("standby", "hand")})
    assert case(policy=policy).choice.rung == "standby"


def test_failures_of_several_nodes_are_cleaned_up_on_one_after_the_other():
    evidence = {
        "pacemaker.failures": {
            "banned": ["haproxy@node3", "vip@node9"],
            "failed": ["apiserver@node1 (monitor: timed out)"],
        }
    }
    down = ["pacemaker.failures"]
    reports = {it: report(it, down, evidence) for it in ("node1", "node2", "node3")}
    open_ = incident("pacemaker", "", tuple(down))
    assert case(open_, reports=reports).choice.node == "node1"
    tried = replace(
        open_, attempts=(attempt(HAND, component="pacemaker", node="node1", mended=True),)
    )
    assert case(tried, reports=reports).choice.node == "node3"


def test_who_is_named_in_the_words_of_a_resource_agent_did_not_fail():
    lines = {"failed": ["apiserver@node3 (monitor: error, ssh root@node1 failed)"]}
    down = ["pacemaker.failures"]
    told = {it: report(it, down, {down[0]: lines}) for it in ("node1", "node2", "node3")}
    open_ = incident("pacemaker", "", tuple(down))
    assert case(open_, reports=told).choice.node == "node3"


def test_evidence_that_goes_back_to_a_node_is_lines_of_text():
    evidence = {"files.drift": {"files": ["/etc/haproxy/haproxy.cfg", "a\nb", "", "\x1b[2J"]}}
    open_ = incident("files", "node2", ("files.drift",))
    given = case(open_, reports={"node2": report("node2", ["files.drift"], evidence)})
    assert given.choice.evidence == {"files": ["/etc/haproxy/haproxy.cfg"]}


def test_a_dead_node_is_fenced_only_where_the_pillar_says_so_and_the_others_miss_it():
    open_ = incident("node", "node2", ())
    silent = {"node2": NOW - 200}
    alone = {it: report(it, online=["node1", "node3"]) for it in ("node1", "node3")}
    assert case(open_, silent=silent).choice.rung is None
    policy = Heal(mode="act", rungs={"node": ("fence",)})
    given = case(open_, silent=silent, policy=policy, reports=alone)
    assert (given.choice.rung, given.choice.node) == ("fence", "node1")
    assert given.choice.evidence == {"node": ["node2"]}
    assert against(given) == {}
    one = alone | {"node3": report("node3")}
    found = against(case(open_, silent=silent, policy=policy, reports=one))
    assert "alone proves nothing" in found["votes"]


@pytest.mark.parametrize("failed", range(1, 12))
def test_backoff_doubles_up_to_the_longest_with_a_jitter_that_is_always_the_same(failed):
    limits = Budget(backoff=15, longest=600)
    wait = budget.backoff(incident(), failed, limits)
    plain = min(600, 15 * 2 ** (failed - 1))
    assert plain <= wait <= plain * 1.25
    assert wait == budget.backoff(incident(), failed, limits)


@pytest.mark.parametrize(("rounds", "hours"), [(0, 1), (1, 2), (4, 16), (5, 24), (99, 24)])
def test_what_was_given_up_rests_longer_each_time_up_to_a_day(rounds, hours):
    end = NOW + hours * 3600
    open_ = incident(gave_up=True, given=NOW, rounds=rounds)
    assert not budget.cooled(open_, end - 1)
    assert budget.cooled(open_, end)
    assert budget.cooled(open_, NOW - 1), "a clock that was set back makes nobody wait for years"
    assert not budget.cooled(replace(open_, gave_up=False), end)


def test_only_actions_that_did_something_in_vain_break_the_circuit():
    limits = Budget(breaker=2)
    for results, broken in (
        ([("done", False)], False),
        ([("done", False), ("lost", False)], True),
        ([("done", False), ("refused", False)], False),
        ([("done", False), ("refused", False), ("failed", False)], True),
        ([("done", False), ("done", True), ("done", False)], False),
    ):
        attempts = tuple(attempt(result=result, mended=it) for result, it in results)
        assert budget.broken(incident(attempts=attempts), limits) is broken, results
        assert not budget.broken(incident(attempts=attempts, forgiven=len(attempts)), limits)


def test_time_that_nobody_saw_pass_moves_what_is_waited_for():
    open_ = incident(attempts=(attempt(),))
    state = State(
        heard={"node1": NOW - 5},
        red={"node2": NOW - 9},
        storm=NOW + 50,
        clock=NOW,
        incidents={"i": open_},
        pauses=(Pause(since=0, until=NOW + 9, reason="Ann"),),
    )
    assert passed(state, NOW + 120) == replace(state, clock=NOW + 120)
    for now, by in ((NOW - 3600, -3600), (NOW + 3600, 3600 - 15)):
        moved = passed(state, now)
        assert moved.storm - now == state.storm - NOW + (by - (now - NOW))
        assert moved.heard == {"node1": NOW - 5 + by} and moved.red == {"node2": NOW - 9 + by}
        (after,) = moved.incidents.values()
        assert after.since == open_.since + by and after.opened == open_.opened
        assert after.attempts[0].ended == open_.attempts[0].ended + by
        assert moved.pauses == state.pauses


def test_a_vip_of_the_cluster_is_mended_where_it_is_whoever_has_trouble_with_its_address():
    """Else a node would be asked that has nothing to do with it."""
    others = {it: report(it, ["vip.request"], holder=False) for it in ("node1", "node2")}
    others["node2"] = report("node2", ["vip.request", "vip.address"], holder=False)
    open_ = incident("vip", "", ("vip.request",))
    found = case(open_, reports={**others, "node3": report("node3", holder=True)})
    assert (found.choice.rung, found.choice.node) == ("hand", "node3")
