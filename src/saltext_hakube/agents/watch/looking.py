"""The thread of the sessions: that duty waits for haproxy's answers, the loop must not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.watch.answers import Server
from saltext_hakube.agents.watch.sessions import Sessions

SLOW = 5.0  # seconds for one look; four deadlines are 1.6 s. Then we are not well.

Took = Callable[[Mapping[str, Any], "list[Server] | None"], None]


class Looking:
    """Lets ``sessions`` look; ``took`` is called in the loop with what it saw.

    An error in it is raised in the loop, which ends the daemon: systemd starts it again.
    """

    def __init__(self, loop: Loop, sessions: Sessions, interval: float, took: Took):
        self._loop = loop
        self._sessions = sessions
        self._interval = interval
        self._took = took
        self._looked = time.monotonic()
        threading.Thread(target=self._run, name="sessions", daemon=True).start()

    @property
    def well(self) -> bool:
        """Whether it looked a moment ago."""
        return time.monotonic() - self._looked < SLOW + self._interval

    def _run(self) -> None:
        try:
            due = time.monotonic()
            while True:
                self._sessions.look()
                self._looked = time.monotonic()
                seen, servers = self._sessions.seen, self._sessions.servers
                self._loop.soon(lambda seen=seen, servers=servers: self._took(seen, servers))
                # From the time that was due, so that looking takes nothing of the pause; but what
                # was missed (the machine slept, a socket hung) is not made up for.
                due = max(due + self._interval, time.monotonic())
                time.sleep(max(0.0, due - time.monotonic()))
        except BaseException as error:  # whatever it is, it is told and ends us
            self._loop.soon(lambda error=error: _raise(error))


def _raise(error: BaseException) -> None:
    raise error
