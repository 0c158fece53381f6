"""What to do next about a cluster: nothing, or one thing on one node. Pure.

The caller's round, under the cluster's lock:

    state = fold(records of the ledger)
    for each declared node, asked by an authenticated job:
        heard(cluster, state, its report, now)       or silent(cluster, state, node, now)
    witnessed(state, incident, value, why, now)      what others see of what was done (witness)
    decide(cluster, state, now)
    if there is an action:
        begun(state, action, now)                    written and synced BEFORE the job is sent
        ended(state, action, the job's answer, now)  None where no answer came by the deadline
    late(state, action, its answer, now)             where it came after that
        and round again: only newer reports tell what came of it
    else round again after ``again`` seconds, where that is soon; else at the next reconcile

Each gives a Step: write its records (in order, before anything else is done), go on with its state.
What is known is what the newest reports say, whatever order they came in: incidents are opened and
closed here only, not as reports come.
"""

from __future__ import annotations

import msgspec

from saltext_hakube.core.remedy import budget, gates, incidents, ladder, standing
from saltext_hakube.core.remedy.book import Book, waits
from saltext_hakube.core.remedy.decision import Action, Cluster, Gate, Incident, State, Step
from saltext_hakube.core.remedy.elapsed import TICK
from saltext_hakube.core.remedy.gates import Case
from saltext_hakube.core.remedy.incidents import Trouble
from saltext_hakube.core.remedy.ladder import Choice
from saltext_hakube.core.remedy.listen import (
    begun,
    ended,
    heard,
    late,
    paused,
    resumed,
    retried,
    silent,
    witnessed,
)
from saltext_hakube.core.remedy.sight import Sight

__all__ = [
    "begun",
    "decide",
    "ended",
    "heard",
    "late",
    "paused",
    "resumed",
    "retried",
    "silent",
    "witnessed",
]

#: Seconds that an answer may be late, beyond the action's own deadline, before it is lost. The
#: caller waits 5 s for the way there and back.
LATE = 20.0
#: Seconds after which newer reports are worth to be asked for.
SOON = 1.0
#: Seconds after which a node's reports have it that it was put into standby.
SHOWS = 90.0


def decide(cluster: Cluster, state: State, now: float) -> Step:
    """Incidents opened, grown, verified and closed by what is known; then at most one action."""
    if cluster.policy.mode == "none":
        return Step(state=state)
    book = Book(state, now, decides=True)
    if state.declared != cluster:
        book.write("policy", data=msgspec.to_builtins(cluster))
    _pauses(book)
    _lost(book)
    sight = Sight(cluster, book.state, now)
    if book.state.standby:
        _back_already(book, sight)
        sight = Sight(cluster, book.state, now)
    _storm(book, sight)
    _verify(book, sight)
    _close(book, sight)
    _again_from_here(book, sight)
    early = _open(book, sight)
    action, again = _choose(book, sight)
    again += early
    if not book.records and waits(book.state, now) and not 0 <= now - state.written < TICK:
        book.write("clock")
    return book.step(action, min(again, default=None))


def _pauses(book: Book) -> None:
    for pause in book.state.pauses:
        if pause.until is not None and pause.until <= book.now:
            data = {"node": pause.node, "reason": "its end has come", "person": False}
            book.write("resumed", data=data)


def _lost(book: Book) -> None:
    """An action of which nobody heard again counts as one that failed."""
    for incident in list(book.state.incidents.values()):
        last = incident.attempts[-1] if incident.attempts else None
        if last and last.flies and book.now > last.began + last.deadline + LATE:
            why = f"no answer within {last.deadline:g} s"
            data = {"rung": last.rung, "node": last.node, "result": "lost", "why": why}
            data["found"] = True  # by nobody's word: it is decided
            data |= {"undo": True} if last.undo else {}
            book.write("acted", incident.id, data)


def _back_already(book: Book, sight: Sight) -> None:
    """A node that is in standby no more is not ours to bring back: who puts it there next time is
    somebody else. One that is, as its answer said when its incident was over, needs another one
    that brings it back."""
    for node, name in list(book.state.standby.items()):
        incident = standing.known(book.state, name)
        report = sight.fresh.get(node) if sight.answers(node) else None
        shows = [
            (it.ended is None or book.now < it.ended + SHOWS)
            for it in (incident.attempts if incident else ())
        ]
        if report is not None and report.standby and name not in book.state.incidents:
            _adopt(book, node, incident)
        elif not any(shows) and (incident is None or (report is not None and not report.standby)):
            data = {"node": node, "rung": "standby", "why": f"{node} is not in standby"}
            book.write("undone", name, data)


