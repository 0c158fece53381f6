"""The state out of records: the one place that changes it. Pure.

A ledger's file begins with a snapshot; the state is that, and each record after it applied. Kinds
that say nothing of the state (told, recovered) change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from saltext_hakube.core.remedy.decision import Record, State


def fold(records: Iterable[Record], state: State = State()) -> State:  # noqa: B008
    """The state after the records."""
    for record in records:
        state = apply(state, record)
    return state


def apply(state: State, record: Record) -> State:
    """The state after one record. Raises Unreadable for one that is none of ours."""
    raise NotImplementedError


def snapshot(state: State, now: float) -> Record:
    """The whole state as a record: fold([snapshot(state, now)]) is the state."""
    raise NotImplementedError


def passed(state: State, now: float) -> State:
    """The state at that time: where the clock jumped, all that is waited for moves with it."""
    raise NotImplementedError
