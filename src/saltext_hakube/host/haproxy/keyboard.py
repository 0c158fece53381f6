"""Orders of a person to the haproxy that runs, each seen to be carried out before it returns."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from saltext_hakube.core.errors import ConfigError, HakubeError, Refused, TimedOut
from saltext_hakube.core.haproxy import live_diff, live_steps, runtime
from saltext_hakube.core.haproxy.live_steps import Serving
from saltext_hakube.core.haproxy.runtime import Process, Server, Session
from saltext_hakube.host.haproxy import socket
from saltext_hakube.host.haproxy.runtime import POLL, changed, servers, started
from saltext_hakube.host.haproxy.unit import text
from saltext_hakube.host.machine import Machine

# Seconds for haproxy to do what it accepted.
DONE = 5.0

Place = tuple[int, str, str]  # worker, backend, server


class Shut(Struct, frozen=True):
    """Sessions that were shut down: in which worker, on which server, how many."""

    pid: int
    backend: str
    server: str
    sessions: int


class Keyboard(Struct, frozen=True):
    """Which haproxy is meant: its file and its unit."""

    machine: Machine
    config: str
    unit: str

    def ask(self, question: str) -> str:
        """Ask the current worker."""
        return socket.ask(socket.stats(self.machine, self.config, self.unit), question)

    def tell(self, order: str) -> None:
        """Order the current worker."""
        path = socket.stats(self.machine, self.config, self.unit, admin=True)
        socket.tell(path, order)

    def ask_worker(self, pid: int, question: str) -> str:
        """Ask one worker, old ones too, through the master."""
        return socket.ask(self._master(), f"@!{pid} {question}")

    def tell_worker(self, pid: int, order: str) -> None:
        """Order one worker through the master."""
        socket.tell(self._master(), f"@!{pid} {order}")

    def servers(self) -> list[Server]:
        """All servers as they are now."""
        return servers(socket.stats(self.machine, self.config, self.unit))

    def workers(self) -> list[Process]:
        """The workers, the current one first. Raises SocketError without a master socket."""
        every = runtime.processes(socket.ask(self._master(), "show proc"))
        found = [one for one in every if one.kind == "worker"]
        return sorted(found, key=lambda one: (one.old, one.uptime))

    def _master(self) -> Path:
        path = socket.master(self.machine, self.config, self.unit)
        if path is None:
            raise socket.SocketError(socket.NO_MASTER.format(unit=self.unit))
        return path


def chosen(keyboard: Keyboard, server: str, backend: str | None) -> list[Server]:
    """The servers of this name, in one backend or in all. Raises ConfigError."""
    every = keyboard.servers()
    found = [one for one in every if one.name == server and backend in (None, one.backend)]
    if not found:
        known = ", ".join(sorted(f"{one.backend}/{one.name}" for one in every)) or "none"
        where = f"{backend}/{server}" if backend else server
        raise ConfigError([f"server: haproxy has no server {where}; it has {known}"])
    return found


def set_state(
    keyboard: Keyboard, server: str, backend: str | None, word: str, force: bool
) -> list[Server]:
    """Bring servers into a state (ready, drain, maint); as they are after it."""
    targets = chosen(keyboard, server, backend)
    if word != "ready" and not force:
        _demand_another(keyboard, targets, word)
    for one in targets:
        keyboard.tell(f"set server {one.backend}/{one.name} state {word}")
    return _become(keyboard, targets, lambda one: one.state == word, f"is not in state {word}")


def set_weight(
    keyboard: Keyboard, server: str, backend: str | None, weight: int, force: bool
) -> list[Server]:
    """Give servers a weight; as they are after it."""
    targets = chosen(keyboard, server, backend)
    if weight == 0 and not force:
        _demand_another(keyboard, targets, "weight 0")
    for one in targets:
        keyboard.tell(f"set server {one.backend}/{one.name} weight {weight}")
    return _become(keyboard, targets, lambda one: one.weight == weight, f"has no weight {weight}")


def sessions(keyboard: Keyboard, old_workers: bool = True) -> dict[int, list[Session]]:
    """The sessions of each worker by its process id, the current one first."""
    if not old_workers:
        pid = runtime.info(keyboard.ask("show info")).pid
        return {pid: runtime.sessions(keyboard.ask("show sess"))}
    found = {}
    for worker in keyboard.workers():
        try:
            found[worker.pid] = runtime.sessions(keyboard.ask_worker(worker.pid, "show sess"))
        except HakubeError:
            if started(worker.pid) is not None:  # else it ended meanwhile
                raise
    return found


def shutdown_sessions(
    keyboard: Keyboard, server: str, backend: str | None, old_workers: bool
) -> list[Shut]:
    """Shut down the sessions on servers, also in old workers; how many, by worker and server.

    A server that is in an old worker only counts, too.
    """
    begun = time.monotonic()
    before = _on(keyboard, server, backend, old_workers)
    if not before:
        chosen(keyboard, server, backend)  # a wrong name is an error, an idle server is none
    current = runtime.info(keyboard.ask("show info")).pid
    for (pid, place, name), found in before.items():
        if pid == current:
            keyboard.tell(f"shutdown sessions server {place}/{name}")
            continue
        # One by one: to the other order an old worker says "Proxy is disabled."
        for one in found:
            try:
                keyboard.tell_worker(pid, f"shutdown session {one.id}")
            except socket.SocketError:
                if _still(keyboard, pid, one):
                    raise
    while left := _left(before, _on(keyboard, server, backend, old_workers), begun):
        if time.monotonic() > begun + DONE:
            kept = ", ".join(f"{place}/{name} in {pid}" for pid, place, name in left)
            raise TimedOut(f"sessions that haproxy was told to shut down are still there: {kept}")
        time.sleep(POLL)
    return [Shut(*place, sessions=len(found)) for place, found in before.items()]


def differences(keyboard: Keyboard) -> list[dict[str, Any]]:
    """In what the running process and its files differ."""
    files = socket.files(keyboard.machine, keyboard.config, keyboard.unit)
    texts = [text(keyboard.machine.path(name)) or "" for name in files]
    return live_diff.differences(texts, keyboard.servers())


def older_than_file(keyboard: Keyboard) -> bool:
    """Whether the process began before the last change of one of its files."""
    since = started(runtime.info(keyboard.ask("show info")).pid)
    files = socket.files(keyboard.machine, keyboard.config, keyboard.unit)
    paths = [keyboard.machine.path(name) for name in files]
    times = [changed(path) for path in paths if path.exists()]
    return since is not None and bool(times) and max(times) > since


def _demand_another(keyboard: Keyboard, targets: Sequence[Server], word: str) -> None:
    """Refuse to take the last server that is up out of a backend."""
    every = keyboard.servers()
    for one in targets:
        if live_steps.unserved(Serving(one.backend, (one.name,)), every):
            raise Refused(
                f"{one.backend} has no other server up than {one.name}: with it in {word} nothing "
                "would be served; force=True does it all the same"
            )


def _become(
    keyboard: Keyboard, targets: Sequence[Server], good: Callable[[Server], bool], told: str
) -> list[Server]:
    """The servers, once all of them are so. Raises TimedOut."""
    keys = [(one.backend, one.name) for one in targets]
    end = time.monotonic() + DONE
    while True:
        found = [one for one in keyboard.servers() if (one.backend, one.name) in keys]
        bad = [f"{one.backend}/{one.name}" for one in found if not good(one)]
        if not bad and len(found) == len(keys):
            return found
        if time.monotonic() > end:
            raise TimedOut(f"haproxy took the order, but {', '.join(bad) or 'a server'} {told}")
        time.sleep(POLL)


def _on(
    keyboard: Keyboard, server: str, backend: str | None, old_workers: bool
) -> dict[Place, list[Session]]:
    """The sessions on servers of this name."""
    found: dict[Place, list[Session]] = {}
    for pid, every in sessions(keyboard, old_workers).items():
        for one in every:
            if one.server == server and backend in (None, one.backend):
                found.setdefault((pid, one.backend, one.server), []).append(one)
    return found


def _left(
    before: Mapping[Place, list[Session]], now: Mapping[Place, list[Session]], begun: float
) -> list[Place]:
    """Where sessions of before still are. (Their numbers are memory addresses, soon used again by
    new ones, which are younger than this order.)"""
    passed = int(time.monotonic() - begun)
    return [
        place
        for place, found in before.items()
        if {one.id for one in found} & {one.id for one in now.get(place, ()) if one.age >= passed}
    ]


def _still(keyboard: Keyboard, pid: int, session: Session) -> bool:
    """Whether a worker still has a session; it may have ended by itself, and the worker with it."""
    return any(one.id == session.id for one in sessions(keyboard).get(pid, ()))
