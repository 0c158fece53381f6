"""What the guard does next, out of what it sees, and when.

state = begin(left, now, patience)         # before anything was seen
step = see(state, eyes, now, patience)     # also tick, removed, kept, answered
step.state, step.actions                   # what is so then, and what is to be done now
step.state.due                             # when to call tick, if nothing else happens

``patience`` is 0.8 x (token + consensus): the others count a silent node out, and start the VIP,
after token + consensus. Always true:

- the address is given up only after ``patience`` without a break in which the stack was dead or
  without quorum, or AFTER_QUORUM after a living corosync lost the quorum that it had (then token
  and consensus have passed already), with no quorate and living stack since;
- never while corosync and Pacemaker live and the node is quorate: all that waits is dropped; nor
  while they live and nobody says whether it is: the tool that should say so may be what failed;
- once for each trouble: an address that comes later is some person's doing, and stays; a stack
  that lived meanwhile, and nobody knew whether it was quorate, and dies again is another trouble;
- not while a stack that was dead when the guard began has not lived since, unless the guard before
  this one had not done with it: else who put the address there did it for want of a cluster;
- nothing is announced, and nothing handed over, but by a node that is quorate and lives; nor is an
  address announced that does not serve yet;
- ``gave_up`` ends when the address is back, when Pacemaker was told, or after HAND_OVER_FOR.
"""

from __future__ import annotations

from typing import NamedTuple

AFTER_QUORUM = 0.3  # seconds: the majority starts the VIP 0.2 to 0.3 s after it formed (measured)
AGAIN = 1.0  # seconds until what was refused (hands off, no file) is tried again
ASK_AGAIN = 0.5  # seconds until Pacemaker, which is only just back, is asked again
HAND_OVER_FOR = 30.0  # seconds until its own monitor must have seen it, whatever it says


class Eyes(NamedTuple):
    """What is seen. ``pacemaker``: its controller is there. ``quorate``: None where not known.

    ``ring``: the membership's name, another after each change; while nobody says it, the last one.
    ``here``: the address is on this machine; ``tentative``: but does not serve (IPv6); ``link``:
    its interface is up.
    """

    corosync: bool = False
    hangs: bool = False
    pacemaker: bool = False
    quorate: bool | None = None
    ring: str = ""
    here: bool = False
    link: bool = False
    tentative: bool = False

    @property
    def stack(self) -> bool:
        return self.corosync and not self.hangs and self.pacemaker

    @property
    def well(self) -> bool:
        return self.stack and self.quorate is True

    @property
    def trouble(self) -> str:
        """What is wrong, in some words; empty if it is well."""
        if not self.corosync:
            return "corosync is dead"
        if self.hangs:
            return "corosync hangs"
        if not self.pacemaker:
            return "Pacemaker is dead"
        if self.quorate is None:
            return "whether there is quorum is not known"
        return "" if self.quorate else "the node is without quorum"


class GaveUp(NamedTuple):
    at: float
    why: str


#: What is to be done. GIVE_UP: take the address away, if nobody keeps it; then ``removed`` or
#: ``kept``. HAND_OVER: ask Pacemaker whether it thinks that the VIP runs here, and tell it if so;
#: then ``answered``. ABANDON: it could not be told in all the time.
GIVE_UP, HAND_OVER, ANNOUNCE, ABANDON = "give up", "hand over", "announce", "abandon"


class Action(NamedTuple):
    what: str
    why: str


class Left(NamedTuple):
    """What the guard before this one left. ``due``: something was still to be done."""

    gave_up: GaveUp | None = None
    due: bool = False


class State(NamedTuple):
    """``since``: since when it is not well; None where it is. ``due``: when to act, or None.

    ``asking``: Pacemaker is being asked; ``ask_until``: no more after that. ``found``: a trouble
    that was there when the guard began, and is not its own. ``had``: what this corosync said of the
    quorum last, it had it.
    """

    eyes: Eyes = Eyes()
    since: float | None = None
    due: float | None = None
    gave_up: GaveUp | None = None
    asking: bool = False
    ask_until: float = 0.0
    found: bool = False
    had: bool = False


class Step(NamedTuple):
    state: State
    actions: tuple[Action, ...] = ()


