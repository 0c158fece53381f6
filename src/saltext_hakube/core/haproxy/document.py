"""haproxy.cfg without loss: sections of ours in a file that is somebody else's.

Every section of ours stands between two marks that say so and name its owner. A section that
was there before and is now declared is not thrown away: it stays above ours as comments::

    # >>> hakube kubernetes: frontend apiserver-secure (edits here are lost)
    #| frontend apiserver-secure
    #|   bind 10.0.0.100:443
    frontend apiserver-secure
        mode tcp
    # <<< hakube kubernetes: frontend apiserver-secure

A file is read as the original (every line that is not ours, the replaced ones put back) and the
blocks placed in it. Whatever is declared, the original is carried along, so that taking our
blocks out gives its bytes back, and reading what was written gives the same again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import msgspec

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy import inherit
from saltext_hakube.core.haproxy.section import Section, key_of
from saltext_hakube.core.haproxy.syntax import header, words

OWNER = "kubernetes"  # whose are the sections that the pillar declares

_MARK = re.compile(r"# (?P<side>>>>|<<<) hakube (?P<owner>[\w.@-]+): (?P<key>[^()]+?)(?: \(.*\))?")
_REPLACED = "#| "
# The words of diff(1). haproxy 2.6 and later refuse a file whose last line has no line feed.
_NO_NEWLINE = "#\\ No newline at end of file"


class Block(msgspec.Struct, frozen=True):
    """Something of ours: it stands in place of ``replaced`` lines of the original at ``line``."""

    key: str
    owner: str
    line: int
    replaced: int
    text: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True):
    """A section of the original: its lines from ``start`` to before ``stop``."""

    key: str
    start: int
    stop: int
    conditional: bool


class Document(msgspec.Struct, frozen=True):
    """The original's lines, each with its line ending, and our blocks in their order."""

    original: tuple[str, ...]
    blocks: tuple[Block, ...]


def with_sections(
    text: bytes | None,
    sections: Sequence[Section],
    absent: Iterable[str] = (),
    *,
    owner: str = OWNER,
    base: Sequence[Section] = (),
) -> bytes:
    """The file with exactly these sections of this owner, and without those in ``absent``.

    ``base`` is what a file needs that has no section at all (global, defaults). Raises ConfigError.
    """
    document = parse(text or b"")
    wanted = {section.key: section for section in _with_base(document, sections, owner, base)}
    absent = tuple(absent)
    _refuse_contradictions(document, wanted, absent, owner)
    for key in absent:
        document = _without_original(document, key)
    kept = [block for block in document.blocks if block.owner != owner or block.key in wanted]
    have = {block.key for block in kept}
    new = [_placed(document.original, wanted[key], owner) for key in wanted if key not in have]
    placed = Document(document.original, (*kept, *new))
    owed = inherit.owed(_lines(render(_filled(placed, wanted, owner))))
    named = {key: inherit.named(section, owed) for key, section in wanted.items()}
    return render(_filled(placed, named, owner))


def parse(text: bytes) -> Document:
    """Read a file."""
    lines = _lines(text)
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
            position += 1  # an end without its beginning
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


def sections_of(original: Sequence[str]) -> list[Found]:
    """The sections of a file's lines. Comments and blank lines after one belong to the next."""
    found: list[Found] = []
    depth = opened_at = 0
    key, start, stop, cut = "", -1, 0, False
    for number, line in enumerate(original):
        statement = words(line)
        if not statement:
            continue
        head = header(line)
        if head:
            if key:
                found.append(Found(key, start, stop, cut or depth != opened_at))
            key, start, stop, cut, opened_at = key_of(*head), number, number + 1, depth > 0, depth
            continue
        if statement[0] == ".if":
            depth += 1
        elif statement[0] == ".endif":
            depth = max(0, depth - 1)
        cut = cut or depth < opened_at
        stop = number + 1
    if key:
        found.append(Found(key, start, stop, cut or depth != opened_at))
    return found


def _lines(text: bytes) -> list[str]:
    """The lines of a file with their line feeds. Not every byte in them has to be UTF-8."""
    return re.findall(r"[^\n]*\n|[^\n]+\Z", text.decode("utf-8", "surrogateescape"))


def _filled(document: Document, sections: dict[str, Section], owner: str) -> Document:
    """The document with the text of these sections in the owner's blocks."""
    blocks = [
        msgspec.structs.replace(block, text=sections[block.key].rendered())
        if block.owner == owner
        else block
        for block in document.blocks
    ]
    return Document(document.original, tuple(blocks))


