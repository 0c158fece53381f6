"""Sections that inherit nothing from the file's ``defaults``: where they stand, how they log.

Most of what a ``defaults`` says cannot be unsaid in a section: ``no option forwardfor`` is an
error in haproxy 2.2 to 3.0, and without it haproxy warns of every TCP section below (a refusal
where ``zero-warning`` is set); ``default-server``, ``disabled``, ``maxconn`` or the rules of a
named one change what ours mean. So ours stand before the first ``defaults`` of the file, behind
an empty one, which takes back whatever an earlier file said. The file's own ``defaults`` follows
at once and takes back ours.

Only where to log to is the file's to say, as for any section of it.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

import msgspec

from saltext_hakube.core.haproxy.found import closed
from saltext_hakube.core.haproxy.section import Section, key_of
from saltext_hakube.core.haproxy.syntax import header, words

BARRIER = Section("defaults hakube", ("# empty, so that what follows inherits nothing",))

_LOGGING = ("frontend", "backend", "listen")
# haproxy warns of a format for logs that go nowhere.
_FORMATS = ("option tcplog", "option httplog")


def place(lines: Sequence[str], keywords: Container[str] = ("defaults",)) -> int | None:
    """Before which line they stand: that of the first of these, with the comments above it.

    None where there is no such line, or no other section could begin there.
    """
    depth, outermost = 0, 0
    for number, line in enumerate(lines):
        statement = words(line)
        if statement and statement[0] == ".if":
            outermost = number if depth == 0 else outermost
            depth += 1
        elif statement and statement[0] == ".endif":
            depth = max(0, depth - 1)
        elif (header(line) or ("",))[0] in keywords:
            if depth == 0:
                return _with_comments(lines, number)
            return _with_comments(lines, outermost) if closed(lines, outermost) else None
    return None


def completed(section: Section, logs: Sequence[str]) -> Section:
    """The section with these ``log`` lines, if it has none of its own."""
    if section.header.split()[0] not in _LOGGING or any(map(_is_log, section.lines)):
        return section
    kept = [line for line in section.lines if logs or line not in _FORMATS]
    first = next((n for n, line in enumerate(kept, 1) if line.startswith("mode ")), 0)
    return msgspec.structs.replace(section, lines=(*kept[:first], *logs, *kept[first:]))


def logs(lines: Sequence[str], keys: Container[str]) -> tuple[str, ...]:
    """The ``log`` lines that the sections of these keys need to log as others of the file do.

    They are those of the first ``defaults`` that has any; none where they would lead nowhere:
    "log global" means what ``global`` has said above.
    """
    told = list(_log_lines(lines))
    ours = (n for n, line in enumerate(lines) if key_of(*(header(line) or ("",))) in keys)
    place = next(ours, len(lines))
    anywhere = any(keyword == "global" and number < place for keyword, number, _ in told)
    first = next((number for keyword, number, _ in told if keyword == "defaults"), None)
    if first is None:
        return ("log global",) * anywhere
    found = [text for _, number, text in told if number == first]
    reach = [text for text in found if anywhere or words(text)[1:2] != ["global"]]
    return tuple(reach) if any(words(text)[:1] == ["log"] for text in reach) else ()


def _log_lines(lines: Sequence[str]) -> Iterator[tuple[str, int, str]]:
    """Keyword and line of the section, and each log statement of it that does not depend on a
    condition."""
    keyword, start, depth = "", 0, 0
    for number, line in enumerate(lines):
        statement = words(line)
        if not statement:
            continue
        head = header(line)
        if head:
            keyword, start = head[0], number
        elif statement[0] in (".if", ".endif"):
            depth = max(0, depth + (1 if statement[0] == ".if" else -1))
        elif keyword in ("global", "defaults") and _is_log(line) and not depth:
            yield keyword, start, line.strip()


def _is_log(line: str) -> bool:
    statement = words(line)
    return statement[:1] == ["log"] or statement[:2] == ["no", "log"]


def _with_comments(lines: Sequence[str], number: int) -> int:
    while number and lines[number - 1].lstrip().startswith("#"):
        number -= 1
    return number
