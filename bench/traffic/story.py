"""Changes of the configuration while the load runs: who noticed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from bench.traffic import balancer
from bench.traffic.changes import Change
from bench.traffic.client import Client
from bench.traffic.faults import cuts
from tests.lab import Lab, Node

# A change on all nodes, one node after the other.
PATIENCE = 300


def make(
    lab: Lab,
    nodes: list[Node],
    client: Client,
    changes: Iterable[Change],
    *,
    write: Callable[[dict[str, Any]], None],
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:
    """Make the changes by Salt on all nodes at once; *write* makes the pillar.

    A change that a node refuses is counted and told; the rest are made all the same.
    """
    client.settled()
    holder = balancer.holder(lab)
    before = {node.name: balancer.look(node) for node in nodes}
    total = _Total()
    for change in changes:
        # Old workers keep what they have, so this is where a watch is until it breaks.
        servers = balancer.look(holder).servers(lab.client.address)
        client.take()
        start = time.monotonic()
        write(change.pillar)
        refused = apply(lab, nodes)
        took = time.monotonic() - start
        time.sleep(1)
        told = client.take()
        total.add(change, took, refused, told, servers)
        say(f"{change.title}: {took:.1f} s{'; ' + total.last if total.last else ''}")
    client.settled()
    after = {node.name: balancer.look(node) for node in nodes}
    return {
        **total.told(),
        "reloads": {name: after[name].reloads - before[name].reloads for name in after},
        "old_workers": {name: after[name].old for name in after},
        "holder_moved": balancer.holder(lab) is not holder,
    }


def apply(lab: Lab, nodes: list[Node]) -> dict[str, str]:
    """Apply the pillar on all of them at once; what each has against it."""
    target = f"node[{''.join(node.name.removeprefix('node') for node in nodes)}]"
    answers = lab.salt(target, "hakube_haproxy.apply", timeout=PATIENCE)
    missing = {node.name: "no answer" for node in nodes if node.name not in answers}
    return missing | {name: text for name, text in answers.items() if isinstance(text, str)}


class _Total:
    def __init__(self) -> None:
        self.changes: list[dict[str, Any]] = []
        self.seconds: list[float] = []
        self.sent = self.failed = self.writes_failed = self.deaf = 0
        self.reasons: Counter[str] = Counter()
        self.failures: list[dict[str, Any]] = []
        self.broken: list[dict[str, Any]] = []
        self.apart = 0
        self.longest = 0.0
        self.last = ""

    def add(
        self,
        change: Change,
        took: float,
        refused: dict[str, str],
        told: dict[str, Any],
        servers: dict[int, tuple[str, bool]],
    ) -> None:
        requests = told["requests"]
        apart, broken = 0, []
        for one in told["broken"]:
            server, old = servers.get(one["port"], ("unknown", False))
            if server in change.removed:
                apart += 1
            else:
                broken.append({**one, "server": server, "old": old, "change": change.title})
        self.apart += apart
        self.broken += broken
        self.sent += requests["sent"]
        self.failed += requests["failed"]
        self.reasons.update(requests["reasons"])
        self.failures += [{**one, "change": change.title} for one in requests["failures"]]
        self.writes_failed += told["writes"]["failed"]
        self.deaf += len(told["deaf"])
        self.longest = max(self.longest, requests["longest"] or 0)
        self.seconds.append(took)
        self.changes.append(
            {
                "change": change.title,
                "seconds": round(took, 2),
                "refused": refused,
                "failed": requests["failed"],
                "broken": len(broken),
                "broken_on_removed": apart,
            }
        )
        notes = [f"refused: {refused}"] if refused else []
        notes += [f"{requests['failed']} requests failed"] if requests["failed"] else []
        notes += [f"{len(broken)} watches broke"] if broken else []
        self.last = "; ".join(notes)

    def told(self) -> dict[str, Any]:
        seconds = sorted(self.seconds)
        return {
            "count": len(self.changes),
            "refused": sum(bool(one["refused"]) for one in self.changes),
            "seconds": {
                "all": round(sum(seconds), 1),
                "median": round(seconds[len(seconds) // 2], 2),
                "longest": round(seconds[-1], 2),
            },
            "sent": self.sent,
            "failed": self.failed,
            "reasons": dict(self.reasons),
            "failures": self.failures[:50],
            "longest": self.longest,
            "writes_failed": self.writes_failed,
            "deaf": self.deaf,
            "cut": len(cuts(self.broken)),
            "ended_by_the_server": len(self.broken) - len(cuts(self.broken)),
            "on_removed_servers": self.apart,
            "breaks": self.broken[:50],
            "changes": self.changes,
        }
