"""hakube-watch, the program: the loop that lets each duty look, and what it needs around it."""

from __future__ import annotations

import signal
import sys
import time
from types import FrameType

from saltext_hakube.agents.watch.sessions import Sessions
from saltext_hakube.agents.watch.surroundings import (
    ERROR,
    Sample,
    Settings,
    Wrong,
    say,
    settings,
    tell_systemd,
)

WRONG_CONFIGURATION = 78  # EX_CONFIG of sysexits.h: systemd does not try again


class Stop(Exception):
    """We are told to end."""


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. The one argument is the configuration's path."""
    if len(arguments) != 1:
        print("usage: hakube-watch CONFIGURATION", file=sys.stderr)
        return 64
    try:
        found = settings(arguments[0])
    except Wrong as error:
        say(str(error), ERROR)
        return WRONG_CONFIGURATION
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    sample = Sample(found.sample)
    try:
        _run(found, sample)
    except Stop:
        tell_systemd("STOPPING=1")
        return 0
    finally:
        sample.remove()


def _run(found: Settings, sample: Sample) -> None:
    duties = [Sessions(found)]
    say(f"looks every {found.interval:g} s")
    ready = "READY=1\n"
    due = time.monotonic()
    while True:
        seen = {"interval": found.interval}
        for duty in duties:
            duty.look()
            seen.update(duty.seen)
        sample.write(seen)
        tell_systemd(f"{ready}WATCHDOG=1")
        ready = ""
        # From the time that was due, so that looking takes nothing of the pause; but what was
        # missed (the machine slept, a socket hung) is not made up for.
        due = max(due + found.interval, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop
