"""The values of a decision: what is open, what each gate said, what is to be done.

``decide(state, now)`` (core.remedy.decide) is pure: the same state and time give the same step, so
a ledger can be replayed, and another policy tried on it.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.report import Report
from saltext_hakube.core.remedy.words import Component, Rung, Scope

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
    "observed",  # a report that changed something
    "opened",  # an incident
    "decided",  # gates, and an action or none
    "acting",  # before an action
    "acted",  # after it
    "verified",  # what came of it
    "closed",  # an incident
    "told",  # people were notified
    "paused",
    "resumed",
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
    """One thing to do, on one node. ``deadline``: seconds. ``evidence``: of the probe's look."""

    incident: str
    node: str
    component: Component
    rung: Rung
    deadline: float
    why: str
    evidence: dict[str, list[str]] = {}


class Attempt(Struct, frozen=True, kw_only=True):
    """An action that was begun. ``ended``: None while it is under way. ``result``: done, nothing,
    refused, failed or lost; ``mended``: None until it is verified."""

    rung: Rung
    node: str
    began: float
    ended: float | None = None
    result: str = ""
    why: str = ""
    mended: bool | None = None


class Incident(Struct, frozen=True, kw_only=True):
    """One open problem of one component in one scope. ``node``: empty where the scope is the
    cluster. ``closed``: when it was found well again; kept for a while for budgets and breaker."""

    id: str
    component: Component
    scope: Scope
    node: str
    probes: tuple[str, ...]
    opened: float
    why: str
    attempts: tuple[Attempt, ...] = ()
    gave_up: bool = False
    closed: float | None = None


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


class State(Struct, frozen=True, kw_only=True):
    """Everything a decision is made of. ``reports``: node -> its newest, and ``heard``: when it
    came (the master's clock). ``storm``: until when nothing is done."""

    reports: dict[str, Report] = {}
    heard: dict[str, float] = {}
    incidents: dict[str, Incident] = {}
    closed: tuple[Incident, ...] = ()
    pauses: tuple[Pause, ...] = ()
    storm: float = 0.0
    number: int = 0


class Record(Struct, frozen=True, kw_only=True):
    """A line for the ledger. ``data``: plain."""

    kind: Kind
    at: float
    incident: str = ""
    data: dict[str, Any] = {}


class Step(Struct, frozen=True, kw_only=True):
    """What decide() gives: the state then, what to write down, and at most one thing to do."""

    state: State
    records: tuple[Record, ...] = ()
    action: Action | None = None
