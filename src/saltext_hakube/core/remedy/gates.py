"""The gates: each says yes or no to one thing that would be done, and why, for people. Pure.

All are asked, in the order of decision.GATES, and all answers are kept; one no is enough. Whys name
no seconds that run, so that an answer is another only where something changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from saltext_hakube.core.remedy import budget
from saltext_hakube.core.remedy.budget import Spent
from saltext_hakube.core.remedy.decision import GATES, Gate, Incident, State
from saltext_hakube.core.remedy.incidents import FAILURES
from saltext_hakube.core.remedy.ladder import Choice
from saltext_hakube.core.remedy.sight import STANDS_FOR, Sight, majority
from saltext_hakube.core.remedy.symptoms import dead
from saltext_hakube.core.remedy.words import PROBES

#: What the mode has against it; everything else is decided as if it had not.
OBSERVE = "hakube:heal:mode is observe"


#: What mends only what is verified broken on the spot: it needs no others that are well. A cluster
#: with a node that is off, or with one trouble on two nodes, would never be mended else.
UNHARMFUL = frozenset({"files", "hand"})


class Case(NamedTuple):
    """What is asked about. ``other``: what keeps all others waiting: an action that is under way,
    or not verified yet, or was chosen just now; empty where nothing does."""

    sight: Sight
    state: State
    incident: Incident
    choice: Choice
    spent: Spent
    other: str = ""

    @property
    def settled(self) -> float:
        """Since when the incident has had the time in which others mend it."""
        policy, choice = self.sight.cluster.policy, self.choice
        ended = [it.ended for it in self.incident.tried if it.ended is not None]
        if ended:  # the node, too, waits so long after what it did
            return max(ended) + policy.settle
        # Nobody but us mends files, or kills what hangs; hakube-watch is at a haproxy that does.
        at_once = choice.rung == "files" or (
            choice.rung == "kill" and choice.component != "haproxy"
        )
        # That one waited before it was opened (incidents.early).
        at_once = at_once or self.incident.probes == (FAILURES,)
        return self.incident.since + (0.0 if at_once else policy.settle)


def ask(case: Case) -> tuple[Gate, ...]:
    """Every gate's answer."""
    return tuple(_ASKED[name](case) for name in GATES)


def _gate(name: str, against: str, told: str = "") -> Gate:
    return Gate(name, not against, against or told)


def known(case: Case) -> Gate:
    cluster, node = case.sight.cluster, case.choice.node
    if node and node not in cluster.nodes:
        return Gate("known", False, f"{node} is no node of {cluster.name}")
    if not node:
        return Gate("known", False, "there is no node on which anything could be done")
    return Gate("known", True, f"{node} is a node of {cluster.name}")


def paused(case: Case) -> Gate:
    sight, node = case.sight, case.choice.node
    for pause in case.state.pauses:
        on = pause.node in ("", node, case.incident.node)
        if on and (pause.until is None or pause.until > sight.now):
            what = pause.node or sight.cluster.name
            return Gate("paused", False, f"{what} is paused: {pause.reason}"[:300])
    if any(report.maintenance for report in sight.fresh.values()):
        return Gate("paused", False, "the cluster, or a node of it, is in maintenance")
    report = sight.fresh.get(node)
    if report and report.standby and not case.choice.undo:
        return Gate("paused", False, f"{node} is in standby")
    if sight.cluster.policy.mode != "act":
        return Gate("paused", False, OBSERVE)
    return Gate("paused", True, "nobody paused it")


def busy(case: Case) -> Gate:
    report = case.sight.fresh.get(case.choice.node)
    if report and report.busy:
        return Gate("busy", False, f"Salt is at work on {report.node}: {report.busy}"[:300])
    return Gate("busy", True, "no state run goes on there")


def votes(case: Case) -> Gate:
    incident, node = case.incident, case.incident.node
    if case.choice.undo:
        told = f"{case.choice.node} says that it is in standby"
        answers = case.sight.answers(case.choice.node)
        return Gate("votes", answers, told if answers else f"{case.choice.node} does not answer")
    if incident.component == "node":
        return _of_the_dead(case)
    # What Pacemaker says of a node's resources any member may say, and what the holder of the VIP
    # cannot see only others.
    probes = {it for it in case.incident.probes if it in case.sight.down}
    unseen = case.choice.component == "vip" and all(PROBES[it].scope == "cluster" for it in probes)
    of_all = not node or case.choice.component == "pacemaker" or unseen
    if node and not case.sight.answers(node):
        return Gate("votes", False, f"{node} does not answer; what it said before does not count")
    down = _witnesses(case, of_all)
    again = [it for it in down if (case.state.heard_at(it) or 0.0) > incident.since]
    count = len(case.sight.cluster.nodes)
    need = _need(case, down) if of_all else 1
    told = f"{len(down)} of {count} nodes say so" if of_all else f"{node} says so"
    if len(down) < need:
        return Gate("votes", False, f"{told}; {need} have to" if of_all else f"{told} no more")
    if not again:
        return Gate("votes", False, f"{told}, once; a second look is waited for")
    return Gate("votes", True, f"{told}, and again when asked anew")


def _witnesses(case: Case, of_all: bool) -> set[str]:
    """The nodes that answer and say that something of the incident is down."""
    own = case.incident.node
    return {
        node
        for probe in case.incident.probes
        for node in case.sight.down.get(probe, ())
        if case.sight.answers(node) and (of_all or node == own)
    }


