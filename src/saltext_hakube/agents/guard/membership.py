"""Membership and quorum as they change, and the timeouts that corosync runs with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from saltext_hakube.agents.ground.journal import WARNING, say
from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.process import Child, Ended, follow, run
from saltext_hakube.agents.guard import quorum, totem
from saltext_hakube.agents.guard.quorum import Quorum

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds until the tool is started again, the last one for good
LIVES = 5.0  # seconds that it has to go on after it spoke, so that the pauses begin anew
SPEAKS_WITHIN = 5.0  # seconds: it tells what is so as soon as it is started
ANEW_EVERY = 60.0  # seconds until it is started anew: what is stuck is as silent as what is well
TOTEM_EVERY = 60.0  # seconds until the timeouts are read again: they may change at any time
TOTEM_WITHIN = 2.0


class Membership:
    """``now``: what corosync said last; None while nobody says it. Call ``start`` when corosync
    lives, ``stop`` when it died. ``totem`` stays what it was."""

    def __init__(self, loop: Loop, changed: Callable[[], None]):
        self.now: Quorum | None = None
        self.totem = _configured()
        self._loop = loop
        self._changed = changed
        self._child: Child | None = None
        self._timer: Timer | None = None
        self._silent: Timer | None = None
        self._asking: Child | None = None
        self._reader = quorum.Reader()
        self._failed = 0
        self._spoke: float | None = None
        self._said = ""
        self._looks: Timer | None = None

    def start(self) -> None:
        """Follow it, until ``stop``."""
        if self._child is None and self._timer is None:
            self._follow()
            self._looks = self._loop.every(TOTEM_EVERY, self._ask)

    def stop(self) -> None:
        """corosync is dead: what it said is of no more use."""
        for one in (self._child, self._timer, self._silent, self._asking, self._looks):
            if one is not None:
                one.cancel()
        self._child = self._timer = self._silent = self._asking = self._looks = None
        self._failed, self._spoke = 0, None
        self.now = None

    def _follow(self) -> None:
        """Until it speaks, what the one before it said counts."""
        if self._child is not None:
            self._child.cancel()
        self._timer = None
        self._reader = quorum.Reader()
        self._child = follow(self._loop, quorum.COMMAND, self._line, self._ended)
        self._silent = self._loop.after(SPEAKS_WITHIN, self._is_silent)

    def _line(self, text: str) -> None:
        found = self._reader.line(text)
        if found is None:
            return
        if self._silent is not None:
            self._silent.cancel()
            self._silent = None
            self._timer = self._loop.after(ANEW_EVERY, self._follow)
            self._spoke = self._loop.now()
        self._know(found)

    def _know(self, found: Quorum | None) -> None:
        if found == self.now:
            return
        self.now = found
        if found is not None:
            self._ask()
        self._changed()

    def _is_silent(self) -> None:
        self._silent = None
        if self._child is not None:
            self._child.cancel()
        self._fails(f"{quorum.TOOL} says nothing for {SPEAKS_WITHIN:g} s")

    def _ended(self, ended: Ended) -> None:
        """corosync died, which its process tells; or it is only starting; or the tool was ended."""
        self._fails(ended.told or f"{quorum.TOOL} ended")

    def _fails(self, why: str) -> None:
        for one in (self._timer, self._silent):
            if one is not None:
                one.cancel()
        self._child = self._silent = None
        if self._spoke is not None and self._loop.now() - self._spoke >= LIVES:
            self._failed, self._said = 0, ""
        self._spoke = None
        pause = PAUSES[min(self._failed, len(PAUSES) - 1)]
        self._failed += 1
        if self._failed == len(PAUSES) and why != self._said:
            self._said = why
            say(f"the membership cannot be followed: {why}", WARNING)
        self._timer = self._loop.after(pause, self._follow)
        self._know(None)  # it may be otherwise by now

    def _ask(self) -> None:
        if self._asking is None:
            self._asking = run(self._loop, totem.COMMAND, self._told, TOTEM_WITHIN)

    def _told(self, ended: Ended) -> None:
        self._asking = None
        found = totem.running(ended.output)
        if found is not None:
            self.totem = found


def _configured() -> totem.Totem:
    try:
        return totem.configured(Path(totem.CONFIGURATION).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is no cluster yet
        return totem.DEFAULT
