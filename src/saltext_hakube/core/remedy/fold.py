"""The state out of records: the one place that changes it. Pure.

A ledger's file begins with a snapshot; the state is that, and each record after it applied. Kinds
that say nothing of the state (told, recovered, those of a later version) change nothing.

Each record carries the clock on (core.remedy.elapsed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import older, report, sight, standing
from saltext_hakube.core.remedy.decision import (
    Attempt,
    Cluster,
    Gate,
    Incident,
    Passing,
    Pause,
    Record,
    State,
)
from saltext_hakube.core.remedy.elapsed import passed
from saltext_hakube.core.remedy.words import PROBES

#: Of closed incidents those are kept that budgets count, that a node is in standby for, and the
#: last few.
HOUR, LAST = 3600.0, 16
_OF_NODES = ("reports", "heard", "passing", "boots", "silent", "instead", "red", "standby")
BOOTS = 8  # that are over, of one node
#: What a snapshot has beside the state (metrics.COUNTS).
BESIDE = ("counts",)


class Unreadable(HakubeError):
    """A record is none of ours; the text says why, in one line."""


def fold(records: Iterable[Record], state: State | None = None) -> State:
    """The state after the records. Raises Unreadable."""
    state = state or State()
    for record in records:
        state = apply(state, record)
    return state


def apply(state: State, record: Record) -> State:
    """The state after one record. Raises Unreadable."""
    if record.kind == "snapshot":
        return _snapshot(record)
    change = _CHANGES.get(record.kind)
    state = passed(state, record.at)
    # What was seen is written only before something else is.
    if record.kind not in ("passing", "seen"):
        state = replace(state, written=record.at)
    try:
        return change(state, record) if change else state
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        told = f"{type(error).__name__}: {error}".splitlines()[0]
        raise Unreadable(f"a record ({record.kind}) cannot be read: {told}") from None


def snapshot(state: State, now: float) -> Record:
    """The whole state as a record: fold([snapshot(state, now)]) is the state."""
    plain = msgspec.to_builtins(replace(state, dropped=()))
    return Record(kind="snapshot", at=now, data=plain)


def _read(record: Record, kind: Any, data: Any = None) -> Any:
    try:
        return msgspec.convert(record.data if data is None else data, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Unreadable(f"a record ({record.kind}) cannot be read: {error}") from None


def _partly(record: Record, kind: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
    """As far as it can be read; and what cannot, a line each."""
    try:
        return older.read(data, kind)
    except msgspec.ValidationError as error:
        raise Unreadable(f"a record ({record.kind}) cannot be read: {error}") from None


def _snapshot(record: Record) -> State:
    data = {name: value for name, value in record.data.items() if name not in BESIDE}
    state, dropped = _partly(record, State, data)
    probes = [_probes(it) for it in (*state.incidents.values(), *state.closed)]
    dropped = (*dropped, *(line for _, line in probes if line))
    if len(state.pauses) < len(data.get("pauses") or ()):
        # Nobody knows what it keeps from being done: so nothing is.
        why = "somebody paused it in a way that this version cannot read"
        state = replace(state, pauses=(*state.pauses, Pause(since=0, until=None, reason=why)))
    incidents = {name: _probes(it)[0] for name, it in state.incidents.items()}
    return replace(state, incidents=incidents, dropped=dropped)


def _probes(incident: Incident) -> tuple[Incident, str]:
    """Without those that are not known here; and which these are."""
    odd = [it for it in incident.probes if it not in PROBES]
    if not odd:
        return incident, ""
    known = tuple(it for it in incident.probes if it in PROBES)
    return replace(incident, probes=known), f"{incident.id}: not known here: {', '.join(odd)}"[:120]


def _dropping(state: State, *lines: str) -> State:
    new = [it for it in lines if it and it not in state.dropped]
    return replace(state, dropped=(*state.dropped, *new)[-older.MOST :]) if new else state


def _policy(state: State, record: Record) -> State:
    """What is declared is another: nothing is remembered of nodes that are not."""
    cluster, dropped = _partly(record, Cluster, record.data)
    ours = cluster.nodes
    return replace(
        state,
        declared=cluster,
        dropped=dropped,
        **{
            name: {node: value for node, value in getattr(state, name).items() if node in ours}
            for name in _OF_NODES
        },
    )


def _observed(state: State, record: Record) -> State:
    found = _read(record, report.Report)
    node = found.node
    before = state.reports.get(node)
    boots = state.boots
    if before is not None and before.boot != found.boot:
        over = [it for it in (*boots.get(node, ()), before.boot) if it != found.boot]
        boots = boots | {node: tuple(over[-BOOTS:])}
    return replace(
        state,
        reports=state.reports | {node: found},
        heard=state.heard | {node: record.at},
        passing=_without(state.passing, node),
        silent=_without(state.silent, node),
        instead=_without(state.instead, node),
        boots=boots,
        red=_reddened(state.red, found, record.at),
    )


def _reddened(red: dict[str, float], found: report.Report, at: float) -> dict[str, float]:
    if not sight.is_red(found):
        return _without(red, found.node)
    return red if found.node in red else red | {found.node: at}


def _without(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    return {it: value for it, value in mapping.items() if it != key} if key in mapping else mapping


def _passing(state: State, record: Record) -> State:
    node, seq, at = record.data["node"], record.data["seq"], record.data["at"]
    return replace(state, passing=state.passing | {node: Passing(seq, at, record.at)})


def _seen(state: State, record: Record) -> State:
    """What was passing is in the ledger now."""
    reports, heard = dict(state.reports), dict(state.heard)
    for node, (seq, at, ago) in record.data["nodes"].items():
        if node in reports:
            reports[node] = replace(reports[node], seq=seq, at=at)
            heard[node] = record.at - ago
    return replace(state, reports=reports, heard=heard, passing={})


def _silent(state: State, record: Record) -> State:
    node = record.data["node"]
    said = str(record.data.get("instead", ""))
    instead = state.instead | {node: said} if said else state.instead
    return replace(state, silent={node: record.at} | state.silent, instead=instead)


def _opened(state: State, record: Record) -> State:
    try:
        read, dropped = older.read(record.data["incident"], Incident)
    except msgspec.ValidationError as error:
        # Of something that this version does not know: it does nothing about it.
        told = f"{record.incident} is left out: {error}"[:120]
        return _dropping(replace(state, number=state.number + 1), told)
    incident, odd = _probes(read)
    state = _dropping(state, *dropped, odd)
    return replace(
        state, incidents=state.incidents | {incident.id: incident}, number=state.number + 1
    )


def _changed(state: State, record: Record, **changes: Any) -> State:
    """The record's incident, changed. One that is not open (any more) stays as it is."""
    incident = state.incidents.get(record.incident)
    if incident is None:
        return state
    return replace(state, incidents=state.incidents | {incident.id: replace(incident, **changes)})


