"""Time that went by, as far as it is believed. Pure.

Seconds that nobody saw pass are not: where the clock goes back, or on by more than UNSEEN, all that
is waited for moves with it, so that no wait becomes longer than it was, and none ends at once. (A
gap counts as BELIEVED.) While something is waited for decide() writes at least every TICK seconds,
so only a jump, or a master that was away, is a gap.
"""

from __future__ import annotations

from msgspec.structs import replace

from saltext_hakube.core.remedy.decision import Incident, State

TICK, UNSEEN, BELIEVED = 60.0, 120.0, 15.0  # seconds


def passed(state: State, now: float) -> State:
    """The state at that time: where the clock jumped, all that is waited for moves with it."""
    gap = now - state.clock
    if gap == 0:
        return state
    if 0 < gap <= UNSEEN or not state.clock:
        return replace(state, clock=now)
    by = gap if gap < 0 else gap - BELIEVED
    return replace(
        state,
        clock=now,
        heard=_moved(state.heard, by),
        passing={node: replace(one, heard=one.heard + by) for node, one in state.passing.items()},
        silent=_moved(state.silent, by),
        red=_moved(state.red, by),
        incidents={name: _later(it, by) for name, it in state.incidents.items()},
        closed=tuple(_later(it, by) for it in state.closed),
        storm=state.storm and state.storm + by,
    )


def _moved(times: dict[str, float], by: float) -> dict[str, float]:
    return {node: at + by for node, at in times.items()}


def _later(incident: Incident, by: float) -> Incident:
    attempts = tuple(
        replace(it, began=it.began + by, ended=None if it.ended is None else it.ended + by)
        for it in incident.attempts
    )
    closed = None if incident.closed is None else incident.closed + by
    return replace(incident, since=incident.since + by, attempts=attempts, closed=closed)
