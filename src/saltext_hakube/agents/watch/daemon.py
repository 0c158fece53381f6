"""hakube-watch, the program: the loop, the eyes in it, and what they leave for others."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from typing import Any

from saltext_hakube.agents.ground import program
from saltext_hakube.agents.ground.journal import say, tell_systemd
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.sample import Sample
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.answers import Server
from saltext_hakube.agents.watch.eyes import Eyes
from saltext_hakube.agents.watch.looking import Looking
from saltext_hakube.agents.watch.sessions import Sessions
from saltext_hakube.agents.watch.settings import Settings, settings

ALIVE = 2.0  # seconds from one word to systemd's watchdog to the next


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. The one argument is the configuration's path."""
    return program.start("hakube-watch", arguments, settings, _run)


def _run(found: Settings) -> None:
    watch = _Watch(found)
    try:
        watch.run()
    finally:
        watch.sample.remove()


class _Watch:
    def __init__(self, found: Settings):
        self.sample = Sample(found.sample)
        self._settings = found
        self._loop = Loop()
        self._actions = Actions()
        self._seen: Mapping[str, Any] = {}
        self._ready = False

    def run(self) -> None:
        loop, found = self._loop, self._settings
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.on_signal(number, self._stop)
        say(f"looks every {found.interval:g} s")
        self._eyes = Eyes(loop, found, found.reflex, self._actions)
        sessions = Sessions(found, self._actions)
        self._looking = Looking(loop, sessions, found.interval, self._took)
        loop.every(found.interval, self._write)
        loop.every(ALIVE, self._alive)
        loop.run()

    def _took(self, seen: Mapping[str, Any], servers: list[Server] | None) -> None:
        self._seen = seen
        self._eyes.took(servers)
        if not self._ready:
            self._ready = True
            self._write()
            tell_systemd("READY=1\nWATCHDOG=1")

    def _write(self) -> None:
        if not self._seen:  # nobody has looked yet
            return
        own = {"interval": self._settings.interval, "actions": self._actions.seen}
        self.sample.write({**own, **self._seen, **self._eyes.seen})

    def _alive(self) -> None:
        if self._ready and self._looking.well:
            tell_systemd("WATCHDOG=1")

    def _stop(self) -> None:
        tell_systemd("STOPPING=1")
        self._eyes.close()
