"""The load generator as the benchmark holds it: start it in a lab's client, ask it, end it."""

from __future__ import annotations

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.lab import Lab, LabError

PROGRAM = Path(__file__).with_name("load.py")
PORT = 6443


class Client:
    """Watches and requests through the lab's VIP, until the end of the block."""

    def __init__(
        self, lab: Lab, watches: int, seconds: float, *, port: int = PORT, deaf_after: float = 5
    ) -> None:
        self.watches = watches
        # A connection a request: the default range would be used up within a minute.
        lab.client.run(["sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=10000 65000"])
        pki = lab.client.ca.parent
        asked = {
            "host": lab.vip,
            "port": port,
            "ca": str(lab.client.ca),
            "certificate": str(pki / "admin.crt"),
            "key": str(pki / "admin.key"),
            "watches": watches,
            "seconds": seconds,
            "deaf_after": deaf_after,
        }
        self._process = subprocess.Popen(
            lab.client.enter([sys.executable, str(PROGRAM)]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=lab.client.environment(),
        )
        self._answers: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        self._write(asked)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rate(self, rate: float) -> None:
        """Open so many new connections a second from now on."""
        self._ask({"do": "rate", "rate": rate})

    def more(self, watches: int) -> None:
        """Hold so many watches more."""
        self._ask({"do": "more", "watches": watches})
        self.watches += watches

    def take(self) -> dict[str, Any]:
        """What happened since this was asked last; load.py's Load has what is in it."""
        return self._ask({"do": "take"})

    def settled(self, timeout: float = 60) -> dict[str, Any]:
        """The same once every watch is open and hears of the writes. LabError after *timeout*."""
        deadline = time.monotonic() + timeout
        while True:
            told = self.take()
            held = [watch for watch in told["watches"] if watch["port"] and watch["seen"]]
            if len(held) == self.watches and not told["deaf"]:
                return told
            if time.monotonic() > deadline:
                raise LabError(
                    f"waited {timeout:g} s for {self.watches} watches; {len(held)} are held, "
                    f"{len(told['deaf'])} of them deaf"
                )
            time.sleep(0.5)

    def close(self) -> None:
        """End it; again is fine."""
        assert self._process.stdin
        with contextlib.suppress(LabError, BrokenPipeError):
            self._write({"do": "end"})
            self._process.stdin.close()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        self._write(command)
        try:
            line = self._answers.get(timeout=60)
        except queue.Empty:
            raise LabError("the load generator did not answer within 60 s") from None
        if not line:
            raise LabError("the load generator has ended; what it said is above")
        return json.loads(line)

    def _write(self, command: dict[str, Any]) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise LabError("the load generator has ended; what it said is above") from None

    def _listen(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")
