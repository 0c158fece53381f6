"""Command line flags inside the variables of environment files, edited one at a time.

``KUBELET_ARGS="--v=2 --kubeconfig=/a"``: only the bytes of the flag in question change; other
flags of the variable, its quotes, its line continuations, and the rest of the file stay. Where
that is not possible (a value that needs quotes of its own), the variable is written anew, with the
same arguments.

A flag is found as the Kubernetes programs find it: ``--flag=value`` and ``--flag value``, with one
dash or two, ``_`` and ``-`` alike; the last one counts. What follows a ``--`` alone is no flag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from saltext_hakube.core import envfile, words
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.words import Word

FLAG = re.compile(r"--?([A-Za-z0-9][^=]*)(=)?", re.DOTALL)

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

# Flags that mean true where they stand alone: the next word is not their value.
SWITCHES = frozenset(
    {
        "add-dir-header",
        "allow-privileged",
        "alsologtostderr",
        "anonymous-auth",
        "leader-elect",
        "logtostderr",
        "one-output",
        "skip-headers",
        "skip-log-headers",
        "profiling",
        "use-service-account-credentials",
    }
)


class Flag(NamedTuple):
    """A flag among a variable's words, from ``first`` to ``last``. ``value`` None: it has none."""

    name: str
    value: str | None
    first: int
    last: int

    @property
    def joined(self) -> bool:
        """Whether its value, if any, stands in the same word."""
        return self.first == self.last


def flags(value: str) -> list[Flag]:
    """The flags in a variable's value, in their order."""
    found = []
    texts = [word.text for word in words.split(value)]
    number = 0
    while number < len(texts) and texts[number] != "--":
        match = FLAG.match(texts[number])
        if match:
            name = canonical(match[1])
            end = number
            said: str | None = texts[number][match.end() :] if match[2] else None
            following = texts[number + 1 : number + 2]
            if said is None and name not in SWITCHES and following and following[0][:1] != "-":
                end, said = number + 1, following[0]
            found.append(Flag(name, said, number, end))
            number = end
        number += 1
    return found


def canonical(name: str) -> str:
    """The flag's name without dashes before it; its parts joined by ``-``."""
    return name.lstrip("-").replace("_", "-")


def get(text: str, variable: str, flag: str) -> str | None:
    """The value that counts of a flag in a variable; None where it is not there or has none."""
    found = _find(envfile.get(text, variable) or "", flag)
    return found[-1].value if found else None


def has(text: str, variable: str, flag: str) -> bool:
    """Whether the variable holds the flag."""
    return bool(_find(envfile.get(text, variable) or "", flag))


def with_flag(text: str, variable: str, flag: str, value: str) -> str:
    """The text in which the variable holds the flag once, with this value.

    A flag that already says so is untouched. A variable that is not set, is empty, or holds no
    flag at all becomes ``--flag=value``; another gets the flag behind its last word.
    """
    before = envfile.get(text, variable)
    if not any(word.text.startswith("-") for word in words.split(before or "")):
        return envfile.with_values(text, {variable: f"--{flag}={words.quoted(value)}"})
    found = _find(before, flag)
    if len(found) == 1 and found[0].value == value:
        return text
    text = envfile.without_trailing_comment(text, variable)
    while len(found := _find(envfile.get(text, variable) or "", flag)) > 1:
        text = _removed(text, variable, found[0])
    if not found:
        return _added(text, variable, f"--{flag}={words.quoted(value)}")
    if found[0].value == value:
        return text
    return _changed(text, variable, found[0], value)


def without_flag(text: str, variable: str, flag: str) -> str:
    """The text without the flag; without the variable's lines, if nothing else is in it."""
    value = envfile.get(text, variable)
    found = _find(value or "", flag)
    if not found:
        return text
    text = envfile.without_trailing_comment(text, variable)
    while found := _find(envfile.get(text, variable) or "", flag):
        if found[0].first == 0 and found[0].last + 1 == len(
            words.split(envfile.get(text, variable))
        ):
            return envfile.without(text, [variable])
        text = _removed(text, variable, found[0])
    return text


def _find(value: str, flag: str) -> list[Flag]:
    return [found for found in flags(value) if found.name == canonical(flag)]