def _grown(state: State, record: Record) -> State:
    probes = tuple(it for it in record.data["probes"] if it in PROBES)
    return _changed(state, record, probes=probes, why=record.data["why"])


def _decided(state: State, record: Record) -> State:
    gates = tuple(_read(record, list[Gate], record.data["gates"]))
    return _changed(state, record, said=gates, next=record.data["rung"])


def _acting(state: State, record: Record) -> State:
    incident = state.incidents.get(record.incident)
    if incident is None:
        return state
    data = record.data
    attempt = Attempt(
        rung=data["rung"],
        node=data["node"],
        component=data["component"],
        began=record.at,
        deadline=float(data["deadline"]),
        undo=bool(data.get("undo")),
    )
    return _changed(state, record, attempts=(*incident.attempts, attempt))


def _last(state: State, record: Record, **changes: Any) -> State:
    """The last attempt of the record's incident, changed."""
    incident = state.incidents.get(record.incident)
    if incident is None or not incident.attempts:
        return state
    *before, last = incident.attempts
    return _changed(state, record, attempts=(*before, replace(last, **changes)))


def _acted(state: State, record: Record) -> State:
    data = record.data
    state = standing.stood_by(state, record)
    return _last(
        state,
        record,
        ended=record.at,
        result=data["result"],
        why=data["why"],
        verified=data.get("verified"),
    )


