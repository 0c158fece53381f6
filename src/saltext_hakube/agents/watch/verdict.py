"""Whether this node's haproxy serves: green, red or unknown, and why. Pure.

Red is what moves the VIP away, so it needs proof. The daemon's own lateness is none: while the
machine does not let it run, haproxy may not run either. All times here are seconds of a clock that
stands still meanwhile (``Awake``).
"""

from __future__ import annotations

from typing import NamedTuple

GREEN, RED, UNKNOWN = "green", "red", "unknown"

# Seconds. haproxy answers within milliseconds, at a reload within 0.1 s. A question comes every
# 0.2 s, so that this is three of them without an answer.
SILENCE = 0.6
ASKED = 2  # questions at least without an answer, however long the silence
MANY = 10  # so many without an answer are proof even where the daemon is late all the time
# Seconds: systemd has haproxy back 0.2 to 0.3 s after it was killed (RestartSec=50ms); moving the
# VIP takes longer than waiting for that.
PATIENCE = 0.45
AGAIN = 2  # answers in a row until what was red is green
LINK = 0.2  # seconds; a link that is back before is a hiccup, and a move would cost more
LATE = 0.02  # seconds; a timer is never quite on time
STALLED = 0.1  # seconds of lateness after which answers need time to come, too ...
GRACE = 0.2  # ... this at most


class Awake(NamedTuple):
    """``lost``: seconds in which the daemon should have run and did not."""

    lost: float = 0.0

    def late(self, seconds: float) -> Awake:
        """A timer came so late."""
        if seconds <= LATE:
            return self
        return Awake(self.lost + seconds + (min(seconds, GRACE) if seconds > STALLED else 0.0))


class Path(NamedTuple):
    """haproxy's answers to our questions.

    ``since``: the last answer, or the first question while there was none. ``asked``: questions
    since then. ``row``: answers without a failure between them. ``problem``: of the last failure.
    """

    since: float | None = None
    answered: bool = False
    asked: int = 0
    row: int = 0
    problem: str = ""

    def ask(self, now: float) -> Path:
        since = now if self.since is None else self.since
        return self._replace(since=since, asked=self.asked + 1)

    def answer(self, now: float) -> Path:
        return Path(now, True, 0, self.row + 1)

    def fail(self, problem: str) -> Path:
        return self._replace(row=0, problem=problem)

    def silent(self, now: float) -> float:
        """Seconds without an answer."""
        return 0.0 if self.since is None else max(0.0, now - self.since)


class Process(NamedTuple):
    """``died``: when haproxy's main process did; None once it answers again. ``returns``: whether
    systemd will start it again, None while that is not known. ``state``: systemd's word."""

    died: float | None = None
    returns: bool | None = None
    state: str = ""


class Facts(NamedTuple):
    """What the eyes see now. ``path``: None where haproxy has nothing that can be asked.

    ``runs``: whether systemd says that it runs. ``link_lost``: since when the VIP's interface has
    no link, None while it has. ``idle``: why this haproxy is of no use while others are.
    """

    path: Path | None = None
    process: Process = Process()
    runs: bool = False
    interface: str = ""
    link_lost: float | None = None
    idle: str = ""


class Verdict(NamedTuple):
    """``value`` is GREEN, RED or UNKNOWN, ``why`` a clause for people."""

    value: str = UNKNOWN
    why: str = "nothing has been asked yet"


def judge(before: Verdict, facts: Facts, now: float) -> Verdict:
    """The verdict that follows. It depends on what the facts are, not in which order they came."""
    why = against(facts, now)
    if why:
        return Verdict(RED, why)
    return _well(before, facts) or before


def _well(before: Verdict, facts: Facts) -> Verdict | None:
    """What nothing speaks against; None where that does not change the verdict."""
    path, dead = facts.path, facts.process.died is not None
    if path is None:
        if dead or not facts.runs:
            return None
        return Verdict(GREEN, "its process lives; it has nothing that can be asked")
    if before.value == RED and (dead or path.row < AGAIN):
        once = path.row and not dead
        return Verdict(RED, "it answers again, only once so far") if once else None
    return Verdict(GREEN, "it answers") if path.row else None


def against(facts: Facts, now: float) -> str:
    """What speaks for red; empty where nothing does."""
    return _dead(facts, now) or _silent(facts.path, now) or _cut(facts, now) or facts.idle


def next_look(facts: Facts, now: float) -> float | None:
    """Seconds until time alone could change the verdict; None where it cannot."""
    waits = []
    if facts.process.died is not None:
        waits.append(facts.process.died + PATIENCE - now)
    if facts.path is not None and facts.path.since is not None and facts.path.asked >= ASKED:
        waits.append(facts.path.since + SILENCE - now)
    if facts.link_lost is not None:
        waits.append(facts.link_lost + LINK - now)
    return min((wait for wait in waits if wait > 0), default=None)


def _dead(facts: Facts, now: float) -> str:
    died, returns, state = facts.process
    if died is None:
        return ""
    if returns is False:
        return f"its process ended, and systemd does not start it again ({state})"
    if now - died >= PATIENCE:
        told = f" ({state})" if state else ""
        return f"its process ended, and it did not answer again within {PATIENCE:g} s{told}"
    return ""


def _silent(path: Path | None, now: float) -> str:
    if path is None or path.asked < ASKED:
        return ""
    problem = f": {path.problem}" if path.problem else ""
    if path.silent(now) >= SILENCE:
        return f"no answer for {SILENCE:g} s{problem}"
    return f"no answer to {MANY} questions{problem}" if path.asked >= MANY else ""


def _cut(facts: Facts, now: float) -> str:
    if facts.link_lost is None or now - facts.link_lost < LINK:
        return ""
    return f"the VIP's interface {facts.interface} has no link"
