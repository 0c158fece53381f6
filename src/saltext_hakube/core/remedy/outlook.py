"""What another policy would have done, out of a ledger that was replayed: for a person who has
observed for some weeks, or means to change a ladder. Pure.

Each decision is made on what was known then. What an action would have led to nobody knows, so each
is told once for its incident, and none counts for a budget.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timezone, tzinfo
from typing import Any, NamedTuple

from saltext_hakube.core.remedy.replay import Turn
from saltext_hakube.core.remedy.wording import clean, count, moment, step

#: Lines of one kind, the last ones.
LINES = 200


class Deed(NamedTuple):
    """Something that is to be done, and when it was to be first."""

    at: float
    incident: str
    what: str
    node: str


def told(turns: Sequence[Turn], zone: tzinfo = timezone.utc) -> list[str]:
    """A list of lines. ``zone``: that of the times."""
    first: dict[str, float] = {}
    why: dict[str, str] = {}
    for turn in turns:
        for name in turn.incidents:
            first.setdefault(name, turn.at)
        why.update(turn.gates)
    others = list(_others(turns))
    about = count(len(first), "incident")
    lines = [
        f"{count(len(turns), 'decision')} about {about}; with this policy {len(others)} would have "
        "been others"
    ]
    found = deeds([(turn.at, turn.now) for turn in turns])
    then = deeds([(turn.at, turn.was if turn.done else None) for turn in turns])
    some = len({it.incident for it in found})
    lines.append(
        f"to be done by this policy: {count(len(found), 'action')}, for {some} of {about} "
        f"(done then: {len(then)}){_mode(turns)}"
    )
    kinds = Counter(it.what for it in found).most_common()
    lines += [f"{number:>6}  {what}" for what, number in kinds]
    lines += _table([(it.at, it.incident, f"{it.what} on {it.node}") for it in found], zone)
    idle = {it: at for it, at in first.items() if it not in {deed.incident for deed in found}}
    if idle:
        lines.append(f"nothing, for {count(len(idle), 'incident')}:")
        lines += _table([(at, it, why.get(it, "")) for it, at in idle.items()], zone)
    if others:
        lines.append("decided otherwise than then:")
        lines += [other(turn, zone) for turn in others[-LINES:]]
    return lines


def _others(turns: Sequence[Turn]) -> Iterator[Turn]:
    """Decisions that are others now. What is still to be done is so at each look; in the mode
    observe the ledger has that once."""
    known: set[tuple[str, str, str]] = set()
    for turn in turns:
        was, now = (_deed(turn.at, it) for it in (turn.was, turn.now))
        if turn.was != turn.now and not (was is None and now is not None and now[1:] in known):
            yield turn
        known.update(it[1:] for it in (was, now) if it is not None)


def deeds(decided: Sequence[tuple[float, Mapping[str, Any] | None]]) -> list[Deed]:
    """What is to be done, each thing once for an incident, in the order in which it was to be."""
    found: dict[tuple[str, str, str], Deed] = {}
    for at, action in decided:
        deed = _deed(at, action)
        if deed is not None:
            found.setdefault(deed[1:], deed)
    return list(found.values())


def _deed(at: float, action: Mapping[str, Any] | None) -> Deed | None:
    if action is None:
        return None
    return Deed(at, str(action.get("incident")), _what(action), str(action.get("node")))


def _what(action: Mapping[str, Any]) -> str:
    rung, component = step(action), action.get("component")
    return rung if rung == component else f"{rung} of {component}"


def _action(plain: Mapping[str, Any] | None, gates: Mapping[str, str]) -> str:
    if plain is not None:
        return f"{_what(plain)} on {plain.get('node')}"
    against = ", ".join(f"{it}: {gate}" for it, gate in gates.items())
    return f"nothing ({against})" if against else "nothing"


def _mode(turns: Sequence[Turn]) -> str:
    modes = {turn.mode for turn in turns}
    return "; its mode is observe: it would only have told" if modes == {"observe"} else ""


def other(turn: Turn, zone: tzinfo = timezone.utc) -> str:
    """A decision that is another one now, or is written down otherwise, in a line."""
    was = "was" if turn.done or turn.was is None else "was to be"
    then, now = _action(turn.was, turn.before), _action(turn.now, turn.gates)
    more = f"now {now}" if now != then else "the same now, written down otherwise"
    return clean(f"{moment(turn.at, zone)} {', '.join(turn.incidents)}: {was} {then}; {more}", 500)


def _table(rows: Sequence[tuple[float, str, str]], zone: tzinfo) -> Iterator[str]:
    shown = rows[-LINES:]
    width = max((len(clean(name, 80)) for _, name, _ in shown), default=0)
    for at, name, text in shown:
        yield f"{moment(at, zone)}  {clean(name, 80):{width}}  {clean(text)}"
