"""What a step writes down: each record is applied at once, so the state is never another. Pure."""

from __future__ import annotations

from typing import Any

from saltext_hakube.core.remedy.decision import Action, Kind, Record, State, Step
from saltext_hakube.core.remedy.elapsed import UNSEEN, passed
from saltext_hakube.core.remedy.fold import HOUR, apply


class Book:
    """``state``: with all that was written. ``decides``: before the first record the ledger gets
    what it does not have yet of the reports on which that rests."""

    __slots__ = ("_before", "_decides", "now", "records", "state")

    def __init__(self, state: State, now: float, *, decides: bool = False) -> None:
        self.now = now
        self._decides = decides
        self._before = state
        self.state = passed(state, now)
        self.records: list[Record] = []

    def write(self, kind: Kind, incident: str = "", data: dict[str, Any] | None = None) -> None:
        if self._decides and not self.records and self.state.passing:
            self._add(Record(kind="seen", at=self.now, data={"nodes": self._passing()}))
        self._add(Record(kind=kind, at=self.now, incident=incident, data=data or {}))

    def _passing(self) -> dict[str, Any]:
        # How long ago: the same whatever clock it is read by.
        return {
            node: [one.seq, one.at, self.now - one.heard]
            for node, one in sorted(self.state.passing.items())
        }

    def _add(self, record: Record) -> None:
        # From what was before: what the clock's jump does is done by the first record.
        self._before = self.state = apply(self._before, record)
        self.records.append(record)

    def keep(self, kind: Kind, data: dict[str, Any]) -> None:
        """A change that the ledger need not have."""
        self._before = self.state = apply(self._before, Record(kind=kind, at=self.now, data=data))

    @property
    def jumped(self) -> bool:
        """Whether the clock jumped."""
        return bool(self._before.clock) and not 0 <= self.now - self._before.clock <= UNSEEN

    def step(
        self, action: Action | None = None, again: float | None = None, refused: str = ""
    ) -> Step:
        # Without a record nothing has changed, nor has time: the ledger would not know.
        return Step(
            state=self._before,
            records=tuple(self.records),
            action=action,
            again=again,
            refused=refused,
        )


def waits(state: State, now: float) -> bool:
    """Whether the passing of time is of any matter."""
    window = max(HOUR, state.declared.policy.budget.window) if state.declared else HOUR
    open_ = state.incidents.values()
    if state.standby or state.storm > now or any(not it.gave_up and it.next for it in open_):
        return True
    if set(state.silent) - {it.node for it in open_ if it.component == "node"}:
        return True
    return any(
        attempt.began > now - window
        for incident in (*state.closed, *open_)
        for attempt in incident.attempts
    )
