"""A section that somebody declares: its header and its lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy.syntax import NAMELESS, SECTIONS, header, words

# What haproxy accepts in the name of a proxy (invalid_char() in its src/tools.c).
_NAME = re.compile(r"[A-Za-z0-9_.:-]+")


class Section(msgspec.Struct, frozen=True):
    """One section: ``header`` is its first line, ``lines`` are the statements below it.

    ``beside``: it replaces nothing. haproxy reads several ``global`` sections as one.
    ``apart``: it inherits nothing from the file's ``defaults`` (see apart.py).
    """

    header: str
    lines: tuple[str, ...] = ()
    beside: bool = False
    apart: bool = False

    @property
    def key(self) -> str:
        """What tells it from others: keyword and name, such as ``frontend apiserver-secure``."""
        return key_of(*self.header.split()[:2])

    def rendered(self) -> tuple[str, ...]:
        """Its lines as they stand in the file."""
        return (f"{self.header}\n", *(f"    {line}\n" if line else "\n" for line in self.lines))


def key_of(keyword: str, name: str = "") -> str:
    """The key of a section with this keyword and name."""
    return f"{keyword} {name}" if name and keyword not in NAMELESS else keyword


def declared(sections: Mapping[str, Iterable[str] | str], argument: str) -> tuple[Section, ...]:
    """Sections from plain data: ``{"frontend web": ["mode http", "bind :80"]}``.

    ``argument`` is the name under which the user gave them. Raises ConfigError.
    """
    if not isinstance(sections, Mapping):
        raise ConfigError(
            [f"{argument}: must map headers such as 'frontend web' to lists of lines"]
        )
    problems: list[str] = []
    result = [_section(key, lines, argument, problems) for key, lines in sections.items()]
    keys = [section.key for section in result]
    problems += [
        f"{argument}: '{key}' is declared twice"
        for key in dict.fromkeys(keys)
        if keys.count(key) > 1
    ]
    if problems:
        raise ConfigError(problems)
    return tuple(result)


def keys(names: Iterable[str], argument: str) -> tuple[str, ...]:
    """Keys of sections from what the user wrote. Raises ConfigError."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ConfigError([f"{argument}: must be a list such as ['listen stats'], not {names!r}"])
    problems: list[str] = []
    result = [_header(name, argument, problems) for name in names]
    if problems:
        raise ConfigError(problems)
    return tuple(key_of(*text.split()[:2]) for text in result)


def _section(head: str, lines: Iterable[str] | str, argument: str, problems: list[str]) -> Section:
    head = _header(head, argument, problems)
    if isinstance(lines, str):
        lines = lines.splitlines()
    if not isinstance(lines, Iterable) or isinstance(lines, Mapping):
        problems.append(f"{argument}: '{head}': must be a list of lines, not {lines!r}")
        lines = ()
    kept = []
    for number, line in enumerate(lines, 1):
        problem = line_problem(line)
        if problem:
            problems.append(f"{argument}: '{head}': line {number}: {problem}")
        else:
            kept.append(line.strip())
    return Section(head, tuple(kept))


def _header(head: object, argument: str, problems: list[str]) -> str:
    parts = head.split() if isinstance(head, str) else []
    if not parts or parts[0] not in SECTIONS:
        allowed = ", ".join(sorted(SECTIONS))
        problems.append(f"{argument}: {head!r} does not start with a section keyword ({allowed})")
        return "global"
    keyword, name = parts[0], parts[1] if len(parts) > 1 else ""
    if not name and keyword not in NAMELESS | {"defaults"}:
        problems.append(f"{argument}: '{head}' needs a name, as in '{keyword} web'")
    if name and not _NAME.fullmatch(name):
        problems.append(f"{argument}: '{head}': a name has letters, digits and - _ . : only")
    return " ".join(parts)


def line_problem(line: object) -> str:
    """Why this cannot be a line of a section; empty where it can."""
    if not isinstance(line, str):
        return f"must be text, not {line!r}; quote it in YAML"
    if any(mark in line for mark in "\n\r\0"):
        return "must be one line"
    if header(line):
        return f"'{words(line)[0]}' opens a section; give it a key of its own"
    if line.lstrip().startswith(("# >>> hakube", "# <<< hakube", "#| ", "#\\ ")):
        return "this comment is one of the marks that tell our sections from others"
    return ""
