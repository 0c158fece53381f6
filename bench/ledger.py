"""``python -m bench.ledger``: how many records a second are kept, and how fast they are read again.

Each append is one write and one fsync, so the disk decides: the same write of plain bytes is
measured beside it. ``--folder`` names a folder on the disk to measure (a tmpfs has none).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from saltext_hakube.core.remedy import ledger as lines
from saltext_hakube.core.remedy.decision import GATES, Record
from saltext_hakube.core.remedy.words import PROBES
from saltext_hakube.host import ledger, ledgerfiles, ledgerread

BATCHES = (1, 100)
NOW = 1764012345.25


def main() -> None:
    asked = _asked()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="hakube-bench-", dir=asked.folder) as name:
        told = measured(Path(name), asked.records, asked.seconds)
    told |= {"load": [load, os.getloadavg()[0]], "cores": os.cpu_count()}
    print("\n".join(shown(told)))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, help="on the disk to measure (default: that for temporary files)"
    )
    parser.add_argument("--records", type=int, default=100_000, help="to replay (%(default)s)")
    parser.add_argument("--seconds", type=float, default=5, help="for each sort (%(default)s)")
    parser.add_argument("--json", type=Path, help="write the raw figures there")
    return parser.parse_args()


def records() -> Iterator[Record]:
    """As an incident after the other leaves them, without end."""
    number = 0
    while True:
        number += 1
        incident, at = f"haproxy-node1-{number}", NOW + number * 60
        looks = {name: {"value": "up", "why": "", "since": at, "evidence": {}} for name in PROBES}
        looks["haproxy.request"] = {**looks["haproxy.request"], "value": "down", "why": "no answer"}
        report = {"format": 1, "cluster": "k8s", "node": "node1", "boot": "b", "seq": number}
        about = {"id": incident, "component": "haproxy", "scope": "node", "node": "node1"}
        about |= {"probes": ["haproxy.request"], "opened": at, "why": "haproxy does not answer"}
        gates = [{"name": gate, "ok": True, "why": "it is so"} for gate in GATES]
        action = {"rung": "hand", "node": "node1", "component": "haproxy", "deadline": 25.0}
        answer = {"result": "done", "why": "", "did": ["crm_resource --fail"], "verified": True}
        for kind, data in (
            ("observed", {**report, "at": at, "looks": looks, "quorate": True}),
            ("opened", {"incident": about}),
            ("decided", {"gates": gates, "action": action, "rung": "hand", "why": about["why"]}),
            ("acting", {**action, "why": about["why"]}),
            ("acted", {**action, **answer}),
            ("verified", {"mended": True, "why": "all that was down is up again"}),
            ("closed", {"why": "all that was down is up again"}),
        ):
            yield Record(kind=kind, at=at, incident=incident, data=data)


def measured(folder: Path, count: int, seconds: float) -> dict[str, Any]:
    """All figures. At most ``seconds`` for each batch, and for the plain writes beside it."""
    sample = list(islice(records(), count))
    told: dict[str, Any] = {"appends": {}, "records": count}
    for size in BATCHES:
        told["appends"][size] = _appends(folder / f"batch{size}", sample[:size], seconds)
    text, told["encode"] = _timed(lambda: lines.encode(sample, "k8s", lines.Head())[0])
    told["bytes"] = len(text)
    told["replay"] = _replay(folder / "replay", sample)
    told["open"] = _opening(folder / "open", sample)
    return told


def _appends(folder: Path, batch: list[Record], seconds: float) -> dict[str, Any]:
    """The ledger and plain writes of as many bytes, in turn: the disk is not the same for long."""
    content, _ = lines.encode(batch, "k8s", lines.Head())
    ours: list[float] = []
    disk: list[float] = []
    cpu, end = 0.0, time.perf_counter() + seconds
    with (
        ledger.hold(folder, "k8s", _snapshot) as book,
        folder.with_suffix(".plain").open("ab", buffering=0) as plain,
    ):
        while len(ours) < 10 or (time.perf_counter() < end and len(ours) < 2000):
            _, took = _timed(lambda: book.append(batch))
            ours.append(took["seconds"])
            cpu += took["cpu"]
            _, took = _timed(lambda: (plain.write(content), os.fsync(plain.fileno())))
            disk.append(took["seconds"])
    return {
        "times": len(ours),
        "bytes": len(content),
        "median": statistics.median(ours),
        "p95": sorted(ours)[len(ours) * 95 // 100],
        "cpu": cpu / len(ours),
        "disk": statistics.median(disk),
    }


def _replay(folder: Path, sample: list[Record]) -> dict[str, float]:
    """All files of a ledger, verified and decoded."""
    kept, ledger.FILES = ledger.FILES, 1000
    try:
        with ledger.hold(folder, "k8s", _snapshot) as book:
            for start in range(0, len(sample), 1000):
                book.append(sample[start : start + 1000])
    finally:
        ledger.FILES = kept
    problems: list[str] = []
    found, took = _timed(
        lambda: sum(1 for _ in ledgerread.read_all(folder, "k8s", problems.append))
    )
    snapshots = len(list(folder.glob("ledger-*")))
    if problems or found != len(sample) + snapshots:
        raise SystemExit(f"{found} of {len(sample)} were read again: {problems}")
    return {**took, "files": snapshots + 1}


def _opening(folder: Path, sample: list[Record]) -> dict[str, float]:
    """One file, as full as it gets: what each round of the master begins with."""
    with ledger.hold(folder, "k8s", _snapshot) as book:
        for start in range(0, len(sample), 500):
            part = sample[start : start + 500]
            if book.path.stat().st_size > ledgerfiles.LIMIT - 300_000:
                break
            book.append(part)
        count = len(book.records)
    book, took = _timed(lambda: ledger.hold(folder, "k8s", _snapshot))
    book.close()
    return {**took, "records": count}


def _snapshot(_records: Any) -> Record:
    return Record(kind="snapshot", at=NOW)


def _timed(work: Callable[[], Any]) -> tuple[Any, dict[str, float]]:
    begin, cpu = time.perf_counter(), _cpu()
    result = work()
    return result, {"seconds": time.perf_counter() - begin, "cpu": _cpu() - cpu}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def shown(told: dict[str, Any]) -> Iterator[str]:
    yield f"{told['cores']} cores, load {told['load'][0]:.1f} before, {told['load'][1]:.1f} after"
    yield ""
    yield "One write and one fsync each. Milliseconds; records a second at the median."
    yield ""
    yield "| at once | bytes | median | 95th | on a processor | the disk alone | records/s |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for size, one in told["appends"].items():
        figures = (one[name] * 1e3 for name in ("median", "p95", "cpu", "disk"))
        each = " | ".join(f"{figure:.2f}" for figure in figures)
        yield f"| {size} | {one['bytes']} | {each} | {size / one['median']:.0f} |"
    yield ""
    yield "| | records | MB | seconds | on a processor | records for each second of it |"
    yield "|---|---:|---:|---:|---:|---:|"
    count, megabytes = told["records"], told["bytes"] / 1e6
    opened = told["open"]
    share = megabytes * opened["records"] / count
    for name, number, size, took in (
        ("encode", count, megabytes, told["encode"]),
        ("read and verify all files", count, megabytes, told["replay"]),
        ("open one full file", opened["records"], share, opened),
    ):
        yield (
            f"| {name} | {number} | {size:.1f} | {took['seconds']:.2f} | {took['cpu']:.2f} | "
            f"{number / took['cpu']:.0f} |"
        )


if __name__ == "__main__":
    main()
