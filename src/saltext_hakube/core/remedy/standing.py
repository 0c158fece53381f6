"""Which nodes are in standby by our hand, or may be, and which incident takes that back. Pure.

Part of fold: what records say of it.
"""

from __future__ import annotations

from msgspec.structs import replace

from saltext_hakube.core.remedy.decision import Incident, Record, State

#: What came of it: the node is in standby, or may be.
MAY_BE = ("done", "failed")


def known(state: State, incident: str) -> Incident | None:
    """The incident, open or closed."""
    over = (it for it in reversed(state.closed) if it.id == incident)
    return state.incidents.get(incident) or next(over, None)


def stood_by(state: State, record: Record) -> State:
    """Which nodes are in standby by our hand, or may be."""
    incident = state.incidents.get(record.incident)
    last = incident.attempts[-1] if incident and incident.attempts else None
    if last is None or last.rung != "standby":
        return state
    node, result = last.node, record.data["result"]
    if last.undo and result in ("done", "nothing"):
        return replace(state, standby=_without(state, node))
    if not last.undo and result in (*MAY_BE, "lost"):
        return replace(state, standby=state.standby | {node: record.incident})
    return state


def owned(state: State, record: Record) -> State:
    """The node is in standby by our hand, though something else was done since, or its incident is
    over. (Where it was taken back since it is so once more, which leaves a person's alone.)"""
    data, node = record.data, str(record.data["node"])
    is_ours = data["rung"] == "standby" and not data.get("undo") and data["result"] in MAY_BE
    declared = state.declared is not None and node in state.declared.nodes
    incident = known(state, record.incident)
    if not is_ours or not declared or incident is None:
        return state
    mine = [
        number
        for number, it in enumerate(incident.attempts)
        if (it.rung, it.node, it.undo) == ("standby", node, False)
    ]
    number = data.get("attempt", mine[-1] if mine else None)
    if number not in mine:
        return state
    attempts = list(incident.attempts)
    attempts[number] = replace(
        attempts[number], ended=record.at, result=data["result"], why=data["why"]
    )
    changed = replace(incident, attempts=tuple(attempts))
    return replace(
        state,
        standby={node: incident.id} | state.standby,
        incidents={name: changed if it is incident else it for name, it in state.incidents.items()},
        closed=tuple(changed if it is incident else it for it in state.closed),
    )


def undone(state: State, record: Record) -> State:
    return replace(state, standby=_without(state, record.data["node"]))


def adopted(state: State, record: Record) -> State:
    """The incident for which the node was put into standby is over; this one takes it back."""
    if record.incident not in state.incidents:
        return state
    return replace(state, standby=state.standby | {record.data["node"]: record.incident})


def _without(state: State, node: str) -> dict[str, str]:
    return {it: incident for it, incident in state.standby.items() if it != node}
