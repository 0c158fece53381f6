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
                value, end, closed = _value(text, end + 1)
                found.append(Assignment(key[0].rstrip(" \t"), value, position, end, closed))
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
    assignment = _counting(text, name)
    return assignment.value if assignment else None


def with_values(text: str, values: Mapping[str, str]) -> str:
    """The text in which each variable has its value.

    An assignment that already says so is untouched. Another is replaced where it stands. A
    variable without one gets a line at the end. Raises ConfigError.
    """
    for name, value in values.items():
        line = f"{_checked(name)}={quoted(value, name)}"
        old = _counting(text, name)
        if old is None:
            text = _appended(text, name, line)
        elif old.value != value:
            _require_closed(text, old)
            comment = TRAILING_COMMENT.fullmatch(text, old.start, old.end)
            # A backslash at its end would make old systemds take our line for comment, too.
            above = comment[1].rstrip("\\") + "\n" if comment else ""
            text = text[: old.start] + above + line + text[old.end :]
    return text


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
            _require_closed(text, old)
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


def _value(text: str, position: int) -> tuple[str, int, bool]:
    """The value that begins here, where it ends, and whether its quotes are closed."""
    parts = []
    while True:
        position = SPACE.match(text, position).end()
        first = text[position : position + 1]
        if first in ("", "\n", "\r"):
            return "".join(parts), position, True
        if first not in QUOTED:
            break
        match = QUOTED[first].match(text, position)
        parts.append(match[1] if first == "'" else re.sub(r'\\(?:(["\\`$])|\n)', r"\1", match[1]))
        position = match.end()
        if match[2] != first:
            return "".join(parts), position, False
    # From here on quotes mean nothing any more, up to the line's end.
    match = BARE.match(text, position)
    pieces = re.findall(r"\\[\s\S]|[^\\]", match[1])
    while pieces and pieces[-1] in (" ", "\t"):
        pieces.pop()
    parts += (piece[-1] for piece in pieces if piece not in ("\\\n", "\\\r"))
    return "".join(parts), match.end(), True


def _counting(text: str, name: str) -> Assignment | None:
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
        found = _counting(longer, name)
        if found is not None and found.start == len(text) + len(gap):
            return longer
    raise ConfigError([f"{_open_quote(text)}; close it, then {name} can be added"])


def _require_closed(text: str, assignment: Assignment) -> None:
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
