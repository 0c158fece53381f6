"""The command line that a systemd unit starts haproxy with, and the one that checks a file for it.

Read from the unit's files, not from systemd, so that it is known before systemd has loaded them
and for a folder that stands for a machine. Specifiers (``%i``) are not expanded.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

# Options of haproxy(1) that have a value in the next word.
_VALUED = {"-f", "-p", "-S", "-L", "-n", "-m", "-N", "-C", "-x"}
# Of a start, not of a check: pid file, silence, sockets of a predecessor.
_DROPPED = {"-p", "-x", "-q", "-c"}
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class _Service(NamedTuple):
    command: str
    variables: dict[str, str]
    files: list[str]


def command(texts: Sequence[str], read: Callable[[str], str | None]) -> list[str]:
    """The words of ExecStart, variables expanded; [] where the files have none.

    ``texts``: the unit file and its drop-ins, in systemd's order. ``read`` gives the content of
    an environment file, None where it is missing.
    """
    variables = environment(texts, read)
    parts = _split(_service(texts).command)
    return [word for part in parts for word in _expanded(part, variables)]


def environment(texts: Sequence[str], read: Callable[[str], str | None]) -> dict[str, str]:
    """The variables that the unit's files give its program; as for ``command``."""
    service = _service(texts)
    variables = dict(service.variables)
    for name in service.files:
        variables.update(_assignments(read(name) or ""))
    return variables


def files(argv: Sequence[str]) -> list[str]:
    """The configuration files and folders that this command line loads."""
    pairs = list(_options(argv[1:]))
    return [value for option, value in pairs if option in ("-f", "--")]


def check(argv: Sequence[str], places: Mapping[str, str | None]) -> list[str]:
    """The command line that checks what ``argv`` would start.

    ``places``: what to load in place of a file or folder; None leaves it out.
    """
    words = [argv[0], "-c"]
    for option, value in _options(argv[1:]):
        if option in ("-sf", "-st"):
            break
        if option in _DROPPED:
            continue
        if option in ("-f", "--"):
            place = places.get(value, value)
            words += ["-f", place] if place else []
        else:
            words += [option, value] if option in _VALUED else [option]
    return words


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    rest = iter(words)
    for word in rest:
        if word == "--":
            yield from (("--", file) for file in rest)
        elif word in _VALUED:
            yield word, next(rest, "")
        else:
            yield word, ""


def _service(texts: Sequence[str]) -> _Service:
    start, variables, files = "", {}, []
    for key, value in (setting for text in texts for setting in _settings(text)):
        if key == "ExecStart":
            start = value or ""
        elif key == "Environment":
            if value:
                variables.update(_assignments("\n".join(_split(value))))
            else:
                variables = {}
        elif key == "EnvironmentFile":
            files = [*files, value.lstrip("-")] if value else []
    return _Service(start.lstrip("@-:+!"), variables, files)


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """The assignments in [Service]."""
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        line = line.strip()  # noqa: PLW2901
        if line.startswith("["):
            section = line
        elif section == "[Service]" and line and line[0] not in "#;":
            key, sign, value = line.partition("=")
            if sign:
                yield key.strip(), value.strip()


def _assignments(text: str) -> dict[str, str]:
    """NAME=VALUE lines, as in an environment file."""
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        name, sign, value = line.strip().partition("=")
        if sign and re.fullmatch(r"[A-Za-z_]\w*", name):
            found[name] = " ".join(_split(value)) if value[:1] in ("'", '"') else value.strip()
    return found


def _expanded(word: str, variables: Mapping[str, str]) -> list[str]:
    """``$NAME`` as a word of its own becomes words, ``${NAME}`` stays part of one word."""
    if re.fullmatch(r"\$\w+", word):
        return _split(variables.get(word[1:], ""))
    return [_VARIABLE.sub(lambda found: variables.get(found[1], ""), word)]


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quote; systemd would refuse the line
        return text.split()
