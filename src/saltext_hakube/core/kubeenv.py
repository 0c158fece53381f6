"""What is to change in environment files, as edits; what a person is shown of it.

Only the variable or flag in question is shown, never its neighbours: they may hold secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from saltext_hakube.core import envfile, envflags, words
from saltext_hakube.core.envflags import canonical
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.kubeobsolete import Obsolete
from saltext_hakube.core.kubernetes import Wish


class Edit(NamedTuple):
    """A variable, or with ``flag`` only that flag in it, gets a value; with None it goes."""

    file: str
    variable: str
    flag: str | None
    value: str | None


class Edited(NamedTuple):
    """A file's text before and after. ``changes``: variable -> old and new, as it is shown."""

    old: str
    new: str
    changes: dict[str, dict[str, str | None]]

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.new != self.old


def edits(wishes: Iterable[Wish], obsolete: Iterable[Obsolete]) -> list[Edit]:
    """What is refused goes first, then what points at the VIP comes."""
    gone = [Edit(one.file, one.variable, one.flag, None) for one in obsolete]
    return gone + [Edit(*wish) for wish in wishes]


def edited(texts: Mapping[str, str], wanted: Iterable[Edit]) -> dict[str, Edited]:
    """Every file that is to hold something, by its name. Raises ConfigError with the file."""
    found: dict[str, Edited] = {}
    for edit in wanted:
        text = texts.get(edit.file, "")
        before = found.get(edit.file, Edited(text, text, {}))
        try:
            new = _made(before.new, edit)
        except ConfigError as error:
            raise ConfigError(f"{edit.file}: {problem}" for problem in error.problems) from None
        changes = dict(before.changes)
        if new != before.new:
            changes[edit.variable] = _joined(changes.get(edit.variable), _shown(before.new, edit))
        found[edit.file] = Edited(text, new, changes)
    return found


def told(changes: Mapping[str, Any]) -> str:
    """The changed variables of each file, in a line."""
    return "; ".join(f"{', '.join(changed)} in {file}" for file, changed in changes.items())


def _made(text: str, edit: Edit) -> str:
    if edit.flag is None:
        if edit.value is None:
            return envfile.without(text, [edit.variable])
        return envfile.with_values(text, {edit.variable: edit.value})
    if edit.value is None:
        return envflags.without_flag(text, edit.variable, edit.flag)
    return envflags.with_flag(text, edit.variable, edit.flag, edit.value)


def _shown(text: str, edit: Edit) -> dict[str, str | None]:
    value = envfile.get(text, edit.variable)
    if edit.flag is None:
        return {"old": value, "new": edit.value}
    new = None if edit.value is None else f"--{edit.flag}={edit.value}"
    split = [word.text for word in words.split(value or "")]
    if not any(word.startswith("-") for word in split):
        return {"old": value, "new": new}
    said = [
        word
        for flag in envflags.flags(value or "")
        if flag.name == canonical(edit.flag)
        for word in split[flag.first : flag.last + 1]
    ]
    return {"old": " ".join(said) or None, "new": new}


def _joined(
    one: dict[str, str | None] | None, other: dict[str, str | None]
) -> dict[str, str | None]:
    """Two edits of one variable as one change."""
    if one is None:
        return other
    return {
        side: " ".join(text for text in (one[side], other[side]) if text) or None
        for side in ("old", "new")
    }
