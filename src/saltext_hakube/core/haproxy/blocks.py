"""Our blocks in somebody's haproxy.cfg: how they are written and read back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from saltext_hakube.core.haproxy.section import key_of
from saltext_hakube.core.haproxy.syntax import header, words

_MARK = re.compile(r"# (?P<side>>>>|<<<) hakube (?P<owner>[\w.@-]+): (?P<key>[^()]+?)(?: \(.*\))?")
_REPLACED = "#| "
_KEPT = ("#|", "#\\ ")  # how the comments begin that stand for the original's lines
# The words of diff(1). haproxy 2.6 and later refuse a file whose last line has no line feed.
_NO_NEWLINE = "#\\ No newline at end of file"


class Block(msgspec.Struct, frozen=True):
    """Something of ours: it stands in place of ``replaced`` lines of the original at ``line``."""

    key: str
    owner: str
    line: int
    replaced: int
    text: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """The original's lines, each with its line ending, and our blocks in their order."""

    original: tuple[str, ...]
    blocks: tuple[Block, ...]


def parse(text: bytes) -> Document:
    """Read a file."""
    lines = lines_of(text)
    original: list[str] = []
    blocks: list[Block] = []
    position, unended = 0, False
    while position < len(lines):
        mark = _mark(lines[position])
        if mark and mark["side"] == ">>>":
            block, away, position, flagged = _read_block(lines, position, mark, len(original))
            original += away
            unended = (unended and not away) or flagged
            blocks.append(block)
        elif mark:
            position += 1
            floor = blocks[-1].line + blocks[-1].replaced if blocks else 0
            if (found := _unbegun(original, mark, floor)) is not None:
                away, flagged, block = found
                del original[block.line :]
                original += away
                unended = flagged
                blocks.append(block)
        else:
            unended = False
            original.append(lines[position])
            position += 1
    if unended and original:
        original[-1] = original[-1].removesuffix("\n")
    return Document(tuple(original), tuple(blocks))


def render(document: Document) -> bytes:
    """Write a file; the inverse of parse."""
    original = list(document.original)
    # Stable, so the order is kept; what stands before a line comes before what replaces it.
    blocks = sorted(document.blocks, key=lambda block: (block.line, block.replaced > 0))
    at_end = any(block.line + block.replaced == len(original) for block in blocks)
    unended = bool(at_end and original and not original[-1].endswith("\n"))
    if unended:
        original[-1] += "\n"
    out: list[str] = []
    position = 0
    for block in blocks:
        out += original[position : block.line]
        position = block.line + block.replaced
        last = unended and position == len(original)
        out += _framed(block, original[block.line : position], last)
        unended = unended and not last
    out += original[position:]
    return "".join(out).encode("utf-8", "surrogateescape")


def lines_of(text: bytes) -> list[str]:
    """The lines of a file with their line feeds. Not every byte in them has to be UTF-8."""
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text.decode("utf-8", "surrogateescape"))


def _mark(line: str) -> re.Match | None:
    return _MARK.fullmatch(line.rstrip("\r\n"))


def _read_block(
    lines: Sequence[str], position: int, mark: re.Match, at: int
) -> tuple[Block, list[str], int, bool]:
    """The block that begins here, the lines that it replaced, what follows it, and whether the
    last line of the original before its end had no line feed."""
    first = position + 1
    start = first
    while start < len(lines) and lines[start].startswith(_KEPT):
        start += 1
    away, flagged = _away(lines[first:start])
    stop, after = _end(lines, start, mark)
    block = Block(mark["key"], mark["owner"], at, len(away), tuple(lines[start:stop]))
    return block, away, after, flagged


def _away(lines: Sequence[str]) -> tuple[list[str], bool]:
    """The replaced lines that these comments keep, and whether the last had no line feed."""
    # An editor may have stripped the space of an empty line.
    kept = [line.removeprefix(_REPLACED).removeprefix("#|") for line in lines if line[1] == "|"]
    return kept, len(kept) < len(lines)


def _unbegun(
    original: Sequence[str], mark: re.Match, floor: int
) -> tuple[list[str], bool, Block] | None:
    """The block that ends here and whose first mark was lost: the lines that it replaced, whether
    the last had no line feed, and the block; None where the end stands alone."""
    start = len(original)
    for number in range(len(original) - 1, floor - 1, -1):
        head = header(original[number])
        if head:
            start = number if key_of(*head) == mark["key"] else start
            break
    top = start
    while top > floor and original[top - 1].startswith(_KEPT):
        top -= 1
    away, flagged = _away(original[top:start])
    if start == len(original) and (not away or key_of(*(header(away[0]) or ("",))) != mark["key"]):
        return None
    text = tuple(original[start:])
    return away, flagged, Block(mark["key"], mark["owner"], top, len(away), text)


def _end(lines: Sequence[str], position: int, mark: re.Match) -> tuple[int, int]:
    """Where the block's text ends, and where what follows it begins.

    A section that somebody wrote between our marks is not ours: the block ends before it and
    before the comments above it.
    """
    own_header_seen, last = False, position
    for number in range(position, len(lines)):
        other = _mark(lines[number])
        if other and other["side"] == "<<<":
            return number, number + 1
        head = header(lines[number])
        if other or (head and (own_header_seen or key_of(*head) != mark["key"])):
            return last, last
        own_header_seen = own_header_seen or head is not None
        if words(lines[number]):
            last = number + 1
    return last, last


def _framed(block: Block, away: Sequence[str], unended: bool) -> Iterable[str]:
    title = f"hakube {block.owner}: {block.key}"
    yield f"# >>> {title} (edits here are lost)\n"
    for line in away:
        yield f"{_REPLACED}{line}"
    if unended:
        yield f"{_NO_NEWLINE}\n"
    yield from block.text
    yield f"# <<< {title}\n"
