"""How long certificates hold, out of their files. DER, as X.690 and RFC 5280 have it.

Python's ssl tells it of a certificate only after a handshake; the openssl program need not be
there.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from saltext_hakube.agents.probe import kubeconfig
from saltext_hakube.agents.probe.look import DOWN, Look, down, unknown, up

#: Seconds before the end from which it is told; with one that holds for a short time, a quarter of
#: that. kubeadm's hold for a year; a kubelet renews its own when a fifth or so is left.
SOON = 14 * 86400.0
LONGEST = 1 << 20  # bytes of a file that are looked at
DAY = 86400.0

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----\s+(.*?)-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC = 0x30, 0xA0, 0x17


class Validity(NamedTuple):
    """Unix times."""

    begins: float
    ends: float


def from_pem(data: bytes) -> list[Validity]:
    """Of each certificate in it. Raises ValueError."""
    try:
        return [from_der(base64.b64decode(it)) for it in _PEM.findall(data)]
    except (ValueError, IndexError, StopIteration):
        raise ValueError("holds a broken certificate") from None


def from_der(data: bytes) -> Validity:
    fields = list(_items(_sequence(_sequence(data))))
    # An optional version; serial number, algorithm and issuer; then the validity.
    _, validity = fields[4 if fields[0][0] == _VERSION else 3]
    begins, ends = (_time(*it) for it in _items(validity))
    return Validity(begins, ends)


def judge(found: Iterable[tuple[str, Validity]], now: float) -> Look:
    """``found``: with the file of each."""
    told, days = [], []
    for path, validity in sorted(set(found)):
        left = validity.ends - now
        if left <= 0:
            told.append(f"{path} ended {-left / DAY:.0f} days ago")
        elif validity.begins > now:
            told.append(f"{path} does not hold yet")
        elif left <= min(SOON, (validity.ends - validity.begins) / 4):
            told.append(f"{path} ends in {left / DAY:.0f} days")
        else:
            continue
        days.append(f"{path}: {left / DAY:.0f}")
    return down("; ".join(told), days=days) if told else up()


class _File(NamedTuple):
    """What was read of a file in this ``state``. ``named``: the files that a kubeconfig names."""

    state: object
    validities: tuple[Validity, ...] = ()
    named: tuple[str, ...] = ()
    problem: str = ""


class Certificates:
    """``look`` reads a file anew only where it changed."""

    def __init__(self, paths: Iterable[str]):
        self._paths = tuple(paths)
        self._known: dict[str, _File] = {}

    def look(self, now: float) -> Look:
        listed, problems = self._listed()
        files = {path: self._read(path) for path in listed}
        for path in [it for file in files.values() for it in file.named]:
            files.setdefault(path, self._read(path))
        look = judge(((path, it) for path, one in files.items() for it in one.validities), now)
        problems += [f"{path} {one.problem}" for path, one in files.items() if one.problem]
        if look.value == DOWN:
            return look
        if not any(one.validities for one in files.values()):
            problems = problems or ["there is no certificate to look at"]
        return unknown("; ".join(problems)) if problems else look

    def _listed(self) -> tuple[dict[str, None], list[str]]:
        """The files; and what folders cannot be read, a line each."""
        found: dict[str, None] = {}
        problems = []
        for path in map(Path, self._paths):
            try:
                found |= dict.fromkeys(str(it) for it in sorted(_files(path)))
            except OSError as error:
                problems.append(f"{path} cannot be read ({error.strerror})")
        return found, problems

    def _read(self, path: str) -> _File:
        try:
            about = Path(path).stat()
            state = (about.st_mtime_ns, about.st_ino, about.st_size)
            kept = self._known.get(path)
            if kept is None or kept.state != state:
                with Path(path).open("rb") as file:
                    kept = self._known[path] = _file(state, file.read(LONGEST), Path(path).parent)
            return kept
        except FileNotFoundError:  # not every file that could be there is
            return _File(None)
        except OSError as error:
            return _File(None, problem=f"cannot be read ({error.strerror})")


def _files(path: Path) -> list[Path]:
    """The file itself; of a folder those that end in .crt, and those in its etcd, as kubeadm has
    them. Raises OSError."""
    if not path.is_dir():
        return [path]
    found: list[Path] = []
    for folder in (path, path / "etcd"):
        # It may go just now, or there is none. (Path.glob would fail of the former.)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            found += (it for it in folder.iterdir() if it.suffix == ".crt")
    return found


def _file(state: object, content: bytes, folder: Path) -> _File:
    try:
        found = from_pem(content)
        inner = kubeconfig.certificates(content.decode("utf-8", "replace")).values()
        for it in inner:
            found += from_pem(it) if isinstance(it, bytes) else []
    except (ValueError, kubeconfig.Wrong) as error:
        return _File(state, problem=str(error))
    named = tuple(str(folder / it) for it in inner if isinstance(it, str))
    return _File(state, tuple(found), named)


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and values that stand one after the other."""
    position = 0
    while position < len(data):
        tag, length = data[position], data[position + 1]
        position += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(data[position : position + count], "big")
            position += count
        if position + length > len(data):
            raise ValueError("cut off")
        yield tag, data[position : position + length]
        position += length


def _sequence(data: bytes) -> bytes:
    tag, value = next(_items(data))
    if tag != _SEQUENCE:
        raise ValueError("another kind of value")
    return value


def _time(tag: int, value: bytes) -> float:
    text = value.decode("ascii", "replace")
    if tag == _UTC:  # two digits of the year: 50 and above are 19xx (RFC 5280, 4.1.2.5.1)
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc).timestamp()