def begin(left: Left, now: float, patience: float) -> State:
    """What is so until something is seen. What is left to be done waits its whole time anew."""
    due = now + patience if left.due else None
    return State(since=now, due=due, gave_up=left.gave_up, found=not left.due)


def see(state: State, eyes: Eyes, now: float, patience: float, since: float | None = None) -> Step:
    """Something has changed. ``since``: it was so already then (a hang is noticed late)."""
    before, had = state.eyes, state.had
    said = had if eyes.quorate is None else eyes.quorate
    state = state._replace(eyes=eyes, had=eyes.corosync and said)
    if eyes.here:
        state = state._replace(gave_up=None, asking=False)
    if state.found and eyes.stack:  # whatever comes now begins now
        state = state._replace(since=None, found=False)
    if eyes.well:
        if not before.well:
            state = state._replace(since=None, due=None, ask_until=now + HAND_OVER_FOR)
        if state.gave_up is None:  # the address came back before Pacemaker was asked again
            state = state._replace(due=None)
        # That nobody said what was so all the time is no news.
        missing = had and before.stack and before.quorate is None
        actions = _announce(before._replace(quorate=True) if missing else before, eyes)
        return _hand_over(state, now, actions)
    # While only the quorum was unknown the others had no reason to count this node out.
    unknown = before.stack and before.quorate is None and not eyes.stack
    if state.since is None or (unknown and now - state.since >= patience):
        begin = now if since is None else since
        state = state._replace(since=begin, due=begin + patience, asking=False)
    lost = had and eyes.quorate is False and eyes.corosync
    if lost and state.due is not None:  # None: it has been done, or there was nothing to do
        state = state._replace(due=min(state.due, now + AFTER_QUORUM))
    return tick(state, now)


def tick(state: State, now: float) -> Step:
    """The time that ``due`` told has come, or another one."""
    if state.eyes.well:
        return _hand_over(state, now)
    if state.due is None or now < state.due:
        return Step(state)
    if not state.eyes.here:
        return Step(state._replace(due=None))
    if state.eyes.stack and state.eyes.quorate is None:
        return Step(state._replace(due=now + AGAIN))
    return Step(state, (Action(GIVE_UP, state.eyes.trouble),))


def removed(state: State, now: float, gave_up: GaveUp) -> Step:
    """The address was taken away."""
    eyes = state.eyes._replace(here=False)
    return tick(state._replace(eyes=eyes, due=None, gave_up=gave_up), now)


def kept(state: State, now: float) -> Step:
    """The address must not or could not be taken away; it is tried again."""
    return Step(state if state.eyes.well else state._replace(due=now + AGAIN))


def answered(state: State, now: float, *, told: bool) -> Step:
    """Pacemaker was told, or does not think that the VIP runs here; or it does not say yet."""
    if not state.asking:  # it is not well any more, or the address is back
        return Step(state)
    if told:
        return Step(state._replace(asking=False, gave_up=None))
    if now < state.ask_until:
        return Step(state._replace(asking=False, due=now + ASK_AGAIN))
    return Step(
        state._replace(asking=False, gave_up=None),
        (Action(ABANDON, "Pacemaker does not say whether the VIP runs here"),),
    )


def _hand_over(state: State, now: float, actions: tuple[Action, ...] = ()) -> Step:
    """It is well: if the address had been given up, Pacemaker hears of it."""
    if state.gave_up is None or state.asking or (state.due is not None and now < state.due):
        return Step(state, actions)
    action = Action(HAND_OVER, f"the address was given up, as {state.gave_up.why}")
    return Step(state._replace(asking=True, due=None), (*actions, action))


def _announce(before: Eyes, eyes: Eyes) -> tuple[Action, ...]:
    """Whether the neighbours are to be told where the address is, and why."""
    if not (eyes.here and eyes.link) or eyes.tentative:
        return ()
    if not before.here or before.tentative:
        return (Action(ANNOUNCE, "the address came"),)
    if not before.link:
        return (Action(ANNOUNCE, "the link is up"),)
    if not before.well:
        return (Action(ANNOUNCE, "the node is in the cluster again"),)
    if before.ring != eyes.ring:
        return (Action(ANNOUNCE, "the membership changed"),)
    return ()
