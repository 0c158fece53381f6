"""`salt '*' state.apply hakube`, watched on Salt's event bus while it goes on."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
import time
from typing import Any

from tests.demo import words
from tests.demo.screen import DemoError, Screen
from tests.lab import Lab, LabError

#: How long three machines may take, in seconds; the packages come over the network.
LONGEST = 900


class Bus:
    """Salt's event bus: the progress of states as it comes in."""

    def __init__(self, lab: Lab) -> None:
        self.seen: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self.heard = threading.Event()
        self._process = subprocess.Popen(
            lab.master.enter(["salt-run", "state.event"]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=lab.master.environment(),
            text=True,
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.heard.set()
            tag, _, text = line.partition("\t")
            # salt/job/JID/prog/MINION/NUMBER
            _, _, rest = tag.partition("/prog/")
            if rest:
                self.seen.put((rest.rpartition("/")[0], json.loads(text)["data"]["ret"]))

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


class Progress:
    """Which machine has done which state; a line for each state that all of them have done."""

    def __init__(self, screen: Screen, machines: list[str]) -> None:
        self._screen = screen
        self._done: dict[str, dict[str, float]] = {machine: {} for machine in machines}

    def note(self, machine: str, state: dict[str, Any]) -> None:
        identity = state["__id__"]
        self._done[machine][identity] = float(state.get("duration", 0)) / 1000
        seconds = {name: states.get(identity) for name, states in self._done.items()}
        if None not in seconds.values():
            took = " ".join(f"{name} {value:5.1f}s" for name, value in seconds.items())
            what = words.told(identity)
            self._screen.line(f"{self._screen.elapsed()}  {what:<44} {took}")

    def now(self) -> str:
        """What each machine is busy with: those that do the same together."""
        busy: dict[str, list[str]] = {}
        for name, states in self._done.items():
            busy.setdefault(words.after(set(states)), []).append(name)
        return "; ".join(f"{', '.join(names)}: {what}" for what, names in busy.items())


def apply(lab: Lab, screen: Screen) -> dict[str, Any]:
    """Apply to all machines at the same moment, telling how it goes on; what each returned."""
    names = [node.name for node in lab.nodes]
    answer: queue.SimpleQueue[dict[str, Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(lab.salt("*", "state.apply", "hakube", timeout=LONGEST, state_events=True))
        except LabError as error:
            answer.put(error)

    bus = Bus(lab)
    try:
        _wait_for(bus, lab)
        start, progress = time.monotonic(), Progress(screen, names)
        threading.Thread(target=ask, daemon=True).start()
        while answer.empty() or not bus.seen.empty():
            try:
                progress.note(*bus.seen.get(timeout=1))
            except queue.Empty:
                screen.now(progress.now())
        returns = answer.get()
    finally:
        bus.close()
    if isinstance(returns, Exception):
        raise returns
    silent = sorted(set(names) - set(returns))
    if silent:
        raise DemoError(f"{', '.join(silent)} did not answer")
    screen.took("all three, at the same moment", time.monotonic() - start)
    return returns


def _wait_for(bus: Bus, lab: Lab) -> None:
    """Until it hears something: it takes seconds to start. If it stays deaf, so be it."""
    for _ in range(3):
        if bus.heard.is_set():
            return
        lab.salt("*", "test.ping")
        bus.heard.wait(2)
