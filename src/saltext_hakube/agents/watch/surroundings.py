"""What a duty needs of its surroundings: the configuration, the journal, systemd, the sample."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

INFO, WARNING, ERROR = 6, 4, 3  # syslog's levels, as the journal takes them (sd-daemon(3))


class Wrong(Exception):
    """The configuration cannot be used; the text says why."""


class Settings(NamedTuple):
    """The configuration. ``stats``, ``master``: paths of haproxy's sockets, None where it has none.

    ``interval``: seconds from one look to the next.
    """

    stats: str | None
    master: str | None
    checked: frozenset[str]
    unchecked: frozenset[str]
    interval: float
    sample: str


def settings(path: str) -> Settings:
    """Read the configuration. Raises Wrong."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        haproxy = data["haproxy"]
        return Settings(
            stats=haproxy["stats"],
            master=haproxy["master"],
            checked=frozenset(haproxy["checked"]),
            unchecked=frozenset(haproxy["unchecked"]),
            interval=float(data["interval"]),
            sample=data["sample"],
        )
    except OSError as error:
        raise Wrong(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise Wrong(f"{path} is no JSON as it is wanted: {error}") from None
    except (KeyError, TypeError) as error:
        raise Wrong(f"{path} is not as it is wanted: {error!r}") from None


def say(text: str, level: int = INFO) -> None:
    """One line into the journal."""
    print(f"<{level}>{text}", file=sys.stderr, flush=True)


def tell_systemd(text: str) -> None:
    """sd_notify(3). Nothing happens where systemd does not listen."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.setblocking(False)
        with contextlib.suppress(BlockingIOError):  # systemd is busy; it hears the next one
            notify.sendto(text.encode(), "\0" + path[1:] if path[0] == "@" else path)


class Sample:
    """What was seen, for others to read: one JSON file, whole at any moment.

    ``at`` is the time for people; ``clock`` (CLOCK_BOOTTIME) tells its age, whatever is done to
    the machine's clock.
    """

    def __init__(self, path: str):
        self._path = Path(path)
        self._new = Path(f"{path}.new")
        self._failed = False
        self._head = {
            "format": 1,
            "pid": os.getpid(),
            "build": os.environ.get("HAKUBE_BUILD", ""),
            "started": round(time.time(), 3),
        }

    def write(self, seen: Mapping[str, Any]) -> None:
        """Write it; a full /run is told once, and no reason to stop looking."""
        try:
            self._write(seen)
        except OSError as error:
            if not self._failed:
                say(f"cannot write {self._path}: {error.strerror}", WARNING)
            self._failed = True
        else:
            self._failed = False

    def remove(self) -> None:
        with contextlib.suppress(OSError):  # what is left is old, and says so
            self._path.unlink()

    def _write(self, seen: Mapping[str, Any]) -> None:
        now = {"at": round(time.time(), 3), "clock": time.clock_gettime(time.CLOCK_BOOTTIME)}
        self._path.parent.mkdir(mode=0o755, exist_ok=True)
        self._new.write_text(json.dumps({**self._head, **now, **seen}), encoding="utf-8")
        self._new.replace(self._path)