def _mark(line: str) -> re.Match | None:
    return _MARK.fullmatch(line.rstrip("\r\n"))


def _read_block(
    lines: Sequence[str], position: int, mark: re.Match, at: int
) -> tuple[Block, list[str], int, bool]:
    """The block that begins here, the lines that it replaced, what follows it, and whether the
    last line of the original before its end had no line feed."""
    away: list[str] = []
    flagged = False
    position += 1
    while position < len(lines) and lines[position].startswith(("#|", "#\\ ")):
        if lines[position].startswith("#|"):
            # An editor may have stripped the space of an empty line.
            away.append(lines[position].removeprefix(_REPLACED).removeprefix("#|"))
        else:
            flagged = True
        position += 1
    start, stop, after = position, *_end(lines, position, mark)
    block = Block(mark["key"], mark["owner"], at, len(away), tuple(lines[start:stop]))
    return block, away, after, flagged


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


def _placed(original: Sequence[str], section: Section, owner: str) -> Block:
    """Where a section that is not yet ours goes: on the one of its name, else to the end."""
    key = section.key
    for found in sections_of(original):
        if found.key == key and section.beside:
            # In the midst of a condition it would stand under that condition.
            return Block(key, owner, 0 if found.conditional else found.stop, 0)
        if found.key == key:
            stop = found.stop
            if not original[-1].endswith("\n") and not any(map(words, original[stop:])):
                stop = len(original)  # so that the missing line feed is noted in our block
            return Block(key, owner, found.start, stop - found.start)
    # haproxy wants the global section before the others.
    line = 0 if key == "global" and sections_of(original) else len(original)
    return Block(key, owner, line, 0)


def _without_original(document: Document, key: str) -> Document:
    """The document whose original never had this section."""
    for found in sections_of(document.original):
        if found.key == key:
            gone = range(found.start, found.stop)
            original = [line for n, line in enumerate(document.original) if n not in gone]
            blocks = [_moved(block, gone) for block in document.blocks]
            return Document(tuple(original), tuple(blocks))
    return document


def _moved(block: Block, gone: range) -> Block:
    before = len(range(gone.start, min(gone.stop, max(gone.start, block.line))))
    inside = sum(line in gone for line in range(block.line, block.line + block.replaced))
    return msgspec.structs.replace(
        block, line=block.line - before, replaced=block.replaced - inside
    )


def _with_base(
    document: Document, sections: Sequence[Section], owner: str, base: Sequence[Section]
) -> list[Section]:
    """Base sections come with a file that has none, and stay until ours are all gone."""
    have = {block.key for block in document.blocks if block.owner == owner}
    bare = not sections_of(document.original) and not document.blocks
    declared = {section.key for section in sections}
    needed = [s for s in base if s.key not in declared and (bare or s.key in have)]
    if not sections_of(document.original):
        whole = {s.key: s for s in base}
        sections = [_joined(whole.get(s.key), s) if s.beside else s for s in sections]
    # haproxy wants the global section before the others.
    return sorted([*needed, *sections], key=lambda s: s.key != "global") if sections else []


def _joined(base: Section | None, section: Section) -> Section:
    """What stands beside nothing has all that the file needs of it."""
    return section if base is None else Section(base.header, (*base.lines, *section.lines))


def _refuse_contradictions(
    document: Document, wanted: dict[str, Section], absent: Sequence[str], owner: str
) -> None:
    problems = [f"'{key}' is both declared and absent" for key in absent if key in wanted]
    beside = {key for key, section in wanted.items() if section.beside}
    for block in document.blocks:
        if block.owner != owner and block.key in {*wanted, *absent} - beside:
            problems.append(
                f"'{block.key}' belongs to '{block.owner}', which declares it too; "
                f"declare it once, or remove that one first (owner: {block.owner})"
            )
    have = {block.key for block in document.blocks if block.owner == owner}
    found = sections_of(document.original)
    for key in {*wanted, *absent} - have - beside:
        same = [section for section in found if section.key == key]
        if len(same) > 1:
            lines = ", ".join(str(section.start + 1) for section in same)
            problems.append(f"'{key}' stands {len(same)} times in the file (lines {lines})")
        elif same and same[0].conditional:
            problems.append(
                f"'{key}' in the file (line {same[0].start + 1}) is inside or across .if/.endif; "
                "which of its lines count is not known, so it is not replaced: take it out first"
            )
    if problems:
        raise ConfigError(problems)
