"""What was done lately, and why: one line in the journal, one entry in the sample."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from saltext_hakube.agents.ground.journal import WARNING, say


class Actions:
    """The last 20. Used by the loop and by the thread of the sessions."""

    def __init__(self) -> None:
        self._kept: deque[dict[str, Any]] = deque(maxlen=20)

    def did(self, what: str, why: str) -> None:
        """Tell people."""
        say(f"{what}: {why}", WARNING)
        self._kept.append({"at": round(time.time(), 3), "what": what, "why": why})

    @property
    def seen(self) -> list[dict[str, Any]]:
        return list(self._kept)


class Trouble:
    """Something that should work and does not: told once, and once when it works again.

    ``what``: a noun, as in "reading the CIB".
    """

    def __init__(self, what: str):
        self._what = what
        self.problem = ""

    def note(self, problem: str) -> None:
        """``problem``: why it does not work; empty when it did."""
        if problem and not self.problem:
            say(f"{self._what} fails: {problem}", WARNING)
        elif self.problem and not problem:
            say(f"{self._what} works again")
        self.problem = problem
