"""From which ``defaults`` a section inherits, and when it has to say so.

A section without ``from`` inherits from the last ``defaults`` above it. Since haproxy 2.4 a
``defaults`` can have a name, and one that some section names with ``from`` must be named by all:
haproxy refuses a file that mixes both ("to avoid any ambiguity don't mix both usage").
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from saltext_hakube.core.haproxy.section import Section, key_of
from saltext_hakube.core.haproxy.syntax import words

_INHERITING = ("frontend", "backend", "listen")


def named(section: Section, owed: dict[str, str]) -> Section:
    """The section with the ``from`` that it owes."""
    name = owed.get(section.key)
    return replace(section, header=f"{section.header} from {name}") if name else section


def owed(lines: Iterable[str]) -> dict[str, str]:
    """For each section that would have to name its ``defaults`` and does not: that name."""
    current, silent, explicit = "", {}, set()
    for line in lines:
        found = words(line)
        if not found or found[0] not in (*_INHERITING, "defaults"):
            continue
        name = found[found.index("from") + 1] if "from" in found[2:-1] else ""
        explicit.add(name)
        if found[0] == "defaults":
            current = found[1] if len(found) > 1 else ""
        elif current and not name and len(found) > 1:
            silent[key_of(*found[:2])] = current
    return {key: name for key, name in silent.items() if name in explicit}
