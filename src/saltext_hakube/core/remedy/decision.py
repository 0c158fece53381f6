"""The values of a decision: what is open, what each gate said, what is to be done.

``decide(cluster, state, now)`` (core.remedy.decide) is pure: the same state and time give the same
step, so a ledger can be replayed, and another policy tried on it. State is changed by records only
(core.remedy.fold), so the ledger is the state.

Times are the master's, Unix. When its clock jumps, what is waited for moves with it (elapsed);
``Incident.opened`` and ``given``, ``Pause.until`` and what a record has in ``at`` stay as they were
said.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.report import Report
from saltext_hakube.core.remedy.words import IDLE, Component, Rung, Scope, Value

#: The gates, in the order in which they are asked. The first that says no decides.
GATES = (
    "known",  # cluster, node and component are declared
    "paused",  # nobody paused it; the mode is act; no maintenance, no standby
    "busy",  # no state run is going on on the node
    "votes",  # enough nodes say so
    "quorum",  # a majority is quorate
    "cliff",  # not most nodes went bad or silent at once
    "healthy",  # enough is healthy without the node, and no other one is being mended
    "incident",  # the incident is open, settled, and has a rung left
    "budget",  # not too much, not too often
)
Kind = Literal[
    "policy",  # what is declared, when it is another than before
    "observed",  # a report that changed something
    "silent",  # a node did not answer
    "seen",  # reports that changed nothing, where something was decided on them
    "passing",  # such a report before that: never written
    "clock",  # time went on while something waits for it
    "opened",  # an incident
    "grown",  # what an incident is about is more, or less
    "decided",  # gates, and an action or none; again when an answer changes
    "acting",  # before an action
    "acted",  # after it; also of one that nobody heard of again ("lost")
    "late",  # its answer, when it had been given up already
    "witnessed",  # what other nodes see of it, who were asked after it
    "verified",  # what came of it
    "undone",  # what is undone later needs not be any more: somebody did it, or it never was
    "adopted",  # what is undone later is another incident's now, for its own is over
    "gave_up",  # nothing more is done about the incident for a long while; people have to
    "retried",  # it is tried anew: a person says so, it is another fault, or that while is over
    "closed",  # an incident
    "told",  # people were notified
    "paused",
    "resumed",  # by a person, or its end came
    "storm",
    "snapshot",  # the whole state, at the head of a file
    "recovered",  # a torn end was cut off
]


class Gate(Struct, frozen=True):
    """One gate's answer."""

    name: str
    ok: bool
    why: str = ""


class Action(Struct, frozen=True, kw_only=True):
    """One thing to do, on one node. ``deadline``: seconds. ``evidence``: of the probe's look.
    ``undo``: take back what the rung did."""

    incident: str
    node: str
    component: Component
    rung: Rung
    deadline: float
    why: str
    evidence: dict[str, list[str]] = {}
    undo: bool = False


class Attempt(Struct, frozen=True, kw_only=True):
    """An action that was begun. ``ended``: None while it is under way. ``result``: done, nothing,
    refused, failed or lost; ``verified``: what the node itself saw then. ``mended``: None until
    newer reports tell: whether what this rung is for is well (the files are as applied; the
    incident is over). ``witness``: what other nodes see of it (core.remedy.witness), ``told``: in
    their words."""

    rung: Rung
    node: str
    component: Component
    began: float
    deadline: float = 60.0
    ended: float | None = None
    result: str = ""
    why: str = ""
    verified: bool | None = None
    mended: bool | None = None
    witness: Value = "unknown"
    told: str = ""
    undo: bool = False

    @property
    def flies(self) -> bool:
        """Whether it is under way."""
        return self.ended is None

    @property
    def idle(self) -> bool:
        """Whether the node did nothing: it found it needless, or refused."""
        return self.result in IDLE

    @property
    def failed(self) -> bool:
        """Whether something was done (or may have been) and mended nothing."""
        return self.mended is False and not self.idle


