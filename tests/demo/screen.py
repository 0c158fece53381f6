"""What the person who watches sees: numbered steps, short lines, how long each thing took."""

from __future__ import annotations

import sys
import textwrap
import time

#: Without a terminal nobody sees a line that is written again and again; then this often, in
#: seconds, a line says that something still goes on.
HEARTBEAT = 30.0

_WIDTH = 96
_INDENT = "     "


class DemoError(Exception):
    """Something did not go as it should; the text says what."""


class Screen:
    """Standard output, with a last line that may be temporary."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._steps = 0
        self._beat = 0.0
        self._started = 0.0

    def step(self, title: str, why: str = "") -> None:
        """A numbered step, and in a sentence what it is for."""
        self._steps += 1
        self._print(f"\n{self._steps:>3}  {title}")
        if why:
            self.text(why)
        self._started = self._beat = time.monotonic()

    def line(self, text: str = "") -> None:
        """A line, or several, below the step."""
        for part in text.splitlines() or [""]:
            self._print(f"{_INDENT}{part}".rstrip())
        self._beat = time.monotonic()

    def text(self, text: str) -> None:
        """A sentence, in as many lines as it needs."""
        self.line(textwrap.fill(text, _WIDTH - len(_INDENT)))

    def took(self, what: str, seconds: float | None) -> None:
        """What has ended and its seconds; None: it has begun. The lab calls it as its progress."""
        if seconds is None:
            self.now(what)
            return
        self.line(f"{what} {'.' * max(3, 66 - len(what))} {seconds:6.1f} s")

    def now(self, what: str) -> None:
        """What goes on at the moment; may be called often."""
        if self._live:
            text = f"{_INDENT}{self.elapsed()}  {what}"
            print(f"\r\033[K{text[:_WIDTH]}", end="", flush=True)
        elif time.monotonic() - self._beat > HEARTBEAT:
            self.line(f"{self.elapsed()}  still: {what}")

    def elapsed(self) -> str:
        """Minutes and seconds since the step began."""
        seconds = int(time.monotonic() - self._started)
        return f"{seconds // 60}:{seconds % 60:02}"

    def table(self, rows: list[tuple[str, ...]]) -> None:
        """Rows in columns as wide as they need."""
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            self.line("  ".join(map(str.ljust, row, widths)))

    def plain(self, text: str) -> None:
        """A line that belongs to no step."""
        self._print(text)

    def _print(self, text: str) -> None:
        erase = "\r\033[K" if self._live else ""
        print(f"{erase}{text}", flush=True)
