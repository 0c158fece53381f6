"""Environment files as systemd's ``EnvironmentFile=`` reads them, edited one assignment at a time.

Read by the rules of systemd.exec(5), which are those of systemd's src/basic/env-file.c: ``#`` and
``;`` begin a comment line, quotes may span lines, a backslash continues a line, what follows a
closing quote belongs to the value, nothing is expanded, the last assignment counts. Text is bytes
decoded with ``surrogateescape``; everything foreign stays byte for byte.

Only the assignment that counts is changed, where it stands. Earlier ones of the same name have
no effect and stay: a script that sources the file may use them in between.

One rule changed: up to systemd 253 a backslash at the end of a comment continues the comment,
since 254 (and in a shell) it does not. What the two would read differently is taken for absent,
and what is written here reads the same in both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from saltext_hakube.core.errors import ConfigError

BLANK = re.compile(r"[ \t\n\r]*")
COMMENT = re.compile(r"[#;][^\n\r]*")
CONTINUED_COMMENT = re.compile(r"[#;](?:\\[\s\S]|[^\\\n\r])*\\?")
# An equals sign at the very beginning is part of the key.
KEY = re.compile(r"=?[^=\n\r]*")
SPACE = re.compile(r"[ \t]*")
QUOTED = {
    "'": re.compile(r"'([^']*)('?)"),
    '"': re.compile(r'"((?:\\[\s\S]|[^"\\])*)(\\?"?)'),
}
BARE = re.compile(r"((?:\\[\s\S]|[^\\\n\r])*)\\?")
# What is one character of the value, or (a line continued) none.
IN_DOUBLE_QUOTES = re.compile(r'\\["\\`$\n]|[\s\S]')
IN_BARE = re.compile(r"\\[\s\S]|[^\\]")

# What a shell takes for a comment after the value; for systemd it is part of the value.
TRAILING_COMMENT = re.compile(
    r"""[^=]*=[ \t]*(?:"(?:\\[\s\S]|[^"\\])*"|'[^']*'|[^"'\s#][^\s"']*)?[ \t]+(#[^\n\r]*)"""
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# systemd drops a variable with control codes (env_value_is_valid), and refuses a whole file with
# a value that is not UTF-8 or holds a noncharacter (utf8_is_valid); shells cannot hold NUL.
NONCHARACTERS = "\ufdd0-\ufdef" + "".join(
    chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF)
)
UNWRITABLE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufeff{NONCHARACTERS}]")


class Assignment(NamedTuple):
    """``NAME=value`` with its place in the text (without the line's end). ``closed``: its quotes
    are."""

    name: str
    value: str
    start: int
    end: int
    closed: bool


def assignments(text: str, continued: bool = False) -> list[Assignment]:
    """Every assignment, in order. ``continued``: comments as systemd before 254 reads them."""
    comment = CONTINUED_COMMENT if continued else COMMENT
    found = []
    position = BLANK.match(text).end()
    while position < len(text):
        if text[position] in "#;":
            position = comment.match(text, position).end()
        else:
            key = KEY.match(text, position)
            end = key.end()
            if text[end : end + 1] == "=":
                value, end, closed = _characters(text, end + 1)
                name = key[0].rstrip(" \t")
                said = "".join(character.text for character in value)
                found.append(Assignment(name, said, position, end, closed))
            position = end
        position = BLANK.match(text, position).end()
    return found