def _adopt(book: Book, node: str, incident: Incident | None) -> None:
    why = f"{node} is in standby by our hand: it answered when that was given up"
    trouble = Trouble("node", "pacemaker", node, ())
    if incident is not None:
        trouble = Trouble(incident.scope, incident.component, incident.node, ())
    open_ = {it.key: it.id for it in book.state.incidents.values()}
    owner = open_.get(trouble[:3]) or _opened(book, trouble, why)
    book.write("adopted", owner, {"node": node, "rung": "standby", "why": why})


def _storm(book: Book, sight: Sight) -> None:
    found = incidents.storm(sight, book.state)
    if found:
        until, nodes = found
        why = f"{', '.join(nodes)} went bad at once; nothing is done for a while"
        book.write("storm", data={"until": until, "nodes": nodes, "why": why})


def _verify(book: Book, sight: Sight) -> None:
    for incident in list(book.state.incidents.values()):
        if not incident.attempts or incident.attempts[-1].mended is not None:
            continue
        found = incidents.mended(sight, book.state, incident)
        if found is None:
            continue
        mended, why = found
        last = incident.attempts[-1]
        data = {"rung": last.rung, "node": last.node, "mended": mended, "why": why}
        data |= {"undo": True} if last.undo else {}
        book.write("verified", incident.id, data)


def _close(book: Book, sight: Sight) -> None:
    for incident in list(book.state.incidents.values()):
        why = incidents.over(sight, book.state, incident)
        if why:
            data = {"why": why, "after": round(max(0.0, book.now - incident.since), 3)}
            book.write("closed", incident.id, data)


def _again_from_here(book: Book, sight: Sight) -> None:
    """What was given up is not so for good: neither after a long while, nor of what breaks anew."""
    for incident in list(book.state.incidents.values()):
        if not incident.gave_up:
            continue
        gone = incidents.lapsed(sight, incident)
        left = [it for it in incident.probes if it not in gone]
        if gone and left:
            data = {"probes": left, "new": [], "gone": list(gone), "why": incident.why}
            book.write("grown", incident.id, data)
        if budget.cooled(incident, book.now):
            _retry(book, incident, "it was given up long ago", incident.rounds + 1)


def _retry(book: Book, incident: Incident, why: str, rounds: int) -> None:
    book.write("retried", incident.id, {"why": why, "rounds": rounds, "person": False})


def _open(book: Book, sight: Sight) -> list[float]:
    """Returns the seconds after which there may be more of them."""
    early = []
    for trouble in incidents.troubles(sight):
        found = incidents.home(sight, book.state.incidents.values(), trouble)
        why = incidents.told(sight, trouble)
        if found is None:
            wait = incidents.early(sight, trouble)
            if wait > 0:
                early.append(max(SOON, wait))
            else:
                _opened(book, trouble, why)
            continue
        new = [name for name in trouble.probes if name not in found.probes]
        if new:
            probes = [*found.probes, *new]
            why = incidents.told(sight, trouble._replace(probes=tuple(new)))
            data = {"probes": probes, "new": new, "why": incidents.joined(found, why)[:600]}
            book.write("grown", found.id, data)
            if found.gave_up:
                _retry(book, found, f"another fault: {why}"[:300], found.rounds)
    open_ = {it.key for it in book.state.incidents.values()}
    for node in incidents.silences(sight, book.state):
        if ("node", "node", node) not in open_:
            why = f"{node} has said nothing for {sight.cluster.policy.silence:g} s"
            if node in book.state.instead:
                why += f"; instead its minion says: {book.state.instead[node]}"
            _opened(book, Trouble("node", "node", node, ()), why)
    return early


def _opened(book: Book, trouble: Trouble, why: str) -> str:
    where = trouble.node or "cluster"
    incident = Incident(
        id=f"{trouble.component}-{where}-{book.state.number + 1}",
        component=trouble.component,
        scope=trouble.scope,
        node=trouble.node,
        probes=trouble.probes,
        opened=book.now,
        since=book.now,
        why=why[:600],
    )
    book.write("opened", incident.id, {"incident": msgspec.to_builtins(incident)})
    return incident.id


