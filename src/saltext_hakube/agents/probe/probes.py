"""All probes and their times."""

from __future__ import annotations

from typing import Any

from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.probe import disk
from saltext_hakube.agents.probe.board import Board
from saltext_hakube.agents.probe.crm import Crm
from saltext_hakube.agents.probe.drift import Drift
from saltext_hakube.agents.probe.health import Health
from saltext_hakube.agents.probe.settings import Component, Settings
from saltext_hakube.agents.probe.trust import Door, Trust

OFTEN = 2.0  # seconds: that a component hangs is seen twice within 5.5 s (a look takes 1.5 at most)
READY = 5.0
SELDOM = 30.0
GIVE_UP = 4.0  # seconds: two requests, without and with credentials, and some more


class Probes:
    """They look from when it is made."""

    def __init__(self, loop: Loop, settings: Settings):
        self._loop = loop
        self._settings = settings
        self._board = Board(loop)
        self._trust = Trust(settings.ca)
        self._unchecked = Trust(None)
        self._crm = Crm(loop, self._board, settings.spool, lambda: None)
        if settings.apiserver is not None:
            # Without etcd every apiserver fails at /livez, and a restart would mend none of them.
            self._health("apiserver.livez", OFTEN, settings.apiserver, "/livez?exclude=etcd")
            self._health("apiserver.readyz", READY, settings.apiserver, "/readyz")
        for name in ("scheduler", "controller-manager"):
            component = settings.scheduler if name == "scheduler" else settings.controllers
            self._health(f"{name}.health", OFTEN, component, "/healthz")
        drift = Drift(settings.manifest)
        self._board.add("files.drift", OFTEN, GIVE_UP, lambda done: done(drift.look()))
        disks = settings.disks
        self._board.add("disk.space", SELDOM, GIVE_UP, lambda done: done(disk.look(disks)))

    @property
    def seen(self) -> dict[str, Any]:
        return {
            "interval": self._settings.interval,
            "probes": self._board.seen,
            "cluster": self._crm.seen(self._settings.node, self._settings.vip.resource),
        }

    def _health(self, name: str, every: float, component: Component, path: str) -> None:
        # Scheduler and controller-manager make a certificate of their own at their start.
        trust = self._trust if name.startswith("apiserver") else self._unchecked

        def door(files: tuple[str, ...]) -> Door:
            return trust.as_user(files) if files else trust.anonymous()

        health = Health(self._loop, self._crm, self._settings.node, component, path=path, door=door)
        self._board.add(name, every, GIVE_UP, health.begin)
