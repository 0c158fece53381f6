"""What was asked of a run and is not so, and the table of all runs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bench.heal.faults import FAULTS, Fault
from bench.heal.master import Line

Record = dict[str, Any]


def missing(records: Iterable[Record], faults: Sequence[str], runs: int) -> dict[str, int]:
    """How many runs of each fault are still to be made, in the order of *faults*."""
    made = dict.fromkeys(faults, 0)
    for record in records:
        if record["fault"] in made:
            made[record["fault"]] += 1
    return {fault: max(0, runs - count) for fault, count in made.items()}


def missed(record: Record, slower: float = 1.0) -> list[str]:
    """What is not as asked, a line each. ``slower``: so many times the seconds are allowed."""
    fault = FAULTS[record["fault"]]
    found = []
    seconds, limit = record["seconds"], fault.limit * slower
    if seconds is None or seconds > limit:
        found.append(f"healed {_never(seconds)}, at most {limit:g} s")
    held = record.get("held") or {}
    found += [f"while nothing might be done: {it}" for it in held.get("touched", ())]
    found += [f"while it was held no story had {it!r}" for it in held.get("untold", ())]
    if held.get("actions"):
        found.append(f"{held['actions']} actions while nothing might be done")
    if record["sick"]:
        found.append(f"did not become whole: {'; '.join(record['sick'])}")
    if record["closed"] is None:
        left = [Line(it, how) for it, how in record["incidents"].items()]
        found.append("; ".join(f"{it.id} is {it.outcome}" for it in left if not it.over))
    return found + _untold(fault, record)


def _untold(fault: Fault, record: Record) -> list[str]:
    """What the stories lack."""
    if fault.alone:
        return [] if record.get("alone") else ["the node has no record of what it did alone"]
    stories = record["stories"]
    if not fault.many and len(stories) != 1:
        told = ", ".join(record["incidents"]) or "none"
        return [f"{len(stories)} incidents, not one: {told}"]
    text = "\n".join(stories.values())
    return [f"no story has {words!r}" for words in fault.tells if words not in text]


def table(records: Sequence[Record]) -> Iterator[str]:
    """A row for each fault of which there are records."""
    yield (
        "| fault | runs | healed after | asked | closed after | incidents | done while held | load "
        "| missed |"
    )
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    for key, fault in FAULTS.items():
        its = [it for it in records if it["fault"] == key]
        if its:
            yield _row(fault, its)


def _row(fault: Fault, its: Sequence[Record]) -> str:
    held = [it["held"] for it in its if it.get("held")]
    acted = sum(len(it["touched"]) + it.get("actions", 0) for it in held)
    counts = sorted({len(it["incidents"]) for it in its})
    bad = sum(bool(missed(it)) for it in its)
    hold = f"nothing for {fault.hold:g}, then " if fault.hold else ""
    cells = [
        fault.title,
        len(its),
        _both([it["seconds"] for it in its]),
        f"{hold}{fault.limit:g}",
        _both([it["closed"] for it in its]),
        " to ".join(map(str, counts[:: max(1, len(counts) - 1)])),
        acted if held else "",
        f"{statistics.median(it['load'][0] for it in its):.1f}",
        f"{bad} of {len(its)}" if bad else "0",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _both(seconds: Sequence[float | None]) -> str:
    """Median and longest."""
    figures = [it for it in seconds if it is not None]
    if len(figures) < len(seconds):
        return f"never in {len(seconds) - len(figures)} of {len(seconds)}"
    return f"{statistics.median(figures):.1f} / {max(figures):.1f}"


def _never(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {seconds} s"
