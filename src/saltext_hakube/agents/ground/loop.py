"""The loop of a program: timers, descriptors, and calls from signals and other threads.

Everything runs in one thread, one call after the other; a call that waits makes all others late.
What a descriptor has to tell when a timer is due is told before the timer calls.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable

Call = Callable[[], None]


class Timer:
    """A call that is to come; ``cancel`` it and it does not."""

    def __init__(self, due: float, call: Call):
        self.due = due
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """``run`` it until somebody calls ``stop``. An error in a call ends it, too."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._number = itertools.count()
        self._running = False
        self._calls: deque[Call] = deque()
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.watch(self._wake_reader, self._woken)
        #: Seconds by which the last timer was late: how busy the machine is with others.
        self.late = 0.0

    @staticmethod
    def now() -> float:
        """Seconds of the monotonic clock, by which all timers go."""
        return time.monotonic()

    def after(self, seconds: float, call: Call) -> Timer:
        """Call it once, in so many seconds."""
        timer = Timer(self.now() + seconds, call)
        heapq.heappush(self._timers, (timer.due, next(self._number), timer))
        return timer

    def every(self, seconds: float, call: Call) -> Timer:
        """Call it now and then every so many seconds, until the timer is cancelled.

        From the time that was due, so that a call takes nothing of the pause; but what was missed
        (the machine slept) is not made up for.
        """
        timer = Timer(self.now(), call)

        def again() -> None:
            call()
            timer.due = max(timer.due + seconds, self.now())
            if not timer.cancelled:
                heapq.heappush(self._timers, (timer.due, next(self._number), timer))

        timer.call = again
        heapq.heappush(self._timers, (timer.due, next(self._number), timer))
        return timer

    def watch(self, descriptor: int, call: Call, *, writable: bool = False) -> None:
        """Call it whenever the descriptor can be read (or written), until it is forgotten."""
        event = selectors.EVENT_WRITE if writable else selectors.EVENT_READ
        self._selector.register(descriptor, event, call)

    def forget(self, descriptor: int) -> None:
        """Watch it no more; before it is closed. One that is not watched is no error."""
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(descriptor)

    def soon(self, call: Call) -> None:
        """Call it in the loop's thread; from a signal's handler or another thread."""
        self._calls.append(call)
        with contextlib.suppress(BlockingIOError):  # it is awake already
            os.write(self._wake_writer, b"\0")

    def on_signal(self, number: int, call: Call) -> None:
        """Call it in the loop when this signal comes."""
        signal.signal(number, lambda _number, _frame: self.soon(call))

    def stop(self) -> None:
        """Let ``run`` return after the present call."""
        self._running = False

    def run(self) -> None:
        """Until ``stop``."""
        self._running = True
        while self._running:
            told = self._selector.select(self._pause())
            now = self.now()
            for key, _ in told:
                # A call before this one may have ended the watch.
                if self._running and self._selector.get_map().get(key.fd) is key:
                    key.data()
            self._due(now)

    def _pause(self) -> float | None:
        while self._timers and self._timers[0][2].cancelled:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0][0] - self.now()) if self._timers else None

    def _due(self, now: float) -> None:
        """One timer at most, due by then: what it, or a descriptor, brought about is told first."""
        if self._running and self._timers and self._timers[0][0] <= now:
            due, _, timer = heapq.heappop(self._timers)
            if not timer.cancelled:
                self.late = self.now() - due
                timer.call()

    def _woken(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wake_reader, 4096):
                pass
        while self._calls and self._running:
            self._calls.popleft()()
