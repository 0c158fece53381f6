"""A variable's value as systemd makes command line arguments of it: ``ExecStart=... $VAR``.

Read by the rules of systemd's extract_first_word() with EXTRACT_RELAX and EXTRACT_UNQUOTE, which is
how replace_env_argv() calls it: blanks and line ends separate, both kinds of quotes hold together,
a backslash takes the next character as it is, a quote that is never closed ends with the value.
"""

from __future__ import annotations

import re
from typing import NamedTuple

BLANKS = " \t\n\r"
QUOTES = "\"'"
# What means itself in any quotes and outside of them, in an environment file and in a word.
PLAIN = re.compile(r"[A-Za-z0-9@%+=:,./_\[\]-]*")


class Letter(NamedTuple):
    """One character of a word, its place in the value, and the quote that is open around it."""

    text: str
    start: int
    end: int
    quote: str


class Word(NamedTuple):
    """One argument, and its place in the value, quotes included."""

    letters: tuple[Letter, ...]
    start: int
    end: int

    @property
    def text(self) -> str:
        """The argument as the program gets it."""
        return "".join(letter.text for letter in self.letters)


def split(value: str) -> list[Word]:
    """The arguments that systemd makes of the value."""
    found: list[Word] = []
    position = 0
    while True:
        while position < len(value) and value[position] in BLANKS:
            position += 1
        if position == len(value):
            return found
        word = _word(value, position)
        found.append(word)
        position = word.end


def quoted(word: str) -> str:
    """The word, in quotes where it needs them."""
    if word and PLAIN.fullmatch(word):
        return word
    return '"' + escaped(word) + '"'


def escaped(word: str) -> str:
    """The word as it stands between double quotes."""
    return re.sub(r'(["\\])', r"\\\1", word)


def _word(value: str, start: int) -> Word:
    letters = []
    quote = ""
    position = start
    while position < len(value):
        char = value[position]
        if char in QUOTES and quote in ("", char):
            quote = "" if quote else char
        elif char == "\\":
            # A backslash at the very end is dropped.
            if position + 1 < len(value):
                letters.append(Letter(value[position + 1], position, position + 2, quote))
            position += 1
        elif not quote and char in BLANKS:
            break
        else:
            letters.append(Letter(char, position, position + 1, quote))
        position += 1
    return Word(tuple(letters), start, min(position, len(value)))
