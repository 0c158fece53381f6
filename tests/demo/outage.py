"""How long a service is gone, as a client sees it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.demo.screen import DemoError

_PROGRAM = Path(__file__).with_name("probe.py")


@dataclass(frozen=True)
class Answer:
    """One probe: when it was begun and over (monotonic clock), and what it got."""

    begun: float
    over: float
    got: str

    @property
    def ok(self) -> bool:
        return self.got == "ok"


def gaps(answers: Sequence[Answer]) -> list[tuple[float, float]]:
    """When there was no service: from the last good answer to the next one, if others failed."""
    found, last, failing = [], None, False
    for answer in answers:
        if answer.ok:
            if failing and last is not None:
                found.append((last, answer.over))
            last, failing = answer.over, False
        else:
            failing = True
    return found


class Prober:
    """A client that asks every 100 ms, in the background."""

    def __init__(
        self,
        url: str,
        ca: Path,
        enter: Callable[[Sequence[str]], Sequence[str]] = list,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.answers: list[Answer] = []
        self._process = subprocess.Popen(
            enter([sys.executable, str(_PROGRAM), url, str(ca)]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=env,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            begun, over, got = line.split()
            self.answers.append(Answer(float(begun), float(over), got))

    def __enter__(self) -> Prober:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def wait_until_steady(self, seconds: float, *, timeout: float, tick: Callable[[str], None]):
        """Until all answers of so many seconds are good; *tick* is told the last one."""
        end = time.monotonic() + timeout
        start = time.monotonic()
        while time.monotonic() < end:
            time.sleep(0.2)
            if self._process.poll() is not None:
                raise DemoError(f"the client's probe ended with {self._process.returncode}")
            now = time.monotonic()
            recent = [answer for answer in self.answers if answer.over > now - seconds]
            tick(f"the last answer: {recent[-1].got}" if recent else "no answer yet")
            if now - start > seconds and recent and all(answer.ok for answer in recent):
                return
        raise DemoError(f"the API did not answer steadily within {timeout:g} s")