def _changed(text: str, variable: str, flag: Flag, value: str) -> str:
    old = envfile.get(text, variable) or ""
    split = words.split(old)
    texts = [word.text for word in split]
    head = split[flag.first]
    if not flag.joined:
        wanted = [*texts[: flag.last], value, *texts[flag.last + 1 :]]
        edit = _span(old, split[flag.last], 0, value)
    elif flag.value is None:
        wanted = [*texts[: flag.first], f"{head.text}={value}", *texts[flag.first + 1 :]]
        end = head.letters[-1].end
        edit = (end, end, "=" + value)
    else:
        sign = head.text.index("=") + 1
        new = head.text[:sign] + value
        wanted = [*texts[: flag.first], new, *texts[flag.first + 1 :]]
        edit = _span(old, head, sign, value)
    return _edited(text, variable, edit, wanted)


def _span(value: str, word: Word, skip: int, new: str) -> tuple[int, int, str]:
    """Which part of the value to replace, and by what, so that the word says ``new`` from its
    letter ``skip`` on. Quotes stay where they hold just that."""
    start = word.letters[skip - 1].end if skip else word.start
    quote = word.letters[skip - 1].quote if skip else ""
    rest = word.letters[skip:]
    if quote:
        whole = not rest or all(letter.quote == quote for letter in rest)
        end = rest[-1].end if rest else start
        if whole and value[end : word.end] == quote:
            return start, end, new
        return start, word.end, new + quote
    inner = value[start : word.end]
    framed = len(inner) > 1 and inner[0] == inner[-1] and inner[0] in words.QUOTES
    if framed and rest and all(letter.quote == inner[0] for letter in rest):
        return start + 1, word.end - 1, new
    return start, word.end, new


def _added(text: str, variable: str, flag: str) -> str:
    """With the flag (as a word of the value) behind the last word that may be one."""
    split = words.split(envfile.get(text, variable) or "")
    texts = [word.text for word in split]
    new = words.split(flag)[0].text
    place = texts.index("--") if "--" in texts else len(texts)
    if place:
        edit = (split[place - 1].end, split[place - 1].end, " " + flag)
    else:
        edit = (split[0].start, split[0].start, flag + " ")
    return _edited(text, variable, edit, [*texts[:place], new, *texts[place:]])


def _removed(text: str, variable: str, flag: Flag) -> str:
    value = envfile.get(text, variable) or ""
    split = words.split(value)
    texts = [word.text for word in split]
    wanted = texts[: flag.first] + texts[flag.last + 1 :]
    if flag.first:
        edit = (split[flag.first - 1].end, split[flag.last].end, "")
    else:
        edit = (split[0].start, split[flag.last + 1].start, "")
    return _edited(text, variable, edit, wanted)


def _edited(text: str, variable: str, edit: tuple[int, int, str], wanted: list[str]) -> str:
    """The text with one part of the variable's value replaced, if that gives the wanted words;
    else with the variable written anew from them. Raises ConfigError."""
    assignment = envfile.counting(text, variable)
    if assignment is None:
        raise ConfigError([f"{variable}: cannot be edited; write its line anew by hand"])
    envfile.require_closed(text, assignment)
    start, end, new = edit
    if words.PLAIN.fullmatch(new.strip(" " + words.QUOTES)):
        letters = envfile.characters(text, assignment)
        if start < end:
            begin, finish = letters[start].start, letters[end - 1].end
        else:
            begin = finish = letters[start - 1].end if start else letters[0].start
        after = text[:begin] + new + text[finish:]
        if _means(text, after, variable, wanted):
            return after
    line = " ".join(words.quoted(word) for word in wanted)
    return envfile.with_values(text, {variable: line})


def _means(before: str, after: str, variable: str, wanted: Iterable[str]) -> bool:
    """Whether the variable holds the wanted words, and all else is read as before."""
    found = envfile.counting(after, variable)
    if found is None or not found.closed:
        return False
    if [word.text for word in words.split(found.value)] != wanted:
        return False
    for continued in (False, True):
        old, new = (envfile.assignments(text, continued) for text in (before, after))
        if len(old) != len(new):
            return False
        same = sum((a.name, a.value) != (b.name, b.value) for a, b in zip(old, new, strict=True))
        if same > 1:
            return False
    return True
