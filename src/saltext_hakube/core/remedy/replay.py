"""The decisions of a ledger once more: the same ones, or what another policy would have decided.

The records before a decision are its state, so it can be made again at any later time. With another
policy each decision is made on what was known then, not on what would have come of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from saltext_hakube.core.remedy import gates, older
from saltext_hakube.core.remedy.decide import decide
from saltext_hakube.core.remedy.decision import Cluster, Record, State
from saltext_hakube.core.remedy.fold import apply, fold
from saltext_hakube.core.remedy.policy import Heal

#: Kinds that decide() writes, where nothing in them says that somebody else did.
DECIDED = frozenset(
    {"policy", "seen", "storm", "opened", "grown", "closed", "gave_up", "decided"}
    | {"verified", "resumed", "retried", "acted", "undone", "adopted", "clock"}
)


def unread(records: Iterable[Record]) -> list[str]:
    """What another version wrote that is left out, a line each. Raises Unreadable."""
    state, lines = State(), {}
    for record in records:
        state = apply(state, record)
        lines |= dict.fromkeys(state.dropped)
    return list(lines)


class Turn(Struct, frozen=True, kw_only=True):
    """One decision. ``was``, ``now``: what was to be done (also in the mode observe), as plain data
    of an Action; None where nothing was. ``mode``: by which it is decided now; ``done``: it was no
    mode that only observes. ``same``: the records are the same, to the letter. ``incidents``: those
    that it was about; ``gates``: incident -> the first gate that says no now, but for the mode;
    ``before``: the same, of then.
    """

    at: float
    was: dict[str, Any] | None
    now: dict[str, Any] | None
    same: bool
    mode: str = "act"
    done: bool = True
    incidents: tuple[str, ...] = ()
    gates: dict[str, str] = {}
    before: dict[str, str] = {}


def replay(
    records: Iterable[Record], policy: Heal | Mapping[str, Any] | None = None
) -> tuple[Turn, ...]:
    """Every decision in the records, made again: by what was declared then, or by this policy. Of
    one that is a mapping what it does not have is as it was declared then.

    The records are those of a ledger from its beginning, or from a snapshot on. Raises Unreadable.
    """
    written, state, turns = list(records), State(), []
    at = 0
    while at < len(written):
        if not _is_decided(written[at]):
            state = apply(state, written[at])
            at += 1
            continue
        batch = _batch(written[at:])
        turn = _again(state, batch, policy)
        if turn is not None:
            turns.append(turn)
        state = fold(batch, state)
        at += len(batch)
    return tuple(turns)


def _is_decided(record: Record) -> bool:
    data = record.data
    if record.kind == "acted":
        return bool(data.get("found"))
    if record.kind in ("resumed", "retried"):
        return data.get("person") is False
    if record.kind == "verified":
        return not data.get("person")
    if record.kind == "clock":
        return not data.get("jumped")
    return record.kind in DECIDED


def _batch(records: Sequence[Record]) -> list[Record]:
    """What one decision wrote."""
    found = []
    for record in records:
        if record.at != records[0].at or not _is_decided(record):
            break
        if found and (
            record.kind == "seen" or (record.kind == "policy" and found[-1].kind != "seen")
        ):
            break  # the next one, made in the same moment
        found.append(record)
    return found


def _again(
    state: State, batch: list[Record], policy: Heal | Mapping[str, Any] | None
) -> Turn | None:
    at = batch[0].at
    if batch[0].kind == "seen":
        state, batch = apply(state, batch[0]), batch[1:]
    declared = state.declared
    for record in batch:
        if record.kind == "policy":
            declared = apply(state, record).declared
    if declared is None:  # a ledger without its beginning
        return None
    cluster: Cluster = declared
    if policy is not None:
        other = policy if isinstance(policy, Heal) else _other(declared.policy, policy)
        cluster = replace(declared, policy=other)
        state = replace(state, declared=cluster)
    step = decide(cluster, state, at)
    return Turn(
        at=at,
        was=_act(batch),
        now=_act(step.records),
        same=_plain(step.records) == _plain(batch),
        mode=cluster.policy.mode,
        done=declared.policy.mode == "act",
        incidents=tuple(dict.fromkeys(it.incident for it in step.records if it.incident)),
        gates=_gates(step.records),
        before=_gates(batch),
    )


def _other(declared: Heal, given: Mapping[str, Any]) -> Heal:
    return msgspec.convert(_over(msgspec.to_builtins(declared), given), Heal)


def _over(plain: Any, given: Any) -> Any:
    if not (isinstance(plain, Mapping) and isinstance(given, Mapping)):
        return given
    return {**plain, **{key: _over(plain.get(key), value) for key, value in given.items()}}


def _plain(records: Sequence[Record]) -> Any:
    # As read from a file: no tuples, and 4 is 4.0. A policy means what this version reads of it.
    plain = [
        replace(it, data=msgspec.to_builtins(older.read(it.data, Cluster)[0]))
        if it.kind == "policy"
        else it
        for it in records
    ]
    return msgspec.json.decode(msgspec.json.encode(plain))


def _act(records: Sequence[Record]) -> dict[str, Any] | None:
    """The one thing that is to be done."""
    for record in records:
        found = record.data.get("action") or record.data.get("would")
        if record.kind == "decided" and found:
            return dict(found)
    return None


def _gates(records: Sequence[Record]) -> dict[str, str]:
    return {it.incident: _against(it) for it in records if it.kind == "decided"}


def _against(record: Record) -> str:
    no = (it for it in record.data["gates"] if not it["ok"] and it["why"] != gates.OBSERVE)
    return next((f"{gate['name']}: {gate['why']}" for gate in no), "")
