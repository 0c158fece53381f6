"""`test.ping` beside the healing, all well and while haproxy and the apiserver hang everywhere.

The mode is *observe*, so that nobody mends the hang meanwhile. The same pings are made with the
mode *none*: what a hang costs a minion anyhow is no cost of the healing's.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

from bench import lab as labs
from bench.heal.master import Master
from bench.reflex import health
from bench.reflex.faults import hang, thaw
from tests.lab import LabError, Node

HUNG = ("haproxy", "kube-apiserver")
#: Seconds that they hang before the first ping: until every probe has found it.
FOUND = 15.0
#: Run by Salt's own Python on the master: one client, so that its start is not measured.
PING = """
import json, sys, time
import salt.client
client = salt.client.LocalClient()
took = []
for number in range(int(sys.argv[1])):
    node = f"node{number % 3 + 1}"
    begin = time.perf_counter()
    if client.cmd(node, "test.ping", timeout=60).get(node) is not True:
        sys.exit(f"{node} did not answer")
    took.append(time.perf_counter() - begin)
    time.sleep(0.25)
print(json.dumps(took))
"""


def measure(master: Master, count: int) -> dict[str, Any]:
    """Seconds of so many pings in each state, by its name."""
    took: dict[str, list[float]] = {}
    for mode in ("none", "observe", "none", "observe"):
        master.mode(mode)
        if mode == "observe":
            master.wait()
        for state, around in (("well", contextlib.nullcontext()), ("hung", _hung(master))):
            with around:
                labs.say(f"mode {mode}, {state}: {count} pings ...")
                took.setdefault(f"{mode}, {state}", []).extend(_pings(master, count))
    return took


@contextlib.contextmanager
def _hung(master: Master) -> Iterator[None]:
    nodes = master.lab.nodes
    try:
        for node in nodes:
            for unit in HUNG:
                hang(node, unit)
        time.sleep(FOUND)
        yield
    finally:
        for node in nodes:
            for unit in HUNG:
                thaw(node, unit)
        _well(master, nodes)


def _well(master: Master, nodes: list[Node]) -> None:
    """What hung may have been restarted by Pacemaker meanwhile, or banned."""
    health.clean(nodes[0])
    sick = health.wait(master.lab, nodes, 240)
    if sick:
        raise LabError(f"the cluster is not healthy after the hang: {'; '.join(sick)}")


def _pings(master: Master, count: int) -> list[float]:
    argv = ["/opt/salt/bin/python", "-c", PING, str(count)]
    found: list[float] = json.loads(master.lab.master.run(argv, timeout=60 + 10 * count).stdout)
    return found


def lines(took: dict[str, list[float]]) -> list[str]:
    """What people want to read of it, in milliseconds."""
    found = []
    for state, seconds in took.items():
        middle, high = statistics.median(seconds), statistics.quantiles(seconds, n=20)[-1]
        found.append(
            f"test.ping, mode {state}: p50 {middle * 1e3:.0f}, p95 {high * 1e3:.0f}, "
            f"max {max(seconds) * 1e3:.0f} ms ({len(seconds)} of them)"
        )
    return found
