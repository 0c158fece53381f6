"""How people are told: times, places, rungs and results in words, and never more than a line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone, tzinfo
from typing import Any

from saltext_hakube.core.remedy.words import IDLE, PROBES

#: A line of what nodes say may be long; nobody reads it to its end.
LONGEST = 300
#: Lines of evidence and of what was done that are shown.
SHOWN = 6

Data = Mapping[str, Any]

#: Rung -> what is done.
DOES: Mapping[str, str] = {
    "probe": "look again",
    "files": "put hakube's files right and reload",
    "hand": "hand the failure to Pacemaker",
    "kill": "kill what hangs, so that Pacemaker recovers it",
    "move": "move the VIP away for a while",
    "standby": "put the node in standby",
    "fence": "fence the node",
}
#: Result of an action -> what that means.
CAME: Mapping[str, str] = {
    "done": "done",
    "nothing": "there was nothing to do",
    "refused": "the node refused",
    "failed": "it failed",
    "lost": "no answer came; nobody knows what became of it",
    "would": "it would have been done",
}


def clean(text: object, longest: int = LONGEST) -> str:
    """On one line, without what a terminal would obey: it may come from anywhere."""
    words = " ".join(str(text).split())
    shown = "".join(it if it.isprintable() else "?" for it in words)
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def clean_line(line: str, longest: int = LONGEST) -> str:
    """The same for a line whose blanks align it."""
    shown = "".join(it if it.isprintable() else "?" for it in line)
    return shown if len(shown) <= longest else shown[: longest - 3] + "..."


def lasted(seconds: float) -> str:
    """As 3.2 s, 4 min 10 s, 2 h 5 min, 3 d 4 h."""
    if seconds < 59.95:
        return f"{max(0.0, seconds):.1f} s"
    for size, small, long, short in (
        (3600, 1, "min", "s"),
        (86400, 60, "h", "min"),
        (float("inf"), 3600, "d", "h"),
    ):
        count = round(seconds / small)
        if count * small < size or size == float("inf"):
            step = {"min": 60, "h": 60, "d": 24}[long]
            many, few = divmod(count, step)
            return f"{many} {long} {few} {short}" if few else f"{many} {long}"
    raise AssertionError


def after(seconds: float) -> str:
    """As +3.2 s, -0.8 s."""
    return f"-{lasted(-seconds)}" if seconds < 0 else f"+{lasted(seconds)}"


def moment(at: float, zone: tzinfo = timezone.utc) -> str:
    """As 2026-11-24 19:47:47+01:00."""
    try:
        return datetime.fromtimestamp(at, zone).isoformat(" ", "seconds")
    except (OverflowError, ValueError, OSError):
        return f"{at:g}"


def place(component: str, node: str) -> str:
    """What an incident is about."""
    if component == "node":
        return f"node {node}"
    return f"{component} on {node}" if node else f"{component} of the cluster"


def step(data: Data) -> str:
    """The rung, or that it is taken back."""
    return f"the end of {data.get('rung')}" if data.get("undo") else str(data.get("rung"))


def does(rung: str) -> str:
    """As kill (kill what hangs, so that Pacemaker recovers it)."""
    return f"{rung} ({DOES[rung]})" if rung in DOES else rung


def down(probe: str, why: str = "") -> str:
    """What it means that this probe is down."""
    told = PROBES[probe].down if probe in PROBES else f"{probe} is down"
    return f"{told} ({why})" if why else told


def count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def result(data: Data) -> str:
    """What came of an action."""
    came = str(data.get("result", ""))
    why = f" ({data['why']})" if data.get("why") else ""
    return CAME.get(came, came) + why


def attempt(data: Data, unknown: str = "not known yet") -> str:
    """An action that is over, and what it was good for, if anything was done. ``unknown``: where
    nobody knows that."""
    told = f"{step(data)} on {data.get('node')}: {result(data)}"
    if data.get("result") in IDLE:
        return told
    helped = {True: "it helped", False: "it did not help"}.get(data.get("mended"), unknown)
    return f"{told}; {helped}"


def mended(data: Data) -> str:
    """What is told of the action after which all was well."""
    return f"mended by {does(step(data))} on {data.get('node')}"


def around(kind: str, data: Data) -> str:
    """What happens to the whole cluster; empty for other kinds of records."""
    where, why = data.get("node") or "all", data.get("reason")
    told = {
        "policy": f"what is declared changed; hakube:heal:mode is {_mode(data)}",
        "storm": f"storm: {data.get('why', '')}",
        "paused": f"somebody paused {where}: {why}",
        "resumed": f"{where} goes on: {why}",
        "recovered": f"the ledger was mended: {data.get('why', '')}",
    }
    return told.get(kind, "")


def _mode(data: Data) -> str:
    return str(mapping(data.get("policy")).get("mode", "none"))


def by_clock(look: Data, report: Data, at: float) -> str:
    """How long it was so when the report came, by the node's own clock."""
    age = float(report.get("at", at)) - float(look.get("since") or report.get("at", at))
    return "just then" if age < 0.05 else f"{lasted(age)} before, by its own clock"


def evidence(data: Data) -> list[str]:
    """A line each."""
    given = mapping(data.get("evidence"))
    return some([f"{kind}: {line}" for kind, lines in given.items() for line in lines])


def some(lines: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    left = len(lines) - SHOWN
    return [*lines[:SHOWN], f"and {left} more"] if left > 1 else lines


def mapping(value: Any) -> Data:
    return value if isinstance(value, Mapping) else {}
