"""The ledger's format: lines of JSON, each of which seals the one before.

::

    {"at":1764012345.5,"batch":7,"cluster":"k8s","data":{...},"incident":"i-3","kind":"acted",
     "n":8,"prev":"<hash of line 7>","hash":"<SHA-256 of this line without ,\"hash\":...>"}

What is hashed is canonical JSON (keys sorted, no blanks, UTF-8), so another program can check it
too. A line that was changed, taken out, put in or moved is found; who can write the file can still
write all of it anew. ``n`` counts on over all files; ``batch`` is the first ``n`` that was written
at once with this one. It tells a write that a power cut tore, of which nobody has been told that
it is kept, from damage in what was.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy.decision import Record

#: Bytes of one line, at most. A snapshot of 64 nodes in trouble is some 300 kB.
LONGEST = 4 << 20
GENESIS = "0" * 64
_HASH = b',"hash":"'
#: The end of each line: the mark, the hash, two characters.
_TAIL = len(_HASH) + 64 + 2


class Unwritable(HakubeError):
    """It cannot be a line of the ledger; the text says why."""


class Broken(HakubeError):
    """It is no whole line, or not the one that has to follow; the text says why."""


class Head(Struct, frozen=True):
    """Where a ledger ends: the number and the hash of its last line."""

    n: int = 0
    hash: str = GENESIS


class Body(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line without its hash. The fields stand in the order of canonical JSON."""

    at: float
    batch: int
    cluster: str
    data: dict[str, Any] = {}
    incident: str = ""
    # Not one of a list: a ledger that a later version wrote is whole, too.
    kind: str
    n: int
    prev: str


class Line(Body, frozen=True, kw_only=True, omit_defaults=True):
    hash: str

    @property
    def head(self) -> Head:
        return Head(self.n, self.hash)

    @property
    def record(self) -> Record:
        return Record(kind=self.kind, at=self.at, incident=self.incident, data=self.data)  # type: ignore[arg-type]


class Damage(Struct, frozen=True):
    """The first place that is not whole. ``line`` counts from 1, ``offset`` from 0; ``follow``:
    whole lines after it; ``torn``: it is what a power cut leaves of the last write."""

    line: int
    offset: int
    why: str
    torn: bool
    follow: int = 0

    def told(self) -> str:
        """In one line."""
        where = f"line {self.line} (byte {self.offset})"
        if self.torn:
            return f"{where}: the last write was torn ({self.why})"
        after = f"{self.follow} whole lines follow" if self.follow else "no whole line follows"
        return f"{where}: damaged ({self.why}); {after}"


class Reading(Struct, frozen=True):
    """What a file says. ``records``: those before the damage; ``after``: what is whole behind it.
    ``head``: of the last line before the damage (None: there is none), ``good``: bytes up to it.
    """

    records: tuple[Record, ...]
    head: Head | None
    good: int
    damage: Damage | None = None
    after: tuple[Record, ...] = ()


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Line)


def encode(records: Iterable[Record], cluster: str, head: Head) -> tuple[bytes, Head]:
    """Lines to be written at once after ``head``, and where the ledger ends then.

    Raises Unwritable: a record that is no plain data, or too long.
    """
    lines, batch = [], head.n + 1
    for record in records:
        text = _canonical(record, cluster, batch, head)
        if len(text) + _TAIL > LONGEST:
            raise Unwritable(
                f"a record ({record.kind}) of {len(text)} bytes cannot be written; {LONGEST} is "
                "the most"
            )
        digest = hashlib.sha256(text).hexdigest()
        lines.append(b'%s,"hash":"%s"}\n' % (text[:-1], digest.encode()))
        head = Head(head.n + 1, digest)
    return b"".join(lines), head


def _canonical(record: Record, cluster: str, batch: int, head: Head) -> bytes:
    """The line without its hash."""
    body = Body(
        at=record.at,
        batch=batch,
        cluster=cluster,
        data=record.data,
        incident=record.incident,
        kind=record.kind,
        n=head.n + 1,
        prev=head.hash,
    )
    try:
        try:
            text = _encoder.encode(body)
        except UnicodeEncodeError:
            body = replace(body, data=_legible(record.data), incident=_legible(record.incident))
            text = _encoder.encode(body)
        # What is no number has no form in JSON: it would be null, and another record.
        if b"null" in text and not _is_finite(msgspec.to_builtins(body)):
            raise ValueError("a number in it is infinite, or none")
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Unwritable(f"a record ({record.kind}) cannot be written: {error}") from None
    return text


