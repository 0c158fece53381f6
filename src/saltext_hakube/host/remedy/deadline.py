"""The end of an action: what it waits for ends with it, and nothing goes on after it."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from saltext_hakube.core.errors import TimedOut

PAUSE = 0.25  # seconds between two looks
# Seconds more than the deadline, for what ends by itself: each program has its own end.
GRACE = 2.0


class Deadline:
    """So many seconds from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began = time.monotonic()

    @property
    def took(self) -> float:
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        return max(0.0, self.seconds - self.took)

    def most(self, seconds: float) -> float:
        """So long may one step take. Raises TimedOut where there is no time left."""
        if self.left <= 0:
            raise TimedOut(f"the deadline of {self.seconds:g} s is over")
        return min(seconds, self.left)

    def wait(self, met: Callable[[], bool], seconds: float | None = None) -> bool:
        """Wait until it is so; whether it is. ``seconds``: at most, and never beyond the end."""
        end = time.monotonic() + (self.left if seconds is None else min(seconds, self.left))
        while not met():
            if time.monotonic() >= end:
                return False
            time.sleep(PAUSE)
        return True


class Over(BaseException):
    """The hard end came. Nobody's `except HakubeError` on the way takes it for a failed step."""


@contextlib.contextmanager
def hard(deadline: Deadline) -> Iterator[None]:
    """End the block by force a moment after the deadline, wherever it is. Raises TimedOut.

    Only the main thread can be ended so; Salt runs each job in a process of its own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(_signal: int, _frame: FrameType | None) -> None:
        raise Over

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, deadline.left + GRACE)
    try:
        yield
    except Over:
        raise TimedOut(f"it did not end within {deadline.seconds:g} s, and was ended") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
