"""No fault: the programs of the reflex do nothing, and what that costs. Or they are killed."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import structs

from bench.reflex import health
from bench.reflex.eyes import Eyes
from bench.reflex.outage import outage, owners
from bench.traffic import balancer
from saltext_hakube.core.reflex import SERVERS
from tests.lab import Lab, Node
from tests.lab.process import wait_until

UNITS = ("hakube-watch", "hakube-guard")

#: Of each unit that there is: what it used of a processor, and the memory of its processes.
_COST = r"""
import json, subprocess, sys
def show(unit, name):
    words = ["systemctl", "show", "--property=" + name, "--value", unit]
    return subprocess.run(words, stdout=subprocess.PIPE, text=True).stdout.strip()
def memory(group):
    total = {"rss": 0, "pss": 0}
    with open("/sys/fs/cgroup" + group + "/cgroup.procs") as pids:
        for pid in pids.read().split():
            try:
                with open("/proc/%s/smaps_rollup" % pid) as file:
                    lines = file.readlines()
            except OSError:
                continue  # a command that the program had started, and that has ended
            for line in lines:
                name = line.split(":")[0].lower()
                if name in total:
                    total[name] += int(line.split()[1])
    return total
told = {}
for unit in sys.argv[1:]:
    if show(unit, "ActiveState") == "active":
        used = int(show(unit, "CPUUsageNSec"))
        told[unit] = {"cpu": used / 1e9, **memory(show(unit, "ControlGroup"))}
print(json.dumps(told))
"""


def watch(
    lab: Lab,
    nodes: Sequence[Node],
    seconds: float,
    *,
    kills: int = 0,
    say: Callable[[str], None] = lambda _: None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Look on for so long; with *kills*, kill -9 one of them so often, at random moments."""
    # Said once, some seconds after the apiservers of a new cluster are up: no news of this time.
    wait_until(lambda: not _unsaid(nodes), f"{SERVERS} to be 1 everywhere", timeout=60)
    chance = random.Random(seed)
    moments = sorted(chance.uniform(1, max(1.0, seconds - 10)) for _ in range(kills))
    load, began = os.getloadavg()[0], time.time()
    before = {node.name: _cost(node) for node in nodes}
    holder = balancer.holder(lab).name
    killed = []
    with Eyes(lab, nodes, seconds + 120) as eyes:
        start = time.time()
        for moment in moments:
            time.sleep(max(0.0, start + moment - time.time()))
            node, unit = chance.choice(list(nodes)), chance.choice(UNITS)
            node.run(f"systemctl kill --signal=KILL {unit}", check=False)
            killed.append([round(time.time() - start, 1), node.name, unit])
            say(f"killed {unit} on {node.name}")
        while time.time() < start + seconds:
            eyes.check()
            time.sleep(min(5.0, max(0.05, start + seconds - time.time())))
        # One check that is late makes a server "UP 1/2" until the next.
        sick = health.wait(lab, nodes, 30 if kills else 10)
        until = time.time()
        seen, changes = eyes.attempts, eyes.changes
        late = eyes.client.late
    return {
        "fault": "quiet",
        "seconds": round(until - began, 1),
        "load": [load, os.getloadavg()[0]],
        "holder": holder,
        "killed": killed,
        "seen": structs.asdict(outage(seen, start)),
        "late": late,
        "owners": structs.asdict(owners(changes, start + 1, until)),
        "moved": any(len(its) > 1 for its in changes.values()),
        "said": {node.name: said(node, began) for node in nodes},
        "actions": {node.name: actions(node, began) for node in nodes},
        "fail_counts": health.failures(nodes[0]),
        "sick": sick,
        "cost": {node.name: _spent(before[node.name], _cost(node), began) for node in nodes},
    }


def _unsaid(nodes: Sequence[Node]) -> list[str]:
    ask = f"attrd_updater -Q -n {SERVERS} -N"
    told = {it.name: nodes[0].run(f"{ask} {it.name}", check=False).stdout for it in nodes}
    return [name for name, text in told.items() if 'value="0"' in text]


def against(told: dict[str, Any]) -> list[str]:
    """What happened that should not have, a line each."""
    found = []
    if told["seen"]["failed"]:
        found.append(f"{told['seen']['failed']} requests failed")
    if told["moved"]:
        found.append("the VIP moved")
    # One that was killed looks again, says so, and announces the address: that harms nobody.
    if not told["killed"]:
        found += [f"{name} acted: {it}" for name, its in told["actions"].items() for it in its]
        found += [f"{name} said: {it}" for name, its in told["said"].items() for it in its]
    return [*found, *told["fail_counts"], *told["sick"]]


def said(node: Node, since: float) -> list[str]:
    """The lines of the programs themselves in the journal; systemd's about them are not theirs."""
    units = [f"_SYSTEMD_UNIT={unit}.service" for unit in UNITS]
    words = ["journalctl", "--no-pager", "--quiet", "--output=short-precise", "--lines=100"]
    return node.run([*words, f"--since=@{since:.3f}", *units], check=False).stdout.splitlines()


def actions(node: Node, since: float) -> list[str]:
    """What they did since then, by their samples."""
    found = []
    for path in ("/run/hakube/watch.json", "/run/hakube/guard.json"):
        text = node.run(f"cat {path}", check=False).stdout
        for it in json.loads(text).get("actions", []) if text else []:
            if it["at"] >= since:
                found.append(f"{it['what']}: {it['why']}")
    return found


def lines(told: dict[str, Any]) -> list[str]:
    """What people want to read of it."""
    return [*head(told), *(against(told) or ["nobody did anything, nobody noticed anything"])]


def head(told: dict[str, Any]) -> list[str]:
    """How long it was, and what the programs cost."""
    load = " and ".join(f"{it:.1f}" for it in told["load"])
    found = [
        f"{told['seconds'] / 60:.1f} minutes, load {load}, {told['seen']['attempts']} requests, "
        f"{len(told['killed'])} killed"
    ]
    for name, costs in told["cost"].items():
        for unit, it in costs.items():
            found.append(
                f"{name} {unit}: {it['percent']} % of a core, {it['rss']} MB resident, "
                f"{it['pss']} MB its share"
            )
    return found


def _cost(node: Node) -> dict[str, Any]:
    return json.loads(node.run(["python3", "-c", _COST, *UNITS]).stdout)


def _spent(before: dict[str, Any], after: dict[str, Any], began: float) -> dict[str, Any]:
    elapsed = time.time() - began
    return {
        unit: {
            "percent": round(100 * (it["cpu"] - before[unit]["cpu"]) / elapsed, 3),
            "rss": round(it["rss"] / 1024, 1),
            "pss": round(it["pss"] / 1024, 1),
        }
        for unit, it in after.items()
        # One that was killed counts from zero again, and tells nothing of the whole time.
        if unit in before and it["cpu"] >= before[unit]["cpu"]
    }
