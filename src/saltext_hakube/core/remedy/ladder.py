"""Which rung is next for an incident, on which node, and why the others are not. Pure.

The ladder is that of the component which is the trouble now: an incident of an apiserver goes on
with the scheduler that lost its lease over it, one of files with the haproxy that does not run yet.
Each rung is done once. One that could not be done (it failed, or nobody heard of it again) is begun
once more, one that the node found needless or refused some times: after a while, and after those
that were not tried yet. The node looks by itself again before it does anything (host.remedy); here
is only what the reports tell.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from saltext_hakube.core.remedy import budget
from saltext_hakube.core.remedy.against import against
from saltext_hakube.core.remedy.decision import Incident
from saltext_hakube.core.remedy.sight import Sight
from saltext_hakube.core.remedy.symptoms import failing
from saltext_hakube.core.remedy.words import PROBES, Component, Rung

#: Seconds, the way there and back apart. Enough for what the node waits for: that what was killed
#: answers again, that the VIP is there.
DEADLINES: dict[Rung, float] = {
    "probe": 10.0,
    "files": 30.0,
    "kill": 30.0,
    "hand": 25.0,
    "move": 25.0,
    "standby": 60.0,
    "fence": 60.0,
}
#: Seconds that a node stays in standby by our hand; then it may show whether it helped.
REST = 600.0
#: What is mended first where several are down in one incident: each needs the one before.
ORDER: tuple[Component, ...] = (
    "corosync",
    "haproxy",
    "apiserver",
    "scheduler",
    "controller-manager",
    "vip",
    "pacemaker",
    "files",
    "certificates",
    "disk",
    "eyes",
    "node",
)
LINES, LINE = 20, re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,300}")


class Choice(NamedTuple):
    """``rung``: empty where none is left, ``why`` says why then. ``skipped``: the others before it,
    a line each. ``spent``: a rung was tried, and there will be none any more by itself. ``undo``:
    the rung is to be taken back."""

    component: Component
    node: str
    rung: Rung | None
    why: str
    skipped: tuple[str, ...]
    evidence: dict[str, list[str]]
    spent: bool = False
    undo: bool = False


def choose(sight: Sight, incident: Incident) -> Choice:
    """The next rung."""
    away = sight.put_away(incident.id)
    if away:
        return _back(sight, incident, away)
    component = lead(sight, incident)
    node = target(sight, incident, component)
    skipped = []
    later = worn = False
    again: tuple[Rung, Component] | None = None
    for rung in sight.cluster.policy.ladder(component):
        # Of hakube's eyes only their own files are put right.
        doer: Component = "files" if rung == "files" and component != "eyes" else component
        used = _used(sight, incident, rung, doer, node)
        later, worn = later or used.later, worn or used.worn
        why = used.why or against(sight, incident, rung, component, node)
        if why:
            skipped.append(f"{rung}: {why}")
        elif used.again:
            again = again or (rung, doer)
        else:
            return _chosen(sight, incident, (rung, doer), node, skipped)
    if again:
        return _chosen(sight, incident, again, node, skipped)
    spent = not later and (worn or any(it.failed for it in incident.tried))
    return Choice(component, node, None, _none(sight, component), tuple(skipped), {}, spent)


def _back(sight: Sight, incident: Incident, node: str) -> Choice:
    """The standby is taken back when its time is over. Until then nothing else is tried."""
    began = [it for it in incident.attempts if it.rung == "standby" and not it.undo]
    tried = [it for it in incident.tried if it.undo]
    why = f"{node} is in standby for {REST:g} s, by our hand"
    if began and sight.now < (began[-1].ended or sight.now) + REST:
        return Choice(incident.component, node, None, why, (), {})
    if len(tried) >= budget.TRIES:
        why = f"the standby of {node} could not be ended {len(tried)} times: {tried[-1].why}"
        return Choice(incident.component, node, None, why, (), {}, spent=True)
    if tried:
        wait = budget.backoff(incident, len(tried), sight.cluster.policy.budget)
        if sight.now < (tried[-1].ended or sight.now) + wait:
            why = f"its standby is ended later: {tried[-1].why or tried[-1].result}"
            return Choice(incident.component, node, None, why, (), {})
    why = f"{node} was in standby for {REST:g} s, by our hand"
    return Choice(incident.component, node, "standby", why, (), {}, undo=True)


def _chosen(
    sight: Sight, incident: Incident, rung: tuple[Rung, Component], node: str, skipped: list[str]
) -> Choice:
    name, doer = rung
    proof = evidence(sight, incident, name)
    return Choice(doer, node, name, _why(sight, incident), tuple(skipped), proof)


def _none(sight: Sight, component: Component) -> str:
    if not sight.cluster.policy.ladder(component):
        return f"nothing may be done about {component}: its ladder has no rung"
    return f"no rung is left for {component}"


def lead(sight: Sight, incident: Incident) -> Component:
    """The component that is the trouble now."""
    own = incident.component
    down = {
        PROBES[probe].component
        for probe in incident.probes
        if sight.value(probe, _of(probe, incident)) == "down"
    }
    if not down or (own in down and own != "files") or own in ("corosync", "node"):
        return own
    return min(down, key=ORDER.index)


def _of(probe: str, incident: Incident) -> str:
    """The node whose word a probe of the incident is; empty for a cluster's probe."""
    return incident.node if PROBES[probe].scope == "node" else ""


