"""``python -m bench.brain``: how fast it is decided what to heal. Nothing but values; no machine.

Seconds are those on a processor, so it hardly matters what else the machine does. ``--courses N``
makes N courses of events through a cluster and its master instead (tests/unit/remedy), as long as
that takes, and tells what did not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from saltext_hakube.core.remedy import decide
from saltext_hakube.core.remedy.decision import Cluster, Record, State
from saltext_hakube.core.remedy.fold import fold
from saltext_hakube.core.remedy.incidents import LEASE, UNRENEWED
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.replay import replay
from saltext_hakube.core.remedy.report import Look, Report, plain, read
from saltext_hakube.core.remedy.words import PROBES

CHECKOUT = Path(__file__).resolve().parents[1]
COURSES = "tests/unit/remedy/test_any_course.py"
NODES = ("node1", "node2", "node3")
NOW = 1_764_000_000.0
#: Ten incidents in each cluster: six that are only told, one that is acted on, three that wait.
EACH = ["disk.space", "certificates.expiry"]
SOME = {
    "node1": ["haproxy.request"],
    "node2": ["controller-manager.lease", "pacemaker.nodes", "scheduler.lease"],
    "node3": ["controller-manager.lease", "pacemaker.nodes", "scheduler.lease"],
}
ASKED = 10_000  # incidents a second


def main() -> None:
    asked = _asked()
    if asked.courses:
        sys.exit(_courses(asked.courses))
    told = measure(asked.clusters, asked.reports)
    print("\n".join(_lines(told)))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if min(told["opened"]["rate"], told["again"]["rate"]) < ASKED:
        sys.exit(f"fewer than {ASKED} incidents a second")


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.brain", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--clusters", type=int, default=1000, help="(default: %(default)s)")
    parser.add_argument("--reports", type=int, default=25_000, help="(default: %(default)s)")
    parser.add_argument("--courses", type=int, help="run so many courses of events instead")
    parser.add_argument("--json", type=Path, help="write the figures into this file")
    return parser.parse_args()


def _courses(number: int) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "--show-capture=no", COURSES]
    environment = os.environ | {"HAKUBE_EXAMPLES": str(number)}
    return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


def _since(name: str) -> float:
    """A lease that was not renewed only for a short while is no incident yet."""
    return NOW - UNRENEWED if name.endswith(LEASE) else NOW


def report(cluster: str, node: str, seq: int, down: list[str]) -> Report:
    looks = {
        name: Look(value="down" if name in down else "up", why="as it is", since=_since(name))
        for name in PROBES
    }
    return Report(
        format=1,
        cluster=cluster,
        node=node,
        boot="boot1",
        seq=seq,
        at=NOW + seq,
        looks=looks,
        quorate=True,
        online=list(NODES),
        holder=node == "node1",
    )


def measure(number: int, reports: int) -> dict:
    policy = Heal(mode="act")
    clusters = [
        Cluster(name=f"cluster{it}", nodes={node: node for node in NODES}, policy=policy)
        for it in range(number)
    ]
    states: dict[str, State] = {}
    ledgers: dict[str, list[Record]] = {it.name: [] for it in clusters}
    told: dict = {"clusters": number}

    def hear(seq: int, sick: bool) -> None:
        for cluster in clusters:
            state = states.get(cluster.name, State())
            for node in NODES:
                down = [*EACH, *SOME[node]] if sick else []
                found = report(cluster.name, node, seq, down)
                step = decide.heard(cluster, state, found, NOW + seq)
                ledgers[cluster.name] += step.records
                state = step.state
            states[cluster.name] = state

    def reconcile(seq: int) -> int:
        actions = 0
        for cluster in clusters:
            step = decide.decide(cluster, states[cluster.name], NOW + seq)
            ledgers[cluster.name] += step.records
            states[cluster.name] = step.state
            actions += step.action is not None
        return actions

    hear(1, False)
    told["quiet"] = _took(lambda: reconcile(1), number)
    hear(2, True)
    told["opened"] = _took(lambda: reconcile(2), lambda: _open(states))
    hear(20, True)
    reconcile(20)
    told["again"] = _took(lambda: reconcile(21), lambda: _open(states))
    told["incidents"] = _open(states)
    told["storm"] = _storm(clusters, states, reports)
    lines = sum(len(it) for it in ledgers.values())
    told["folded"] = _took(lambda: [fold(it) for it in ledgers.values()], lines)
    turns: list = []
    told["replayed"] = _took(
        lambda: turns.extend(turn for it in ledgers.values() for turn in replay(it)),
        lambda: len(turns),
    )
    if not all(turn.same for turn in turns):
        sys.exit("a ledger replayed gives other decisions")
    return told


def _storm(clusters: list[Cluster], states: dict[str, State], number: int) -> dict:
    """Reports of all clusters at once, a third of them doubled or late, as plain data."""
    dice = random.Random(6)
    events = []
    for count in range(number):
        cluster, node = clusters[count % len(clusters)], NODES[count // len(clusters) % 3]
        seq = 30 + dice.randrange(count // len(clusters) + 1)
        down = [*EACH, *SOME[node]][: dice.randrange(1, 5)]
        events.append((cluster, plain(report(cluster.name, node, seq, down))))
    taken = [0]

    def run() -> None:
        for cluster, data in events:
            step = decide.heard(cluster, states[cluster.name], read(data), NOW + 60)
            states[cluster.name] = step.state
            taken[0] += not step.refused
        for cluster in clusters:
            states[cluster.name] = decide.decide(cluster, states[cluster.name], NOW + 61).state

    before = {it for state in states.values() for it in state.incidents}
    found = _took(run, number)
    after = {it for state in states.values() for it in state.incidents}
    closed = {it.id for state in states.values() for it in state.closed}
    if before - after - closed:
        sys.exit("an open incident was lost in the storm")
    return found | {"taken": taken[0]}


def _open(states: dict[str, State]) -> int:
    return sum(len(it.incidents) for it in states.values())


def _took(work: Callable[[], object], count: int | Callable[[], int]) -> dict:
    began = time.process_time()
    work()
    seconds = time.process_time() - began
    done = count if isinstance(count, int) else count()
    return {"seconds": round(seconds, 3), "count": done, "rate": round(done / seconds)}


def _lines(told: dict) -> list[str]:
    rows = {
        "quiet": "nothing is wrong: clusters decided",
        "opened": "all breaks: incidents opened and decided",
        "again": "nothing new: open incidents decided",
        "storm": "reports at once, read, taken and decided",
        "folded": "lines of ledgers made a state",
        "replayed": "decisions replayed",
    }
    load = os.getloadavg()[0]
    lines = [
        f"{told['clusters']} clusters of three nodes, {os.cpu_count()} cores, load {load:.1f}",
        "",
        "| | how many | seconds on a processor | a second |",
        "|---|---:|---:|---:|",
    ]
    for name, text in rows.items():
        row = told[name]
        lines.append(f"| {text} | {row['count']:,} | {row['seconds']} | {row['rate']:,} |")
    return lines


if __name__ == "__main__":
    main()
