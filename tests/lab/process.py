"""Processes, deadlines and steps: what every other file of the lab stands on.

A process is never known by its name, only by its id *and* its start time: an id alone may have been
handed to somebody else since it was written down.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Called with a step's title and None when it begins, and with its seconds when it has ended.
Progress = Callable[[str, "float | None"], None]


class LabError(Exception):
    """Something in the lab did not work; the text says what, where and what to do."""


def silent(_title: str, _seconds: float | None) -> None:
    """The progress callback of those who do not want to look."""


@contextlib.contextmanager
def step(progress: Progress, title: str) -> Iterator[None]:
    """Tell *progress* that a step begins, and how long it took once it is done."""
    progress(title, None)
    start = time.monotonic()
    yield
    progress(title, time.monotonic() - start)


#: Locks held by this process. Commands inherit them: when we are killed, the lock lives until the
#: command that we had begun has ended, so whoever cleans up after us does not miss what it makes.
_held_locks: list[int] = []


class _Interruption:
    """Being told to end, put off while a command is being started.

    An exception between the start of a process and our knowing it would leave that process to do
    its work behind our back, while we take down what it makes.
    """

    starting = False
    told = ""
    waiting_is_over = threading.Event()

    @classmethod
    def by_signal(cls, number: int, _frame: object) -> None:
        cls.told = signal.Signals(number).name
        cls.waiting_is_over.set()
        if not cls.starting:
            cls.make_up()

    @classmethod
    @contextlib.contextmanager
    def put_off(cls) -> Iterator[None]:
        # Signals are handled in the main thread only: other threads need not care.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        cls.starting = True
        try:
            yield
        finally:
            cls.starting = False

    @classmethod
    def make_up(cls) -> None:
        if cls.told and threading.current_thread() is threading.main_thread():
            name, cls.told = cls.told, ""
            raise SystemExit(f"lab: ended by {name}")


def end_in_good_order() -> None:
    """Make being interrupted or terminated an exception, so that what was begun is taken down."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _Interruption.by_signal)


def run(
    argv: Sequence[str | Path],
    *,
    timeout: float = 60,
    check: bool = True,
    input: str | None = None,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    shown: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command on the machine itself and return what it said.

    *shown* is what an error calls the command, where its words would tell a reader little.

    The command leads a process group of its own. When its time is up the whole group is ended: an
    ``nsenter --pid`` forks, and ending only the parent leaves the command running inside the node.
    """
    words = [str(word) for word in argv]
    shown = shown or _short(words)
    with _Interruption.put_off():
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=env,
            cwd=cwd,
            start_new_session=True,
            pass_fds=_held_locks,
        )
    with process:
        try:
            _Interruption.make_up()
            out, err = process.communicate(input, timeout=timeout)
        except subprocess.TimeoutExpired as expired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
            raise LabError(
                f"`{shown}` did not end within {timeout:g} s{_tail(out, err)}"
            ) from expired
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    done = subprocess.CompletedProcess(words, process.returncode, out, err)
    if check and done.returncode:
        raise LabError(f"`{shown}` ended with {done.returncode}{_tail(out, err)}")
    return done


def _short(words: Sequence[str]) -> str:
    text = " ".join(words)
    return text if len(text) <= 300 else text[:300] + " ..."


def _tail(out: str, err: str) -> str:
    """The last lines of both streams: where commands say what was wrong."""
    lines = [line for line in (out + "\n" + err).splitlines() if line.strip()][-15:]
    return ":\n  " + "\n  ".join(lines) if lines else ""


def wait_until(true: Callable[[], bool], what: str, *, timeout: float, every: float = 0.2) -> None:
    """Ask *true* again and again; after *timeout* seconds say what was waited for."""
    deadline = time.monotonic() + timeout
    helper = threading.current_thread() is not threading.main_thread()
    while not true():
        if helper and _Interruption.waiting_is_over.is_set():
            raise LabError(f"told to end while waiting for {what}")
        if time.monotonic() >= deadline:
            raise LabError(f"waited {timeout:g} s for {what}, in vain")
        time.sleep(every)


@dataclass(frozen=True)
class ProcessId:
    """A process by id and start time (in clock ticks since the machine's boot)."""

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """The process that has this id now, or None where there is none (a zombie is none)."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        # The name in the second field may hold blanks and brackets: count from its last ")".
        fields = stat[stat.rindex(")") + 2 :].split()
        if fields[0] in "ZX":
            return None
        return cls(pid, int(fields[19]))  # proc(5): starttime is field 22, state is field 3

    @classmethod
    def own(cls) -> ProcessId:
        """This very process."""
        me = cls.of(os.getpid())
        assert me is not None
        return me

    @property
    def alive(self) -> bool:
        return ProcessId.of(self.pid) == self

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signal it, if it still is that process."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def children(self) -> list[ProcessId]:
        """Its child processes."""
        pids: list[str] = []
        tasks: list[Path] = []
        with contextlib.suppress(OSError):  # it ended
            tasks += Path(f"/proc/{self.pid}/task").iterdir()
        for task in tasks:
            with contextlib.suppress(OSError):
                pids += (task / "children").read_text().split()
        return [child for child in map(ProcessId.of, map(int, pids)) if child]


def end(processes: Sequence[ProcessId]) -> None:
    """Kill them and wait: on a busy machine one that is killed is there for another moment."""
    for process in processes:
        process.kill()
    wait_until(
        lambda: not any(process.alive for process in processes),
        "what was killed to end",
        timeout=20,
        every=0.02,
    )


@contextlib.contextmanager
def locked(path: Path, *, timeout: float, what: str, progress: Progress = silent) -> Iterator[None]:
    """Hold a lock file; the kernel drops the lock of a holder that was killed.

    Where another run holds it, waiting for that is a step of its own.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    held: list[int] = []

    def got_it() -> bool:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The last holder may have removed the file that we opened: then it locks nothing.
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                held.append(descriptor)
                _held_locks.append(descriptor)
                return True
        except (BlockingIOError, FileNotFoundError):
            pass
        os.close(descriptor)
        return False

    if not got_it():
        with step(progress, f"wait for another run that is busy with {what}"):
            wait_until(got_it, f"the lock on {what} ({path})", timeout=timeout)
    try:
        yield
    finally:
        _held_locks.remove(held[0])
        os.close(held[0])
