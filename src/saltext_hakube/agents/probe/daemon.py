"""hakube-probe, the program: the loop, the probes and their times, the sample."""

from __future__ import annotations

import signal

from saltext_hakube.agents.ground import program
from saltext_hakube.agents.ground.journal import say, tell_systemd
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.sample import Sample
from saltext_hakube.agents.probe.probes import Probes
from saltext_hakube.agents.probe.settings import Settings, settings

ALIVE = 2.0  # seconds from one word to systemd's watchdog to the next


def main(arguments: list[str]) -> int:
    """Run until SIGTERM. The one argument is the configuration's path."""
    return program.start("hakube-probe", arguments, settings, _run)


def _run(found: Settings) -> None:
    sample = Sample(found.sample)
    loop = Loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.on_signal(number, loop.stop)
    probes = Probes(loop, found)
    say(f"looks at {found.node}")
    tell_systemd("READY=1")
    loop.every(found.interval, lambda: sample.write(probes.seen))
    loop.every(ALIVE, lambda: tell_systemd("WATCHDOG=1"))
    loop.run()
    tell_systemd("STOPPING=1")
    sample.remove()
