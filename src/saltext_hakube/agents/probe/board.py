"""The probes' times, and what each saw last.

A probe is a function that begins a look and calls what it is given when it has ended. It is called
again when its time has come and its last look has ended; a look that does not end by itself is
given up, and says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.probe.look import Look, unknown

MOST = 50  # lines of evidence of one kind ...
LONGEST = 300  # ... and characters of each, and of why: the report takes no more

Done = Callable[[Look], None]
Begin = Callable[[Done], None]


class Board:
    """``add`` the probes; ``seen`` is for the sample."""

    def __init__(self, loop: Loop):
        self._loop = loop
        self._probes: dict[str, _Probe] = {}

    def add(self, name: str, every: float, deadline: float, begin: Begin) -> None:
        """Look every so many seconds; after ``deadline`` seconds a look is given up.

        The deadline is for what the probe itself cannot end; its own ones are shorter.
        """
        # Not all at the same moment: a busy machine is late for the last of them.
        delay = 0.1 * (len(self._probes) % 10)
        probe = _Probe(self._loop, every, deadline=deadline, begin=begin, delay=delay)
        self._probes[name] = probe

    def tell(self, name: str, every: float, look: Look, took: float) -> None:
        """What was seen of something without a time of its own (one look shows several)."""
        if name not in self._probes:
            self._probes[name] = _Probe(self._loop, every)
        self._probes[name].note(look, took)

    def hurry(self, name: str) -> None:
        """Look at once, if no look goes on."""
        self._probes[name].hurry()

    def look(self, name: str) -> Look:
        """What was seen last."""
        probe = self._probes.get(name)
        return unknown("nobody has looked yet") if probe is None else probe.look

    @property
    def seen(self) -> dict[str, Any]:
        return {name: probe.seen for name, probe in self._probes.items() if probe.seen}


class _Probe:
    def __init__(
        self,
        loop: Loop,
        every: float,
        *,
        deadline: float = 0.0,
        begin: Begin | None = None,
        delay: float = 0.0,
    ):
        self._loop = loop
        self._every = every
        self._deadline = deadline
        self._begin = begin
        self._number = 0
        self._began = loop.now()
        self._due = loop.now() + delay
        self._end: Timer | None = None
        self._next: Timer | None = None
        self.look = unknown("nobody has looked yet")
        self.seen: dict[str, Any] = {}
        if begin is not None:
            self._next = loop.after(delay, self._start)

    def hurry(self) -> None:
        if self._end is None and self._begin is not None:
            if self._next is not None:
                self._next.cancel()
            self._due = self._loop.now()
            self._start()

    def _start(self) -> None:
        assert self._begin is not None
        self._next = None
        self._number += 1
        number = self._number
        self._began = self._loop.now()
        late = f"the look had no end after {self._deadline:g} s"
        self._end = self._loop.after(self._deadline, lambda: self._ended(number, unknown(late)))
        try:
            self._begin(lambda look: self._ended(number, look))
        except Exception as error:  # of one probe: without the others the node would be blind
            self._ended(number, unknown(f"it could not be looked at: {error!r}"))

    def _ended(self, number: int, look: Look) -> None:
        if number != self._number or self._end is None:  # it was given up
            return
        self._end.cancel()
        self._end = None
        self.note(look, self._loop.now() - self._began)
        # From the time that was due; what was missed (the machine slept) is not made up for.
        self._due = max(self._due + self._every, self._loop.now())
        self._next = self._loop.after(self._due - self._loop.now(), self._start)

    def note(self, look: Look, took: float) -> None:
        self.look = look
        evidence = {
            kind: [line[:LONGEST] for line in lines[:MOST]] for kind, lines in look.evidence.items()
        }
        self.seen = {
            "value": look.value,
            "why": look.why[:LONGEST],
            "at": round(time.time(), 3),
            "clock": time.clock_gettime(time.CLOCK_BOOTTIME),
            "every": self._every,
            "took": round(took, 4),
            "evidence": evidence,
        }
