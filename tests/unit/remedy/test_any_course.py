"""Whatever happens, in whatever order, with whatever is lost: what always holds of the healing.

Hypothesis drives a cluster with a virtual clock (fleet.py): faults come and go, nodes fall silent
or lose quorum, reports are lost, doubled, late, forged, reordered; the master's clock jumps, it
dies between a record and its action, a second master works on the same ledger, people pause and
resume. At the end all is well, and all incidents close; then a fault stays, and something is done
about it, or people are told why not. HAKUBE_EXAMPLES=1000 tries harder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.budget import ASKED
from saltext_hakube.core.remedy.decide import LATE
from saltext_hakube.core.remedy.decision import Action, Incident, Pause, State
from saltext_hakube.core.remedy.elapsed import BELIEVED
from saltext_hakube.core.remedy.fold import HOUR, fold
from saltext_hakube.core.remedy.policy import Budget, Heal
from saltext_hakube.core.remedy.replay import replay
from saltext_hakube.core.remedy.sight import is_red
from saltext_hakube.core.remedy.words import PROBES
from tests.unit.remedy.fleet import NODES, Fault, World, garbage, hang

HARDER = int(os.environ.get("HAKUBE_EXAMPLES", "0"))
BUDGET = Budget(each=3, cluster=6, breaker=2)
node_names = st.sampled_from(NODES)
FAULTS = {
    "garbage": garbage,
    "banned": lambda: garbage(banned=True),
    "apiserver": lambda: hang("apiserver"),
    "scheduler": lambda: hang("scheduler"),
    "haproxy": lambda: hang("haproxy"),
    "etcd": lambda: Fault({"apiserver.readyz"}),
    "hopeless": lambda: Fault({"controller-manager.health"}),
    "vip": lambda: Fault({"vip.request"}, {"hand": {"vip.request"}, "move": {"vip.request"}}),
    "crash": lambda: Fault({"haproxy.process"}, {"hand": {"haproxy.process"}}),
    "disk": lambda: Fault({"disk.space", "certificates.expiry"}),
}


@dataclass
class Begun:
    """An action: true time, its incident's key, and whether the node is known to have done nothing
    (then it is not counted)."""

    at: float
    incident: str
    key: str
    idle: bool = False


class Course(RuleBasedStateMachine):
    """Two masters on one ledger, each of which folds it before each round, as real ones do."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(
            Heal(mode="act", budget=BUDGET, rungs={"controller-manager": ("standby",)})
        )
        self.under_way: tuple[float, Action] | None = None  # of which no answer came
        self.begun: list[Begun] = []
        self.jumps: list[float] = []  # true times
        self.old: list = []  # reports of former times
        self.late: list[tuple[Action, dict | None, Begun, int]] = []  # None: not done yet
        self.last, self.then = "disk", "answers"

    @initialize(
        mode=st.sampled_from(["act", "act", "act", "observe"]),
        last=st.sampled_from(sorted(FAULTS)),
        then=st.sampled_from(["answers", "answers", "lost", "fails", "refuses"]),
    )
    def first(self, mode: str, last: str, then: str) -> None:
        self.last, self.then = last, then
        self.world.policy = msgspec.structs.replace(self.world.policy, mode=mode)
        self.a_round(list(NODES), set(), False, "answers")

    # --- The world.

    @rule(node=node_names, kind=st.sampled_from(sorted(FAULTS)))
    def a_fault(self, node: str, kind: str) -> None:
        self.world.fault(node, FAULTS[kind]())

    @rule(kind=st.sampled_from(["garbage", "haproxy", "etcd", "vip"]))
    def the_same_fault_everywhere(self, kind: str) -> None:
        for node in NODES:
            self.world.fault(node, FAULTS[kind]())

    @rule(node=node_names)
    def all_is_well_there(self, node: str) -> None:
        self.world.nodes[node].faults.clear()

    @rule(
        node=node_names, what=st.sampled_from(["mute", "standby", "maintenance", "quorate", "busy"])
    )
    def something_about_a_node_changes(self, node: str, what: str) -> None:
        it = self.world.nodes[node]
        value = not getattr(it, what)
        setattr(it, what, ("state.apply" if value else "") if what == "busy" else value)

    @rule(node=node_names, probes=st.sets(st.sampled_from(sorted(PROBES)), max_size=3))
    def nobody_looks_there_any_more(self, node: str, probes: set[str]) -> None:
        self.world.nodes[node].blind = probes

    @rule()
    def all_is_calm(self) -> None:
        self.calm()

    def calm(self, *, blind: bool = False) -> None:
        world = self.world
        for node in world.nodes.values():
            node.faults.clear()
            node.blind = node.blind if blind else set()
            node.mute = node.standby = node.maintenance = False
            node.busy, node.quorate = "", True
        world.policy = msgspec.structs.replace(world.policy, mode="act")
        world.keep(decide.resumed(world.state(), "", "go on", world.clock))

    @rule(
        node=node_names,
        kind=st.sampled_from(sorted(FAULTS)),
        pauses=st.lists(st.sampled_from([1.0, 4.0, 4.1, 15.0, 30.0]), min_size=2, max_size=8),
        then=st.sampled_from(["answers", "answers", "dies", "lost", "fails", "refuses"]),
        but=st.sampled_from(["", "", "", "paused", "busy", "quorate", "maintenance", "observe"]),
        other=node_names,
    )
    def a_fault_in_calm(  # noqa: PLR0917
        self, node: str, kind: str, pauses: list[float], then: str, but: str, other: str
    ) -> None:
        """In a cluster that is well otherwise, but for one thing."""
        self.calm()
        if but == "paused":
            self.paused(other, sum(pauses[:-1]))
        elif but == "observe":
            self.the_policy_changes(but)
        elif but:
            self.something_about_a_node_changes(other, but)
        self.world.fault(node, FAULTS[kind]())
        for pause in pauses:
            self.world.now += pause
            self.a_round(list(NODES), set(), False, then)

    @rule(node=node_names)
    def a_node_boots(self, node: str) -> None:
        it = self.world.nodes[node]
        it.boot, it.booted, it.put = f"{it.boot}x", self.world.now - 1, False

    @rule(seconds=st.sampled_from([0.1, 0.9, 1.0, 4.1, 15.0, 20.0, 40.0, 100.0, 900.0, 3600.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.now += seconds

    @rule(skew=st.sampled_from([-3600.0, -1.0, 0.0, 1.0, 3600.0]))
    def the_masters_clock_is_set(self, skew: float) -> None:
        self.world.skew = skew
        self.jumps.append(self.world.now)

    # --- People.

    @rule(node=st.sampled_from(["", *NODES]), seconds=st.sampled_from([None, 60.0, 600.0]))
    def paused(self, node: str, seconds: float | None) -> None:
        world = self.world
        until = seconds and world.clock + seconds
        pause = Pause(since=world.clock, until=until, reason="somebody works there", node=node)
        world.keep(decide.paused(world.state(), pause, world.clock))

    @rule(node=st.sampled_from(["", *NODES]))
    def resumed(self, node: str) -> None:
        self.world.keep(decide.resumed(self.world.state(), node, "done", self.world.clock))

    @precondition(lambda self: self.world.state().incidents)
    @rule(which=st.integers(0, 9))
    def one_is_to_be_tried_anew(self, which: int) -> None:
        opened = sorted(self.world.state().incidents)
        name = opened[which % len(opened)]
        self.world.keep(decide.retried(self.world.state(), name, "mended", self.world.clock))

    @rule(mode=st.sampled_from(["act", "observe"]))
    def the_policy_changes(self, mode: str) -> None:
        self.world.policy = msgspec.structs.replace(self.world.policy, mode=mode)

    # --- The masters.

    def look(self, order: list[str], lost: set[str], doubled: bool) -> State:
        """All are asked; what comes comes in this order."""
        world, state = self.world, self.world.state()
        for name in order:
            node = world.nodes[name]
            if node.mute or name in lost:
                state = world.keep(decide.silent(world.cluster, state, name, world.clock))
                continue
            report = node.report(world.now)
            state = world.keep(decide.heard(world.cluster, state, report, world.clock))
            self.old.append(report)
            if doubled:
                again = decide.heard(world.cluster, state, report, world.clock)
                assert again.refused and again.state is state and not again.records
        self.old = self.old[-30:]
        return state

    @rule(
        order=st.permutations(NODES),
        lost=st.sets(node_names, max_size=1),
        doubled=st.booleans(),
        then=st.sampled_from(
            ["answers", "answers", "dies", "dies before", "sleeps", "lost", "fails", "refuses"]
        ),
    )
    def a_round(self, order: list[str], lost: set[str], doubled: bool, then: str) -> None:
        world = self.world
        before = list(world.ledger)
        state = self.look(order, lost, doubled)
        step = decide.decide(world.cluster, state, world.clock)
        self.in_any_order_it_is_the_same(before, order, lost, step)
        state = world.keep(step)
        if step.action is None or then == "dies before":
            return
        self.may_be(step.action, state)
        state = world.keep(decide.begun(state, step.action, world.clock))
        begun = Begun(world.now, step.action.incident, self.key(state, step.action))
        if not step.action.undo:  # which takes back, and is never too much
            self.begun.append(begun)
        attempt = len(state.incidents[step.action.incident].attempts) - 1
        if then in ("dies", "sleeps"):
            self.under_way = (world.now, step.action)
            answer = world.perform(step.action) if then == "dies" else None
            self.late.append((step.action, answer, begun, attempt))
            return
        answer = None
        if then == "fails":
            answer = {"result": "failed", "why": ["no", "text"]}
        elif then == "refuses":
            answer = {"result": "refused", "why": "another one has the turn"}
        elif then != "lost":
            answer = world.perform(step.action)
        self.end(step.action, answer, begun)

    def end(
        self, action: Action, answer: dict | None, begun: Begun, attempt: int | None = None
    ) -> None:
        """What the node says came of it. Of an action that is held for lost it comes too late."""
        world, state = self.world, self.world.state()
        step = decide.ended(state, action, answer, world.clock)
        counts = not step.refused
        if step.refused and answer is not None:
            step = decide.late(state, action, answer, world.clock, attempt)
            # It says what came of what was done last, and of nothing before that.
            last = [it for it in self.begun if it.incident == action.incident][-1:]
            counts = last == [begun] and action.incident in state.incidents
        world.keep(step)
        if counts and answer is not None:
            begun.idle = answer["result"] in ("nothing", "refused")

    @rule(count=st.integers(2, 8), pause=st.sampled_from([1.0, 4.0, 15.0, 30.0]))
    def rounds(self, count: int, pause: float) -> None:
        for _ in range(count):
            self.world.now += pause
            self.a_round(list(NODES), set(), False, "answers")

    def in_any_order_it_is_the_same(self, before, order, lost, step) -> None:
        """Reports that come in the opposite order give the same decision."""
        world, state = self.world, fold(before)
        for name in reversed(order):
            node = world.nodes[name]
            if node.mute or name in lost:
                state = decide.silent(world.cluster, state, name, world.clock).state
            else:
                report = node.report(world.now)
                state = decide.heard(world.cluster, state, report, world.clock).state
        other = decide.decide(world.cluster, state, world.clock)
        assert other.action == step.action
        assert [it for it in other.records if it.kind != "clock"] == [
            it for it in step.records if it.kind != "clock"
        ]

    @precondition(lambda self: self.old)
    @rule(
        which=st.integers(0, 29),
        changed=st.sampled_from([{}, {"node": "node9"}, {"cluster": "other"}, {"seq": 0}]),
    )
    def a_late_or_forged_report_comes(self, which: int, changed: dict) -> None:
        world, state = self.world, self.world.state()
        report = self.old[which % len(self.old)]
        forged = msgspec.structs.replace(report, **changed)
        step = decide.heard(world.cluster, state, forged, world.clock)
        known = state.reports.get(report.node)
        if changed.get("node") or changed.get("cluster"):
            assert step.refused
        if known is not None and step.refused:
            assert not step.records and step.state is state
        world.keep(step)

    @precondition(lambda self: self.late)
    @rule()
    def a_late_answer_comes(self) -> None:
        action, answer, begun, attempt = self.late.pop()
        # A node that was away does it when it is back.
        self.end(action, answer or self.world.perform(action), begun, attempt)
        self.under_way = None

    # --- What always holds.

    def key(self, state: State, action: Action) -> str:
        return str(state.incidents[action.incident].key)

    def may_be(self, action: Action, state: State) -> None:
        """Of each action, at the moment of it."""
        world, now = self.world, self.world.now
        assert world.policy.mode == "act"
        target = world.nodes[action.node]
        assert not target.mute and not target.busy
        assert action.undo or not (target.standby or target.put)
        for pause in state.pauses:
            if pause.node in ("", action.node):
                assert pause.until is not None and pause.until <= world.clock
        told = [it.report(now) for it in world.nodes.values()]
        assert not any(it.maintenance for it in told if not world.nodes[it.node].mute)
        assert sum(it.quorate is True and not world.nodes[it.node].mute for it in told) >= 2
        assert target.quorate is True
        assert not all(is_red(it) or world.nodes[it.node].mute for it in told)
        for other in state.incidents.values():
            if other.id != action.incident:
                assert all(it.mended is not None for it in other.attempts), "two repairs at once"
        if self.under_way is not None:
            began, other = self.under_way
            # A jump of the clock is believed for so long at most.
            jumps = sum(at >= began for at in self.jumps) * BELIEVED
            assert now - began + jumps > other.deadline + LATE, "two repairs at once"
            self.under_way = None
        if action.undo:
            return
        for window, most, mine, idle in (
            (BUDGET.window, BUDGET.each, self.key(state, action), False),
            (BUDGET.window, ASKED, self.key(state, action), True),
            (HOUR, BUDGET.cluster, None, False),
        ):
            since = now - window + BELIEVED * sum(at > now - window for at in self.jumps)
            count = sum(
                it.at > since and mine in (None, it.key) and (idle or not it.idle)
                for it in self.begun
            )
            assert count < most, "more than the budget"

    @invariant()
    def an_action_is_written_before_and_what_comes_of_it_after(self) -> None:
        done = {}
        for record in self.world.ledger:
            if record.kind == "decided" and record.data["action"]:
                done[record.incident] = record.data["action"]
            elif record.kind == "acting":
                # Nobody else's decision came between.
                assert done.get(record.incident) is not None
                assert record.data == done.pop(record.incident)

    def teardown(self) -> None:
        self.what_is_well_is_over()
        self.what_stays_is_tended_or_told()
        turns = replay(self.world.ledger)
        assert all(turn.same for turn in turns)

    def what_is_well_is_over(self) -> None:
        """All is well again, or nobody can say otherwise; nobody paused it: nothing is open after a
        while, nothing is done."""
        world = self.world
        self.calm(blind=True)
        away = any(node.put for node in world.nodes.values())
        for _ in range(80 if away else 25):
            world.now += 15
            before = len(world.actions)
            step = world.round()
            assert step.action is None or (step.action.undo and away)
            assert len(world.actions) - before == (step.action is not None)
        state = world.state()
        assert not state.incidents and not state.standby
        assert not any(node.put for node in world.nodes.values())
        attempts = [one for it in state.closed for one in it.attempts]
        assert all(one.ended is not None and one.mended is not None for one in attempts)

    def what_stays_is_tended_or_told(self) -> None:
        """Budgets that were spent are free again within an hour; a rung that is refused is given up
        within as long."""
        world = self.world
        self.calm()
        # What concerns the cluster two have to say; one node has the others to do without it.
        for node in NODES if self.last == "vip" else ["node2"]:
            world.fault(node, FAULTS[self.last]())
        before = len(world.ledger)
        for _ in range(150):
            world.now += 55
            self.a_round(list(NODES), set(), False, self.then)
            if self.is_tended_or_told(before):
                break
        else:
            raise AssertionError(f"{self.last}: nothing comes of it, and nobody is told")

    def is_tended_or_told(self, before: int) -> bool:
        """Whether nothing is open, or what is was given up, or has no rung, with the reason."""
        open_ = self.world.state().incidents.values()
        if not open_:
            return any(it.kind == "closed" for it in self.world.ledger[before:])
        why = {it.incident: it.data["why"] for it in self.world.ledger if it.kind == "gave_up"}
        return all(why.get(it.id) if it.gave_up else self.has_no_rung(it) for it in open_)

    def has_no_rung(self, incident: Incident) -> bool:
        """And never will: none that is tried later."""
        said = [it.why for it in incident.said if it.name == "incident" and not it.ok]
        return not incident.next and any("rung" in it and "not yet" not in it for it in said)


TestAnyCourse = Course.TestCase
TestAnyCourse.settings = settings(
    max_examples=HARDER or 40,
    stateful_step_count=100 if HARDER else 40,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
