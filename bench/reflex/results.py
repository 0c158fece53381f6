"""The records, a JSON line each, and the table that they make."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.reflex.attempts import EVERY
from bench.reflex.faults import FAULTS, Fault, Mark

Record = dict[str, Any]
#: A VIP that moves is nowhere for a moment; longer than this, seconds, it was lost.
LOST = 1.0


def read(path: Path) -> list[Record]:
    """The records in a file; a last line that was not finished is none."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def add(path: Path, record: Record) -> None:
    """Append a record; a run that is killed meanwhile leaves a line that `read` passes over."""
    torn = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if torn else "") + json.dumps(record) + "\n")


def of(records: Iterable[Record], timing: str, salt: bool) -> list[Record]:
    """Those of this profile that were made with Salt stopped, or with it at work."""
    return [it for it in records if it["timing"] == timing and it.get("salt", False) == salt]


def missing(
    records: Iterable[Record], faults: Sequence[str], timing: str, runs: int
) -> dict[str, int]:
    """How many runs of each fault are still to be made, in the order of *faults*."""
    made = dict.fromkeys(faults, 0)
    for record in records:
        if record["timing"] == timing and record["fault"] in made:
            made[record["fault"]] += 1
    return {fault: max(0, runs - count) for fault, count in made.items()}


def missed(record: Record) -> list[str]:
    """What was asked of one run, but for the median, and is not so; a line each."""
    mark = FAULTS[record["fault"]].mark(record["timing"])
    seen, found = record["seen"], []

    def most(what: str, value: float | None, limit: float | None) -> None:
        if limit is not None and (value is None or value > limit):
            found.append(f"{what} {'never' if value is None else value}, at most {limit:g}")

    most("without service", seen["without"], mark.most)
    most("last failed request", seen["last"] or 0, mark.last)
    most("failed", seen["failed"], mark.failed)
    most("failed after service was back", seen["after"], mark.after)
    most("two owners", record["owners"]["two"], mark.two)
    most("whole again", record.get("whole"), mark.whole)
    if mark.stays and record["held"]["none"] > LOST:
        found.append(f"the VIP was nowhere for {record['held']['none']} s")
    if record["healing"]["failed"]:
        found.append(f"{record['healing']['failed']} failed while it healed")
    if record["sick"]:
        found.append(f"did not heal: {'; '.join(record['sick'])}")
    return found + record.get("left", [])


def table(records: Sequence[Record], timing: str, *, salt: bool = False) -> Iterator[str]:
    """A row for each fault of which there are records; with *salt*, of those made with it, beside
    those made without."""
    yield f"timing {timing}: seconds; without service is p50 / max"
    yield ""
    beside = "with Salt stopped | " if salt else ""
    yield (
        f"| fault | runs | without service | {beside}asked | last failed | failed after | "
        "failed in healing | two owners | healed after | load | missed |"
    )
    yield f"|---|---:|---:|{'---:|' if salt else ''}---:|---:|---:|---:|---:|---:|---:|---:|"
    ours, others = of(records, timing, salt), of(records, timing, False)
    for key, fault in FAULTS.items():
        its = [it for it in ours if it["fault"] == key]
        before = [it for it in others if it["fault"] == key] if salt else None
        if its:
            yield _row(fault, fault.mark(timing), its, before)


def without(its: Sequence[Record]) -> tuple[float | None, float | None]:
    """The median and the longest time without service; None: it did not come back each time."""
    seconds = [it["seen"]["without"] for it in its]
    figures = [it for it in seconds if it is not None]
    if not figures or len(figures) < len(seconds):
        return None, None
    return statistics.median(figures), max(figures)


def slower(its: Sequence[Record], before: Sequence[Record]) -> bool:
    """Whether the median is longer than the longest was before, by more than the client's own
    measure."""
    half, longest = without(its)[0], without(before)[1]
    return longest is not None and (half is None or half > longest + EVERY)


def _row(
    fault: Fault, mark: Mark, its: Sequence[Record], before: Sequence[Record] | None = None
) -> str:
    half, most = without(its)
    bad = sum(bool(missed(it)) for it in its)
    late = mark.half is not None and (half is None or half > mark.half)
    cells: list[object] = [
        fault.title,
        len(its),
        f"{_figure(half)} / {_figure(most)}",
        *([] if before is None else [_before(before)]),
        asked(mark),
        _figure(max(it["seen"]["last"] or 0 for it in its)),
        max(it["seen"]["after"] for it in its),
        max(it["healing"]["failed"] for it in its),
        _figure(max(it["owners"]["two"] for it in its)),
        _figure(max(it["healed"] or float("inf") for it in its)),
        f"{statistics.median(it['load'][0] for it in its):.1f}",
        f"{bad} of {len(its)}"
        + (", p50" if late else "")
        + (", slower" if before and slower(its, before) else ""),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _before(before: Sequence[Record]) -> str:
    return " / ".join(map(_figure, without(before))) if before else ""


def asked(mark: Mark) -> str:
    """A mark in words."""
    found = [f"{mark.half} / {mark.most}"] if mark.half is not None else []
    found += [f"at most {mark.most:g}"] if mark.half is None and mark.most else []
    found += ["the VIP stays"] if mark.stays else []
    found += [f"none fails after {mark.last:g}"] if mark.last is not None else []
    found += ["none fails"] if mark.failed == 0 else []
    found += ["none fails when it is back"] if mark.after == 0 else []
    found += [f"whole in {mark.whole:g}"] if mark.whole is not None else []
    found += [f"two owners {mark.two:g}"] if mark.two is not None else []
    return ", ".join(found)


def _figure(value: float | None) -> str:
    return "never" if value is None or value == float("inf") else f"{value:.2f}"
