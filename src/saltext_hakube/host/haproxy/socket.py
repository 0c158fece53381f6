"""A running haproxy's sockets: one order, one answer, within one deadline."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from saltext_hakube.core.errors import HakubeError, TimedOut
from saltext_hakube.core.haproxy import endpoint
from saltext_hakube.core.haproxy import unit as units
from saltext_hakube.core.haproxy.runtime import told
from saltext_hakube.host.haproxy.unit import start_command, text
from saltext_hakube.host.machine import Machine

PATIENCE = 2.0  # seconds for one order and its whole answer
QUEUE = 0.02  # seconds between two attempts to get into its queue
LONGEST = 32 << 20  # bytes; `show sess` has some 200 for a session

# Without -S the master has no socket; Debian's unit has it.
NO_MASTER = (
    "{unit} has no master socket, so its old workers cannot be asked: start haproxy with "
    "`-W -S /run/haproxy-master.sock` (Debian's unit does)"
)


class SocketError(HakubeError):
    """A socket of haproxy is not there, or haproxy refused an order. Nothing was done."""


def ask(path: Path, order: str, *, timeout: float = PATIENCE) -> str:
    """What haproxy answers to a question. Raises SocketError, TimedOut."""
    end = time.monotonic() + timeout
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as channel:
            channel.settimeout(timeout)
            _connect(channel, path, end)
            channel.sendall(order.encode() + b"\n")
            # The master only closes after its client did.
            channel.shutdown(socket.SHUT_WR)
            answer = _whole(channel, path, order, end)
    except TimeoutError:
        raise TimedOut(
            f"haproxy did not answer `{order}` at {path} within {timeout:g} s: it hangs, or is "
            "stopped (`ps -o stat,wchan -C haproxy` tells); the cluster's monitor or `systemctl "
            "kill -s KILL` of its unit gets it out of that"
        ) from None
    except FileNotFoundError:
        raise SocketError(
            f"haproxy has no socket at {path}: it does not run, or the `stats socket` line is "
            "newer than it (a reload brings it)"
        ) from None
    except ConnectionRefusedError:
        raise SocketError(
            f"nobody listens at haproxy's socket {path}: haproxy does not run"
        ) from None
    except OSError as error:
        raise SocketError(f"haproxy's socket {path}: {error.strerror or error}") from None
    _refused(path, order, answer)
    return answer


def tell(path: Path, order: str, expected: str = "", *, timeout: float = PATIENCE) -> str:
    """Give an order. ``expected``: what is in the answer of success; without it there is none.

    Raises SocketError with haproxy's words, TimedOut.
    """
    answer = ask(path, order, timeout=timeout)
    good = expected in answer if expected else not answer.strip()
    if not good:
        raise SocketError(f"haproxy refused `{order}`: {told(answer)}")
    return answer


def stats(
    machine: Machine, config: str, unit: str, *, admin: bool = False, content: str | None = None
) -> Path:
    """The stats socket that the configuration has. Raises SocketError.

    ``admin``: one that takes orders; without it one that only tells will do. ``content``: what
    haproxy has read of ``config``, where that is not what the file has now.
    """
    _alive(machine)
    texts = [text(machine.path(name)) or "" for name in files(machine, config, unit)]
    texts = texts if content is None else [content, *texts]
    found = endpoint.stats(texts)
    wanted = [one for one in found if one.level == "admin"] if admin else found
    if not wanted:
        raise SocketError(
            f"{config} has no `stats socket` of level admin, so the running haproxy cannot be "
            "told anything: add `stats socket /run/haproxy.sock mode 660 level admin` to its "
            "`global` and reload"
        )
    return machine.path(wanted[0].path)


def files(machine: Machine, config: str, unit: str) -> list[str]:
    """All files that haproxy loads, ``config`` among them: of a folder those that it reads."""
    found = [config]
    for name in units.files(start_command(machine, config, unit)):
        path = machine.path(name)
        inside = sorted(path.glob("*.cfg")) if path.is_dir() else []
        found += [f"{name.rstrip('/')}/{one.name}" for one in inside] if path.is_dir() else [name]
    return list(dict.fromkeys(found))


def master(machine: Machine, config: str, unit: str) -> Path | None:
    """The socket of the master process; None where the unit starts haproxy without one."""
    _alive(machine)
    path = endpoint.master(start_command(machine, config, unit))
    return machine.path(path) if path else None


def _alive(machine: Machine) -> None:
    if not machine.live:
        raise SocketError(f"{machine.root} stands for a machine: there is no haproxy that runs")


def _connect(channel: socket.socket, path: Path, end: float) -> None:
    """Connect; where others are in the queue already, wait for a place in it."""
    while True:
        try:
            channel.connect(str(path))
            return
        except BlockingIOError:  # unix sockets say so at once
            if time.monotonic() >= end:
                raise TimeoutError from None
        time.sleep(QUEUE)


def _whole(channel: socket.socket, path: Path, order: str, end: float) -> str:
    parts, length = [], 0
    while True:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        channel.settimeout(left)
        part = channel.recv(1 << 16)
        if not part:
            break
        parts.append(part)
        length += len(part)
        if length > LONGEST:
            raise SocketError(
                f"haproxy's answer to `{order}` at {path} is longer than {LONGEST >> 20} MiB"
            )
    if not parts:
        # Its shortest answer is an empty line; nothing at all is no success.
        raise SocketError(f"haproxy closed {path} without an answer to `{order}`")
    return b"".join(parts).decode(errors="replace")


def _refused(path: Path, order: str, answer: str) -> None:
    """What is an error whatever was asked."""
    first = answer.lstrip().split("\n", 1)[0]
    if first.startswith("Permission denied"):
        raise SocketError(
            f"haproxy refused `{order}` at {path}: {first} (its `stats socket` line needs "
            "`level admin`)"
        )
    if first.startswith(("Unknown command", "Can't find the target", "Can't find backend")):
        raise SocketError(f"haproxy refused `{order}` at {path}: {told(first)}")
