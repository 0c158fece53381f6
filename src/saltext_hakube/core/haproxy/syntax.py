"""How haproxy reads one line: words, quotes, comments, and which words open a section.

haproxy has no line continuation: a backslash before the line's end is a word of its own
(``haproxy -c`` 2.6 says "unknown keyword '\\'"). Indentation means nothing to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Every keyword that opens a section in haproxy 1.5 to 3.3 (REGISTER_CONFIG_SECTION in its source,
# and configuration.txt); one that a version does not know cannot stand at the start of a line
# there, so the union is right for all of them.
SECTIONS = frozenset(
    {"defaults", "frontend", "backend", "listen"}
    | {"global", "traces", "namespace_list", "program", "ring", "cache", "crt-store", "acme"}
    | {"peers", "resolvers", "mailers", "userlist", "http-errors", "fcgi-app", "healthcheck"}
    | {"log-forward", "log-profile"}
)

# Sections that have no name.
NAMELESS = frozenset({"global", "namespace_list", "traces"})

# haproxy's own classes: isspace() of the C locale separates words, an unquoted carriage return
# ends the line as a line feed does (parse_line in src/tools.c).
_PLAIN_WORD = re.compile(r"[^ \t\v\f]+")
_SPACE = frozenset(" \t\v\f")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def words(line: str) -> list[str]:
    """The words of a line as haproxy sees them, without quotes and comment."""
    if not any(mark in line for mark in "\\\"'"):
        statement = re.split(r"[#\r\n]", line, maxsplit=1)[0]
        return _PLAIN_WORD.findall(statement)
    return list(_quoted_words(line))


def header(line: str) -> tuple[str, str] | None:
    """Keyword and name of the section that this line opens; None where it opens none."""
    found = words(line)
    if not found or found[0] not in SECTIONS:
        return None
    return found[0], found[1] if len(found) > 1 else ""


def _quoted_words(line: str) -> Iterator[str]:
    word: str | None = None
    quote = ""
    position = 0
    while position < len(line):
        char = line[position]
        if char == "\\" and quote != "'":
            text, position = _escaped(line, position)
            word = (word or "") + text
            continue
        position += 1
        if quote:
            if char == quote:
                quote = ""
            else:
                word = (word or "") + char
        elif char in "\"'":
            quote, word = char, word or ""
        elif char in "#\r\n":
            break
        elif char in _SPACE:
            if word is not None:
                yield word
            word = None
        else:
            word = (word or "") + char
    if word is not None:
        yield word


def _escaped(line: str, position: int) -> tuple[str, int]:
    """The text that the escape at this position means, and where the rest begins."""
    after = line[position + 1 : position + 2]
    if after == "x":
        digits = line[position + 2 : position + 4]
        if re.fullmatch("[0-9A-Fa-f]{2}", digits):
            return chr(int(digits, 16)), position + 4
    if after in ("", "\n", "\r"):
        return "\\", position + 1
    return _ESCAPES.get(after, after), position + 2
