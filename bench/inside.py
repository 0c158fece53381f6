"""Measures both sides in one process, where pcs is: ``python3 -m bench.inside``, JSON in and out.

In: ``{"sizes": [...], "plans": [...], "calls": 20, "seconds": 90}``. At most ``calls`` calls of pcs
of each sort are made at each size, and no more once ``seconds`` are over; the rest is extrapolated
from their median.
"""

from __future__ import annotations

import json
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.objects import BLOCK, asking, changing, creating, pillar

REPEATED = 5
# So few calls of each sort are made however long they take.
FEWEST = 3
NODES = (1, 2, 3)
STATE = (
    '<node_state id="{0}" uname="node{0}" in_ccm="true" crmd="online" join="member" '
    'expected="member"/>'
)

Told = dict[str, Any]
started: list[Any] = []


class Counted(subprocess.Popen):
    """Counts every process that this one starts."""

    def __init__(self, argv: Any, *rest: Any, **options: Any):
        started.append(argv)
        super().__init__(argv, *rest, **options)


def measured(work: Callable[[], Any]) -> Told:
    """What the work took: seconds, those of them on a processor, processes started."""
    before, begin, cpu = len(started), time.perf_counter(), _cpu()
    work()
    seconds = time.perf_counter() - begin
    return {"seconds": seconds, "cpu": _cpu() - cpu, "processes": len(started) - before}