def values(text: str) -> dict[str, str]:
    """All variables with the value that counts, as every systemd reads them."""
    names = dict.fromkeys(assignment.name for assignment in assignments(text))
    found = {name: get(text, name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def get(text: str, name: str) -> str | None:
    """The variable's value; None where it is not set."""
    assignment = counting(text, name)
    return assignment.value if assignment else None


def changed(old: str, new: str) -> frozenset[str]:
    """The variables that one text sets otherwise than the other."""
    before, after = values(old), values(new)
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text in which each variable has its value.

    An assignment that already says so is untouched. Another is replaced where it stands. A
    variable without one gets a line at the end. Raises ConfigError.
    """
    for name, value in values.items():
        line = f"{_checked(name)}={quoted(value, name)}"
        old = counting(text, name)
        if old is None:
            text = _appended(text, name, line)
        elif old.value != value:
            require_closed(text, old)
            above = _trailing_comment(text, old)[0]
            text = text[: old.start] + above + line + text[old.end :]
    return text


def without_trailing_comment(text: str, name: str) -> str:
    """The text in which what a shell takes for a comment behind the value stands above it."""
    old = counting(text, name)
    if old is None or not old.closed:
        return text
    above, end = _trailing_comment(text, old)
    return text[: old.start] + above + text[old.start : end] + text[old.end :]


def without(text: str, names: Iterable[str]) -> str:
    """The text without any assignment to these variables. Raises ConfigError."""
    for name in map(_checked, names):
        ours = [a for a in assignments(text) if a.name == name]
        if ours != [a for a in assignments(text, continued=True) if a.name == name]:
            raise ConfigError(
                [
                    f"{name}: stands after a comment that ends with a backslash, which systemd "
                    "reads differently before and since version 254; remove that backslash"
                ]
            )
        for old in reversed(ours):
            require_closed(text, old)
            begin = max(text.rfind("\n", 0, old.start), text.rfind("\r", 0, old.start)) + 1
            end = re.compile(r"(\r\n|[\n\r])?").match(text, old.end).end()
            text = text[:begin] + text[end:]
    return text


def quoted(value: str, name: str = "") -> str:
    """The value in double quotes, which every systemd and a POSIX shell read back the same.

    Single quotes would not do: systemd up to 239 (RHEL 8) reads a backslash in them as an escape.
    """
    bad = UNWRITABLE.search(value)
    if bad:
        raise ConfigError(
            [f"{name}: the value holds the character {bad[0]!r}, which systemd does not take"]
        )
    return '"' + re.sub(r'(["\\`$])', r"\\\1", value) + '"'


class Character(NamedTuple):
    """One character of a value, and the bytes of the file that it stands for."""

    text: str
    start: int
    end: int


def _trailing_comment(text: str, old: Assignment) -> tuple[str, int]:
    """The comment's line, and where the assignment ends without it."""
    comment = TRAILING_COMMENT.fullmatch(text, old.start, old.end)
    if comment is None:
        return "", old.end
    end = len(text[: comment.start(1)].rstrip(" \t"))
    # A backslash at its end would make old systemds take our line for comment, too.
    return comment[1].rstrip("\\") + "\n", end


def characters(text: str, assignment: Assignment) -> list[Character]:
    """The value's characters with their places, which quotes and backslashes lie between."""
    return _characters(text, text.index("=", assignment.start + 1) + 1)[0]


def _characters(text: str, position: int) -> tuple[list[Character], int, bool]:
    """The value that begins here, where it ends, and whether its quotes are closed."""
    found: list[Character] = []
    while True:
        position = SPACE.match(text, position).end()
        first = text[position : position + 1]
        if first in ("", "\n", "\r"):
            return found, position, True
        if first not in QUOTED:
            break
        match = QUOTED[first].match(text, position)
        # In single quotes a backslash means nothing, in double quotes only before some.
        pieces = re.compile(r"[\s\S]") if first == "'" else IN_DOUBLE_QUOTES
        found += (
            Character(piece[0][-1], piece.start(), piece.end())
            for piece in pieces.finditer(text, match.start(1), match.end(1))
            if piece[0] != "\\\n"
        )
        position = match.end()
        if match[2] != first:
            return found, position, False
    # From here on quotes mean nothing any more, up to the line's end.
    match = BARE.match(text, position)
    bare = list(IN_BARE.finditer(text, match.start(1), match.end(1)))
    while bare and bare[-1][0] in (" ", "\t"):
        bare.pop()
    found += (
        Character(piece[0][-1], piece.start(), piece.end())
        for piece in bare
        if piece[0] not in ("\\\n", "\\\r")
    )
    return found, match.end(), True


def counting(text: str, name: str) -> Assignment | None:
    """The assignment that counts, if every systemd agrees on it."""
    found = [
        next((a for a in reversed(assignments(text, continued)) if a.name == name), None)
        for continued in (False, True)
    ]
    return found[0] if found[0] == found[1] else None


def _appended(text: str, name: str, line: str) -> str:
    """The text with this line at its end, where it surely begins a line of its own."""
    # A backslash at the very end eats one line end, hence two.
    for gap in ("", "\n", "\n\n"):
        longer = f"{text}{gap}{line}\n"
        found = counting(longer, name)
        if found is not None and found.start == len(text) + len(gap):
            return longer
    raise ConfigError([f"{_open_quote(text)}; close it, then {name} can be added"])


def require_closed(text: str, assignment: Assignment) -> None:
    if not assignment.closed:
        raise ConfigError([f"{_open_quote(text)}; close it by hand"])


def _open_quote(text: str) -> str:
    for assignment in assignments(text) + assignments(text, continued=True):
        if not assignment.closed:
            line = text.count("\n", 0, assignment.start) + 1
            return f"line {line}: the value of {assignment.name} has a quote that is never closed"
    return "the file does not end where a line ends"


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ConfigError(
            [f"{name!r} is no name of an environment variable; use letters, digits and '_'"]
        )
    return name
