"""What the answers of a component mean. Pure."""

from __future__ import annotations

import re

from saltext_hakube.agents.probe.answer import ANSWERED, OWN, REFUSED, Answer
from saltext_hakube.agents.probe.cluster import Cluster
from saltext_hakube.agents.probe.look import Look, down, unknown, up

_FAILED = re.compile(rb"^\[-\]([\w./-]{1,60}) failed", re.MULTILINE)
_SECRET = (401, 403)


def wanted(cluster: Cluster, resource: str, node: str) -> tuple[bool | None, str]:
    """Whether Pacemaker means the resource to run on the node, and why not; None: not known."""
    own = cluster.nodes.get(node)
    if cluster.problem or own is None:
        return None, "Pacemaker does not say whether it should"
    places = cluster.running.get(resource)
    if places is None:
        return None, f"Pacemaker does not know {resource}"
    if cluster.is_busy(resource):
        return None, "Pacemaker is at it"
    if node in places:
        return True, ""
    against = {
        "it is stopped on purpose": resource in cluster.stopped,
        f"{node} is in standby": own.standby,
        "there is no quorum": not cluster.quorate,
    }
    why = next((why for why, holds in against.items() if holds), "")
    if resource in cluster.cloned and not why:
        return True, "Pacemaker does not run it"
    elsewhere = ", ".join(sorted(places))
    return False, why or (f"it runs on {elsewhere}" if places else "Pacemaker runs it nowhere")


def health(answer: Answer, want: tuple[bool | None, str], *, fresh: bool) -> Look:
    """A component of this node. ``want``: of ``wanted``; ``fresh``: that is younger than since when
    nobody listens, so that a stop on purpose is none of its fault."""
    if answer.kind == ANSWERED:
        return _status(answer)
    if answer.kind == OWN:
        return unknown(f"it could not be asked: {answer.why}")
    if answer.kind != REFUSED:
        return down(f"it {answer.why}", how=[answer.kind])
    runs, why = want
    if not fresh:
        return unknown(f"it {answer.why}; whether it should run here is being asked")
    if runs:
        told = f"it {answer.why}" + (f"; {why}" if why else "")
        return down(told, how=[answer.kind])
    return unknown(f"it does not run here: {why}")


def reached(answer: Answer, what: str) -> Look:
    """Whether anything of HTTP came back at all, whatever it says."""
    if answer.kind == ANSWERED:
        told = "" if answer.status == 200 else f"{what} answers {answer.status}"
        return up(told)
    if answer.kind == OWN:
        return unknown(f"{what} could not be asked: {answer.why}")
    return down(f"{what} {answer.why}", how=[answer.kind])


def wants_credentials(answer: Answer) -> bool:
    return answer.kind == ANSWERED and answer.status in _SECRET


def _status(answer: Answer) -> Look:
    if answer.status == 200:
        return up()
    if answer.status in _SECRET:
        return unknown(f"it answers {answer.status}: it does not let us ask")
    failed = sorted({name.decode() for name in _FAILED.findall(answer.body)})
    told = f" ({', '.join(failed)})" if failed else ""
    evidence = {"how": [f"{answer.kind} {answer.status}"], "failed": failed}
    return down(
        f"it answers {answer.status}{told}", **{kind: it for kind, it in evidence.items() if it}
    )