def _late(state: State, record: Record) -> State:
    """Only where it is of the last attempt, and that had been given up, or nobody waits for it any
    more; but a standby is ours whatever was done since."""
    incident, data = state.incidents.get(record.incident), record.data
    last = incident.attempts[-1] if incident and incident.attempts else None
    given_up = last is not None and (last.flies or last.result in ("lost", "failed"))
    told = (data["rung"], data["node"], bool(data.get("undo")))
    if last is None or not given_up or (last.rung, last.node, last.undo) != told:
        return standing.owned(state, record)
    # The same rung may have been begun once more since.
    if incident and data.get("attempt", len(incident.attempts) - 1) != len(incident.attempts) - 1:
        return standing.owned(state, record)
    state = _acted(state, record)
    return _last(state, record, mended=None)


def _witnessed(state: State, record: Record) -> State:
    value = record.data["value"]
    if value not in ("up", "down", "unknown"):
        raise ValueError(f"value: {value}")
    return _last(state, record, witness=value, told=str(record.data["why"]))


def _verified(state: State, record: Record) -> State:
    return _last(state, record, mended=bool(record.data["mended"]))


def _gave_up(state: State, record: Record) -> State:
    return _changed(state, record, gave_up=True, given=record.at)


def _retried(state: State, record: Record) -> State:
    incident = state.incidents.get(record.incident)
    if incident is None:
        return state
    return _changed(state, record, **_anew(incident, int(record.data.get("rounds", 0))))


def _anew(incident: Incident, rounds: int = 0) -> dict[str, Any]:
    """What is changed where it is tried anew."""
    return {"gave_up": False, "forgiven": len(incident.attempts), "rounds": rounds}


def _closed(state: State, record: Record) -> State:
    incident = state.incidents.get(record.incident)
    if incident is None:
        return state
    window = state.declared.policy.budget.window if state.declared else HOUR
    since = record.at - max(HOUR, window)
    closed = (*state.closed, replace(incident, closed=record.at))
    ours = state.standby.values()
    counted = [
        it
        for it in closed[:-LAST]
        if it.id in ours or any(one.began > since for one in it.attempts)
    ]
    return replace(
        state,
        incidents=_without(state.incidents, incident.id),
        closed=(*counted, *closed[-LAST:]),
    )


def _paused(state: State, record: Record) -> State:
    pause: Pause = _read(record, Pause)
    others = tuple(it for it in state.pauses if it.node != pause.node)
    return replace(state, pauses=(*others, pause))


def _resumed(state: State, record: Record) -> State:
    """A node's pause, or all. What was given up may be tried again where a person says so."""
    node, person = record.data["node"], record.data.get("person", True)
    if not person:
        return replace(state, pauses=tuple(it for it in state.pauses if it.node != node))
    pauses = tuple(it for it in state.pauses if node and it.node != node)
    incidents = {
        name: replace(it, **_anew(it)) if it.gave_up and node in ("", it.node) else it
        for name, it in state.incidents.items()
    }
    return replace(state, pauses=pauses, incidents=incidents)


def _storm(state: State, record: Record) -> State:
    return replace(state, storm=float(record.data["until"]))


_CHANGES: dict[str, Callable[[State, Record], State]] = {
    "policy": _policy,
    "observed": _observed,
    "passing": _passing,
    "seen": _seen,
    "silent": _silent,
    "opened": _opened,
    "grown": _grown,
    "decided": _decided,
    "acting": _acting,
    "acted": _acted,
    "late": _late,
    "witnessed": _witnessed,
    "verified": _verified,
    "undone": standing.undone,
    "adopted": standing.adopted,
    "gave_up": _gave_up,
    "retried": _retried,
    "closed": _closed,
    "paused": _paused,
    "resumed": _resumed,
    "storm": _storm,
}
