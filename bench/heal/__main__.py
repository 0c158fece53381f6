"""``python -m bench.heal``: seconds from a fault until it is healed, while Salt runs.

In a lab of three nodes after `state.apply hakube` with `hakube:heal:mode: act`, with a real master
and minions. Each fault is made, one after the other; that it is healed is seen on the nodes, that
it was one incident, and told as a story, on the master. Each run is a line in the file of results,
and one that was interrupted goes on where it was.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from bench import lab as labs
from bench.heal import ping, quiet, results
from bench.heal.faults import FAULTS
from bench.heal.master import Master
from bench.heal.run import once
from bench.reflex.results import add, read
from bench.reflex.run import commit, start_salt
from tests.lab import LabError
from tests.lab.process import end_in_good_order


def main() -> int:
    asked = _asked()
    end_in_good_order()
    if not asked.report:
        try:
            with _master(asked) as master:
                if asked.quiet:
                    return _quiet(asked, master)
                if asked.ping:
                    return _ping(asked, master)
                _measure(asked, master)
        except LabError as error:
            sys.exit(f"heal: {error}")
    records = [it for it in read(asked.results) if it["fault"] in FAULTS]
    print("\n".join(results.table(records)))
    return 1 if any(results.missed(it) for it in records if it["fault"] in asked.faults) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.heal",
        description=__doc__.split("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--faults", metavar="A,B", default=",".join(FAULTS), help="which, in this order")
    add("--runs", type=int, default=5, help="how many of each there are to be in the results")
    add("--minutes", type=float, default=300, help="no run begins later than that")
    add("--results", type=Path, default=Path("heal.jsonl"), help="a line for each run")
    add("--report", action="store_true", help="only print the table of the results")
    labs.arguments(parser)
    add("--quiet", type=float, metavar="MINUTES", help="no fault: nothing may be done")
    add("--ping", type=int, metavar="N", help="so many test.ping in each state, and no fault")
    asked = parser.parse_args()
    asked.faults = asked.faults.split(",")
    unknown = set(asked.faults) - set(FAULTS)
    if unknown:
        parser.error(f"no fault {', '.join(sorted(unknown))}: there are {', '.join(FAULTS)}")
    return asked


@contextlib.contextmanager
def _master(asked: argparse.Namespace) -> Iterator[Master]:
    """The master of a lab in which the healing is on."""
    with labs.chosen(asked, "heal") as lab:
        master = Master(lab)
        if not labs.as_it_is(asked):
            start_salt(lab)
            master.turn_on(yaml.safe_load(asked.pillar))
        yield master


def _quiet(asked: argparse.Namespace, master: Master) -> int:
    told = quiet.watch(master, asked.quiet * 60)
    add(asked.results, told | {"commit": commit()})
    print("\n".join(quiet.lines(told)))
    return 1 if quiet.against(told) else 0


def _ping(asked: argparse.Namespace, master: Master) -> int:
    took = ping.measure(master, asked.ping)
    add(asked.results, {"fault": "ping", "seconds": took, "commit": commit()})
    print("\n".join(ping.lines(took)))
    return 0


def _measure(asked: argparse.Namespace, master: Master) -> None:
    """Make the runs that are missing."""
    end, version = time.monotonic() + asked.minutes * 60, commit()
    while True:
        # By rounds, so that what the machine does otherwise meets all faults alike.
        todo = results.missing(read(asked.results), asked.faults, asked.runs)
        left = max(todo.values())
        if not left:
            return
        for key in (it for it, count in todo.items() if count == left):
            if time.monotonic() > end:
                labs.say(f"{asked.minutes:g} minutes are over; the same command goes on from here")
                return
            record = once(master, master.lab.nodes, key, FAULTS[key])
            record |= {"commit": version, "kube": master.lab.kube}
            add(asked.results, record)
            labs.say(
                f"{key}: healed after {record['seconds']} s, closed after {record['closed']} s; "
                f"{', '.join(record['incidents']) or 'no incident'}; "
                f"{'; '.join(results.missed(record)) or 'as asked'}"
            )


if __name__ == "__main__":
    sys.exit(main())
