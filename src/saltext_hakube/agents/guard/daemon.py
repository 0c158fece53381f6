"""hakube-guard, the program: the loop, and what begins and ends it."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from saltext_hakube.agents.ground import program
from saltext_hakube.agents.ground.journal import say, tell_systemd
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.sample import Sample, clock
from saltext_hakube.agents.guard.decide import GaveUp, Left
from saltext_hakube.agents.guard.guard import Guard
from saltext_hakube.agents.guard.settings import Settings, settings

BEAT = 1.0  # seconds from sample to sample while nothing happens
# Seconds. systemd ends one that hangs after 10 s, and starts the next one 0.2 s later; one that
# ends by an error of its own takes up to 5 s for that.
JUST_NOW = 15.0


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. The one argument is the configuration's path."""
    return program.start("hakube-guard", arguments, settings, _run)


def _run(found: Settings) -> None:
    sample = Sample(found.sample)
    loop = Loop()
    loop.on_signal(signal.SIGTERM, loop.stop)
    loop.on_signal(signal.SIGINT, loop.stop)
    guard = Guard(loop, found, sample, _left(found.sample))
    guard.begin()
    say(f"guards {found.address}")
    tell_systemd("READY=1")

    def beat() -> None:
        guard.show()
        tell_systemd("WATCHDOG=1")

    loop.every(BEAT, beat)
    loop.run()
    tell_systemd("STOPPING=1")
    if not guard.waits:  # else the next one goes on with it, as after a restart by an apply
        sample.remove()


def _left(path: str) -> Left:
    """What one of us left that was killed, or ended in the midst of something.

    It gave the address up, and told nobody yet; or was about to. One that saw all well a moment
    ago did not see how the trouble came that is there now: that is left to us, too.
    """
    try:
        left = json.loads(Path(path).read_text(encoding="utf-8"))
        age = clock() - left["clock"]
        if age < 0:  # it is of before the machine started
            return Left()
        told = left["gave_up"]
        gave_up = GaveUp(float(told["at"]), str(told["why"])) if told else None
        well = left["trouble"] == "" and age < JUST_NOW
        return Left(gave_up, due=well or left["due"] is not None)
    except (OSError, ValueError, KeyError, TypeError, ArithmeticError, RecursionError):
        return Left()  # nothing, or nothing of ours
