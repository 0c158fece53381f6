"""What is heard: from nodes, of actions, from people. Pure; each gives a Step (see decide)."""

from __future__ import annotations

from typing import Any

import msgspec

from saltext_hakube.core.remedy import report as reports
from saltext_hakube.core.remedy.book import Book, waits
from saltext_hakube.core.remedy.decision import Action, Cluster, Pause, State, Step
from saltext_hakube.core.remedy.elapsed import passed
from saltext_hakube.core.remedy.report import Report
from saltext_hakube.core.remedy.words import Value

#: Seconds after which a report of another boot is not a late one of a former boot any more,
#: whatever the node's clock says.
LATE = 60.0
RESULTS = ("done", "nothing", "refused", "failed")
#: What of a report is compared: these, its verdicts, news, and evidence of what is down.
SAID = ("boot", "maintenance", "standby", "busy", "quorate", "online", "holder")


def heard(cluster: Cluster, state: State, report: Report, now: float) -> Step:
    """A node's report came. ``refused`` says why it was not taken: another cluster's, of a node
    that is not declared, not newer than what is known. One that says nothing new gives no record.
    """
    node = report.node
    if report.cluster != cluster.name:
        return Step(state=state, refused=f"{report.cluster} is not {cluster.name}")
    if node not in cluster.nodes:
        return Step(state=state, refused=f"{node} is no node of {cluster.name}")
    why = _old(passed(state, now), report, now)
    if why:
        return Step(state=state, refused=why)
    book = Book(state, now)
    before = state.reports.get(node)
    if before is None or node in state.silent or differs(before, report):
        book.write("observed", data=reports.plain(report))
        return book.step()
    if book.jumped and waits(state, state.clock):
        book.write("clock", data={"jumped": True})
    book.keep("passing", {"node": node, "seq": report.seq, "at": report.at})
    return book.step()


def _old(state: State, report: Report, now: float) -> str:
    """Why it is not newer than what is known; empty where it is."""
    node = report.node
    before, passing = state.reports.get(node), state.passing.get(node)
    if before is None:
        return ""
    seq, at = (passing.seq, passing.at) if passing else (before.seq, before.at)
    if before.boot == report.boot:
        return "" if (report.seq, report.at) > (seq, at) else "it is not newer than the last one"
    if report.boot in state.boots.get(node, ()):
        return f"{node} was booted since"
    since = now - (state.heard_at(node) or 0.0)
    return "" if report.at > at or since > LATE else "it is of an earlier boot"


def differs(before: Report, after: Report) -> bool:
    """Whether it says something new. That old news is not told any more is nothing new."""
    if any(getattr(before, name) != getattr(after, name) for name in SAID):
        return True
    if before.looks.keys() != after.looks.keys():
        return True
    for name, look in after.looks.items():
        known = before.looks[name]
        if look.value != known.value:
            return True
        if look.value == "down" and look.evidence != known.evidence:
            return True
    return any(it not in before.news for it in after.news) or any(
        it not in before.alone for it in after.alone
    )


def silent(cluster: Cluster, state: State, node: str, now: float, instead: str = "") -> Step:
    """A declared node was asked for its report and gave none; ``instead``: what its minion said."""
    if node not in cluster.nodes:
        return Step(state=state, refused=f"{node} is no node of {cluster.name}")
    book = Book(state, now)
    if node not in state.silent or (instead and instead != state.instead.get(node)):
        book.write("silent", data={"node": node, **({"instead": instead[:300]} if instead else {})})
    return book.step()


def begun(state: State, action: Action, now: float) -> Step:
    """The action is about to be sent. It counts from here on, whatever becomes of it. ``refused``:
    its incident is not open any more; then nothing is to be sent."""
    if action.incident not in state.incidents:
        return Step(state=state, refused=f"{action.incident} is not open")
    book = Book(state, now)
    book.write("acting", action.incident, msgspec.to_builtins(action))
    return book.step()


def ended(state: State, action: Action, answer: dict[str, Any] | None, now: float) -> Step:
    """The node answered (``result``, ``why``, ``did``, ...: what act() returns), or did not. An
    answer to an action that is over already changes nothing."""
    incident = state.incidents.get(action.incident)
    last = incident.attempts[-1] if incident and incident.attempts else None
    if last is None or not last.flies or (last.rung, last.node) != (action.rung, action.node):
        return Step(state=state, refused=f"no {action.rung} of {action.incident} is under way")
    book = Book(state, now)
    data = _of(action)
    book.write("acted", action.incident, data | _answer(action, answer))
    return book.step()


def _of(action: Action) -> dict[str, Any]:
    data: dict[str, Any] = {"rung": action.rung, "node": action.node}
    return data | {"component": action.component} | ({"undo": True} if action.undo else {})


def late(
    state: State, action: Action, answer: dict[str, Any], now: float, attempt: int | None = None
) -> Step:
    """The answer to an action that was given up already. It is kept in any case; where nothing else
    was done since, it is as if it had come in time: newer reports have to tell what came of it.
    ``attempt``: the how manieth of its incident it was, from 0; None where nobody noted that."""
    ids = {*state.incidents, *(it.id for it in state.closed)}
    if action.incident not in ids:
        return Step(state=state, refused=f"{action.incident} is not known any more")
    book = Book(state, now)
    data = _of(action) | ({} if attempt is None else {"attempt": attempt})
    book.write("late", action.incident, data | _answer(action, answer))
    return book.step()


def witnessed(state: State, incident: str, value: Value, why: str, now: float) -> Step:
    """What other nodes see of what was done last. One that is as before gives no record."""
    found = state.incidents.get(incident)
    last = found.attempts[-1] if found and found.attempts else None
    if last is None or last.flies:
        return Step(state=state, refused=f"nothing was done about {incident}")
    book = Book(state, now)
    if value != last.witness:
        data = {"rung": last.rung, "node": last.node, "value": value, "why": why[:300]}
        book.write("witnessed", incident, data)
    return book.step()


def retried(state: State, incident: str, reason: str, now: float) -> Step:
    """A person says: try it anew. ``refused``: it is not open."""
    if incident not in state.incidents:
        return Step(state=state, refused=f"{incident} is not open")
    book = Book(state, _not_before(state, now))
    book.write("retried", incident, {"why": reason, "rounds": 0})
    return book.step()


def _answer(action: Action, answer: dict[str, Any] | None) -> dict[str, Any]:
    """What a node said, as far as it may be believed and kept."""
    if answer is None:
        return {"result": "lost", "why": f"no answer within {action.deadline:g} s"}
    result, verified = answer.get("result"), answer.get("verified")
    did = answer.get("did")
    lines = [f"{line}"[:300] for line in did[:20]] if isinstance(did, list | tuple) else []
    return {
        "result": result if result in RESULTS else "failed",
        "why": f"{answer.get('why') or ''}"[:300],
        "did": lines,
        "verified": verified if isinstance(verified, bool) else None,
    }


def _not_before(state: State, now: float) -> float:
    """What a person wished some seconds ago is no clock that goes back."""
    return max(now, state.clock) if state.clock - now <= LATE else now


def paused(state: State, pause: Pause, now: float) -> Step:
    """A person says: look, but do nothing. One for the same node takes the former's place."""
    book = Book(state, _not_before(state, now))
    book.write("paused", data=msgspec.to_builtins(pause))
    return book.step()


def resumed(state: State, node: str, reason: str, now: float) -> Step:
    """A person says: go on (``node``: empty for the whole cluster and all its nodes), also with
    what was given up."""
    book = Book(state, _not_before(state, now))
    book.write("resumed", data={"node": node, "reason": reason})
    return book.step()
