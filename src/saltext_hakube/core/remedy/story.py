"""An incident told as a story, out of the ledger's records: for a person at three in the morning.

What was seen, and by whom; what each gate said, and why; what was done; what came of it. Times are
those since it was opened, the master's; a node's own are told as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timezone, tzinfo
from typing import Any

from msgspec import Struct

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import wording
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.wording import Data, clean, mapping
from saltext_hakube.core.remedy.words import PROBES

#: Of the news on one report so many are told.
NEWS = 10


class Unknown(HakubeError):
    """There is no such incident in what is kept of the ledger."""


class _Told(Struct):
    """One thing that happened. ``same``: so often it was said again, the last time at ``until``."""

    at: float
    text: str
    more: list[str]
    key: Any = None
    same: int = 0
    until: float = 0.0


def explain(
    records: Iterable[Record], incident: str, zone: tzinfo = timezone.utc, now: float = 0.0
) -> list[str]:
    """The incident's story, a list of lines.

    ``records``: all that are kept, the oldest first. ``zone``: that of the times at the head.
    ``now``: until when an open one is open; at the least until the last record. Raises Unknown.
    """
    story = _Story(incident)
    ids: list[str] = []
    for record in records:
        if record.kind == "opened":
            ids.append(record.incident)
        try:
            story.take(record)
        except (TypeError, ValueError, AttributeError, KeyError) as error:
            # A later version may have written it; the rest is a story nevertheless.
            story.odd(record, error)
    if story.about is None:
        last = ", ".join(clean(it, 80) for it in ids[-5:])
        there = f"the last ones are {last}" if last else "it has none"
        raise Unknown(f"the ledger has no incident {clean(incident, 80)}; {there}")
    story.until(now)
    return story.lines(zone)


class _Story:
    """Takes record after record. ``about``: the incident as it was opened, plain."""

    def __init__(self, incident: str) -> None:
        self.id = incident
        self.about: Data | None = None
        self._told: list[_Told] = []
        self._probes: list[str] = []
        self._reports: dict[str, tuple[float, Data]] = {}
        self._silent: dict[str, float] = {}
        self._known: dict[tuple[str, str], str] = {}  # node, probe -> what it said last
        self._gates: Any = None
        self._skipped: tuple[str, ...] = ()
        self._began = self._last = 0.0
        self._over: float | None = None
        self._end = ""

    # -- what is taken -----------------------------------------------------------------------------

    def take(self, record: Record) -> None:
        if record.kind == "told":
            self._people(record)
        if self._over is not None:
            return
        if record.kind == "snapshot":
            self._snapshot(record)
        elif record.kind == "observed":
            self._observed(record)
        elif record.kind == "silent":
            self._silence(record)
        elif self.about is None:
            if record.kind == "opened" and record.incident == self.id:
                self._opened(record)
        elif record.incident == self.id and record.kind in _OWN:
            _OWN[record.kind](self, record, record.data)
        elif around := wording.around(record.kind, record.data):
            self._tell(record, around)
        if self.about is not None:
            self._last = record.at

    def _tell(self, record: Record, text: str, more: Iterable[str] = (), key: Any = None) -> None:
        """The same thing said again, though other things happened between, is told once."""
        if key is not None:
            for told in reversed(self._told):
                if told.key is not None:
                    if told.key == key:
                        told.same, told.until = told.same + 1, record.at
                        return
                    break
        self._told.append(_Told(record.at, text, list(more), key))

    def odd(self, record: Record, error: Exception) -> None:
        if self.about is not None and record.incident in ("", self.id):
            self._tell(record, f"a record ({record.kind}) that nobody here can read: {error}")

    def _snapshot(self, record: Record) -> None:
        """Where the incident's beginning is not kept any more, its state is."""
        for node, report in mapping(record.data.get("reports")).items():
            heard = mapping(record.data.get("heard")).get(node, record.at)
            self._reports.setdefault(node, (heard, mapping(report)))
        past = [*mapping(record.data.get("incidents")).values(), *record.data.get("closed", ())]
        found = next((it for it in past if it["id"] == self.id), None)
        if self.about is not None or found is None:
            return
        self._begin(found, found["opened"])
        attempts = [wording.attempt(it) for it in found.get("attempts", ())]
        head = "the records before this are not kept any more; what was done until then:"
        self._tell(record, head, attempts or ["nothing"])
        mended = [it for it in found.get("attempts", ()) if it.get("mended")]
        if mended:
            self._end = wording.mended(mended[-1])
        if found.get("closed") is not None:
            self._finish(found["closed"])

    def _begin(self, about: Data, at: float) -> None:
        self.about = about
        self._began = at
        self._probes = list(about.get("probes", ()))

    def _opened(self, record: Record) -> None:
        about = mapping(record.data.get("incident"))
        self._begin(about, record.at)
        for node, since in self._silent.items():
            if about.get("component") == "node" and node != about.get("node"):
                continue
            self._told.append(_Told(since, f"{node} does not answer any more", []))
        for node, (at, report) in self._reports.items():
            self._see(at, node, report)
        self._told.sort(key=lambda it: it.at)
        self._tell(record, "an incident is opened")

    def _observed(self, record: Record) -> None:
        node = str(record.data.get("node", ""))
        before = self._reports.get(node)
        self._reports[node] = (record.at, record.data)
        silent = self._silent.pop(node, None)
        if self.about is None:
            return
        if silent is not None:
            self._tell(record, f"{node} answers again")
        self._see(record.at, node, record.data)
        self._pushed(record, node, before[1] if before else {})

    def _silence(self, record: Record) -> None:
        node = str(record.data.get("node", ""))
        said = record.data.get("instead")
        more = [f"instead its minion says: {said}"] if said else []
        if node not in self._silent or said:
            self._silent.setdefault(node, record.at)
            if self.about is not None:
                self._tell(record, f"{node} does not answer any more", more)

    def _see(self, at: float, node: str, report: Data) -> None:
        """What the node says of the incident's probes, where that is something new."""
        looks = mapping(report.get("looks"))
        for probe in self._probes:
            own = probe in PROBES and PROBES[probe].scope == "node"
            look = mapping(looks.get(probe))
            if not look or (own and node != self._node):
                continue
            value, known = look.get("value"), self._known.get((node, probe))
            self._known[node, probe] = str(value)
            if value == known or (known is None and value != "down"):
                continue
            why = look.get("why", "")
            if value == "down":
                more = [f"so since {wording.by_clock(look, report, at)}", *wording.evidence(look)]
                self._told.append(_Told(at, f"{node}: {wording.down(probe, why)}", more))
            elif value == "up":
                self._told.append(_Told(at, f"{node}: {probe} is well again", []))
            else:
                reason = f" ({why})" if why else ""
                self._told.append(_Told(at, f"{node}: nobody can say of {probe}{reason}", []))

    def _pushed(self, record: Record, node: str, before: Data) -> None:
        """What Pacemaker told the node, and what the node did while it had no master."""
        known = before.get("news", ())
        for it in [it for it in record.data.get("news", ()) if it not in known][:NEWS]:
            words = (it.get(name) for name in ("resource", "task", "node", "desc"))
            told = " ".join(str(word) for word in words if word)
            code = f", code {it['rc']}" if it.get("rc") not in (None, "", "0") else ""
            self._tell(record, f"Pacemaker told {node} ({it.get('kind', '')}): {told}{code}")
        known = before.get("alone", ())
        for it in [it for it in record.data.get("alone", ()) if it not in known][:NEWS]:
            rung = wording.does(str(it.get("rung", "")))
            text = f"{node}, without a master, did {rung} for {it.get('component')}: "
            self._tell(record, text + wording.result(it))

    def _people(self, record: Record) -> None:
        lines = [str(line) for line in record.data.get("lines", ())]
        if self.about is not None and any(self.id in line.split() for line in lines):
            ways = mapping(record.data.get("ways"))
            came = ", ".join(f"{way}: {what}" for way, what in ways.items())
            self._tell(record, f"people are told ({came})")

    @property
    def _node(self) -> str:
        return str(self.about.get("node", "")) if self.about else ""

    # -- of the incident itself --------------------------------------------------------------------

    def _grown(self, record: Record, data: Data) -> None:
        self._probes = list(data.get("probes", ()))
        gone = ", ".join(data.get("gone", ()))
        new = ", ".join(data.get("new", ()))
        self._tell(record, f"well for a while: {gone}" if gone else f"more belongs to it: {new}")
        for node, (_, report) in self._reports.items():
            self._see(record.at, node, report)

    def _decided(self, record: Record, data: Data) -> None:
        gates = [(it.get("name"), it.get("ok"), it.get("why", "")) for it in data.get("gates", ())]
        rung, node = str(data.get("rung", "")), data.get("node", "")
        before, self._gates = self._gates, gates
        what = f"{rung} on {node}" if rung else "no rung is left"
        if data.get("would"):
            text = f"{what}: it would be done now, but the mode is observe"
        elif data.get("action") and all(ok for _, ok, _ in gates):
            text = f"{what}: all gates say yes"
        else:
            no = [str(name) for name, ok, _ in gates if not ok]
            text = f"{what}: not now; {wording.count(len(no), 'gate')} against it"
        shown = gates if before is None else [it for it in gates if it not in before]
        more = [f"{'yes' if ok else 'NO'} {name}: {why}" for name, ok, why in shown]
        if before is not None and len(shown) < len(gates):
            more.append("the other gates say what they said before")
        skipped, self._skipped = self._skipped, tuple(data.get("skipped", ()))
        if self._skipped != skipped:
            more += [f"not {rung}" for rung in self._skipped]
        self._tell(record, text, more, key=(text, gates, self._skipped))

    def _acting(self, record: Record, data: Data) -> None:
        rung = wording.does(wording.step(data))
        limit = wording.lasted(float(data.get("deadline", 0)))
        known = self.about.get("why") if self.about else ""
        more = [f"because {data['why']}"] if data.get("why") not in (None, "", known) else []
        text = f"{data.get('node')} is asked: {rung}, within {limit}"
        self._tell(record, text, [*more, *wording.evidence(data)], key=("acting", record.at))

    def _acted(self, record: Record, data: Data) -> None:
        saw = {True: ["the node saw that it helped"], False: ["the node saw no help of it"]}
        did = wording.some([str(line) for line in data.get("did", ())])
        text = f"{wording.step(data)} on {data.get('node')}: {wording.result(data)}"
        self._tell(record, text, [*did, *saw.get(data.get("verified"), [])])

    def _late(self, record: Record, data: Data) -> None:
        did = wording.some([str(line) for line in data.get("did", ())])
        step, node = wording.step(data), data.get("node")
        text = f"late, {step} on {node} is answered: {wording.result(data)}"
        self._tell(record, text, did)

    def _witnessed(self, record: Record, data: Data) -> None:
        sees = {"up": "others find it well", "down": "others do not find it well"}
        text = sees.get(str(data.get("value")), "no other node can tell how it is")
        self._tell(record, text, [str(data["why"])] if data.get("why") else [])

    def _verified(self, record: Record, data: Data) -> None:
        helped = "helped" if data.get("mended") else "did not help"
        self._tell(record, f"{wording.step(data)} {helped}: {data.get('why', '')}")
        if data.get("mended"):
            self._end = wording.mended(data)

    def _undone(self, record: Record, data: Data) -> None:
        rung, why = data.get("rung"), data.get("why", "")
        self._tell(record, f"there is no {rung} to be ended: {why}")

    def _adopted(self, record: Record, data: Data) -> None:
        self._tell(record, f"the {data.get('rung')} is to be ended: {data.get('why', '')}")

    def _gave_up(self, record: Record, data: Data) -> None:
        self._end = "given up: people have to look"
        self._tell(record, f"{self._end}; {data.get('why', '')}")

    def _retried(self, record: Record, data: Data) -> None:
        self._end = ""
        self._tell(record, f"it is tried anew: {data.get('why', '')}")

    def _closed(self, record: Record, data: Data) -> None:
        self._finish(record.at)
        self._tell(record, f"closed: {data.get('why', '')}")

    def _finish(self, at: float) -> None:
        self._over = at
        if not self._end or self._end.startswith("given up"):
            self._end = "it became well without us"

    # -- what is told ------------------------------------------------------------------------------

    def lines(self, zone: tzinfo) -> list[str]:
        about = self.about or {}
        where = wording.place(str(about.get("component")), self._node)
        found = [
            f"{where} (incident {self.id})",
            str(about.get("why", "")),
            f"opened {wording.moment(self._began, zone)}, {self._outcome()}",
            "",
        ]
        for told in self._told:
            at = wording.after(told.at - self._began)
            found.append(f"{at:>12}  {clean(told.text)}")
            found += [f"{'':>12}    {clean(line)}" for line in told.more]
            if told.same:
                until = wording.after(told.until - self._began)
                often = wording.count(told.same, "time")
                found.append(f"{'':>12}    the same {often} more, until {until}")
        return [line if line.startswith(" ") else clean(line, 600) for line in found]

    def until(self, now: float) -> None:
        self._last = max(self._last, now)

    def _outcome(self) -> str:
        if self._over is not None:
            return f"closed after {wording.lasted(self._over - self._began)}: {self._end}"
        since = wording.lasted(self._last - self._began)
        return f"still open {since} later" + (f", {self._end}" if self._end else "")


_OWN: dict[str, Callable[[_Story, Record, Data], None]] = {
    "grown": _Story._grown,
    "decided": _Story._decided,
    "acting": _Story._acting,
    "acted": _Story._acted,
    "late": _Story._late,
    "witnessed": _Story._witnessed,
    "verified": _Story._verified,
    "undone": _Story._undone,
    "adopted": _Story._adopted,
    "gave_up": _Story._gave_up,
    "retried": _Story._retried,
    "closed": _Story._closed,
}