def _cpu() -> float:
    """Seconds on a processor, of this process and of all that it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def middle(given: Sequence[Told]) -> Told:
    """The median of each figure."""
    return {name: statistics.median(one[name] for one in given) for name in given[0]}


def main() -> None:
    asked = json.loads(sys.stdin.read())
    subprocess.Popen = Counted  # host.run looks it up there
    imported = measured(_import)
    end = time.monotonic() + asked["seconds"]
    result: Told = {"import": imported, "plans": [_plans(size) for size in asked["plans"]]}
    with tempfile.TemporaryDirectory(prefix="hakube-bench-") as folder:
        result["sizes"] = []
        for place, size in enumerate(asked["sizes"]):
            # What is left of the time, in equal parts for the sizes to come.
            part = (end - time.monotonic()) / (len(asked["sizes"]) - place)
            path = Path(folder, f"{size}.xml")
            result["sizes"].append(_size(path, size, asked["calls"], part))
    result["versions"] = {
        "python": sys.version.split()[0],
        "pacemaker": _version(["cibadmin", "--version"]),
        "pcs": _version(["pcs", "--version"]) if shutil.which("pcs") else None,
    }
    print(json.dumps(result))


def _import() -> None:
    from saltext_hakube.core import declared  # noqa: F401
    from saltext_hakube.host import objects  # noqa: F401


def _version(argv: list[str]) -> str:
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    return told.splitlines()[0].removeprefix("Pacemaker ")


# -- planning alone --------------------------------------------------------------------------------


def _plans(size: int) -> Told:
    """The pillar is read and planned against a text; no process is started."""
    from saltext_hakube.core.cib.document import EMPTY
    from saltext_hakube.core.config import Facts
    from saltext_hakube.core.declared import declared

    def planned(data: dict, text: str) -> Any:
        return declared(data, Facts()).plan(text)

    data, other = pillar(size), pillar(size, "2")
    there = planned(data, EMPTY).after
    found: Told = {"size": size, "bytes": len(there)}
    for name, given, text, expected in (
        ("nothing", data, there, 0),
        ("change", other, there, 1),
        ("create", data, EMPTY, size),
    ):
        if len(planned(given, text).changes) != expected:
            raise AssertionError(f"{name} of {size} objects: not {expected} changes")
        work = lambda given=given, text=text: planned(given, text)  # noqa: E731
        found[name] = middle([measured(work) for _ in range(REPEATED)])
    return found


# -- plan and push, ours and pcs' ------------------------------------------------------------------


def _size(path: Path, size: int, calls: int, seconds: float) -> Told:
    if not shutil.which("pcs"):
        return {"size": size, "ours": _ours(path, size), "pcs": None}
    end = time.monotonic() + seconds
    created = _pcs_create(path, size, calls, time.monotonic() + seconds / 2)
    # Ours stands between the two halves of theirs: what else the machine does hits both alike.
    ours = _ours(path, size)
    theirs = {"create": created, **_pcs_look(path, size, calls, end)}
    return {"size": size, "ours": ours, "pcs": theirs}


def _ours(path: Path, size: int) -> Told:
    """Read the pillar, query, plan, and push where there is something to push."""
    from saltext_hakube.core.config import Facts
    from saltext_hakube.core.declared import declared
    from saltext_hakube.host import cib, objects
    from saltext_hakube.host.machine import Machine

    machine = Machine(path.parent, path)

    def push(data: dict, expected: int) -> None:
        done = cib.push(machine, declared(data, Facts()).plan)
        if len(done.changes) != expected:
            raise AssertionError(f"{len(done.changes)} changes at {size}, not {expected}")

    def created() -> Told:
        _empty(path)
        return measured(lambda: push(pillar(size), size))

    create = middle([created() for _ in range(REPEATED)])
    data = pillar(size)
    nothing = middle([measured(lambda: push(data, 0)) for _ in range(REPEATED)])
    others = [pillar(size, f"change-{number}") for number in range(2 * REPEATED)]
    change = middle([measured(lambda it=it: push(it, 1)) for it in others[:REPEATED]])

    def foresee(data: dict) -> None:
        done = objects.apply(machine, declared(data, Facts()))
        if len(done.planned.plan.changes) != 1 or done.planned.prediction.note:
            raise AssertionError(f"nothing was foreseen: {done.planned.prediction.note}")

    foreseen = middle([measured(lambda it=it: foresee(it)) for it in others[REPEATED:]])
    return {"nothing": nothing, "change": change, "foreseen": foreseen, "create": create}


def _pcs_create(path: Path, size: int, calls: int, end: float) -> Told:
    """One call for each object, in a file that has half of them already, as on average."""
    first = size // 2 // BLOCK
    _fill(path, first * BLOCK)
    numbers = range(first, max(size // BLOCK, first + 1))
    sample = _sample(path, (argv for number in numbers for argv in creating(number)), calls, end)
    if first == 0 and sample["sampled"] == BLOCK:
        _check(path)
    return _extrapolated(sample, size)


def _pcs_look(path: Path, size: int, calls: int, end: float) -> Told:
    """One call for each object to see what it is, and one more for the change."""
    numbers = range(max(size // BLOCK, 1))
    asked = [argv for number in numbers for argv in asking(number)]
    random.Random(size).shuffle(asked)  # some of each kind, also where few are made
    sample = _sample(path, asked, calls, end)
    nothing = _extrapolated(sample, size)
    last = numbers[-1]
    calls_ = (changing(last, f"pcs-{number}") for number in range(FEWEST))
    update = _extrapolated(_sample(path, calls_, FEWEST, end), 1)
    change = {name: nothing[name] + update[name] for name in ("seconds", "cpu", "processes")}
    change["sampled"] = nothing["sampled"]
    # pcs foresees nothing: the same work.
    return {"nothing": nothing, "change": change, "foreseen": change}


def _sample(path: Path, argvs: Iterable[list[str]], calls: int, end: float) -> Told:
    """Make some of the calls; what the median of them took, and how many they were."""
    found: list[Told] = []
    for argv in argvs:
        if len(found) >= FEWEST and (len(found) >= calls or time.monotonic() > end):
            break
        found.append(measured(lambda argv=argv: _pcs(path, argv)))
    return {**middle(found), "sampled": len(found)}


def _extrapolated(sample: Told, count: int) -> Told:
    figures = {name: sample[name] * count for name in ("seconds", "cpu", "processes")}
    return {**figures, "sampled": min(sample["sampled"], count)}


def _pcs(path: Path, argv: Sequence[str]) -> None:
    done = subprocess.run(
        ["pcs", "-f", str(path), *argv], capture_output=True, text=True, check=False, timeout=120
    )
    if done.returncode:
        raise AssertionError(f"pcs {' '.join(argv)}: {done.stdout} {done.stderr}")


def _check(path: Path) -> None:
    """What pcs has made is what we declare: both sides do the same work."""
    from saltext_hakube.core.config import Facts
    from saltext_hakube.core.declared import declared

    left = declared(pillar(BLOCK), Facts()).plan(path.read_text(encoding="utf-8"))
    if left.changes:
        raise AssertionError(f"pcs made something else: {left.told()}")


def _empty(path: Path) -> None:
    """A cluster of three nodes that are up, in which nothing stands yet."""
    told = subprocess.run(["cibadmin", "--empty"], capture_output=True, text=True, check=True)
    nodes = "".join(f'<node id="{number}" uname="node{number}"/>' for number in NODES)
    states = "".join(STATE.format(number) for number in NODES)
    text = told.stdout.replace("<cib ", '<cib have-quorum="1" ', 1)
    text = text.replace("<nodes/>", f"<nodes>{nodes}</nodes>")
    path.write_text(text.replace("<status/>", f"<status>{states}</status>"), encoding="utf-8")


def _fill(path: Path, count: int) -> None:
    """A file with this many objects."""
    from saltext_hakube.core.config import Facts
    from saltext_hakube.core.declared import declared

    _empty(path)
    if count:
        text = declared(pillar(count), Facts()).plan(path.read_text(encoding="utf-8")).after
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
