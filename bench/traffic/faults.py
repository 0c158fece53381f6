"""An apiserver that hangs, and an etcd that stalls: what becomes of the sessions."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from bench.traffic import balancer
from bench.traffic.client import Client
from tests.lab import Lab, Node

# What ends a watch that haproxy has not cut: the apiserver itself says that it is over.
BY_THE_SERVER = ("ended by the server", "error from the server")


def cuts(broken: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The breaks that no apiserver meant."""
    return [one for one in broken if one["why"] not in BY_THE_SERVER]


def hang(lab: Lab, nodes: list[Node], client: Client, patience: float = 30) -> dict[str, Any]:
    """Stop an apiserver that is not the VIP's holder's; measure until its sessions are gone."""
    holder = balancer.holder(lab)
    victim = next(node for node in nodes if node is not holder)
    name = f"secure-{victim.name}"
    told = client.settled()
    servers = balancer.look(holder).servers(lab.client.address)
    ports = [watch["port"] for watch in told["watches"]]
    seen = _Seen({port: servers[port][1] for port in ports if servers[port][0] == name})
    start = time.time()
    victim.run("systemctl kill --signal=STOP kube-apiserver")
    try:
        while time.time() < start + patience and not seen.all_gone:
            time.sleep(0.3)
            seen.take(client, start)
        time.sleep(2)  # requests that were under way fail now, or not at all
        seen.take(client, start)
    finally:
        victim.run("systemctl kill --signal=CONT kube-apiserver")
    balancer.wait_up(nodes, {name})
    return {
        "server": name,
        "current": seen.gone_of(False),
        "old": seen.gone_of(True),
        "cut_elsewhere": len(cuts(seen.others)),
        "breaks_elsewhere": seen.others[:20],
        "requests": {**seen.requests, "reasons": dict(seen.reasons)},
    }


class _Seen:
    """What has become of the sessions on a server: their ports, and whether in an old worker."""

    def __init__(self, on_it: dict[int, bool]) -> None:
        self._on_it = on_it
        self._gone: dict[int, float] = {}
        self.others: list[dict[str, Any]] = []
        self.requests: dict[str, Any] = {"sent": 0, "failed": 0, "last": None, "longest": 0}
        self.reasons: Counter[str] = Counter()

    @property
    def all_gone(self) -> bool:
        return len(self._gone) == len(self._on_it)

    def take(self, client: Client, start: float) -> None:
        told = client.take()
        for broken in told["broken"]:
            if broken["port"] in self._on_it:
                self._gone[broken["port"]] = broken["at"] - start
            else:
                self.others.append(broken)
        requests = told["requests"]
        for failure in requests["failures"]:
            self.requests["last"] = round(failure["at"] - start, 2)
        self.requests["sent"] += requests["sent"]
        self.requests["failed"] += requests["failed"]
        self.requests["longest"] = max(self.requests["longest"], requests["longest"] or 0)
        self.reasons.update(requests["reasons"])

    def gone_of(self, old: bool) -> dict[str, Any]:
        ports = [port for port in self._on_it if self._on_it[port] is old]
        seconds = [self._gone[port] for port in ports if port in self._gone]
        return {
            "sessions": len(ports),
            "gone": len(seconds),
            "first": round(min(seconds), 2) if seconds else None,
            "last": round(max(seconds), 2) if seconds else None,
        }


def stall(nodes: list[Node], client: Client, seconds: float = 10) -> dict[str, Any]:
    """Freeze all members of etcd for so long; no watch may be cut for it."""
    client.settled()
    members = [node for node in nodes if "active" in _state(node)]
    start = time.time()
    try:
        for node in members:
            node.run("systemctl kill --signal=STOP etcd")
        frozen = time.time()
        time.sleep(max(0.0, seconds - (time.time() - frozen)))
    finally:
        for node in members:
            node.run("systemctl kill --signal=CONT etcd")
    thawed = time.time()
    time.sleep(5)
    told = client.take()
    return {
        "members": len(members),
        "frozen": round(thawed - start, 2),
        "cut": len(cuts(told["broken"])),
        "ended_by_the_server": len(told["broken"]) - len(cuts(told["broken"])),
        "breaks": told["broken"][:20],
        "requests": told["requests"],
        "writes": told["writes"],
    }


def _state(node: Node) -> str:
    return node.run("systemctl is-active etcd", check=False).stdout
