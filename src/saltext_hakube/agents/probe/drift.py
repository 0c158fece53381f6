"""Whether our files are as an apply would write them: by its manifest, and read anew only where a
file changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

from saltext_hakube.agents.probe.look import Look, down, unknown, up

LONGEST = 8 << 20  # bytes of a file that are looked at


class Wrong(Exception):
    """The manifest cannot be used; the text says why."""


class Own(NamedTuple):
    """A file of ours: as a whole, by its hash; else the texts in it that are ours."""

    path: str
    sha256: str
    pieces: tuple[str, ...]


def manifest(text: str) -> tuple[Own, ...]:
    """Raises Wrong."""
    try:
        data = json.loads(text)
        if data["format"] != 1:
            raise Wrong(f"has the format {data['format']!r}")
        return tuple(_own(it) for it in data["files"])
    except (ValueError, KeyError, TypeError):
        raise Wrong("is no list of files") from None


def _own(data: dict[str, Any]) -> Own:
    sha256 = data.get("sha256", "")
    pieces = tuple(data.get("pieces", ()))
    if not all(isinstance(it, str) for it in (data["path"], sha256, *pieces)):
        raise TypeError
    return Own(data["path"], sha256, pieces)


def same(own: Own, content: bytes) -> bool:
    """Whether the content is as it should be, as far as it is ours."""
    if own.sha256:
        return hashlib.sha256(content).hexdigest() == own.sha256
    lines = "\n" + content.decode("utf-8", "surrogateescape")
    if not lines.endswith("\n"):
        lines += "\n"
    return all((f"\n{it}" if it.endswith("\n") else it) in lines for it in own.pieces)


class Drift:
    """``look`` costs a question to the kernel for each file."""

    def __init__(self, path: str):
        self._path = path
        self._read: object = None
        self._files: tuple[Own, ...] = ()
        self._problem = ""
        self._known: dict[str, tuple[object, str]] = {}

    def look(self) -> Look:
        self._look_at_manifest()
        if self._problem:
            return unknown(self._problem)
        told = {own.path: self._judged(own) for own in self._files}
        wrong = {path: why for path, why in told.items() if why in (_CHANGED, _GONE)}
        if wrong:
            why = "; ".join(f"{path} {why}" for path, why in wrong.items())
            return down(why, files=list(wrong))
        unread = [f"{path} {why}" for path, why in told.items() if why]
        return unknown("; ".join(unread)) if unread else up()

    def _look_at_manifest(self) -> None:
        state = _state(self._path)
        if state == self._read:
            return
        self._read, self._known, self._files, self._problem = state, {}, (), ""
        try:
            self._files = manifest(Path(self._path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._problem = f"no apply has written {self._path} yet"
        except OSError as error:
            self._problem = f"{self._path} cannot be read: {error.strerror}"
        except (Wrong, UnicodeDecodeError) as error:
            self._problem = f"{self._path} {error}"

    def _judged(self, own: Own) -> str:
        """What is wrong with it, in some words; empty where nothing is."""
        state = _state(own.path)
        kept = self._known.get(own.path)
        if kept is not None and kept[0] == state:
            return kept[1]
        told = _judge(own)
        self._known[own.path] = (state, told)
        return told


_CHANGED, _GONE = "is not as applied", "is gone"


def _judge(own: Own) -> str:
    try:
        with Path(own.path).open("rb") as file:
            content = file.read(LONGEST)
    except FileNotFoundError:
        return _GONE
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if same(own, content) else _CHANGED


def _state(path: str) -> object:
    try:
        found = Path(path).stat()
    except OSError as error:
        return error.errno
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)