def _legible(value: Any) -> Any:
    """The same without halves of characters, which come from bytes that were no text."""
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_legible(key): _legible(it) for key, it in value.items()}
    if isinstance(value, list | tuple):
        return [_legible(it) for it in value]
    return value


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(_is_finite(it) for it in value.values())
    return not isinstance(value, list | tuple) or all(_is_finite(it) for it in value)


def decode(text: bytes, cluster: str, head: Head | None = None) -> Line:
    """The line (without its newline), verified.

    ``head``: that of the line before; None where it is not there (the first of the oldest file,
    or one behind a damage). Raises Broken.
    """
    line = _sealed(text)
    if line.cluster != cluster:
        raise Broken(f"it is of the cluster {line.cluster[:60]!a}")
    if head is None:
        return line
    if line.n != head.n + 1:
        raise Broken(f"it is number {line.n}, and has to be {head.n + 1}")
    if line.prev != head.hash:
        raise Broken(f"it does not follow the line before it, number {head.n}")
    return line


def _sealed(text: bytes) -> Line:
    """The line, if its hash is that of its content."""
    if len(text) > LONGEST:
        raise Broken(f"it is longer than {LONGEST} bytes")
    if text[-_TAIL : -_TAIL + len(_HASH)] != _HASH or text[-2:] != b'"}':
        raise Broken("it is not a line of a ledger")
    seal = hashlib.sha256(text[:-_TAIL])
    seal.update(b"}")
    if seal.hexdigest().encode() != text[-66:-2]:
        raise Broken("its content is not what its hash seals")
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Broken(f"it cannot be read: {error}") from None


def read(data: bytes, cluster: str, head: Head | None = None) -> Reading:
    """What a file says, up to the first place that is not whole.

    ``head``: where the file before it ends; without one the first line has to be number 1 or a
    snapshot, or what stood before it is missing.
    """
    records: list[Record] = []
    offset = 0
    *whole, rest = data.split(b"\n")
    for number, text in enumerate(whole, 1):
        try:
            line = decode(text, cluster, head)
            if head is None and line.n != 1 and line.kind != "snapshot":
                raise Broken(f"it is number {line.n}: those before it are missing")
        except Broken as error:
            good = Reading(tuple(records), head, offset)
            return _damaged(data, cluster, good, number, str(error))
        records.append(line.record)
        head = line.head
        offset += len(text) + 1
    reading = Reading(tuple(records), head, offset)
    return _damaged(data, cluster, reading, len(whole) + 1, "it has no end") if rest else reading


def _damaged(data: bytes, cluster: str, before: Reading, number: int, why: str) -> Reading:
    """What follows upon the part that is whole."""
    rest = data[before.good :]
    later = _later(rest, cluster, before.head)
    first = before.head.n + 1 if before.head else 1
    # A line that was written after the one that is not whole: somebody was told it was kept.
    kept = any(line.batch > first for line in later)
    torn = not kept and _is_torn(rest)
    damage = Damage(number, before.good, why, torn, len(later))
    after = () if torn else tuple(line.record for line in later)
    return Reading(before.records, before.head, before.good, damage, after)


def _is_torn(rest: bytes) -> bool:
    """Whether it is what is left of a write: without an end, or with blocks that never came to
    the disk, which are zeros. (A bit that flips makes one zero at most.)"""
    if b"\0\0" in rest:
        return True
    if b"\n" in rest:
        return False
    try:
        _sealed(rest[:-1])
    except Broken:
        return True
    # A whole line and something else in place of its newline.
    return False


def _later(rest: bytes, cluster: str, head: Head | None) -> list[Line]:
    """The lines in ``rest`` that are whole, each with a greater number than the one before."""
    found: list[Line] = []
    last = head.n if head else 0
    for text in rest.split(b"\n")[1:]:
        try:
            line = decode(text, cluster)
        except Broken:
            continue
        if line.n > last:
            found.append(line)
            last = line.n
    return found


def since_snapshot(records: Iterable[Record]) -> tuple[Record, ...]:
    """The last snapshot and what came after it: all that the state is made of."""
    found: list[Record] = []
    for record in records:
        if record.kind == "snapshot":
            found.clear()
        found.append(record)
    return tuple(found)