def target(sight: Sight, incident: Incident, component: Component) -> str:
    """The node on which it would be done; empty where there is none."""
    if incident.component == "node":
        return next((node for node in sight.quorate if node != incident.node), "")
    if component == "pacemaker" and sight.value("pacemaker.failures", "") == "down":
        tried = {it.node for it in incident.tried if it.component == component}
        named = [node for node in failing(sight) if sight.answers(node)]
        left = [node for node in named if node not in tried]
        return next(iter(left or named), incident.node or _first(sight))
    of_all = not incident.node or sight.value("vip.address", incident.node) != "down"
    if component == "vip" and of_all:
        return sight.holder or _first(sight)
    return incident.node or _first(sight)


def _first(sight: Sight) -> str:
    return next(iter(sight.quorate), next(iter(sight.fresh), ""))


class _Used(NamedTuple):
    """Why a rung that was tried is not due; empty where it is. ``later``: it will be; ``again``: it
    is, once more; ``worn``: it never will be."""

    why: str = ""
    later: bool = False
    again: bool = False
    worn: bool = False


def _used(sight: Sight, incident: Incident, rung: Rung, component: Component, node: str) -> _Used:
    mine = [
        it
        for it in incident.tried
        if (it.rung, it.component, it.node) == (rung, component, node)
        and (it.idle or not it.mended or rung == "standby")
        and not it.undo
    ]
    if not mine:
        return _Used()
    last = mine[-1]
    done = next((it for it in mine if it.result == "done"), None)
    if done or last.ended is None:
        return _Used(f"it was tried ({'done' if done else 'under way'})", worn=bool(done))
    said = f"the node says {last.why or last.result}" if last.idle else last.why or last.result
    idle = sum(it.idle for it in mine)
    if idle >= budget.TRIES or len(mine) - idle >= budget.AGAIN:
        return _Used(f"it was tried {len(mine)} times: {said}", worn=True)
    wait = budget.backoff(incident, len(mine), sight.cluster.policy.budget)
    if sight.now < last.ended + wait:
        return _Used(f"not yet again: {said}", later=True)
    return _Used(again=True)


def _why(sight: Sight, incident: Incident) -> str:
    down = [it for it in incident.probes if sight.value(it, _of(it, incident)) == "down"]
    where = f"{incident.node}: " if incident.node else ""
    told = "; ".join(sight.why(it, _of(it, incident)) for it in down[:3])
    return where + (told or incident.why)


def evidence(sight: Sight, incident: Incident, rung: Rung) -> dict[str, list[str]]:
    """What the node may want to know: of the rung's own probe, else of all that are down. As far
    as it is text on one line each, for it came from a node, and goes to one."""
    if incident.component == "node":
        return {"node": [incident.node]}
    down = [it for it in incident.probes if sight.value(it, _of(it, incident)) == "down"]
    names = ["files.drift"] if rung == "files" else down
    found: dict[str, list[str]] = {}
    for name in names:
        for kind, lines in sight.evidence(name, _of(name, incident)).items():
            found[kind] = [it for it in lines if LINE.fullmatch(it)][:LINES]
    if lead(sight, incident) == "vip":
        # Who only sees two owners reaches one of them.
        probes = ("vip.request",) if rung == "move" else ("vip.request", "vip.owner")
        found["outside"] = [it for it in _outside(sight, probes) if LINE.fullmatch(it)][:LINES]
    return found


def _outside(sight: Sight, probes: tuple[str, ...]) -> list[str]:
    """The nodes that do not reach the VIP, and why: what its holder cannot see."""
    found = dict.fromkeys(node for probe in probes for node in sight.down.get(probe, ()))
    asked = [node for node in found if node != sight.holder and sight.answers(node)]
    return [
        f"{node}: {next(sight.why(it, node) for it in probes if node in sight.down.get(it, ()))}"[
            :300
        ]
        for node in asked
    ]
