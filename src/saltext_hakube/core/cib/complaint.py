"""What pacemaker's schema has against a CIB, told by the object that it is about."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

from saltext_hakube.core.cib import xmltext

# What libxml2 prints for a Relax-NG schema, by way of crm_verify.
_LINE = re.compile(r":(\d+): element ([\w-]+): Relax-NG validity error : (.*)")
_ID = re.compile(r'\sid="([^"]*)"')


def lined(text: str) -> str:
    """The CIB with each element on a line of its own, so that a line says which it is."""
    root = xmltext.parse(text, "the CIB")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")


def complaints(lines: str, output: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The id of each object among ``names`` that the schema refuses, and why.

    ``lines``: the CIB as ``lined`` gives it; ``output``: what crm_verify printed of it.
    """
    rows, known, told = lines.splitlines(), set(names), set()
    for number, tag, reason in _LINE.findall(output):
        for row in reversed(rows[: int(number)]):
            found = _ID.search(row)
            if found and found[1] in known:
                break
        else:
            continue
        # One fault is told again by every element around it.
        if found[1] not in told:
            told.add(found[1])
            yield found[1], f"{reason.strip()} (<{tag}>)"
