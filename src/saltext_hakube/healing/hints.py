"""Which events of minions are worth a look: decided in the reactor's own thread, so it is quick.

An event is a hint at whom to ask, no more. The reactor reads all events of the master in one
thread, and is cut off when it is 10,000 behind (salt.transport.tcp, _discard_slow_client):
so a flood is stopped here, before each event of it costs a runner. What is left out is not lost:
the cluster is marked, and looked at by whoever runs its cycle, or by the next reconcile.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy.report import Report
from saltext_hakube.healing import places, registry

log = logging.getLogger(__name__)

#: As the beacon tags its event. fnmatch's ``*`` in the reactor's own pattern also takes a ``/``.
TAG = re.compile(r"salt/beacon/([A-Za-z0-9_][A-Za-z0-9_.:@+=-]{0,252})/hakube/report\Z")
#: Values, keys and characters of an event, at most. A report of ours has under 400 of these.
MOST, LONGEST = 5_000, 256_000
#: Looks for each minion: so many at once, one more each so many seconds.
BURST, REFILL = 5, 2.0
#: The same words of the same minion within so many seconds are one.
SAME = 5.0
#: Minions that are remembered. Who forges more ids than that makes us forget, no more.
KEPT = 20_000


class Admission:
    """Lets through what may be news. ``allow(minion, words, now)``."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[int, float, float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def allow(self, minion: str, words: int, now: float) -> bool:
        """``words``: a hash of what it says. ``now``: monotonic seconds."""
        with self._lock:
            last, said, tokens, at = self._seen.pop(minion, (0, -SAME, float(BURST), now))
            tokens = min(float(BURST), tokens + (now - at) / REFILL)
            fresh = words != last or now - said >= SAME
            good = fresh and tokens >= 1
            if good:
                last, said, tokens = words, now, tokens - 1
            self._seen[minion] = (last, said, tokens, now)
            while len(self._seen) > KEPT:
                self._seen.popitem(last=False)
            return good


_admission = Admission()


def minion_of(tag: Any) -> str | None:
    """The minion that the tag names; None for a tag that is none of our beacon's."""
    found = TAG.match(tag) if isinstance(tag, str) and len(tag) < 400 else None
    return found[1] if found else None


def worth(opts: Mapping[str, Any], tag: Any, data: Any) -> bool:
    """Whether the event is one of our beacon's, and may be news."""
    minion = minion_of(tag)
    if minion is None or not is_small(data):
        return False
    try:
        words = hash(fingerprint(data))
    except (TypeError, ValueError, RecursionError, UnicodeError, msgspec.MsgspecError):
        return False
    if _admission.allow(minion, words, time.monotonic()):
        return True
    try:
        known = registry.kept(places.folder(opts))
        found = known.of(minion) if known else None
        if found:
            places.mark(places.cluster(opts, found[0].name) / "dirty")
    except (HakubeError, OSError) as error:  # as a disk that is full: the next reconcile looks
        log.warning("hakube: nothing can be marked: %s", error)
    return False


def is_small(data: Any) -> bool:
    """Whether it is a mapping of plain data and no larger than a report can be."""
    if not isinstance(data, Mapping):
        return False
    left, length = MOST, LONGEST
    waiting: list[Any] = [data]
    while waiting:
        value = waiting.pop()
        left -= 1
        if isinstance(value, Mapping):
            waiting += value.keys()
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value
        elif isinstance(value, (str, bytes)):
            length -= len(value)
        elif value is not None and not isinstance(value, (bool, int, float)):
            return False
        if left - len(waiting) < 0 or length < 0:
            return False
    return True


#: What a report says that is worth a look; not when, nor in which words. With what it is where the
#: report does not say.
_SAID: dict[str, Any] = {
    "boot": None,
    "news": [],
    "maintenance": False,
    "standby": False,
    "busy": "",
    "quorate": None,
    "online": [],
    "holder": False,
    "alone": [],
}
_encoder = msgspec.json.Encoder(order="sorted")


def fingerprint(data: Report | Mapping[str, Any]) -> bytes:
    """What a report says, without the times, numbers and words that change with every look."""
    plain: Mapping[str, Any] = msgspec.to_builtins(data) if isinstance(data, Report) else data
    looks = plain.get("looks")
    said = {key: plain.get(key, default) for key, default in _SAID.items()}
    if isinstance(looks, Mapping):
        said["looks"] = {
            str(name): [look.get("value"), look.get("evidence") or {}]
            for name, look in looks.items()
            if isinstance(look, Mapping)
        }
    return _encoder.encode(said)
