"""haproxy.cfg without loss: sections of ours in a file that is somebody else's.

Every section of ours stands between two marks that say so and name its owner. A section that
was there before and is now declared is not thrown away: it stays above ours as comments::

    # >>> hakube kubernetes: frontend apiserver-secure (edits here are lost)
    #| frontend apiserver-secure
    #|   bind 10.0.0.100:443
    frontend apiserver-secure
        mode tcp
    # <<< hakube kubernetes: frontend apiserver-secure

It goes to the end of the file, or where the section stands that it replaces. One that is ``apart``
goes before the first ``defaults``, and only the comments stay where the replaced one was.

A file is read as the original (every line that is not ours, the replaced ones put back) and the
blocks placed in it. Whatever is declared, the original is carried along, so that taking our
blocks out gives its bytes back, and reading what was written gives the same again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy import apart, inherit
from saltext_hakube.core.haproxy.blocks import Block, Document, lines_of, parse, render
from saltext_hakube.core.haproxy.found import Found, sections_of
from saltext_hakube.core.haproxy.section import Section
from saltext_hakube.core.haproxy.syntax import NAMELESS, SECTIONS, words

OWNER = "kubernetes"  # whose are the sections that the pillar declares

# haproxy reads several of them, so one that somebody adds beside ours is left alone.
_REPEATED = (*NAMELESS, "defaults")


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
    placed = _placed(document, wanted, owner)
    if any(block.key == apart.BARRIER.key and block.owner == owner for block in placed.blocks):
        wanted = {**wanted, apart.BARRIER.key: apart.BARRIER}
    lines = lines_of(render(_filled(placed, wanted, owner)))
    logs = apart.logs(lines, {key for key, section in wanted.items() if section.apart})
    owed = inherit.owed(lines)
    wanted = {
        key: inherit.named(apart.completed(section, logs) if section.apart else section, owed)
        for key, section in wanted.items()
    }
    return render(_filled(placed, wanted, owner))


def _filled(document: Document, sections: dict[str, Section], owner: str) -> Document:
    """The document with the text of these sections in the owner's blocks.

    Where a section has more than one, the others only keep what was replaced.
    """
    speaking: dict[str, Block] = {}
    for block in document.blocks:
        if block.owner == owner and (block.key not in speaking or not block.replaced):
            speaking[block.key] = block
    blocks = []
    for block in document.blocks:
        if block.owner == owner:
            text = sections[block.key].rendered() if speaking[block.key] is block else ()
            block = msgspec.structs.replace(block, text=text)  # noqa: PLW2901
        blocks.append(block)
    return Document(document.original, tuple(blocks))


def _placed(document: Document, wanted: dict[str, Section], owner: str) -> Document:
    """The document with a block for each section, their texts still to come."""
    original = document.original
    found = sections_of(original)
    blocks = [block for block in document.blocks if block.owner != owner or block.key in wanted]
    for section in wanted.values():
        if not section.apart:
            blocks = _with_block(original, found, blocks, section, owner)
    apart_ = [section for section in wanted.values() if section.apart]
    line = _line_apart(original, blocks) if apart_ else None
    for section in apart_:
        blocks = _with_block(original, found, blocks, section, owner, away=line is not None)
    if line is not None:
        keys = (apart.BARRIER.key, *(section.key for section in apart_))
        blocks.sort(key=lambda it: (it.line, it.replaced > 0))
        at = (n for n, it in enumerate(blocks) if it.line >= line and _is_defaults(it))
        after = (n for n, it in enumerate(blocks) if it.line > line)
        ours = [Block(key, owner, line, 0) for key in keys]
        position = min((*at, *after), default=len(blocks))
        blocks[position:position] = ours
    return Document(original, tuple(blocks))


def _with_block(
    original: Sequence[str],
    found: Sequence[Found],
    blocks: list[Block],
    section: Section,
    owner: str,
    *,
    away: bool = False,
) -> list[Block]:
    """The blocks with one for this section, or ``away``: only what keeps the lines it replaces."""
    same = [it for it in found if it.key == section.key]
    taken = _taken_over(original, same, section, blocks, owner)
    have = [it for it in blocks if it.owner == owner and it.key == section.key]
    keep = [it for it in have if it.replaced]
    if not away and not keep and not taken:
        keep = have[:1]
        taken = [] if have else [_new(original, same, section, owner)]
    gone = {id(it) for it in have} - {id(it) for it in keep}
    return [it for it in blocks if id(it) not in gone] + taken


def _line_apart(original: Sequence[str], blocks: Sequence[Block]) -> int | None:
    """The line where sections stand that inherit nothing; None where nothing can be inherited."""
    first = [block.line for block in blocks if _is_defaults(block) and not block.replaced]
    found = apart.place(original)
    return min(first if found is None else [found, *first], default=None)


def _is_defaults(block: Block) -> bool:
    return block.key.split()[0] == "defaults" and block.key != apart.BARRIER.key


def _taken_over(
    original: Sequence[str],
    same: Sequence[Found],
    section: Section,
    blocks: Sequence[Block],
    owner: str,
) -> list[Block]:
    """Blocks in place of the file's own sections of the same name."""
    have = any(block.key == section.key and block.owner == owner for block in blocks)
    if section.beside or (have and section.key.split()[0] in _REPEATED):
        return []
    taken = []
    for found in same:
        covered = any(it.line <= found.start < it.line + it.replaced for it in blocks)
        if found.conditional or covered:
            continue
        stop = found.stop
        if not original[-1].endswith("\n") and not any(map(words, original[stop:])):
            stop = len(original)  # so that the missing line feed is noted in our block
        taken.append(Block(section.key, owner, found.start, stop - found.start))
    return taken


def _new(original: Sequence[str], same: Sequence[Found], section: Section, owner: str) -> Block:
    """A block where nothing of its name is replaced: at the end, a global section before all."""
    line = None
    if section.key == "global":
        # In the midst of a condition it would stand under that condition.
        sure = (found.stop for found in same if section.beside and not found.conditional)
        line = next(sure, apart.place(original, SECTIONS))
    return Block(section.key, owner, len(original) if line is None else line, 0)


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
    # Where the file has one, ours of that name was declared, and with its own again it is whole.
    have = {block.key for block in document.blocks if block.owner == owner}
    have -= {found.key for found in sections_of(document.original)}
    bare = not sections_of(document.original) and not document.blocks
    declared = {section.key for section in sections}
    needed = [s for s in base if s.key not in declared and (bare or s.key in have)]
    theirs = {block.key for block in document.blocks if block.owner != owner}
    if not sections_of(document.original):
        whole = {s.key: s for s in base}
        alone = {s.key for s in sections if s.beside} - theirs
        sections = [_joined(whole.get(s.key), s) if s.key in alone else s for s in sections]
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
        if block.key == "global" and not block.replaced:
            continue  # haproxy reads several as one
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