class Incident(Struct, frozen=True, kw_only=True):
    """One open problem of one component in one scope. ``node``: empty where the scope is the
    cluster. ``closed``: when it was found well again; kept for a while for budgets and breaker.
    ``probes``: all that belong to it, also of other components. ``since``: as ``opened``, but moves
    with the clock. ``forgiven``: so many attempts were before it was tried anew, ``rounds``: how
    often it was so without a person's word. ``given``: when it was given up. ``said``: the gates'
    last written answers, ``next``: the rung they were about."""

    id: str
    component: Component
    scope: Scope
    node: str
    probes: tuple[str, ...]
    opened: float
    why: str
    since: float = 0.0
    attempts: tuple[Attempt, ...] = ()
    gave_up: bool = False
    given: float = 0.0
    rounds: int = 0
    closed: float | None = None
    forgiven: int = 0
    said: tuple[Gate, ...] = ()
    next: str = ""

    @property
    def key(self) -> tuple[Scope, Component, str]:
        return (self.scope, self.component, self.node)

    @property
    def tried(self) -> tuple[Attempt, ...]:
        """The attempts that count: those since it was tried anew."""
        return self.attempts[self.forgiven :]


class Pause(Struct, frozen=True, kw_only=True):
    """By a person. ``node``: empty for the whole cluster. ``until``: Unix time, or None."""

    since: float
    until: float | None
    reason: str
    node: str = ""


class Cluster(Struct, frozen=True, kw_only=True):
    """What the master's own pillar declares. ``nodes``: name -> minion id."""

    name: str
    nodes: dict[str, str]
    policy: Heal


class Passing(Struct, frozen=True, array_like=True):
    """A report as the one before, but newer; the ledger does not have it yet."""

    seq: int
    at: float
    heard: float


class State(Struct, frozen=True, kw_only=True):
    """Everything a decision is made of. ``reports``: node -> its newest, and ``heard``: when it
    came (the master's clock); ``passing``: newer ones that said the same. ``boots``: node -> boots
    that are over. ``silent``: node -> since when it gives no report, ``instead``: what its minion
    says. ``red``: node -> since when something that serves is down there. ``standby``: node -> the
    incident for which we put it there. ``storm``: until
    when nothing is done, for most went bad at once. ``clock``: the latest time known, ``written``:
    the latest that the ledger has. ``declared``: what was declared. ``dropped``: what another
    version wrote that is left out here, a line each."""

    reports: dict[str, Report] = {}
    heard: dict[str, float] = {}
    passing: dict[str, Passing] = {}
    boots: dict[str, tuple[str, ...]] = {}
    silent: dict[str, float] = {}
    instead: dict[str, str] = {}
    red: dict[str, float] = {}
    standby: dict[str, str] = {}
    incidents: dict[str, Incident] = {}
    closed: tuple[Incident, ...] = ()
    pauses: tuple[Pause, ...] = ()
    storm: float = 0.0
    number: int = 0
    clock: float = 0.0
    written: float = 0.0
    declared: Cluster | None = None
    dropped: tuple[str, ...] = ()

    @property
    def cliff(self) -> bool:
        """Whether nothing is done now, for most went bad at once."""
        return self.storm > self.clock

    def heard_at(self, node: str) -> float | None:
        """When the node's newest report came."""
        passing = self.passing.get(node)
        return passing.heard if passing else self.heard.get(node)


class Record(Struct, frozen=True, kw_only=True):
    """A line for the ledger. ``data``: plain."""

    kind: Kind
    at: float
    incident: str = ""
    data: dict[str, Any] = {}


class Step(Struct, frozen=True, kw_only=True):
    """What decide() gives: the state then, what to write down, and at most one thing to do.

    ``again``: seconds after which time alone may change the answer (ask the nodes again, then
    decide); None if nothing is waited for. ``refused``: why a report was not taken."""

    state: State
    records: tuple[Record, ...] = ()
    action: Action | None = None
    again: float | None = None
    refused: str = ""
