"""``python -m bench.cib``: what the cluster engine costs, beside one pcs call per object.

Both sides run in one process in the file tree of a Debian release (tests/generations), on the same
CIB files, one after the other. Where there can be no such tree, ours is measured on the machine
alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests import generations
from tests.generations import NoTree, trees
from tests.lab import LabError, saltwheels, wheels

CHECKOUT = Path(__file__).resolve().parents[1]
MODULE = ["-m", "bench.inside"]
# What stands in one place: the longest that a run may take, seconds.
PATIENCE = 600

SIZES = [10, 50, 100, 1000]
PLANS = [10, 100, 1000, 5000]
WORK = {"nothing": "nothing to do", "change": "one change", "create": "create all"}
FORESEEN = {"foreseen": "one change, foreseen"}


def main() -> None:
    asked = _asked()
    question = {
        "sizes": SIZES,
        "plans": PLANS,
        "calls": asked.calls,
        "seconds": asked.seconds,
    }
    load = os.getloadavg()
    with _place(asked.suite) as run:
        told = run(json.dumps(question))
    told |= {"load": [load[0], os.getloadavg()[0]], "cores": os.cpu_count(), "suite": asked.suite}
    print("\n".join(_lines(told)))
    if asked.json:
        asked.json.write_text(json.dumps(_rounded(told), indent=1) + "\n", encoding="utf-8")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.cib", description=__doc__.split("\n")[0])
    parser.add_argument("--suite", default="bookworm", help="Debian release (default: %(default)s)")
    parser.add_argument(
        "--calls",
        type=int,
        default=20,
        help="of each sort at each size, the rest is extrapolated (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds", type=float, default=100, help="for all calls of pcs (default: %(default)s)"
    )
    parser.add_argument("--json", type=Path, help="write the raw figures there")
    return parser.parse_args()


@contextlib.contextmanager
def _place(suite: str) -> Iterator[Any]:
    """Where it is measured: a function from the question to the answer."""
    reason = generations.missing()
    if reason is None:
        try:
            with tempfile.TemporaryDirectory(prefix="hakube-bench-") as folder:
                _unpack_msgspec(suite, Path(folder))
                seen = [CHECKOUT / "src", CHECKOUT / "bench", Path(folder)]
                with generations.generation(suite, *seen, progress=_progress) as tools:
                    yield lambda question: _inside(tools, Path(folder), question)
            return
        except NoTree as error:
            reason = str(error)
    print(f"without pcs beside it: {reason}", file=sys.stderr)
    yield _here


def _unpack_msgspec(suite: str, folder: Path) -> None:
    """The tree has a Python; what the engine needs besides comes from the lab's wheels."""
    try:
        base = trees.layers(suite, progress=_progress)[-1]
        found = saltwheels.wheels(wheels.salt_version(), base, suite, progress=_progress)
    except LabError as error:
        raise NoTree(str(error)) from error
    with zipfile.ZipFile(next(iter(found.glob("msgspec-*.whl")))) as wheel:
        wheel.extractall(folder)


def _inside(tools: generations.Generation, folder: Path, question: str) -> Any:
    paths = f"{CHECKOUT}:{CHECKOUT / 'src'}:{folder}"
    env = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    done = tools.run(["python3", *MODULE], stdin=question, env=env, timeout=PATIENCE)
    return _answer(done.code, done.out, done.err)


def _here(question: str) -> Any:
    done = subprocess.run(
        [sys.executable, *MODULE],
        input=question,
        capture_output=True,
        text=True,
        check=False,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "src")},
        timeout=PATIENCE,
    )
    return _answer(done.returncode, done.stdout, done.stderr)


def _answer(code: int, out: str, err: str) -> Any:
    if code:
        sys.exit(f"the measurement failed: {err.strip()[-2000:]}")
    return json.loads(out)


def _progress(title: str, seconds: float | None) -> None:
    if seconds is None:
        print(f"{title} ...", file=sys.stderr)


# -- what is printed -------------------------------------------------------------------------------


def _lines(told: dict[str, Any]) -> Iterator[str]:
    versions, load = told["versions"], told["load"]
    yield (
        f"Debian {told['suite']}: pacemaker {versions['pacemaker']}, pcs {versions['pcs']}, "
        f"Python {versions['python']}; {told['cores']} cores, load {load[0]:.1f} before, "
        f"{load[1]:.1f} after"
    )
    yield ""
    yield "Plan and push, without waiting for a cluster. Seconds; in brackets, on a processor."
    yield ""
    yield (
        "| objects | work | hakube | processes | one pcs call per object | calls | of them made "
        "| times faster |"
    )
    yield "|---:|---|---:|---:|---:|---:|---:|---:|"
    for size in told["sizes"]:
        for key, work in (WORK | FORESEEN).items():
            yield _row(size, key, work)
    yield ""
    if versions["pcs"]:
        yield "pcs itself starts one to six processes more in each call, which are not counted."
    yield f"A Python that has not loaded hakube yet takes {_seconds(told['import'])} s more, once."
    yield ""
    yield from _plans(told["plans"])


def _row(size: dict[str, Any], key: str, work: str) -> str:
    ours, theirs = size["ours"][key], (size["pcs"] or {}).get(key)
    cells = [size["size"], work, _seconds(ours), f"{ours['processes']:.0f}"]
    if theirs is None:
        cells += ["", "", "", ""]
    else:
        ratio, cpu = (theirs[name] / max(ours[name], 1e-9) for name in ("seconds", "cpu"))
        cells += [_seconds(theirs), f"{theirs['processes']:.0f}", theirs["sampled"]]
        cells += [f"{ratio:.0f} ({cpu:.0f})"]
    return f"| {' | '.join(map(str, cells))} |"


def _seconds(given: dict[str, Any]) -> str:
    return f"{given['seconds']:.3g} ({given['cpu']:.3g})"


def _plans(plans: list[dict[str, Any]]) -> Iterator[str]:
    yield "Planning alone: read the pillar, plan against the CIB's text. Seconds on a processor."
    yield ""
    yield f"| objects | CIB | {' | '.join(WORK.values())} | nothing to do, per object |"
    yield "|---:|---:|---:|---:|---:|---:|"
    base = next(plan for plan in plans if plan["size"] == 100)
    for plan in plans:
        cells = [f"{plan[key]['cpu']:.3f}" for key in WORK]
        growth = plan["nothing"]["cpu"] / base["nothing"]["cpu"] * 100 / plan["size"]
        cells = [str(plan["size"]), f"{plan['bytes'] // 1000} kB", *cells, f"{growth:.2f}"]
        yield f"| {' | '.join(cells)} |"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
