"""haproxy's main process: its death, and what systemd makes of it.

systemd is asked when there is something to ask: at the start, after a death, and when haproxy
answers while we know of no process, or of one that was still starting.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from saltext_hakube.agents.ground.journal import WARNING, say
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.process import Death, Ended, run
from saltext_hakube.agents.watch import units
from saltext_hakube.agents.watch.actions import Trouble
from saltext_hakube.agents.watch.units import Unit
from saltext_hakube.agents.watch.verdict import Process

DEADLINE = 2.0  # seconds for systemctl
SOON = 0.05  # seconds until it is asked again, while the unit is between two states
OFTEN = 20  # times at most
EVERY = 5.0  # seconds, while haproxy answers and no process of it is known ...
SETTLING = 1.0  # ... or one whose unit was still starting when it was asked last


class MainProcess:
    """``process`` is for the verdict; ``heard`` is called when it changed."""

    def __init__(self, loop: Loop, unit: str, now: Callable[[], float], heard: Callable[[], None]):
        self._loop = loop
        self._name = unit
        self._now = now
        self._heard = heard
        self._death: Death | None = None
        self._dead = 0  # the process that died last
        self._tries = 0
        self._asking = False
        self._asked = 0.0
        self._trouble = Trouble(f"asking systemd for {unit}")
        self._since = time.time()
        self.process = Process()
        self.hurried = False  # whether haproxy is asked more often since the last death
        self.unit = Unit()
        self.ask()

    def ask(self) -> None:
        """Ask systemd for the unit as it is now."""
        if not self._asking:
            self._asking = True
            self._asked = self._loop.now()
            run(self._loop, units.show(self._name), self._shown, DEADLINE)

    def answers(self, asked: float | None) -> None:
        """haproxy answered a question that was asked then."""
        died = self.process.died
        if died is not None and asked is not None and asked > died:
            self.process = Process()
            self._asked = 0.0  # the new process may die, too
        if self._death is not None and self.unit.active == "active":
            return
        pause = EVERY if self._death is None else SETTLING
        if self._loop.now() - self._asked >= pause:
            self.ask()

    @property
    def runs(self) -> bool:
        """Whether systemd says so."""
        return self._death is not None

    @property
    def seen(self) -> dict[str, Any]:
        return {
            "unit": self._name,
            "state": self.unit.told,
            "pid": self.unit.pid if self.runs else 0,
            "since": round(self._since, 3),
        }

    def _shown(self, ended: Ended) -> None:
        self._asking = False
        self._trouble.note(ended.told)
        if ended.told:
            return
        found = units.unit(ended.output)
        if found.told != self.unit.told:
            self._since = time.time()
        self.unit = found
        if found.pid and found.pid != self._dead and self._death is None:
            self._death = Death(self._loop, found.pid, self._died)
            self._since = time.time()
        if self.process.died is None or self.process.returns is not None:
            self._heard()
            return
        if found.job:
            run(self._loop, units.jobs(self._name), self._told_jobs, DEADLINE)
        else:
            self._decide("")

    def _told_jobs(self, ended: Ended) -> None:
        self._trouble.note(ended.told)
        self._decide(units.job(ended.output))

    def _decide(self, job: str) -> None:
        if self.process.died is None:  # it answered meanwhile
            return
        returns = units.returns(self.unit, job, self._dead)
        self.process = Process(self.process.died, returns, self.unit.told)
        if returns is None and self._tries < OFTEN:
            self._tries += 1
            self._loop.after(SOON, self.ask)
        self._heard()

    def _died(self) -> None:
        say(f"haproxy's main process {self.unit.pid} ended", WARNING)
        self._death = None
        self._dead = self.unit.pid
        self._since = time.time()
        self._tries = 0
        self.hurried = False
        self.process = Process(died=self._now())
        self.ask()
        self._heard()
