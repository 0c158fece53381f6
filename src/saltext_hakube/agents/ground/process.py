"""Other programs: run with a deadline, or followed line by line; and the death of any process.

The one door to processes that the programs have. Nothing here waits for one to end: a process that
waits for a disk that hangs cannot even be killed. (What cannot be bounded here is the start of one,
which has to read it from the disk: systemd's watchdog ends us then.)
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from saltext_hakube.agents.ground.loop import Loop, Timer

LONGEST = 16 << 20  # bytes of output that are kept: a CIB of thousands of objects has some
LINE = 1 << 16  # bytes of one line of a program that is followed
AT_ONCE = 4  # pieces of 64 kB, as many as a pipe has or more, before others have their turn
LOOK_EVERY = 0.1  # seconds, where the kernel has no pidfd (before 5.3)
KILLED = 1.0  # seconds for a process to be gone after SIGKILL, before it is told as it is


class Ended(NamedTuple):
    """How a program ended. ``code``: its exit code, negative for a signal; None where it did not
    start, or was ended at its deadline: then ``problem`` says so."""

    argv: tuple[str, ...]
    code: int | None
    output: str
    errors: str
    problem: str = ""

    @property
    def told(self) -> str:
        """What went wrong, in a line; empty where nothing did."""
        if self.problem:
            return f"{self.argv[0]}: {self.problem}"
        if self.code == 0:
            return ""
        last = next((line for line in reversed(self.errors.splitlines()) if line.strip()), "")
        last = last or next((li for li in reversed(self.output.splitlines()) if li.strip()), "")
        return f"{self.argv[0]} ended with {self.code}" + (f" ({last.strip()})" if last else "")


class Death:
    """Calls once when a process ends. A process that is gone already is told of, too."""

    def __init__(self, loop: Loop, pid: int, call: Callable[[], None]):
        self._loop = loop
        self._pid = pid
        self._call = call
        self._descriptor = -1
        self._timer: Timer | None = None
        try:
            self._descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            self._timer = loop.after(0, self._died)
        except OSError:  # an old kernel, or one that forbids it
            self._timer = loop.every(LOOK_EVERY, self._look)
        else:
            loop.watch(self._descriptor, self._died)

    def cancel(self) -> None:
        """Call no more."""
        if self._descriptor >= 0:
            self._loop.forget(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
        if self._timer:
            self._timer.cancel()

    def _look(self) -> None:
        # The state stands behind the name, which may hold anything; Z: dead, not waited for yet.
        try:
            stat = Path(f"/proc/{self._pid}/stat").read_bytes()
            dead = stat.rpartition(b")")[2].split()[0] in (b"Z", b"X")
        except (FileNotFoundError, ProcessLookupError):
            dead = True
        if dead:
            self._died()

    def _died(self) -> None:
        self.cancel()
        self._call()


class Child:
    """A program that was started: ``run`` and ``follow`` make it; ``cancel`` ends it untold."""

    def __init__(
        self,
        loop: Loop,
        argv: Sequence[str],
        done: Callable[[Ended], None],
        deadline: float | None,
        line: Callable[[str], None] | None = None,
    ):
        self._loop = loop
        self._argv = tuple(argv)
        self._done = done
        self._line = line
        self._kept: dict[int, bytearray] = {}
        self._problem = ""
        self._over = False
        self._timer: Timer | None = None
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                env={**os.environ, "LC_ALL": "C"},
            )
        except OSError as error:
            ended = Ended(self._argv, None, "", "", error.strerror or str(error))
            self._timer = loop.after(0, lambda: done(ended))
            return
        self.pid = self._process.pid
        self._out = self._process.stdout.fileno()
        self._err = self._process.stderr.fileno()
        for descriptor in (self._out, self._err):
            os.set_blocking(descriptor, False)
            self._kept[descriptor] = bytearray()
            loop.watch(descriptor, lambda descriptor=descriptor: self._read(descriptor))
        _Reaped(loop, self._process, self._ended)
        if deadline is not None:
            self._timer = loop.after(deadline, lambda: self._late(deadline))

    def cancel(self) -> None:
        """End it; nobody is told. One that has ended already is no error."""
        if self._timer:
            self._timer.cancel()
        if self._process is not None and not self._over:
            self._over = True
            self._kill()
            self._close()

    def _late(self, deadline: float) -> None:
        self._problem = f"had not ended after {deadline:g} s"
        self._kill()  # its death is told as any other
        self._timer = self._loop.after(KILLED, self._survived)

    def _survived(self) -> None:
        self._problem += ", and not when it was killed"
        self._ended()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def _read(self, descriptor: int) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(AT_ONCE):
                data = os.read(descriptor, 1 << 16)
                if not data:
                    self._loop.forget(descriptor)
                    return
                self._keep(descriptor, data)

    def _keep(self, descriptor: int, data: bytes) -> None:
        kept = self._kept[descriptor]
        if self._line is not None and descriptor == self._out:
            *lines, rest = (bytes(kept) + data).split(b"\n")
            kept[:] = rest[-LINE:]
            for line in lines:
                self._line(line.decode("utf-8", "replace"))
        elif len(kept) + len(data) <= LONGEST:
            kept += data

    def _ended(self) -> None:
        if self._over:  # nobody waits for it any more
            return
        self._over = True
        if self._timer:
            self._timer.cancel()
        for descriptor in (self._out, self._err):
            self._read(descriptor)
        self._close()
        output, errors = (
            bytes(self._kept[one]).decode("utf-8", "replace") for one in (self._out, self._err)
        )
        code = None if self._problem else self._process.returncode
        self._done(Ended(self._argv, code, output, errors, self._problem))

    def _close(self) -> None:
        for stream in (self._process.stdout, self._process.stderr):
            self._loop.forget(stream.fileno())
            stream.close()


class _Reaped(Death):
    """The death of a child: it stays in the table until it is waited for, whoever is told."""

    def __init__(self, loop: Loop, process: subprocess.Popen[bytes], call: Callable[[], None]):
        self._child = process
        super().__init__(loop, process.pid, call)

    def _look(self) -> None:
        if self._child.poll() is not None:
            self._died()

    def _died(self) -> None:
        self.cancel()
        if self._child.poll() is None:  # a moment, and it can be waited for
            self._timer = self._loop.after(LOOK_EVERY, self._died)
            return
        self._call()


def run(
    loop: Loop, argv: Sequence[str], done: Callable[[Ended], None], deadline: float = 5.0
) -> Child:
    """Start a program; ``done`` is called when it has ended, at most KILLED after ``deadline``."""
    return Child(loop, argv, done, deadline)


def follow(
    loop: Loop,
    argv: Sequence[str],
    line: Callable[[str], None],
    done: Callable[[Ended], None],
) -> Child:
    """Start a program that goes on; each line of its output is told, and its end."""
    return Child(loop, argv, done, None, line)
