"""What to do next about a cluster: nothing, or one thing on one node. Pure.

The caller's round, under the cluster's lock:

    state = fold(records of the ledger)
    for each declared node, asked by an authenticated job:
        heard(cluster, state, its report, now)       or silent(cluster, state, node, now)
    decide(cluster, state, now)
    if there is an action:
        begun(state, action, now)                    written and synced BEFORE the job is sent
        ended(state, action, the job's answer, now)  None where no answer came by the deadline
        and round again: only newer reports tell what came of it
    else round again after ``again`` seconds, where that is soon; else at the next reconcile

Each gives a Step: write its records (in order, before anything else is done), go on with its state.
"""

from __future__ import annotations

from typing import Any

from saltext_hakube.core.remedy.decision import Action, Cluster, Pause, State, Step
from saltext_hakube.core.remedy.report import Report


def decide(cluster: Cluster, state: State, now: float) -> Step:
    """Incidents opened, grown, verified and closed by what is known; then at most one action."""
    raise NotImplementedError


def heard(cluster: Cluster, state: State, report: Report, now: float) -> Step:
    """A node's report came. ``refused`` says why it was not taken: another cluster's, of a node
    that is not declared, not newer than what is known. One that says nothing new gives no record.
    """
    raise NotImplementedError


def silent(cluster: Cluster, state: State, node: str, now: float) -> Step:
    """A declared node was asked for its report and did not answer."""
    raise NotImplementedError


def begun(state: State, action: Action, now: float) -> Step:
    """The action is about to be sent. It counts from here on, whatever becomes of it."""
    raise NotImplementedError


def ended(state: State, action: Action, answer: dict[str, Any] | None, now: float) -> Step:
    """The node answered (``result``, ``why``, ``did``, ...: what act() returns), or did not."""
    raise NotImplementedError


def paused(state: State, pause: Pause, now: float) -> Step:
    """A person says: look, but do nothing. One for the same node takes the former's place."""
    raise NotImplementedError


def resumed(state: State, node: str, reason: str, now: float) -> Step:
    """A person says: go on (``node``: empty for the whole cluster), also with what was given up."""
    raise NotImplementedError
