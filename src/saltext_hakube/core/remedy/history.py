"""What happened to a cluster, out of the ledger's records: a line for each incident, and for each
thing that a node did without a master."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timezone, tzinfo
from typing import Any, NamedTuple

from msgspec import Struct

from saltext_hakube.core.remedy import wording
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.wording import clean
from saltext_hakube.core.remedy.words import IDLE


class Past(Struct):
    """An incident, as it is known at the end of the records. ``actions``: those begun, without what
    the node found needless or refused. ``by``: what mended it, in words."""

    id: str
    component: str
    node: str
    why: str
    opened: float
    actions: int = 0
    by: str = ""
    gave_up: bool = False
    closed: float | None = None

    def outcome(self, now: float) -> str:
        """What came of it. ``now``: when it is still open."""
        done = f" ({wording.count(self.actions, 'action')})" if self.actions else ""
        if self.closed is None:
            state = "given up" if self.gave_up else "open"
            return f"{state}, for {wording.lasted(now - self.opened)}{done}"
        by = f"mended by {self.by}" if self.by else "well without us"
        return f"{by} after {wording.lasted(self.closed - self.opened)}{done}"


class Own(NamedTuple):
    """What a node did while it had no master."""

    at: float
    node: str
    text: str


def history(records: Iterable[Record], zone: tzinfo = timezone.utc, now: float = 0.0) -> list[str]:
    """A line for each, the oldest first. ``zone``: that of the times. ``now``: until when an open
    one is open; at the least until the last record."""
    records = list(records)
    found, last = _gathered(records)
    lines = [
        (
            it.opened,
            it.id,
            f"{it.outcome(max(now, last))}: {it.why or wording.place(it.component, it.node)}",
        )
        for it in found
    ]
    lines += [(it.at, f"{it.node}, alone", it.text) for it in owns(records)]
    width = max((len(name) for _, name, _ in lines), default=0)
    return [
        f"{wording.moment(at, zone)}  {clean(name):{width}}  {clean(text)}"
        for at, name, text in sorted(lines, key=lambda it: it[0])
    ]


def owns(records: Iterable[Record]) -> list[Own]:
    """What nodes did without a master, by their own clocks: each report has the last of it."""
    found: dict[Own, None] = {}
    for record in records:
        if record.kind == "observed":
            found.update(dict.fromkeys(_owns(record.data)))
        elif record.kind == "snapshot":
            for report in wording.mapping(record.data.get("reports")).values():
                found.update(dict.fromkeys(_owns(wording.mapping(report))))
    return list(found)


def _owns(report: Mapping[str, Any]) -> list[Own]:
    return [
        Own(
            float(it.get("at") or 0.0),
            str(report.get("node", "")),
            f"{wording.does(str(it.get('rung', '')))} for {it.get('component')}: "
            f"{wording.result(it)}",
        )
        for it in report.get("alone") or ()
    ]


def past(records: Iterable[Record]) -> list[Past]:
    """All incidents of which the records know, the oldest first."""
    return _gathered(records)[0]


def _gathered(records: Iterable[Record]) -> tuple[list[Past], float]:
    found: dict[str, Past] = {}
    last = 0.0
    for record in records:
        last = record.at
        if record.kind == "snapshot":
            for it in _known(record.data):
                found.setdefault(it.id, it)
        elif record.kind == "opened":
            it = _past(record.data.get("incident") or {})
            it.opened = record.at
            found[it.id] = it
        elif record.incident in found:
            _take(found[record.incident], record)
    return sorted(found.values(), key=lambda it: it.opened), last


def _take(it: Past, record: Record) -> None:
    if record.kind == "acting":
        it.actions += 1
    elif record.kind == "acted" and record.data.get("result") in IDLE:
        it.actions = max(0, it.actions - 1)
    elif record.kind == "verified" and record.data.get("mended"):
        it.by = _by(record.data)
    elif record.kind in ("gave_up", "retried"):
        it.gave_up = record.kind == "gave_up"
    elif record.kind == "closed":
        it.closed = record.at


def _by(data: Mapping[str, Any]) -> str:
    return f"{data.get('rung')} on {data.get('node')}"


def _known(data: Mapping[str, Any]) -> list[Past]:
    """The incidents of a snapshot: open ones, and those closed lately."""
    opened = (data.get("incidents") or {}).values()
    return [_past(it) for it in (*(data.get("closed") or ()), *opened)]


def _past(data: Mapping[str, Any]) -> Past:
    attempts = list(data.get("attempts") or ())
    mended = [it for it in attempts if it.get("mended")]
    return Past(
        id=str(data.get("id", "")),
        component=str(data.get("component", "")),
        node=str(data.get("node", "")),
        why=str(data.get("why", "")),
        opened=float(data.get("opened") or 0.0),
        actions=sum(it.get("result") not in IDLE for it in attempts),
        by=_by(mended[-1]) if mended else "",
        gave_up=bool(data.get("gave_up")),
        closed=data.get("closed"),
    )
