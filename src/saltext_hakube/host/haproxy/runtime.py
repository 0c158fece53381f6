"""A running haproxy becomes what a new file says, without a reload where that can be."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from saltext_hakube.core.errors import HakubeError, TimedOut
from saltext_hakube.core.haproxy import live, live_steps, runtime, verdict
from saltext_hakube.core.haproxy.live_steps import Checked, Emptied, Order, Plan, Serving, Step
from saltext_hakube.core.haproxy.runtime import Server
from saltext_hakube.host import files, unread
from saltext_hakube.host.haproxy import socket
from saltext_hakube.host.haproxy.unit import running
from saltext_hakube.host.machine import Machine

POLL = 0.05  # seconds between two looks
# Seconds for all orders. They and a reload, if they fail, have to fit into the lease of the
# cluster's turn (host.rollout).
WHOLE = 60.0
UNDONE = 2.0  # seconds for haproxy to let go of what was begun

Found = TypeVar("Found")


class Adopted(NamedTuple):
    """``done``: the running process is now what the new file says, and was not reloaded.

    ``orders``: what it was told. ``why``: where it is not done, what needs a reload or what failed
    (then what was done is undone, as far as ``why`` does not say otherwise). The file itself is the
    caller's; a reload with it gives the truth in any case.
    """

    done: bool
    orders: tuple[str, ...] = ()
    why: str = ""


def adopt(machine: Machine, unit: str, config: str, old: bytes, new: bytes) -> Adopted:
    """Bring what differs between the two contents of ``config`` into the running haproxy.

    To be called before the file is written, for it looks whether haproxy has read ``old``. Never
    raises HakubeError: what goes wrong is the answer's ``why``.
    """
    try:
        path, pid, plan = _planned(machine, unit, config, old, new)
        adopted = _carry_out(path, plan)
    except HakubeError as error:
        return Adopted(False, why=str(error))
    if adopted.done:
        # Without the note the next change takes a reload, which is no harm.
        with contextlib.suppress(HakubeError):
            _remember(unit, pid, new)
    return adopted


def _planned(
    machine: Machine, unit: str, config: str, old: bytes, new: bytes
) -> tuple[Path, int, Plan]:
    """The socket, the worker and what to do. Raises HakubeError where only a reload will do."""
    if not running(machine, unit):
        raise HakubeError(f"{unit} does not run")
    loaded = socket.files(machine, config, unit)
    if loaded != [config]:
        raise HakubeError(f"{unit} loads several files: {', '.join(loaded)}")
    before = old.decode("utf-8", "surrogateescape")
    after = new.decode("utf-8", "surrogateescape")
    path = socket.stats(machine, config, unit, admin=True, content=before)
    info = runtime.info(socket.ask(path, "show info"))
    if not _has_read(unit, machine.path(config), info.pid, old):
        raise HakubeError(f"{config} was changed since haproxy read it")
    if newer := _newer_authorities(machine, info.pid, new):
        raise HakubeError(f"{newer[0]} was changed since haproxy read it")
    plan = live.plan(before, after, info.version, servers(path))
    if plan.why:
        raise HakubeError(plan.why)
    if (least := live_steps.least(plan)) > WHOLE:
        raise HakubeError(f"to tell it would take {least:.0f} s")
    return path, info.pid, plan


def servers(path: Path) -> list[Server]:
    """All servers of the running haproxy. Raises SocketError, TimedOut."""
    state = socket.ask(path, "show servers state")
    return runtime.servers(state, socket.ask(path, "show stat"))


def started(pid: int) -> float | None:
    """When the process began, in seconds of the epoch; None where there is none."""
    ticks = _ticks(pid)
    if ticks is None:
        return None
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return booted + ticks / os.sysconf("SC_CLK_TCK")


def changed(path: Path) -> float:
    """When the file last became what it is: also one that was put there with an older time."""
    found = path.stat()
    return max(found.st_mtime, found.st_ctime)


def _carry_out(path: Path, plan: Plan) -> Adopted:
    done: list[Order] = []
    end = time.monotonic() + WHOLE
    try:
        for step in plan.steps:
            left = end - time.monotonic()
            if left <= 0:
                raise HakubeError(f"to tell it takes longer than {WHOLE:g} s")
            if isinstance(step, Order):
                _give(path, step, done)
            else:
                _pass(path, step, left)
        problems = _settled(path, plan) if plan.steps else []
        if problems:
            raise HakubeError("; ".join(problems))
    except HakubeError as error:
        left = _undo(path, done)
        return Adopted(False, tuple(order.text for order in done), "; ".join([str(error), *left]))
    return Adopted(True, tuple(order.text for order in done))


def _give(path: Path, order: Order, done: list[Order]) -> None:
    """Give the order; it is among those done, unless haproxy refuses it."""
    done.append(order)  # an answer that does not come may still mean that it was done
    end = time.monotonic() + order.patience
    while True:
        try:
            socket.tell(path, order.text, order.expected)
            return
        except socket.SocketError:
            if time.monotonic() >= end:
                done.remove(order)
                raise
        time.sleep(POLL)


def _pass(path: Path, step: Step, left: float) -> None:
    """Wait for what the step waits for, not longer than what is ``left`` (seconds). Raises
    HakubeError where it does not come."""
    if isinstance(step, Serving):
        if live_steps.unserved(step, servers(path)):
            raise HakubeError(
                f"{step.backend} has no other server up than {', '.join(step.without)}"
            )
    elif isinstance(step, Emptied):
        _until(min(step.latest, left), lambda: not _sessions(path, step.servers))
    elif isinstance(step, Checked):
        _wait_for_verdict(path, step, min(step.latest, left))


def _wait_for_verdict(path: Path, step: Checked, latest: float) -> None:
    name = "/".join(step.server)
    begun = time.monotonic()

    def look() -> list[bool]:
        waited = time.monotonic() - begun
        found = {(one.backend, one.name): one for one in servers(path)}
        passed = live_steps.verdict(step, found.get(step.server), waited)
        return [] if passed is None else [passed]

    said = _until(latest, look)
    if not said:
        raise HakubeError(f"no health check of {name} has ended within {latest:.0f} s")
    if step.must_pass and not said[0]:
        raise HakubeError(f"{name} does not pass its health check")


def _sessions(path: Path, keys: Sequence[live_steps.Key]) -> int:
    return sum(one.sessions for one in servers(path) if (one.backend, one.name) in keys)


def _until(patience: float, look: Callable[[], Found]) -> Found:
    """What it finds, as soon as that is something, or in the end."""
    end = time.monotonic() + patience
    while not (found := look()) and time.monotonic() < end:
        time.sleep(POLL)
    return found


def _settled(path: Path, plan: Plan) -> list[str]:
    """What is not as planned, once haproxy had a moment to bring it about."""
    end = time.monotonic() + socket.PATIENCE
    while (left := live_steps.unmet(plan, servers(path))) and time.monotonic() < end:
        time.sleep(POLL)
    return left


def _undo(path: Path, done: Sequence[Order]) -> list[str]:
    """Take back what was done, the last first; what could not be, one line each."""
    left = []
    for order in reversed(done):
        for text, expected in order.undo:
            try:
                _give(path, Order(text, expected, patience=UNDONE), [])
            except TimedOut as error:
                return [*left, f"not undone: {error}"]  # nor will it answer to the others
            except HakubeError as error:
                left.append(f"not undone: {error}")
                break
    return left


def _has_read(unit: str, config: Path, pid: int, content: bytes) -> bool:
    """Whether the worker has read this content, or taken it over by ``adopt``."""
    since = started(pid)
    if since is None:
        return False
    if files.read(_note(unit)) == _said(pid, content):
        return True
    try:
        return files.read(config) == content and changed(config) < since
    except FileNotFoundError:
        return False


def _newer_authorities(machine: Machine, pid: int, content: bytes) -> list[str]:
    """The CA files of this content that the process has read as they were before."""
    since = started(pid) or 0.0
    return [
        name
        for name in sorted(set(verdict.authorities(content)))
        if machine.path(name).exists() and changed(machine.path(name)) > since
    ]


def _remember(unit: str, pid: int, content: bytes) -> None:
    files.write(_note(unit), _said(pid, content), mode=0o600)


def _said(pid: int, content: bytes) -> bytes:
    # A pid is used again some day; not with the same start.
    return f"{pid} {_ticks(pid)} {hashlib.sha256(content).hexdigest()}\n".encode()


def _note(unit: str) -> Path:
    return unread.NOTES / f"{unit}.adopted"


def _ticks(pid: int) -> int | None:
    """The clock ticks from the boot to the start of a process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # Field 22, counted behind the name, which may have spaces (proc(5)).
    return int(fields.rpartition(")")[2].split()[19])
