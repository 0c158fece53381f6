"""Which incidents there are, by what is known now: pure, and whatever order the reports came in.

A probe that is down makes an incident of its component: of the node, or of the cluster. There is
one open incident for a component in a scope. What follows from an open incident belongs to it, so
that one fault is one story: files that drifted under the haproxy that fell over them, the scheduler
whose apiserver hangs, Pacemaker's list of what failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from saltext_hakube.core.remedy.decision import Attempt, Incident, State
from saltext_hakube.core.remedy.ladder import ORDER
from saltext_hakube.core.remedy.sight import Sight, majority
from saltext_hakube.core.remedy.symptoms import concerns, failing
from saltext_hakube.core.remedy.words import (
    KUBERNETES,
    OFF,
    PROBES,
    UNITS,
    Component,
    Scope,
    unwatched,
)

#: What Pacemaker runs; on a node in standby it is stopped on purpose.
MANAGED = UNITS | {"vip"}
#: Component of an open incident -> components whose trouble on the same node follows from it.
FOLLOWS: dict[Component, frozenset[Component]] = {
    "corosync": MANAGED | {"pacemaker"},
    "pacemaker": frozenset({"vip"}),
    "apiserver": KUBERNETES | {"files"},
    "haproxy": frozenset({"files"}),
    # They are one group: Pacemaker stops the second where the first failed, and before it.
    "scheduler": frozenset({"files", "controller-manager"}),
    "controller-manager": frozenset({"files", "scheduler"}),
    "files": UNITS,
}
FAILURES, LEASE = "pacemaker.failures", ".lease"
#: Seconds after a node fell silent, or red, in which others that do make a storm of it.
AT_ONCE = 30.0
LATER = 1.5  # times policy.settle: until what only Pacemaker's list has is an incident of its own
#: Seconds until a lease that nobody renews is one: who takes over lets the old one run out first,
#: and what was killed as it hung has to start before that.
UNRENEWED = 40.0
BOOT = 300.0  # seconds that a fenced node has to come back


class Trouble(NamedTuple):
    """What is down of a component now."""

    scope: Scope
    component: Component
    node: str
    probes: tuple[str, ...]


def troubles(sight: Sight) -> list[Trouble]:
    """All, in the order in which one follows from another."""
    found: dict[tuple[int, str], list[str]] = {}
    for name, nodes in sight.down.items():
        probe = PROBES[name]
        if name.endswith(LEASE) and not _runs(sight, probe.component):
            continue
        for node in nodes if probe.scope == "node" else [""]:
            if node and probe.component in MANAGED and sight.fresh[node].standby:
                continue
            found.setdefault((ORDER.index(probe.component), node), []).append(name)
    # Those of the cluster come last: they may follow from a node's.
    order = sorted(found, key=lambda it: (not it[1], it))
    return [
        Trouble("node" if node else "cluster", ORDER[rank], node, tuple(sorted(found[rank, node])))
        for rank, node in order
    ]


def _runs(sight: Sight, component: Component) -> bool:
    """Whether it is up on any node. A lease that nobody holds as nobody runs, be it on purpose, is
    no trouble of its own."""
    return any(it.value(f"{component}.health") == "up" for it in sight.fresh.values())


def home(sight: Sight, opened: Iterable[Incident], trouble: Trouble) -> Incident | None:
    """The open incident that the trouble belongs to; None: it is one of its own."""
    follows = []
    for incident in opened:
        if incident.key == trouble[:3]:
            return incident
        # What comes after it was given up is nobody's else.
        old = not incident.gave_up or set(trouble.probes) <= set(incident.probes)
        if old and _follows(sight, incident, trouble):
            follows.append(incident)
    return min(
        follows, key=lambda it: (it.opened, ORDER.index(it.component), it.node), default=None
    )


def _follows(sight: Sight, incident: Incident, trouble: Trouble) -> bool:
    if trouble.scope == "cluster":
        return incident.node != "" and _of_a_node(sight, incident, trouble)
    if not trouble.node or incident.node != trouble.node:
        return False
    if trouble.component not in FOLLOWS.get(incident.component, ()):
        return False
    if "files" in (incident.component, trouble.component):
        other = trouble.component if incident.component == "files" else incident.component
        return concerns(sight.evidence("files.drift", trouble.node), other)
    return True


def _of_a_node(sight: Sight, incident: Incident, trouble: Trouble) -> bool:
    """Whether what concerns the cluster follows from an incident of a node."""
    component, node = incident.component, incident.node
    if trouble.probes == (FAILURES,):
        failed = failing(sight)
        return component in (*MANAGED, "files", "corosync") and (not failed or node in failed)
    if trouble.component == "vip":
        # What others see of the VIP is part of what ails it, or its haproxy, where it is.
        return component == "vip" or (component == "haproxy" and node == sight.holder)
    # Who held it is not well, or the apiserver over which it is held.
    return _is_lease(trouble) and component in KUBERNETES


def early(sight: Sight, trouble: Trouble) -> float:
    """Seconds that Pacemaker's list of what failed, and a lease that nobody renews, wait for the
    word of the node itself, which comes a little later and makes them part of one story."""
    if trouble.probes == (FAILURES,):
        wait = LATER * sight.cluster.policy.settle
    elif _is_lease(trouble):
        wait = UNRENEWED
    else:
        return 0.0
    looks = [
        (node, report.looks.get(it))
        for node, report in sight.fresh.items()
        for it in trouble.probes
    ]
    ages = [sight.told[node] - look.since for node, look in looks if look and look.value == "down"]
    return wait - max(ages, default=0.0)


def _is_lease(trouble: Trouble) -> bool:
    return trouble.scope == "cluster" and all(it.endswith(LEASE) for it in trouble.probes)


def told(sight: Sight, trouble: Trouble) -> str:
    """In words."""
    text = "; ".join(sight.why(name, trouble.node) for name in trouble.probes[:4])
    return f"{trouble.node}: {text}" if trouble.node else text


def joined(incident: Incident, why: str) -> str:
    """What is wrong by now: each thing, and the node, is told once."""
    if why in incident.why:
        return incident.why
    place = f"{incident.node}: "
    again = incident.node and incident.why.startswith(place)
    return f"{incident.why}; {why.removeprefix(place) if again else why}"


def is_well(sight: Sight, probe: str, node: str) -> bool:
    """Whether it is well, or nobody looks at it any more."""
    return sight.value(probe, _own(probe, node)) in ("up", None)


def lasts(sight: Sight, probe: str, node: str) -> float:
    """Seconds for which it has been as it is, at least: by the clock of who says so."""
    own = _own(probe, node)
    looks = {it: sight.fresh[it].looks.get(probe) for it in ([own] if own else sight.fresh)}
    ages = [sight.told[it] - look.since for it, look in looks.items() if look]
    return min(ages, default=float("inf"))


def out_of_sight(sight: Sight, probe: str, node: str) -> bool:
    """Whether those who answer have not been able to say of it anything for long: it runs on
    another node now, or who looked at it is gone. It is an incident anew where it is down then."""
    nobody = sight.value(probe, _own(probe, node)) == "unknown" and bool(sight.fresh)
    return nobody and lasts(sight, probe, node) >= sight.cluster.policy.silence


def lapsed(sight: Sight, incident: Incident) -> tuple[str, ...]:
    """Of one that was given up what is well for a while: where it breaks again it is another
    fault."""
    wait = sight.cluster.policy.patience
    return tuple(
        probe
        for probe in incident.probes
        if is_well(sight, probe, incident.node) and lasts(sight, probe, incident.node) >= wait
    )


def _own(probe: str, node: str) -> str:
    """Whose word it is: the node's, or (empty) that of all."""
    return node if PROBES[probe].scope == "node" else ""


