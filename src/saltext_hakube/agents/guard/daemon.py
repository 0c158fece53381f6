"""hakube-guard, the program: the loop, and what begins and ends it."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

from saltext_hakube.agents.ground import program
from saltext_hakube.agents.ground.journal import say, tell_systemd
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.sample import Sample
from saltext_hakube.agents.guard.decide import GaveUp
from saltext_hakube.agents.guard.guard import Guard
from saltext_hakube.agents.guard.settings import Settings, settings

BEAT = 1.0  # seconds from sample to sample while nothing happens


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. The one argument is the configuration's path."""
    return program.start("hakube-guard", arguments, settings, _run)


def _run(found: Settings) -> None:
    sample = Sample(found.sample)
    loop = Loop()
    loop.on_signal(signal.SIGTERM, loop.stop)
    loop.on_signal(signal.SIGINT, loop.stop)
    guard = Guard(loop, found, sample, _gave_up(found.sample))
    guard.begin()
    say(f"guards {found.address}")
    tell_systemd("READY=1")

    def beat() -> None:
        guard.show()
        tell_systemd("WATCHDOG=1")

    loop.every(BEAT, beat)
    loop.run()
    tell_systemd("STOPPING=1")
    sample.remove()


def _gave_up(path: str) -> GaveUp | None:
    """What one of us that was killed has left: it gave the address up, and told nobody yet."""
    try:
        left = json.loads(Path(path).read_text(encoding="utf-8"))
        if left["clock"] > time.clock_gettime(time.CLOCK_BOOTTIME) or not left["gave_up"]:
            return None
        return GaveUp(float(left["gave_up"]["at"]), str(left["gave_up"]["why"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
