"""What a node may do while its master is away: little, and not often. Pure.

choose(account, asked, report, policy, now) -> Choice

Its rights (``hakube:heal:alone``): when a master that once asked for reports has not for ``after``
seconds; ``tokens`` actions, one more each ``every`` seconds; only rungs that touch what is this
node's own and broken; each rung once for a component that is down, and anew after ``every``. What
was needless or refused costs nothing, and is tried again after a while. None without quorum, in
maintenance or standby, during a state run, or while a person paused the healing when the master was
heard last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from saltext_hakube.core.remedy.policy import DEFAULT, Alone, Ladder, Mode
from saltext_hakube.core.remedy.report import Alone as Act
from saltext_hakube.core.remedy.report import Report
from saltext_hakube.core.remedy.words import IDLE, PROBES, Component, Rung

#: Looking again is what the beacon does all the time; what comes after "hand" needs the others.
RIGHTS: tuple[Rung, ...] = ("files", "hand")
SETTLE = 10.0  # seconds that something is down, or since the last action, before the next
KEPT = 20  # actions
RETRY = 120.0  # seconds from one that was not done to the next


class Account(Struct, frozen=True, kw_only=True):
    """What is written down, on a disk: it outlives the machine's start.

    ``armed``: a master has asked once; ``hold``: why it said that nothing is to be done, empty if
    it did not. ``tokens``: left at ``at`` (Unix time); None: all.
    """

    format: Literal[1] = 1
    armed: bool = False
    hold: str = ""
    tokens: float | None = None
    at: float = 0.0
    acts: tuple[Act, ...] = ()


class Rights(NamedTuple):
    """What the pillar allows. ``rungs``: ladders that are not the default."""

    mode: Mode
    alone: Alone
    rungs: Mapping[Component, Ladder]

    def within(self, mode: Mode) -> Rights:
        """No more than this mode allows, too."""
        return self if mode == "act" else self._replace(mode=mode)


class Choice(NamedTuple):
    """``component``: empty where nothing is done; ``why`` says why, or why not."""

    why: str
    component: str = ""
    rung: str = ""


def told(account: Account, hold: str, now: float) -> Account:
    """A master asked, and said that something speaks against acting alone, or nothing (empty).

    What was written down as later than now was so by a clock that was wrong, and was before now: it
    is not to count for as long as that clock was ahead.
    """
    acts = tuple(replace(it, at=min(it.at, now)) for it in account.acts)
    return replace(account, armed=True, hold=hold, at=min(account.at, now), acts=acts)


def choose(account: Account, away: float, report: Report, rights: Rights, now: float) -> Choice:
    """What is to be done now. ``away``: seconds since a master asked, or the machine started;
    ``now``: Unix time."""
    no = _against(account, away, report, rights, now)
    if no:
        return Choice(no)
    down: dict[Component, float] = {}
    for name, look in report.looks.items():
        probe = PROBES[name]
        if probe.scope == "node" and look.value == "down":
            down[probe.component] = min(look.since, down.get(probe.component, now))
    if not down:
        return Choice("nothing of this node is down")
    waits = "what is down has just gone down"
    for component, since in sorted(down.items(), key=lambda item: item[1]):
        if now - since < SETTLE:
            continue
        waits = "all that this node may do about it was done"
        ladder = rights.rungs.get(component, DEFAULT[component])
        begin = max(since, now - rights.alone.every)
        mine = [it for it in account.acts if it.component == component]
        done = {it.rung for it in mine if it.at >= begin and it.result not in IDLE}
        done |= {it.rung for it in mine if it.result in IDLE and 0 <= now - it.at < RETRY}
        left = [rung for rung in ladder if rung in RIGHTS and rung not in done]
        if left:
            why = f"the master has been away for {away:.0f} s, and {component} is down"
            return Choice(why, component, left[0])
    return Choice(waits)


def spend(account: Account, choice: Choice, alone: Alone, now: float) -> Account:
    """The action is about to be done: it counts, whatever becomes of it."""
    act = Act(at=now, rung=choice.rung, component=choice.component, result="begun", why=choice.why)
    left = tokens(account, alone, now) - 1
    return replace(account, tokens=max(0.0, left), at=now, acts=(*account.acts, act)[-KEPT:])


def spent(account: Account, result: str, why: str) -> Account:
    """What came of the last one. Where nothing was done it cost nothing, and takes the place of the
    like before it."""
    *before, last = account.acts
    last = replace(last, result=result, why=why)
    if result not in IDLE:
        return replace(account, acts=(*before, last))
    same = (last.component, last.rung)
    kept = [it for it in before if it.result not in IDLE or (it.component, it.rung) != same]
    left = None if account.tokens is None else account.tokens + 1
    return replace(account, tokens=left, acts=(*kept, last))


def tokens(account: Account, alone: Alone, now: float) -> float:
    """How many there are. A clock that was set back gives none for that time."""
    if account.tokens is None:
        return float(alone.tokens)
    grown = max(0.0, now - account.at) / alone.every
    return min(float(alone.tokens), account.tokens + grown)


def _against(account: Account, away: float, report: Report, rights: Rights, now: float) -> str:
    """What speaks against doing anything; empty where nothing does."""
    alone = rights.alone
    checks = (
        (rights.mode == "act" and alone.enabled, "the pillar does not allow it"),
        (account.armed, "no master has ever asked this node how it is"),
        (not account.hold, f"the master said to do nothing: {account.hold}"),
        (away >= alone.after, f"a master asked {away:.0f} s ago"),
        (not report.maintenance, "the cluster or this node is in maintenance"),
        (not report.standby, "this node is in standby"),
        (not report.busy, f"Salt is at it: {report.busy}"),
        (report.quorate is True, "this node is not known to have quorum"),
        (
            not account.acts or abs(now - account.acts[-1].at) >= SETTLE,
            "the last action has to settle",
        ),
        (tokens(account, alone, now) >= 1, "this node did all that it may do for now"),
    )
    return next((why for ok, why in checks if not ok), "")
