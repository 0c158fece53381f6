"""A new haproxy.cfg in place of the old one, read by the haproxy that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from saltext_hakube.core.errors import HakubeError, Refused
from saltext_hakube.host import files
from saltext_hakube.host import unread as notes
from saltext_hakube.host.haproxy import runtime
from saltext_hakube.host.haproxy.reload import reload
from saltext_hakube.host.haproxy.unit import running
from saltext_hakube.host.machine import Machine

# How haproxy has the new file: it finds it when it starts, or it read it, or it was told of what
# differs and went on.
How = Literal["stopped", "reloaded", "adopted"]


class Replaced(NamedTuple):
    """``why`` it took a reload: what the running process could not be told."""

    how: How
    why: str = ""


def unread(machine: Machine, unit: str) -> bool:
    """Whether haproxy runs with what was in the file before our last change of it.

    So it is if that change was killed between the write and the reload.
    """
    return notes.exists(unit) and running(machine, unit)


def replace(
    machine: Machine,
    config: str,
    unit: str,
    old: bytes | None,
    new: bytes,
) -> Replaced:
    """Write the file and let a running haproxy have it.

    First the running process is told, if it can be, which costs no reload. If it does not take the
    new content, what it had read before is put back. Raises Refused then.
    """
    path = machine.path(config)
    if not running(machine, unit):
        _put(path, new)
        if machine.live:
            notes.forget(unit)  # it will read the file when it starts
        return Replaced("stopped")
    before = notes.last_read(unit, old)
    why = ""
    # A run that was killed while it told haproxy may have left a server drained: only a reload
    # knows of none.
    known = not notes.exists(unit)
    notes.remember(unit, before, new)
    if known and old and new:
        adopted = runtime.adopt(machine, unit, config, old, new)
        if adopted.done:
            _put_adopted(path, unit, new)
            return Replaced("adopted")
        why = adopted.why
    try:
        _put(path, new)
    except HakubeError:
        if known:  # the file is as it was
            notes.forget(unit)
        else:
            notes.remember(unit, before, old or b"")
        raise
    try:
        reload(unit)
    except HakubeError as error:
        told = f"{unit} did not take the new {config}: {error}"
        if before == new:
            told += "\nThe file stays as it is: what it was before is not known"
            raise Refused(told) from None
        _put_back(path, unit, before, told)
    notes.forget(unit)
    return Replaced("reloaded", why)


def put_back(machine: Machine, config: str, unit: str, new: bytes, old: bytes | None) -> None:
    """Give haproxy the old file again, after it took the new one and serves worse with it.

    Raises Refused; where haproxy does not take it, the old file stays, and a start will read it.
    """
    path = machine.path(config)
    notes.remember(unit, new, old or b"")
    try:
        _put(path, old or b"")
    except HakubeError as error:
        raise Refused(f"the old file could not be put back: {error}") from None
    if running(machine, unit):
        try:
            reload(unit)
        except HakubeError as error:
            raise Refused(
                f"the old file was put back, but {unit} still runs with the new one: {error}"
            ) from None
    notes.forget(unit)


def _put_adopted(path: Path, unit: str, new: bytes) -> None:
    """Write what the process was told; where that fails it goes back to what the file says."""
    try:
        _put(path, new)
    except HakubeError:
        reload(unit)
        notes.forget(unit)
        raise
    notes.forget(unit)


def _put_back(path: Path, unit: str, before: bytes | None, told: str) -> None:
    """Undo a change that haproxy did not take; always raises Refused."""
    try:
        _put(path, before or b"")
    except HakubeError as second:
        raise Refused(f"{told}\nThe old file could not be put back: {second}") from None
    told += "\nThe old file was put back, and"
    try:
        reload(unit)
    except HakubeError as second:
        raise Refused(f"{told} {unit} did not take that one either: {second}") from None
    notes.forget(unit)
    raise Refused(f"{told} {unit} runs with it") from None


def _put(path: Path, content: bytes) -> None:
    """A file that nothing is left of was ours altogether."""
    if content:
        files.write(path, content)
    else:
        files.remove(path)
