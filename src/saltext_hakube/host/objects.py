"""The cluster's objects on a machine: plan, foresee, refuse, stop what goes, push, wait.

The story of one change. What is declared is planned against the CIB as it is; pacemaker's own
scheduler says what it would do; a plan that disturbs more than the pillar allows is refused; what
is to be removed is stopped first; one patch is pushed; then the cluster comes to rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from saltext_hakube.core.cib import disruption
from saltext_hakube.core.cib.document import EMPTY, Cib
from saltext_hakube.core.cib.objects import NodeValues
from saltext_hakube.core.cib.plan import Plan, target_roles, with_roles
from saltext_hakube.core.cib.prediction import Prediction
from saltext_hakube.core.cib.running import runs, status
from saltext_hakube.core.declared import Declared
from saltext_hakube.core.errors import Refused, TimedOut
from saltext_hakube.host import cib, settle
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.simulate import predict
from saltext_hakube.host.verify import verify

Lines = list[str]


class Planned(Struct, frozen=True):
    """``cluster``: whether there is one; ``refusal``: why the plan would not be carried out."""

    plan: Plan
    prediction: Prediction
    refusal: tuple[str, ...] = ()
    cluster: bool = True


class Applied(Struct, frozen=True):
    """``wrong``: what does not work now; ``mended``: what went wrong and the cluster mended."""

    planned: Planned
    wrong: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()


def plan(machine: Machine, declared: Declared) -> Planned:
    """What would be done. Where no cluster runs yet, the plan is that of an empty one."""
    text = cib.find(machine)
    if text is None:
        # Its nodes are not there yet, so nothing can be said of their attributes.
        planned = declared.without(NodeValues).plan(EMPTY)
        verify(planned, declared.place, declared.kinds)
        return Planned(planned, Prediction(), cluster=False)
    return _foresee(declared, declared.plan(text))


def apply(machine: Machine, declared: Declared) -> Applied:
    """Do it: by whichever node comes first, all of them may try at once.

    Raises Refused where the plan disturbs too much, no cluster runs or it has no quorum, Conflict
    when others were faster again and again, ConfigError.
    """
    verdict = Planned(Plan("", "", ()), Prediction())

    def judged(text: str) -> Plan:
        nonlocal verdict
        found = declared.plan(text)
        # The cluster may have changed meanwhile; the same changes are not foreseen twice.
        if found.changes and found.changes != verdict.plan.changes:
            verdict = _foresee(declared, found)
        if found.changes and verdict.refusal:
            raise Refused("\n".join(verdict.refusal))
        return found

    if declared.absent or declared.purge:
        _stop_first(machine, declared, judged)
    done = cib.push(machine, judged)
    # Also where another node was faster: that its change works is what was asked for.
    wrong, mended = settle.wait(machine, declared.objects, declared.settle_timeout)
    prediction = verdict.prediction if done.changes else Prediction()
    return Applied(Planned(done, prediction), tuple(wrong), tuple(mended))


def _foresee(declared: Declared, planned: Plan) -> Planned:
    """Ask the scheduler, and hold what it says against the pillar's limits."""
    if not planned.changes:
        return Planned(planned, Prediction())
    verify(planned, declared.place, declared.kinds)
    prediction = predict(planned.before, planned.after)
    refusal = disruption.refusal(
        prediction,
        declared.limits,
        status(planned.before).running,
        apiserver=declared.api.apiserver,
        haproxy=declared.api.haproxy,
        vip=declared.api.vip,
    )
    return Planned(planned, prediction, tuple(refusal))


def _stop_first(machine: Machine, declared: Declared, judged) -> None:
    """Stop what is about to be removed: pacemaker does not always stop what it has forgotten."""
    if machine.cib_file is not None:
        return
    text = cib.running(machine)
    names = _running(text, judged(text).stops)
    if not names:
        return
    _check_stops(text, names)
    before = target_roles(text, names)
    cib.push(machine, lambda now: with_roles(now, dict.fromkeys(names, "Stopped")))
    try:
        settle.rest(declared.settle_timeout)
        left = _running(cib.read(machine), names)
        if left:
            raise Refused(f"{_places(cib.read(machine), left)}: {NOT_STOPPED}")
    except (Refused, TimedOut):
        cib.push(machine, lambda now: with_roles(now, before))
        raise


NOT_STOPPED = (
    "it was told to stop before it is removed, and did not (a failed stop blocks it; `pcs status` "
    "shows). It was not removed, and its target-role is what it was before"
)


def _check_stops(text: str, names: Lines) -> None:
    """Ask the scheduler whether they would stop at all: before anything is written."""
    found = predict(text, with_roles(text, dict.fromkeys(names, "Stopped")).after)
    stops = {it.resource for it in (*found.actions, *found.pending) if it.kind == "stop"}
    left = [name for name in names if name not in stops and _is_single(text, name)]
    if left and not found.note:
        raise Refused(
            f"{_places(text, left)}, and would not stop (is it unmanaged, or the cluster in "
            "maintenance? `pcs status` shows), so it is not removed; nothing was changed"
        )


def _is_single(text: str, name: str) -> bool:
    """Not a bundle: what stops of that are its containers."""
    element = Cib.parse(text).resource(name)
    return element is not None and element.tag == "primitive"


def _places(text: str, names: Lines) -> str:
    where = status(text).running
    return "; ".join(f"{it} still runs on {', '.join(sorted(runs(where, it)))}" for it in names)


def _running(text: str, names: Iterable[str]) -> Lines:
    running = status(text).running
    return [name for name in names if runs(running, name)]
