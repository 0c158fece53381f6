"""A cluster that is only told of, with a virtual clock, and a master that heals it.

No mock of ours: the master's round is the one that decide's docstring describes, on records alone.
What cannot be had here is the world, so a fault is a set of probes that are down, and what mends
it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.decision import Action, Cluster, Record, State, Step
from saltext_hakube.core.remedy.fold import fold
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.report import Look, Report
from saltext_hakube.core.remedy.words import PROBES

NODES = ("node1", "node2", "node3")
START = 1_764_000_000.0
HAPROXY_CFG = "/etc/haproxy/haproxy.cfg"


@dataclass
class Fault:
    """``cures``: rung -> the probes that it brings up again. ``seen``: seconds until it is told."""

    down: set[str]
    cures: dict[str, set[str]] = field(default_factory=dict)
    seen: float = 0.0
    since: float = 0.0
    how: str = ""


def garbage(*, banned: bool = False) -> Fault:
    """haproxy.cfg overwritten, then haproxy killed: seen twice by eyes that look each 2 s. The rung
    files starts haproxy again, too; ``banned``: it does not get it back."""
    down = {"haproxy.process", "haproxy.stats", "haproxy.request", "files.drift"}
    mended = {"files.drift"} if banned else set(down)
    return Fault(down, {"files": mended, "hand": down - {"files.drift"}}, seen=4.0)


def hang(component: str) -> Fault:
    """Accepts and says nothing: 5.5 s until it was seen twice."""
    probe = {"apiserver": "apiserver.livez", "haproxy": "haproxy.request"}.get(
        component, f"{component}.health"
    )
    return Fault({probe}, {"kill": {probe}}, seen=5.5, how="silent")


@dataclass
class Node:
    name: str
    boot: str = "boot1"
    booted: float = START - 1000.0
    faults: list[Fault] = field(default_factory=list)
    holder: bool = False
    quorate: bool | None = True
    standby: bool = False  # a person's
    put: bool = False  # the healing's own standby: a boot ends it
    maintenance: bool = False
    busy: str = ""
    online: list[str] | None = None
    blind: set[str] = field(default_factory=set)  # probes of which it cannot say anything
    mute: bool = False
    ahead: float = 0.0  # of its clock
    said: dict[str, tuple[str, float]] = field(default_factory=dict)  # probe -> verdict, since when

    def down(self, now: float) -> set[str]:
        return {it for one in self.faults if now >= one.since + one.seen for it in one.down}

    def verdict(self, probe: str, now: float) -> tuple[str, float]:
        """What it says of the probe, and since when, by true time."""
        value = "down" if probe in self.down(now) else "unknown" if probe in self.blind else "up"
        known = self.said.get(probe)
        if known is None or known[0] != value:
            self.said[probe] = (value, now if known else self.booted)
        return self.said[probe]

    def report(self, now: float, cluster: str = "k8s") -> Report:
        looks = {name: self.verdict(name, now) for name in PROBES}
        evidence = {"files.drift": {"files": [HAPROXY_CFG]}}
        evidence["pacemaker.failures"] = {"banned": [f"haproxy@{self.name}"]}
        return Report(
            format=1,
            cluster=cluster,
            node=self.name,
            boot=self.boot,
            seq=int((now - self.booted) * 1000),
            at=now + self.ahead,
            looks={
                name: Look(
                    value=value,
                    since=since + self.ahead,
                    evidence=evidence.get(name, {}) if value == "down" else {},
                )
                for name, (value, since) in looks.items()
            },
            maintenance=self.maintenance,
            standby=self.standby or self.put,
            busy=self.busy,
            quorate=self.quorate,
            online=list(NODES) if self.online is None else self.online,
            holder=self.holder,
        )


class World:
    """``now``: true time; the master's clock is ``skew`` ahead. ``took``: seconds of an action."""

    def __init__(self, policy: Heal | None = None, nodes: Iterable[str] = NODES) -> None:
        self.now = START
        self.skew = 0.0
        self.nodes = {name: Node(name) for name in nodes}
        next(iter(self.nodes.values())).holder = True
        self.policy = policy or Heal(mode="act")
        self.took = 2.0
        self.ledger: list[Record] = []
        self.actions: list[tuple[float, Action]] = []

    @property
    def cluster(self) -> Cluster:
        return Cluster(
            name="k8s", nodes={it: f"minion-{it}" for it in self.nodes}, policy=self.policy
        )

    @property
    def clock(self) -> float:
        return self.now + self.skew

    def fault(self, node: str, fault: Fault) -> Fault:
        fault.since = self.now
        self.nodes[node].faults.append(fault)
        return fault

    def keep(self, step: Step) -> State:
        self.ledger += step.records
        return step.state

    def state(self) -> State:
        return fold(self.ledger)

    def look(self, state: State | None = None, order: Iterable[str] | None = None) -> State:
        """All nodes are asked, and answer in this order."""
        state = self.state() if state is None else state
        for name in order or self.nodes:
            node = self.nodes[name]
            if node.mute:
                state = self.keep(decide.silent(self.cluster, state, name, self.clock))
            else:
                found = node.report(self.now)
                state = self.keep(decide.heard(self.cluster, state, found, self.clock))
        return state

    def round(self, perform: Callable[[Action], dict | None] | None = None) -> Step:
        """One round of the master: look, decide, act."""
        state = self.look()
        step = decide.decide(self.cluster, state, self.clock)
        state = self.keep(step)
        if step.action is not None:
            state = self.keep(decide.begun(state, step.action, self.clock))
            self.actions.append((self.now, step.action))
            answer = (perform or self.perform)(step.action)
            self.keep(decide.ended(state, step.action, answer, self.clock))
        return step

    def perform(self, action: Action) -> dict:
        """What the node does."""
        self.now += self.took
        node = self.nodes[action.node]
        if action.rung == "standby":
            node.put = not action.undo
            return {"result": "done", "why": "it is down", "did": ["standby"], "verified": True}
        cured = False
        for fault in node.faults:
            cure = fault.cures.get(action.rung, set()) & fault.down
            if action.rung == "kill":
                cure = {it for it in cure if PROBES[it].component == action.component}
            # Pacemaker cannot start what has a broken file.
            if action.rung == "hand" and "files.drift" in fault.down:
                cure = set()
            fault.down -= cure
            cured = cured or bool(cure)
        node.faults = [it for it in node.faults if it.down]
        if cured:
            return {"result": "done", "why": "it was down", "did": ["mended"], "verified": True}
        if action.rung == "kill":
            return {"result": "nothing", "why": "it does not hang", "did": []}
        return {"result": "done", "why": "it was down", "did": ["tried"], "verified": False}

    def run(self, seconds: float, every: float = 15.0, pull: float = 0.7) -> None:
        """As the master does it: at once when a verdict changes, after ``again`` where that is
        soon, and every so often."""
        end, due = self.now + seconds, self.now
        told = {name: node.down(self.now) for name, node in self.nodes.items()}
        again = end
        while self.now < end:
            seen = {name: node.down(self.now) for name, node in self.nodes.items()}
            if self.now >= due or seen != told or self.now >= again:
                told, due = seen, max(due, self.now + every) if self.now >= due else due
                self.now += pull
                step = self.round()
                again = end
                if step.action is not None:
                    again = self.now + 0.1
                elif step.again is not None and step.again <= 14:
                    again = self.now + max(step.again, 1.0)
            shows = [one.since + one.seen for node in self.nodes.values() for one in node.faults]
            later = [it for it in (again, end, *shows) if it > self.now]
            self.now = max(self.now + 0.1, min([due, *later]))
