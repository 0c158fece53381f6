"""What ``haproxy -c`` said of a file, in the words of haproxy 2.2 to 3.x."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from saltext_hakube.core.haproxy.syntax import words

_LEVEL = re.compile(r"^\[(?P<level>[A-Z]+)\]\s+(?:\S+\s+)?\(\d+\)\s:\s(?:config\s:\s)?")
# These only count what was said before.
_SUMMARIES = ("Error(s) found in configuration file", "Fatal errors found in configuration")
# With exit code 2: the file is right, and there is nothing to listen on. Debian's own file is so.
_NO_LISTENER = "has no error but will not start (no listener)"


class Verdict(msgspec.Struct, frozen=True):
    """Whether the file is good, and what haproxy said of it, one text for each message."""

    good: bool
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read(returncode: int, output: str) -> Verdict:
    """The verdict from haproxy's exit code and output."""
    told: dict[str, list[str]] = {"ALERT": [], "WARNING": []}
    level = ""
    for line in output.splitlines():
        found = _LEVEL.match(line)
        if found:
            level = found["level"]
            message = line[found.end() :]
            if level in told and not message.startswith(_SUMMARIES):
                told[level].append(message)
        elif told.get(level) and line.startswith((" ", "|")):
            told[level][-1] += " " + line.strip(" |")  # haproxy breaks long messages
    warnings = tuple(told["WARNING"])
    if returncode == 0 or (returncode == 2 and _NO_LISTENER in output):
        return Verdict(True, (), warnings)
    return Verdict(False, tuple(told["ALERT"]) or (output or f"exit code {returncode}",), warnings)


def authorities(content: bytes) -> Iterator[str]:
    """The files that the configuration names as ``ca-file``."""
    for line in content.decode("utf-8", "surrogateescape").splitlines():
        yield from (name for word, name in pairwise(words(line)) if word == "ca-file")
