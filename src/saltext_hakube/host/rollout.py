"""A change that can hurt, on one node after the other (design.md, law 10).

::

    with rollout.alone(machine, Change("haproxy", digest, "node1"), wait=300, last=has_vip) as mine:
        change()
        mine.renew()
        verify()          # raises HakubeError after it has taken the change back

An error in the block is written down in the cluster, so that the nodes which wait do not make the
same change. The node that wrote it down may try again; once it succeeds, so may the others.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone

from msgspec import Struct

from saltext_hakube.core.cib import refusals
from saltext_hakube.core.cib.refusals import Refusal, Refusals
from saltext_hakube.core.errors import Conflict, HakubeError, Refused
from saltext_hakube.host import cib, turn
from saltext_hakube.host.corosync import corosync_conf
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.turn import Turn

# Reload, look, take back and look again: each renews the turn before it begins. Seconds.
LEASE = 120.0
# How long the VIP's holder waits for others to come before it goes. Seconds: the nodes of one
# `salt '*'` begin within this.
STAND_BACK = 6.0
# How long a node waits for the one that refused the change to try it again. Seconds.
PATIENCE = 15.0


class Change(Struct, frozen=True):
    """What is changed, and where. ``digest`` tells this change from others of its kind."""

    what: str
    digest: str
    node: str

    def told(self, refusal: Refusal) -> str:
        """Why it is not made here."""
        return (
            f"{refusal.node} has made this change to {self.what} and taken it back "
            f"({refusal.since}), so it is not made here; see what the apply says there. Mend the "
            f"cause and apply on {refusal.node} first, or to all nodes again; where that node is "
            "gone, `salt-call hakube_pcs.refused_drop` lets the others try"
        )


@contextlib.contextmanager
def alone(
    machine: Machine,
    change: Change,
    *,
    wait: float,
    last: Callable[[], bool] = lambda: False,
) -> Iterator[Turn | None]:
    """Be the only node that changes something; None where there is no cluster to ask.

    ``wait``: seconds at most for the nodes before; ``last``: whether this one goes after all
    others. Raises Refused where another node has taken this change back or there is no quorum,
    TimedOut where the turn does not come, and what the block raises.
    """
    if not _in_cluster(machine):
        yield None
        return
    mine = _take(machine, change, wait, last)
    with mine:
        try:
            yield mine
        except Conflict:
            raise  # somebody was quicker: no word against the change
        except HakubeError as error:
            try:
                _write(machine, change, refused=True)
            except HakubeError as second:
                told = f"{error}\nThe other nodes could not be told of it: {second}"
                raise Refused(told) from None
            raise
        _write(machine, change, refused=False)


def warnings(machine: Machine, change: Change) -> list[str]:
    """What a dry run says of a change that another node has taken back."""
    if not _in_cluster(machine):
        return []
    return [change.told(one) for one in _against(machine, change)]


def refused(machine: Machine) -> Refusals:
    """What nodes have taken back. Raises Refused where no cluster runs."""
    return refusals.refusals(cib.running(machine))


def forget(machine: Machine, what: str | None = None) -> Refusals:
    """Let every node try again, on an administrator's word; return what is forgotten.

    ``what``: of this subject only.
    """
    return _drop(machine, lambda one: what in (None, one.what))


def pardon(machine: Machine, change: Change) -> None:
    """Forget this node's own refusal where the change is made without anybody seeing how it does:
    what it concerns does not run. Raises HakubeError."""
    if _in_cluster(machine):
        _drop(machine, lambda one: (one.what, one.node) == (change.what, change.node))


def _drop(machine: Machine, which: Callable[[Refusal], bool]) -> Refusals:
    gone: Refusals = ()

    def planned(text: str) -> refusals.Edit:
        nonlocal gone
        found = refusals.refusals(text)
        gone = tuple(filter(which, found))
        return refusals.edit(text, (one for one in found if one not in gone))

    cib.push(machine, planned)
    return gone


def _in_cluster(machine: Machine) -> bool:
    """Whether a cluster runs here; the one that Debian's package starts, of this machine alone and
    without quorum, is none."""
    conf = corosync_conf(machine) if machine.live and machine.cib_file is None else None
    return conf is not None and not conf.sample and cib.find(machine) is not None


def _take(machine: Machine, change: Change, wait: float, last: Callable[[], bool]) -> Turn:
    """The turn, once no other node's refusal is in the way."""
    known = _against(machine, change)
    end = time.monotonic() + wait
    patient_until = time.monotonic() + PATIENCE
    while True:
        against = _against(machine, change)
        if not against:  # else the turn is for the one that tries again, which may let others first
            left = max(1.0, end - time.monotonic())
            mine = turn.take(
                machine, change.node, LEASE, left, last=last, stand_back=min(STAND_BACK, left / 2)
            )
            against = _against(machine, change)
            if not against:
                return mine
            mine.release()
        fresh = [one for one in against if one not in known]
        waiting = {entry.owner for entry in turn.show(machine)}
        # One that was there before may be tried again by its node, in this very apply.
        if fresh or (time.monotonic() > patient_until and against[0].node not in waiting):
            raise Refused(change.told((fresh or against)[0]))
        if time.monotonic() > end:
            raise Refused(change.told(against[0]))
        time.sleep(1.0)


def _against(machine: Machine, change: Change) -> Refusals:
    return tuple(
        one
        for one in refused(machine)
        if one.what == change.what and one.digest == change.digest and one.node != change.node
    )


def _write(machine: Machine, change: Change, *, refused: bool) -> None:
    """Note how it ended here. Success is the end of all that was refused of its kind."""
    since = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    mine = Refusal(what=change.what, node=change.node, digest=change.digest, since=since)

    def planned(text: str) -> refusals.Edit:
        found = refusals.refusals(text)
        others = [
            one for one in found if one.what != change.what or (refused and one.node != change.node)
        ]
        return refusals.edit(text, [*others, mine] if refused else others)

    cib.push(machine, planned)
