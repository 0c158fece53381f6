"""What the programs of a node leave for others in /run/hakube: their samples, Pacemaker's alerts.

Read in Salt's own loop, so nothing here waits, and nothing is read beyond a bound: the folder of
the alerts belongs to another user, who may put anything there.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from saltext_hakube.core import guard, watch
from saltext_hakube.core.remedy.lines import line
from saltext_hakube.core.remedy.looks import LEFT_NOTHING, Guard, Probe, Samples, Watch, decode
from saltext_hakube.core.remedy.report import News
from saltext_hakube.host.machine import Machine

FOLDER = "/run/hakube"
PROBE = f"{FOLDER}/probe.json"
ALERTS = f"{FOLDER}/alerts"

LARGE = 1 << 20  # bytes of a sample; hakube-watch's is 5 KiB, 200 servers make it 50
ALERT = 1 << 14  # bytes of an alert; its agent writes some hundred
AT_ONCE = 50  # alerts
LISTED = 1000  # names in the folder of the alerts that are looked at; its agent keeps 200


class _Alert(Struct):
    """As Pacemaker's alert agent writes it."""

    kind: Annotated[str, Meta(pattern=r"^[a-z]{1,30}\Z")]
    at: Annotated[float, Meta(ge=0, le=2**40)]
    node: str | None = ""
    resource: str | None = ""
    task: str | None = ""
    rc: str | int | None = ""
    desc: str | None = ""


def samples(machine: Machine) -> Samples:
    """What each program saw last, or why that is not known."""
    return Samples(
        watch=_sample(machine.path(watch.DAEMON.sample), Watch),
        guard=_sample(machine.path(guard.DAEMON.sample), Guard),
        probe=_sample(machine.path(PROBE), Probe),
    )


def drain(machine: Machine) -> list[News]:
    """Pacemaker's alerts, the oldest first, and no more than some; they are gone then.

    What is no alert is taken away, too.
    """
    folder = machine.path(ALERTS)
    found = []
    for name in _names(folder):
        path = folder / name
        text = content(path, ALERT)
        try:
            path.unlink()
        except OSError:  # a folder, or somebody else took it: it is not told again and again
            continue
        alert = None if isinstance(text, str) else decode(text, _Alert)
        if isinstance(alert, _Alert):
            words = (alert.node, alert.resource, alert.task, alert.rc, alert.desc)
            told = ["" if word is None else line(word) for word in words]
            found.append(News(kind=alert.kind, at=alert.at, **dict(zip(_WORDS, told, strict=True))))
    return found


_WORDS = ("node", "resource", "task", "rc", "desc")


def content(path: Path, most: int) -> bytes | str:
    """A file's bytes, or why there are none. Does not follow a link, nor wait for a pipe's end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return LEFT_NOTHING
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return f"{path} is no regular file"
        parts = []
        while most >= 0 and (part := os.read(descriptor, most + 1)):
            parts.append(part)
            most -= len(part)
    except OSError as error:
        return f"cannot read {path}: {error.strerror}"
    finally:
        os.close(descriptor)
    return f"{path} is too large" if most < 0 else b"".join(parts)


def _sample(path: Path, kind: type[Struct]) -> Any:
    text = content(path, LARGE)
    return text if isinstance(text, str) else decode(text, kind)


def _names(folder: Path) -> list[str]:
    """Of the oldest alerts: a name begins with the time at which it was written."""
    names = []
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            names.append(entry.name)
            if len(names) >= LISTED:
                break
    alerts = [name for name in names if name.endswith(".json") and not name.startswith(".")]
    return sorted(alerts, key=_written)[:AT_ONCE]


def _written(name: str) -> tuple[int, str]:
    digits = name.split("-", maxsplit=1)[0][:20]
    return (int(digits) if digits.isascii() and digits.isdecimal() else 0, name)
