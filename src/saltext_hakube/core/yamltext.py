"""YAML (and JSON) as text: single scalars replaced, every other byte kept.

Read with PyYAML's events, whose marks say where each thing stands. After an edit the text is read
again: all events must be those of before but for the wanted values, else the edit is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from saltext_hakube.core.errors import ConfigError

# What means itself without quotes, also where brackets and commas have a meaning.
BARE = re.compile(r"[A-Za-z/][A-Za-z0-9/._:=+%~@-]*(?<!:)")


class Node(NamedTuple):
    """A value: ``content`` is a text, a list of nodes, a list of pairs, or None for an alias.

    ``first`` and ``last`` are the numbers of its events.
    """

    kind: str
    content: Any
    first: int
    last: int

    def get(self, key: str) -> Node | None:
        """What a mapping has under a key. Raises ConfigError where it has it twice."""
        if self.kind != "map":
            return None
        found = [value for name, value in self.content if name.content == key]
        if len(found) > 1:
            raise ConfigError([f"the key {key} stands twice in one mapping; remove one of them"])
        return found[0] if found else None

    def text(self, key: str) -> str | None:
        """The scalar that a mapping has under a key."""
        found = self.get(key)
        return found.content if found is not None and found.kind == "scalar" else None


class Document:
    """A text and its events. Raises ConfigError where it is no YAML."""

    def __init__(self, text: str) -> None:
        self.text = text
        # Indented with tabs, JSON is no YAML for PyYAML; raw tabs in its strings are no JSON.
        self._readable = text.replace("\t", " ") if "\t" in text and _is_json(text) else text
        self.events = _events(self._readable)

    def root(self) -> Node | None:
        """The first document's value, which is the one that Kubernetes' programs read."""
        starts = (n for n, e in enumerate(self.events) if isinstance(e, yaml.DocumentStartEvent))
        start = next(starts, None)
        try:
            return None if start is None else _node(self.events, start + 1)
        except RecursionError:
            raise ConfigError(["nested too deep to be meant"]) from None

    def with_values(self, wanted: Mapping[int, Mapping[str, str]]) -> str:
        """The text in which mappings (by their first event's number) have these scalars.

        Raises ConfigError where that is not possible without touching anything else.
        """
        edits: list[tuple[int, int, str]] = []
        expected = [_said(event) for event in self.events]
        # From the end, so that the numbers of events before stay right.
        for number in sorted(wanted, reverse=True):
            mapping = _node(self.events, number)
            old = {key: mapping.get(key) for key in wanted[number]}
            new = {key: value for key, value in wanted[number].items() if old[key] is None}
            if new:
                edits.append(self._added(mapping, new))
                expected[number + 1 : number + 1] = [
                    ("scalar", word) for pair in new.items() for word in pair
                ]
            for key, node in old.items():
                if node is not None:
                    edits.append(self._replaced(key, node, wanted[number][key]))
                    expected[node.first + 2 * len(new)] = ("scalar", wanted[number][key])
        text = self.text
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new + text[end:]
        if not _alike(expected, text):
            raise ConfigError(["cannot be edited without touching other parts; edit it by hand"])
        return text

    def _replaced(self, key: str, old: Node, value: str) -> tuple[int, int, str]:
        if old.kind != "scalar":
            raise ConfigError([f"{key}: is no plain value (an alias?); write it out by hand"])
        event = self.events[old.first]
        start, end = self._place(event)
        if start == end:  # nothing stands there
            return start, end, " " + _quoted(value, None)
        style = '"' if event.style in ("|", ">") else event.style
        new = _quoted(value, style)
        if event.style in ("|", ">"):
            end = len(self.text[:end].rstrip("\r\n "))
        return start, end, new

    def _added(self, mapping: Node, values: Mapping[str, str]) -> tuple[int, int, str]:
        event = self.events[mapping.first]
        if not mapping.content:
            raise ConfigError([f"{next(iter(values))}: its mapping is empty; write it by hand"])
        mark = self.events[mapping.content[0][0].first].start_mark
        if event.flow_style:
            pairs = [f"{json.dumps(key)}: {json.dumps(value)}, " for key, value in values.items()]
        else:
            end = self._line_end() + " " * mark.column
            pairs = [f"{key}: {_quoted(value, None)}{end}" for key, value in values.items()]
        return mark.index, mark.index, "".join(pairs)

    def _place(self, event: yaml.ScalarEvent) -> tuple[int, int]:
        """Where the scalar itself stands, without an anchor or a tag before it."""
        end = event.end_mark.index
        for token in yaml.scan(self._readable, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.ScalarToken) and token.end_mark.index == end:
                return token.start_mark.index, end
        return end, end

    def _line_end(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"


def _events(text: str) -> list[Any]:
    try:
        return list(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        # Not its words: they may show what stands there.
        mark = error.problem_mark or error.context_mark
        place = f" (line {mark.line + 1})" if mark else ""
        raise ConfigError([f"is no YAML{place}; mend it by hand"]) from None
    except (yaml.YAMLError, RecursionError):
        raise ConfigError(["is no YAML; mend it by hand"]) from None


def _node(events: list[Any], number: int) -> Node:
    event = events[number]
    if isinstance(event, yaml.ScalarEvent):
        return Node("scalar", event.value, number, number)
    if isinstance(event, yaml.AliasEvent):
        return Node("alias", None, number, number)
    parts = list(_parts(events, number + 1))
    last = parts[-1].last + 1 if parts else number + 1
    if isinstance(event, yaml.SequenceStartEvent):
        return Node("list", parts, number, last)
    return Node("map", list(zip(parts[::2], parts[1::2], strict=True)), number, last)


def _parts(events: list[Any], number: int) -> Iterator[Node]:
    while not isinstance(events[number], (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
        part = _node(events, number)
        yield part
        number = part.last + 1


def _quoted(value: str, style: str | None) -> str:
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if style is None and BARE.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _said(event: Any) -> tuple[Any, ...]:
    if isinstance(event, yaml.ScalarEvent):
        return ("scalar", event.value, event.anchor, event.tag, event.implicit)
    return (type(event), getattr(event, "anchor", None), getattr(event, "tag", None))


def _alike(expected: list[tuple[Any, ...]], text: str) -> bool:
    """Whether the text says what is expected; of what is new only the value counts."""
    try:
        found = Document(text).events
    except ConfigError:
        return False
    return len(found) == len(expected) and all(
        _said(event)[: len(want)] == want for event, want in zip(found, expected, strict=True)
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