def _choose(book: Book, sight: Sight) -> tuple[Action | None, list[float]]:
    """Ask the gates for each incident; the first that all let through is acted on. Also the
    seconds after which time alone may change an answer."""
    if not book.state.incidents:
        return None, []
    limits = sight.cluster.policy.budget
    spent = budget.Spent(book.state, limits, book.now)
    waits: list[float] = []
    chosen: Action | None = None
    under_way = _under_way(book.state)
    for key in sorted(book.state.incidents, key=lambda it: _rank(book.state.incidents[it])):
        choice = ladder.choose(sight, book.state.incidents[key])
        _give_up(book, book.state.incidents[key], choice, limits)
        incident = book.state.incidents[key]
        other = next((told for it, told in under_way.items() if it != key), "")
        case = Case(sight, book.state, incident, choice, spent, other)
        answers = gates.ask(case)
        action = _action(incident, choice)
        goes = action is not None and all(gate.ok for gate in answers)
        # In the mode observe all is decided as if it acted, one thing at a time.
        would = action is not None and not goes and _only_mode(answers)
        _say(book, case, answers, action if goes else None, action if would else None)
        if goes or would:
            under_way[key] = f"{choice.node} comes first: {choice.rung}"
        chosen = action if goes else chosen
        waits += _again(case, answers)
    return chosen, waits


def _give_up(book: Book, incident: Incident, choice: Choice, limits: budget.Budget) -> None:
    tried = incident.tried
    if incident.gave_up or not tried or tried[-1].mended is None:
        return
    failed = len(budget.failures(incident))
    if choice.spent or budget.broken(incident, limits):
        why = f"{failed} actions mended nothing" if failed else "nothing more can be done"
        if choice.spent:
            why = "; ".join((why, choice.why, *choice.skipped))
        book.write("gave_up", incident.id, {"why": why[:600], "failed": failed})


def _rank(incident: Incident) -> tuple[int, str, str]:
    return ladder.ORDER.index(incident.component), incident.node, incident.id


def _under_way(state: State) -> dict[str, str]:
    """Incidents of which an action is under way, or not verified yet."""
    return {
        it.id: f"{it.attempts[-1].node} is being mended: {it.attempts[-1].rung}"
        for it in state.incidents.values()
        if it.attempts and it.attempts[-1].mended is None
    }


def _only_mode(answers: tuple[Gate, ...]) -> bool:
    """Whether nothing but the mode is against it."""
    return all(gate.ok or gate.why == gates.OBSERVE for gate in answers)


def _action(incident: Incident, choice: Choice) -> Action | None:
    if choice.rung is None:
        return None
    return Action(
        incident=incident.id,
        node=choice.node,
        component=choice.component,
        rung=choice.rung,
        deadline=ladder.DEADLINES[choice.rung],
        why=choice.why[:300],
        evidence=choice.evidence,
        undo=choice.undo,
    )


def _say(
    book: Book, case: Case, answers: tuple[Gate, ...], action: Action | None, would: Action | None
) -> None:
    """Written where something is done, or an answer is another than before."""
    incident, choice = case.incident, case.choice
    rung = choice.rung or ""
    if action is None and (incident.said, incident.next) == (answers, rung):
        return
    data = {
        "rung": rung,
        "component": choice.component,
        "node": choice.node,
        "why": choice.why[:300],
        "skipped": list(choice.skipped),
        "gates": msgspec.to_builtins(answers),
        "action": msgspec.to_builtins(action),
    }
    if would is not None:
        data["would"] = msgspec.to_builtins(would)
    book.write("decided", incident.id, data)


def _again(case: Case, answers: tuple[Gate, ...]) -> list[float]:
    """Seconds after which the answers may be others though no node has anything to tell."""
    incident, now = case.incident, case.sight.now
    last = incident.attempts[-1] if incident.attempts else None
    if incident.gave_up:
        return []
    if last and last.mended is None:
        return [SOON if last.ended else max(SOON, last.began + last.deadline + LATE - now)]
    no = {gate.name for gate in answers if not gate.ok}
    policy = case.sight.cluster.policy
    young = now - incident.since < policy.settle
    if case.choice.rung is None or no & {"known", "paused", "busy", "quorum", "healthy"}:
        return []
    if "votes" in no and not young:
        return []
    at = [now]
    if "cliff" in no:
        at.append(case.state.storm)
    if "incident" in no:
        at.append(case.settled)
    if "budget" in no:
        at.append(budget.rests(incident, policy.budget))
        at.append(budget.frees(case.state, incident, policy.budget, now))
    return [max(SOON, max(at) - now)]