def over(sight: Sight, state: State, incident: Incident) -> str:
    """Why the incident may be closed; empty where it may not."""
    node = incident.node
    if node and node not in sight.cluster.nodes:
        return f"{node} is not declared any more"
    if incident.component == "node":
        return f"{node} answers again" if sight.answers(node) else ""
    if (node and not sight.answers(node)) or incident.id in sight.standby.values():
        return ""
    lost = [probe for probe in incident.probes if not is_well(sight, probe, node)]
    last = incident.attempts[-1] if incident.attempts else None
    if last and last.mended and lost and not _down(sight, lost, node):
        return f"{last.rung} helped, and nobody says any more that it is down"
    is_told = last is None or _is_told(state, sight, incident, last)
    if not (is_told and all(out_of_sight(sight, probe, node) for probe in lost)):
        return ""
    told = f"nobody has been able to say for long that it is down: {', '.join(lost[:4])}"
    return told if lost else "all that was down is up again"


def _down(sight: Sight, probes: Iterable[str], node: str) -> bool:
    return any(sight.value(probe, _own(probe, node)) == "down" for probe in probes)


def _is_told(state: State, sight: Sight, incident: Incident, last: Attempt) -> bool:
    """Whether what came of the last attempt is known, and is well by the word of others, too."""
    return not last.flies and newer(state, sight, incident, last) and last.witness != "down"


def newer(state: State, sight: Sight, incident: Incident, attempt: Attempt) -> bool:
    """Whether somebody whose word counts for the incident reported after the attempt's end."""
    if attempt.ended is None:
        return False
    nodes = [incident.node] if incident.node else list(sight.fresh)
    heard = [state.heard_at(node) for node in nodes if sight.answers(node)]
    return any(at is not None and at > attempt.ended for at in heard)


