"""Whether somebody works as scheduler or controller-manager: who leads renews a lease.

Judged as the candidates do (client-go's leaderelection): by when it was seen to change, on our own
clock; the clock of who wrote it may be another.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import NamedTuple

from saltext_hakube.agents.probe.answer import ANSWERED, Answer
from saltext_hakube.agents.probe.look import Look, down, unknown, up

SHORTEST = 15.0  # seconds that a lease lasts, by default
LONGEST = 3600.0  # what says that it lasts longer than this is not believed
#: Its durations after which it is nobody's: another takes it within 2 s of its end, an election in
#: a busy etcd takes some more.
TIMES = 2


class Lease(NamedTuple):
    """``renewed``: as it stands there. ``duration``: seconds."""

    holder: str
    renewed: str
    duration: float


def path(name: str) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/{name}"


def read(body: bytes) -> Lease | None:
    try:
        spec = json.loads(body)["spec"]
        return Lease(
            str(spec.get("holderIdentity") or ""),
            str(spec.get("renewTime") or ""),
            _duration(spec.get("leaseDurationSeconds")),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _duration(given: object) -> float:
    """Seconds; at least the default: whoever follows it looks each few seconds only."""
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return SHORTEST
    return float(given) if SHORTEST <= given <= LONGEST else SHORTEST


class Follow:
    """Remembers when the lease changed last."""

    def __init__(self) -> None:
        self._seen: Lease | None = None
        self._since = 0.0
        self._fresh = False  # it was seen to change, or is new by its own word

    def look(self, answer: Answer, now: float, clock: float) -> Look:
        """``now``: of our clock; ``clock``: Unix time."""
        if answer.kind != ANSWERED:
            return unknown(f"the API {answer.why}")
        if answer.status == 404:
            return unknown("there is no such lease: leader election may be off")
        if answer.status != 200:
            return unknown(f"the API answers {answer.status}")
        lease = read(answer.body)
        if lease is None:
            return unknown("the API answers with what is no lease")
        return self._judge(lease, now, clock)

    def _judge(self, lease: Lease, now: float, clock: float) -> Look:
        limit = TIMES * lease.duration
        if lease != self._seen:
            # The first time nobody knows how long it has been so, but for its own word.
            age = _age(lease.renewed, clock)
            self._fresh = self._seen is not None or (age is not None and -limit < age < limit)
            self._seen, self._since = lease, now
        since = now - self._since
        who = lease.holder or "nobody"
        if since >= limit:
            told = (
                f"nobody holds it since {since:.0f} s at least"
                if not lease.holder
                else (f"{who} has not renewed it for {since:.0f} s")
            )
            return down(told, holder=[who])
        if not self._fresh:
            return unknown(f"{who} holds it; it was not seen to be renewed yet", holder=[who])
        return up(f"{who} holds it", holder=[who])


def _age(text: str, clock: float) -> float | None:
    """Seconds since a time as Kubernetes writes it."""
    for form in ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ"):
        try:
            then = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
        except ValueError:
            continue
        return clock - then.timestamp()
    return None
