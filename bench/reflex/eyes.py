"""The client and the nodes' addresses, looked at in the background while faults happen."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from bench.reflex.outage import Attempt
from tests.lab import Lab, LabError, Node

HERE = Path(__file__).parent
PORT = 6443
#: Where a node's copy of addresses.py lies.
PLACE = "/run/hakube-bench-addresses.py"


class _Program:
    """A program whose lines are read while it runs; it ends when its standard input does."""

    def __init__(self, argv: Sequence[str], environment: dict[str, str], name: str) -> None:
        self.name = name
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.take(line.split())

    def take(self, words: list[str]) -> None:
        raise NotImplementedError

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)


class Client(_Program):
    """Attempts through the VIP; ``late`` is the most that the client itself was late, seconds."""

    def __init__(self, lab: Lab, seconds: float) -> None:
        self.attempts: list[Attempt] = []
        self.late = 0.0
        # Each attempt takes a port for a minute.
        lab.client.run(["sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=10000 65000"])
        program = [sys.executable, str(HERE / "attempts.py")]
        argv = [*program, lab.vip, str(PORT), str(lab.client.ca), str(seconds)]
        super().__init__(lab.client.enter(argv), lab.client.environment(), "the client")

    def take(self, words: list[str]) -> None:
        began, took, late = map(float, words[:3])
        self.attempts.append(Attempt(began, took, words[3]))
        self.late = max(self.late, late)


class Address(_Program):
    """When this node began and ceased to have the VIP's address."""

    def __init__(self, node: Node, address: str, seconds: float) -> None:
        self.changes: list[tuple[float, bool]] = []
        self.slowest = 0.0
        node.write(PLACE, (HERE / "addresses.py").read_text(encoding="utf-8"))
        argv = ["python3", PLACE, address, str(seconds)]
        super().__init__(node.enter(argv), node.environment(), f"the look at {node.name}")

    @property
    def here(self) -> bool | None:
        return self.changes[-1][1] if self.changes else None

    def take(self, words: list[str]) -> None:
        at, here, longest = float(words[0]), words[1] == "1", float(words[2])
        self.slowest = max(self.slowest, longest)
        if here is not self.here:
            self.changes.append((at, here))


class Eyes:
    """All of them, from `with` on; ends by itself after *seconds*."""

    def __init__(self, lab: Lab, nodes: Sequence[Node], seconds: float) -> None:
        self._lab, self._seconds = lab, seconds
        self.client = Client(lab, seconds)
        self._now: dict[str, Address] = {}
        self._old: list[tuple[str, Address]] = []
        for node in nodes:
            self.look_at(node)

    def __enter__(self) -> Eyes:
        return self

    def __exit__(self, *_: object) -> None:
        for program in (self.client, *self._now.values()):
            program.close()

    def look_at(self, node: Node) -> None:
        """Begin to look at a node, or again after it was booted."""
        if node.name in self._now:
            self._old.append((node.name, self._now[node.name]))
            self._now[node.name].close()
        self._now[node.name] = Address(node, self._lab.vip, self._seconds)

    def gone(self, node: Node, at: float) -> None:
        """Its power was cut at that moment: whatever it had is gone."""
        program = self._now.pop(node.name)
        program.close()
        if program.here:
            program.changes.append((at, False))
        self._old.append((node.name, program))

    @property
    def attempts(self) -> list[Attempt]:
        return list(self.client.attempts)

    @property
    def changes(self) -> dict[str, list[tuple[float, bool]]]:
        """By node: when it began (True) or ceased (False) to have the address."""
        found: dict[str, list[tuple[float, bool]]] = {}
        for name, program in [*self._old, *self._now.items()]:
            found.setdefault(name, []).extend(program.changes)
        return found

    @property
    def slowest(self) -> float:
        """The longest time between two looks at a node, seconds."""
        programs = [*(it for _, it in self._old), *self._now.values()]
        return max(program.slowest for program in programs)

    def check(self) -> None:
        """LabError where one of them has ended: nothing would be noticed any more."""
        for program in (self.client, *self._now.values()):
            if not program.alive:
                raise LabError(f"{program.name} has ended; what it said is above")
