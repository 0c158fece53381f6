"""crm_mon: one for all that is asked of the cluster, now and then, and soon after news."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.process import Ended, run
from saltext_hakube.agents.probe import cluster
from saltext_hakube.agents.probe.board import Board
from saltext_hakube.agents.probe.cluster import Cluster
from saltext_hakube.agents.probe.pacemaker import Failing

EVERY = 10.0  # seconds; it costs some 20 ms of CPU
SOON = 0.3  # seconds after news: one fault tells of itself in several alerts
PAUSE = 1.5  # seconds from one to the next, whatever the news
SPOOL = 0.5  # seconds from one look at the spool's folder to the next
DEADLINE = 5.0  # seconds; it takes 0.1
LATE = 0.5  # seconds that we were late ourselves: then its deadline says nothing
COMMAND = ("crm_mon", "-1", "--output-as=xml")


class Crm:
    """``cluster``: as it was when crm_mon began at ``taken`` (the loop's time)."""

    def __init__(self, loop: Loop, board: Board, spool: str):
        self._loop = loop
        self._board = board
        self._spool = Path(spool)
        self._failing = Failing()
        self._busy = False
        self._again = False
        self._began = loop.now() - PAUSE
        self._timer: Timer | None = None
        self._spooled = self._names()
        self._at = 0.0
        self.cluster = Cluster(problem="it was not asked yet")
        self.taken = -1.0
        self._ask()
        loop.every(SPOOL, self._look_at_spool)

    def hurry(self) -> None:
        """There are news: ask soon."""
        if self._busy:
            self._again = True
        else:
            self._plan(max(SOON, self._began + PAUSE - self._loop.now()))

    def seen(self, node: str, vip: str) -> dict[str, Any]:
        """What is asked of the cluster beside the verdicts; null where Pacemaker does not say.

        ``holder``: by Pacemaker, whatever addresses this machine has."""
        told = self.cluster
        own = told.nodes.get(node)
        if own is None:
            return dict.fromkeys(("maintenance", "standby", "quorate", "online", "holder", "at"))
        return {
            "maintenance": told.maintenance or own.maintenance,
            "standby": own.standby,
            "quorate": told.quorate,
            "online": sorted(name for name, it in told.nodes.items() if it.online),
            "holder": node in told.running.get(vip, ()),
            "at": round(self._at, 3),
        }

    def _plan(self, seconds: float) -> None:
        due = self._loop.now() + seconds
        if self._timer is not None and not self._timer.cancelled:
            if self._timer.due <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.after(seconds, self._ask)

    def _ask(self) -> None:
        self._timer = None
        self._busy = True
        self._again = False
        self._began = self._loop.now()
        run(self._loop, COMMAND, self._ended, DEADLINE)

    def _ended(self, ended: Ended) -> None:
        self._busy = False
        self.cluster = _cluster(ended, late=self._loop.late > LATE)
        self.taken = self._began
        self._at = time.time()
        now = self._loop.now()
        for name, look in self._failing.looks(self.cluster, now).items():
            self._board.tell(name, EVERY, look, now - self._began)
        self._plan(max(EVERY - (now - self._began), SOON))
        if self._again:
            self.hurry()

    def _look_at_spool(self) -> None:
        names = self._names()
        if names - self._spooled:  # what is gone was read by others, and is no news
            self.hurry()
        self._spooled = names

    def _names(self) -> frozenset[str]:
        try:
            return frozenset(it.name for it in self._spool.iterdir() if it.name[0] != ".")
        except OSError:  # nobody has made it yet
            return frozenset()


def _cluster(ended: Ended, *, late: bool) -> Cluster:
    if ended.problem:  # it did not start; or had no end, and that it hangs is Pacemaker's fault
        hangs = ended.problem.startswith("had not ended") and not late
        return Cluster(problem=ended.told, asked=hangs)
    try:
        return cluster.read(ended.output)
    except cluster.Unreadable as error:
        return Cluster(problem=ended.told or str(error))
