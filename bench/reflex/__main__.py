"""``python -m bench.reflex``: seconds without service after each fault, while Salt is stopped.

In a lab of three nodes after `state.apply hakube`, Salt is stopped. Then each fault is made on the
VIP's holder, again and again, while a client opens a new TLS connection every 50 ms. Each run is a
line in the file of results, and one that was interrupted goes on where it was.

With ``--with-salt`` Salt runs instead, and heals (`hakube:heal:mode: act`).
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from bench import lab as labs
from bench.heal.master import Master
from bench.heal.run import closed
from bench.reflex import health, quiet, results
from bench.reflex.faults import FAULTS
from bench.reflex.run import HEAL, commit, once, start_salt, stop_salt
from tests.lab import Lab, LabError
from tests.lab.process import end_in_good_order

#: So many are brought up one after the other where a cluster stays sick.
LABS = 3


def main() -> int:
    asked = _asked()
    end_in_good_order()
    if not asked.report:
        end = time.monotonic() + asked.minutes * 60
        try:
            for _ in range(LABS):
                with _lab(asked) as lab:
                    _healthy(lab)
                    if asked.quiet_hour:
                        return _quiet(asked, lab)
                    sick = _measure(asked, lab, end)
                if not sick:
                    break
                labs.say(sick)
                if asked.lab:
                    sys.exit(f"reflex: lab {asked.lab} is of no use any more: {sick}")
        except LabError as error:
            sys.exit(f"reflex: {error}")
    records = results.read(asked.results)
    print("\n".join(results.table(records, asked.timing, salt=asked.with_salt)))
    ours = results.of(records, asked.timing, asked.with_salt)
    ours = [it for it in ours if it["fault"] in asked.faults]
    return 1 if any(results.missed(it) for it in ours) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.reflex",
        description=__doc__.split("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--timing", choices=("safe", "fast"), default="safe", help="the profile in the pillar")
    add("--faults", metavar="A,B", default=",".join(FAULTS), help="which, in this order")
    add("--runs", type=int, default=10, help="how many of each there are to be in the results")
    add("--minutes", type=float, default=300, help="no run begins later than that")
    add("--results", type=Path, default=Path("reflex.jsonl"), help="a line for each run")
    add("--report", action="store_true", help="only print the table of the results")
    labs.arguments(parser)
    add("--with-salt", action="store_true", help="Salt goes on, and heals")
    add("--quiet-hour", type=float, metavar="MINUTES", help="no fault: nobody may do anything")
    add("--kill-daemons", type=int, default=0, metavar="N", help="in it, kill -9 them so often")
    asked = parser.parse_args()
    asked.faults = asked.faults.split(",")
    unknown = set(asked.faults) - set(FAULTS)
    if unknown:
        parser.error(f"no fault {', '.join(sorted(unknown))}: there are {', '.join(FAULTS)}")
    return asked


@contextlib.contextmanager
def _lab(asked: argparse.Namespace) -> Iterator[Lab]:
    """A lab, applied to, in which Salt is stopped, or heals."""
    pillar = yaml.safe_load(asked.pillar)
    if asked.timing != "safe":
        pillar["timing"] = asked.timing
    with labs.chosen(asked, "reflex") as lab:
        if asked.with_salt or not labs.as_it_is(asked):
            start_salt(lab)
        if not labs.as_it_is(asked):
            _apply(asked, lab, pillar)
        if not asked.with_salt:
            stop_salt(lab)
        yield lab


def _apply(asked: argparse.Namespace, lab: Lab, pillar: dict[str, Any]) -> None:
    if asked.with_salt:
        Master(lab).turn_on(pillar)
    else:
        labs.apply(lab, pillar)


def _healthy(lab: Lab) -> None:
    sick = health.wait(lab, lab.nodes, HEAL)
    if sick:
        raise LabError(f"the cluster is not healthy to begin with: {'; '.join(sick)}")


def _quiet(asked: argparse.Namespace, lab: Lab) -> int:
    """An hour without a fault, or with the programs killed."""
    seconds = asked.quiet_hour * 60
    told = quiet.watch(lab, lab.nodes, seconds, kills=asked.kill_daemons, say=labs.say)
    results.add(asked.results, told | {"timing": asked.timing, "commit": commit()})
    print("\n".join(quiet.lines(told)))
    return 1 if quiet.against(told) else 0


def _measure(asked: argparse.Namespace, lab: Lab, end: float) -> str:
    """Make the runs that are missing; what is wrong with the lab that cannot go on."""
    version = commit()
    while True:
        # By rounds, so that what the machine does otherwise meets all faults alike.
        ours = results.of(results.read(asked.results), asked.timing, asked.with_salt)
        todo = results.missing(ours, asked.faults, asked.timing, asked.runs)
        left = max(todo.values())
        if not left:
            return ""
        for key in (it for it, count in todo.items() if count == left):
            if time.monotonic() > end:
                labs.say(f"{asked.minutes:g} minutes are over; the same command goes on from here")
                return ""
            record = (_healed if asked.with_salt else _once)(lab, key)
            record |= {"timing": asked.timing, "commit": version, "kube": lab.kube}
            results.add(asked.results, record)
            seen = record["seen"]
            labs.say(
                f"{key}: without service {seen['without']} s, {seen['failed']} of "
                f"{seen['attempts']} failed; {'; '.join(results.missed(record)) or 'as asked'}"
            )
            if record.get("sick_after_rescue"):
                told = "; ".join(record["sick_after_rescue"])
                return f"after {key} the cluster does not become whole: {told}"


def _once(lab: Lab, key: str) -> dict[str, Any]:
    return once(lab, lab.nodes, key, FAULTS[key])


def _healed(lab: Lab, key: str) -> dict[str, Any]:
    """The same, while Salt runs: what the healing made of it belongs to the run."""
    master = Master(lab)
    master.wait()
    before = {it.id for it in master.history()}
    record = _once(lab, key)
    news = closed(master, before)
    incidents = {it.id: it.outcome for it in news}
    left = [f"{it.id} is {it.outcome}" for it in news if not it.over]
    return record | {"salt": True, "incidents": incidents, "left": left}


if __name__ == "__main__":
    sys.exit(main())
