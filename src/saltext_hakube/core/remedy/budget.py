"""How much may be done, and how often. Pure.

Counted are actions that were begun, unless the node found it needless or refused: then nothing was
done. A node is not asked for ever for what it does not do: each time it waits longer, a rung is
given up after TRIES of them, and of an incident's key it is asked ASKED times within the window at
most.
Only what was done and mended nothing breaks the circuit. What takes back something that was done is
never too much.
"""

from __future__ import annotations

import zlib
from collections import Counter

from saltext_hakube.core.remedy.decision import Attempt, Incident, State
from saltext_hakube.core.remedy.fold import HOUR
from saltext_hakube.core.remedy.policy import Budget

#: A wait is longer by up to this part of it, so that many clusters with one trouble do not act in
#: step.
JITTER = 0.25
DAY = 86400.0
TRIES, ASKED = 8, 12
AGAIN = 2  # times that a rung is begun that could not be done to its end


class Spent:
    """What was done lately: for each incident's key, and in the whole cluster; and how often a node
    was ``asked`` to, for each key."""

    __slots__ = ("asked", "cluster", "each")

    def __init__(self, state: State, budget: Budget, now: float) -> None:
        self.each: Counter[tuple[str, str, str]] = Counter()
        self.asked: Counter[tuple[str, str, str]] = Counter()
        self.cluster = 0
        for incident in (*state.closed, *state.incidents.values()):
            for attempt in incident.attempts:
                if attempt.undo:
                    continue
                lately = attempt.began > now - budget.window
                self.asked[incident.key] += lately
                if not attempt.idle:
                    self.each[incident.key] += lately
                    self.cluster += attempt.began > now - HOUR


def failures(incident: Incident) -> list[Attempt]:
    """The last attempts in a row that mended nothing."""
    found = []
    for attempt in reversed(incident.tried):
        if attempt.undo:
            continue
        if attempt.mended:
            break
        if attempt.failed:
            found.append(attempt)
    return found


def broken(incident: Incident, budget: Budget) -> bool:
    """Whether it is of no use to go on."""
    return len(failures(incident)) >= budget.breaker


def rests(incident: Incident, budget: Budget) -> float:
    """Until when nothing is done about it; 0 where it need not rest."""
    failed = failures(incident)
    if not failed or failed[0].ended is None:
        return 0.0
    return failed[0].ended + backoff(incident, len(failed), budget)


def cooled(incident: Incident, now: float) -> bool:
    """Whether it was given up so long ago that it is worth another try: an hour, then two, four, up
    to a day."""
    wait = min(DAY, HOUR * 2.0 ** min(incident.rounds, 10))
    return incident.gave_up and not 0 <= now - incident.given < wait


def backoff(incident: Incident, failed: int, budget: Budget) -> float:
    """Seconds to wait after so many failures in a row."""
    # 2**40 s are more than any limit, and a float.
    wait = min(budget.longest, budget.backoff * 2.0 ** min(failed - 1, 40))
    part = zlib.crc32(f"{incident.id}:{failed}".encode()) / 2**32
    return wait * (1 + JITTER * part)


def frees(state: State, incident: Incident, budget: Budget, now: float) -> float:
    """When the oldest of the counted actions that stand against another one is no more counted."""
    ends = [now]
    asked, mine, all_ = [], [], []
    for other in (*state.closed, *state.incidents.values()):
        for attempt in other.attempts:
            if attempt.undo:
                continue
            own = other.key == incident.key
            if own:
                asked.append(attempt.began)
            if not attempt.idle:
                all_.append(attempt.began)
                if own:
                    mine.append(attempt.began)
    for begun, window, most in (
        (asked, budget.window, ASKED),
        (mine, budget.window, budget.each),
        (all_, HOUR, budget.cluster),
    ):
        counted = sorted(it for it in begun if it > now - window)
        if len(counted) >= most:
            ends.append(counted[len(counted) - most] + window)
    return max(ends)


def bars(
    state: State, incident: Incident, budget: Budget, now: float
) -> tuple[float, list[str]] | None:
    """Until when it may not be tried, whatever people say, and which limits are reached; None where
    it may."""
    spent = Spent(state, budget, now)
    counted = (
        (spent.each[incident.key], budget.each, f"for this within {budget.window:g} s"),
        (spent.asked[incident.key], ASKED, f"asked of the node within {budget.window:g} s"),
        (spent.cluster, budget.cluster, "in the cluster within an hour"),
    )
    told = [f"{have} of {most} {what}" for have, most, what in counted if have >= most]
    return (frees(state, incident, budget, now), told) if told else None