def mended(sight: Sight, state: State, incident: Incident) -> tuple[bool, str] | None:
    """What came of the last attempt; None as long as that cannot be told."""
    attempt, node = incident.attempts[-1], incident.node
    if attempt.ended is None:
        return None
    patience = sight.cluster.policy.patience if incident.component != "node" else BOOT
    age = sight.now - attempt.ended
    late = age >= patience
    found = None
    if incident.component == "node":
        back = sight.answers(node)
        found = (back, f"{node} {'answers' if back else 'is silent'}") if back or late else None
    elif not newer(state, sight, incident, attempt):
        found = (False, "nobody has said anything newer since") if age > 3 * patience else None
    else:
        found = _came(sight, incident, late)
    return found


def _came(sight: Sight, incident: Incident, late: bool) -> tuple[bool, str] | None:
    """What came of the last attempt, by what was reported since. ``late``: no more will."""
    attempt, node = incident.attempts[-1], incident.node
    left = [it for it in _hastened(incident) if not is_well(sight, it, node)]
    hopeless = attempt.result != "done" or attempt.verified is False
    doubted = attempt.witness == "down"
    found = None
    if attempt.rung == "standby" and not attempt.idle:
        found = _stood_by(sight, attempt, late)
    elif attempt.idle:
        # Though all may be well by now: what did nothing mended nothing.
        found = False, f"nothing was done: {attempt.why}"
    elif not left and not doubted:
        found = True, "all that was down is up again"
    elif (why := _part(sight, incident, attempt)) and not doubted:
        found = True, why
    elif attempt.verified and late and not doubted and not _down(sight, left, node):
        # What is no clone may run on another node now.
        found = True, "the node saw that it helped, and nobody says that it is down"
    elif hopeless or late:
        still = [sight.why(it, _own(it, node)) for it in left[:3]]
        still += [attempt.told] if doubted else []
        found = False, f"still: {'; '.join(still)}"
    return found


def _hastened(incident: Incident) -> list[str]:
    """The probes by which an attempt is judged: a lease is taken anew only when the old one has run
    out, whatever is done to a node."""
    return [it for it in incident.probes if not (incident.node and it.endswith(LEASE))]


def _part(sight: Sight, incident: Incident, attempt: Attempt) -> str:
    """What is well again of what the attempt was for, though others of the incident are not; empty
    where it is not."""
    if attempt.component == "files":
        return "the files are as applied" if is_well(sight, "files.drift", incident.node) else ""
    if attempt.component == "pacemaker":
        named = failing(sight)
        others = bool(named) and attempt.node not in named
        return f"nothing that failed is left on {attempt.node}" if others else ""
    own = [it for it in _hastened(incident) if PROBES[it].component == attempt.component]
    is_back = bool(own) and all(is_well(sight, it, incident.node) for it in own)
    return f"{attempt.component} is well again" if is_back else ""


def _stood_by(sight: Sight, attempt: Attempt, late: bool) -> tuple[bool, str] | None:
    """Whether the node is in standby, or no more: what that is good for shows when it is back."""
    report = sight.fresh.get(attempt.node)
    is_away = report is not None and report.standby
    told = f"{attempt.node} is {'in standby' if is_away else 'not in standby'}"
    if report is not None and is_away != attempt.undo:
        return True, told
    return (False, told) if late else None


def silences(sight: Sight, state: State) -> list[str]:
    """The nodes of which nothing is known any more. None where they are most: then it is rather us
    who hear nothing, which the storm tells."""
    limit = sight.cluster.policy.silence
    found = [
        node
        for node, since in sorted(state.silent.items())
        if node in sight.cluster.nodes
        and sight.now - since > limit
        # Where the pillar has it so nobody misses anything.
        and not state.instead.get(node, "").startswith(OFF)
    ]
    count = len(sight.cluster.nodes)
    return found if len(found) < majority(sight.cluster) or count == 1 else []


def storm(sight: Sight, state: State) -> tuple[float, list[str]] | None:
    """Until when nothing is done, as most nodes turned red or silent at once; and which."""
    wait = sight.cluster.policy.reassert
    since = dict(state.red)
    for node, at in state.silent.items():
        # One answer that is missing is no silence, nor is the word that nothing is watched.
        if sight.now - at >= wait and not unwatched(state.instead.get(node, "")):
            since.setdefault(node, at + wait)
    last = max(since.values(), default=0.0)
    found = sorted(node for node, at in since.items() if at >= last - AT_ONCE)
    count = len(sight.cluster.nodes)
    if count < 2 or len(found) < majority(sight.cluster):
        return None
    until = last + sight.cluster.policy.storm
    return (until, found) if until > sight.now and until > state.storm else None
