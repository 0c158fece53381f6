"""What a client's attempts and the nodes' addresses say of an outage. Values in, values out.

Times are seconds of CLOCK_REALTIME, which all nodes of a lab share.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

#: Service is back with the first success after which, for so long, ...
STEADY = 1.0
#: ... at least this part of the attempts succeed. A third that fails (one of three backends is
#: dead) is not "no service": it is counted apart.
GOOD = 0.5


class Attempt(Struct, frozen=True, array_like=True):
    """A new TLS connection: when it began, the seconds until its end, and "ok" or why not."""

    at: float
    took: float
    got: str

    @property
    def ok(self) -> bool:
        return self.got == "ok"

    @property
    def end(self) -> float:
        return self.at + self.took


class Outage(Struct, frozen=True):
    """Attempts begun since a moment, all figures in seconds.

    ``without``: from the start of the first that failed to the end of the first that succeeded
    after the last one that failed; None where none did. ``gap``: the same to the first success
    with which service was back (see STEADY), and ``after`` counts those that failed from then on.
    ``first``, ``last``: when the first and last that failed began, and ``back`` when the first
    success after that last one ended, each after the moment.
    """

    attempts: int
    failed: int
    without: float | None = 0.0
    gap: float | None = 0.0
    after: int = 0
    first: float | None = None
    last: float | None = None
    back: float | None = None


def outage(attempts: Iterable[Attempt], since: float) -> Outage:
    """What happened to the attempts that began at *since* or later."""
    made = sorted((it for it in attempts if it.at >= since), key=lambda it: it.at)
    failed = [it for it in made if not it.ok]
    if not failed:
        return Outage(len(made), 0)
    first, last = failed[0].at, failed[-1].at
    good = [it for it in made if it.ok and it.at >= first]
    again = min((it.end for it in good if it.at >= last), default=None)
    back = _back(made, good)
    return Outage(
        attempts=len(made),
        failed=len(failed),
        without=_after(again, first),
        gap=_after(back, first),
        after=sum(it.at > back for it in failed) if back is not None else 0,
        first=_after(first, since),
        last=_after(last, since),
        back=_after(again, since),
    )


def _back(made: Sequence[Attempt], good: Sequence[Attempt]) -> float | None:
    """The end of the success with which service was back."""
    for one in sorted(good, key=lambda it: it.end):
        next_ = [it.ok for it in made if one.at <= it.at <= one.at + STEADY]
        if sum(next_) >= GOOD * len(next_):
            return one.end
    return None


def _after(moment: float | None, since: float) -> float | None:
    return None if moment is None else round(moment - since, 3)


#: When a node began (True) or ceased (False) to have the address.
Changes = Sequence[tuple[float, bool]]


class Owners(Struct, frozen=True):
    """Seconds in which several nodes had the address, and in which none had it."""

    two: float
    none: float


def owners(changes: Mapping[str, Changes], since: float, until: float) -> Owners:
    """What the nodes' addresses were from *since* to *until*."""
    steps = sorted((at, name, here) for name, its in changes.items() for at, here in its)
    have: set[str] = set()
    two = none = 0.0
    before = since
    for at, name, here in [*steps, (until, "", False)]:
        now = min(max(at, since), until)
        if len(have) > 1:
            two += now - before
        elif not have:
            none += now - before
        before = now
        (have.add if here else have.discard)(name)
    return Owners(round(two, 3), round(none, 3))