def _need(case: Case, down: set[str]) -> int:
    """How many have to say what concerns the cluster: two. Of two nodes one may be off, and asks
    the VIP only where it is not the holder: there the word of one counts, unless the other one says
    that it is well."""
    sight = case.sight
    if len(sight.cluster.nodes) != 2:
        return min(2, len(sight.cluster.nodes))
    said = {it for it in case.incident.probes if it in sight.down}
    others = [it for it in sight.fresh if sight.answers(it) and it not in down]
    otherwise = any(sight.value(probe, it) == "up" for it in others for probe in said)
    return 2 if otherwise else 1


def _of_the_dead(case: Case) -> Gate:
    """Silence alone proves nothing: the others have to miss the node, too."""
    sight, node = case.sight, case.incident.node
    if sight.answers(node):
        return Gate("votes", False, f"{node} answers")
    missing = [
        it for it in sight.quorate if sight.fresh[it].online and node not in sight.fresh[it].online
    ]
    need = min(majority(sight.cluster), max(1, len(sight.cluster.nodes) - 1))
    told = f"{len(missing)} other nodes miss {node}"
    if len(missing) < need:
        return Gate("votes", False, f"{node} is silent, which alone proves nothing; {told}")
    return Gate("votes", True, f"{node} is silent; {told}")


def quorum(case: Case) -> Gate:
    """A majority says that it is quorate. Of two nodes one does: where that is so Corosync has
    two_node, or a quorum device; but not both, each without the other."""
    sight, node = case.sight, case.choice.node
    two = len(sight.cluster.nodes) == 2
    have, need = len(sight.quorate), 1 if two else majority(sight.cluster)
    told = f"{have} of {len(sight.cluster.nodes)} nodes answer and are quorate"
    if have < need:
        return Gate("quorum", False, f"{told}; {need} have to")
    if two and have == 2 and not _together(sight):
        return Gate("quorum", False, f"{told}, each without the other")
    if node not in sight.quorate:
        return Gate("quorum", False, f"{node or 'no node'} is not known to be quorate")
    return Gate("quorum", True, told)


def _together(sight: Sight) -> bool:
    """Whether each that is quorate sees all the others that are."""
    seen = {it: sight.fresh[it].online for it in sight.quorate}
    return all(not online or set(seen) <= set(online) for online in seen.values())


def cliff(case: Case) -> Gate:
    if case.state.storm > case.sight.now:
        wait = case.sight.cluster.policy.storm
        why = f"most nodes went bad at once; nothing is done for {wait:g} s"
        return Gate("cliff", False, why)
    return Gate("cliff", True, "not most nodes went bad at once")


def healthy(case: Case) -> Gate:
    """Others can do without the node, and no other repair is under way."""
    sight, component = case.sight, case.choice.component
    if case.other:
        return Gate("healthy", False, case.other)
    count = len(sight.cluster.nodes)
    bad = [it for it in sight.cluster.nodes if it in sight.red or not sight.answers(it)]
    if count > 1 and len(bad) == count:
        return Gate("healthy", False, "no node is well")
    if case.choice.rung in UNHARMFUL or case.choice.undo or _serves_nobody(case):
        return Gate("healthy", True, "it takes nothing away from who is well")
    well = sight.well(component) - {case.incident.node or case.choice.node}
    need = min(majority(sight.cluster), count - 1)
    # A lease is held by one node, the VIP is on one: what counts is what they need elsewhere.
    what = STANDS_FOR.get(component, component)
    told = f"{what} is well on {len(well)} of the {count - 1} other nodes"
    if len(well) < need:
        return Gate("healthy", False, f"{told}; {need} have to")
    return Gate("healthy", True, told)


def _serves_nobody(case: Case) -> bool:
    """Whether what is killed is dead to all already: however few others are well, they are no fewer
    then. (One comes after the other all the same, and none where no node is well.)"""
    choice = case.choice
    return choice.rung == "kill" and bool(dead(case.sight, choice.component, choice.node))


def incident(case: Case) -> Gate:
    it, choice = case.incident, case.choice
    if it.gave_up and not choice.undo:
        return Gate("incident", False, "it was given up; people have to look")
    if it.attempts and it.attempts[-1].mended is None:
        return Gate("incident", False, f"what came of {it.attempts[-1].rung} is waited for")
    if choice.rung is None:
        return Gate("incident", False, "; ".join((choice.why, *choice.skipped))[:300])
    if case.sight.now < case.settled:
        settle = case.sight.cluster.policy.settle
        return Gate("incident", False, f"others have {settle:g} s to mend it")
    return Gate("incident", True, f"it is open, and {choice.rung} is next")


def spending(case: Case) -> Gate:
    policy = case.sight.cluster.policy.budget
    if case.choice.undo:
        return Gate("budget", True, "what was done is taken back, whatever else was done")
    each, cluster = case.spent.each[case.incident.key], case.spent.cluster
    told = f"{each} of {policy.each} for this, {cluster} of {policy.cluster} in the cluster"
    if each >= policy.each:
        return Gate("budget", False, f"{told}: enough within {policy.window:g} s")
    asked = case.spent.asked[case.incident.key]
    if asked >= budget.ASKED:
        return Gate("budget", False, f"{told}; asked {asked} times within {policy.window:g} s")
    if cluster >= policy.cluster:
        return Gate("budget", False, f"{told}: enough within an hour")
    if case.sight.now < budget.rests(case.incident, policy):
        failed = len(budget.failures(case.incident))
        return Gate("budget", False, f"{told}; after {failed} that mended nothing it rests")
    return Gate("budget", True, told)


_ASKED: dict[str, Callable[[Case], Gate]] = {
    "known": known,
    "paused": paused,
    "busy": busy,
    "votes": votes,
    "quorum": quorum,
    "cliff": cliff,
    "healthy": healthy,
    "incident": incident,
    "budget": spending,
}
