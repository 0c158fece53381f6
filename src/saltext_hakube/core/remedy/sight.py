"""What is known of a cluster at one moment: whose word counts, and what they say together. Pure.

A node's report counts for three re-assertions; after that nothing is known of the node.
"""

from __future__ import annotations

from saltext_hakube.core.remedy.decision import Cluster, State
from saltext_hakube.core.remedy.report import Report
from saltext_hakube.core.remedy.words import PROBES, Component, Value

#: What serves: a node where one of these is down is red. Drift, certificates, disks and eyes are
#: not.
SERVING: frozenset[str] = frozenset(
    name
    for name, probe in PROBES.items()
    if probe.scope == "node" and probe.component not in ("files", "certificates", "disk", "eyes")
)
#: Whose probes tell on which nodes a component is well, where it is not its own, for it runs on one
#: node only: the VIP needs a haproxy to go to, the others an apiserver.
STANDS_FOR: dict[Component, Component] = {
    "vip": "haproxy",
    "scheduler": "apiserver",
    "controller-manager": "apiserver",
}


def is_red(report: Report) -> bool:
    return any(look.value == "down" and name in SERVING for name, look in report.looks.items())


def probes(component: Component) -> tuple[str, ...]:
    """The component's probes whose scope is a node."""
    return _OF.get(component, ())


_OF: dict[Component, tuple[str, ...]] = {}
for _name, _probe in PROBES.items():
    if _probe.scope == "node":
        _OF[_probe.component] = (*_OF.get(_probe.component, ()), _name)


class Sight:
    """``fresh``: node -> its report, where that counts; ``told``: node -> when it said so last, by
    its own clock; ``mute``: nodes that did not answer when they were asked last; ``down``: probe ->
    the nodes that say so, in order."""

    __slots__ = ("_well", "cluster", "down", "fresh", "mute", "now", "red", "standby", "told")

    def __init__(self, cluster: Cluster, state: State, now: float) -> None:
        self.cluster, self.now = cluster, now
        self.fresh: dict[str, Report] = {}
        self.told: dict[str, float] = {}
        self.mute = frozenset(state.silent)
        self.red = state.red
        self.standby = state.standby
        self.down: dict[str, list[str]] = {}
        self._well: dict[Component, frozenset[str]] = {}
        limit = cluster.policy.silence
        for node in sorted(cluster.nodes):
            report, at = state.reports.get(node), state.heard_at(node)
            if report is None or at is None or now - at > limit:
                continue
            self.fresh[node] = report
            passing = state.passing.get(node)
            self.told[node] = passing.at if passing else report.at
            for name, look in report.looks.items():
                if look.value == "down" and name in PROBES:
                    self.down.setdefault(name, []).append(node)

    def value(self, probe: str, node: str) -> Value | None:
        """What the node says; for a cluster's probe (``node``: empty) what all say together: down
        where one says so. None where nobody looks at it any more."""
        if node:
            report = self.fresh.get(node)
            if report is None:
                return "unknown"
            look = report.looks.get(probe)
            return look.value if look else None
        if probe in self.down:
            return "down"
        looks = [report.looks.get(probe) for report in self.fresh.values()]
        said = {look.value for look in looks if look}
        if "up" in said:
            return "up"
        return "unknown" if said or not looks else None

    def why(self, probe: str, node: str) -> str:
        """What is down, in words."""
        nodes = [node] if node else self.down.get(probe, [])
        told = PROBES[probe].down
        for name in nodes:
            report = self.fresh.get(name)
            look = report.looks.get(probe) if report else None
            if look and look.why:
                return f"{told} ({look.why})"
        return told

    def evidence(self, probe: str, node: str) -> dict[str, list[str]]:
        for name in [node] if node else self.down.get(probe, []):
            report = self.fresh.get(name)
            look = report.looks.get(probe) if report else None
            if look and look.evidence:
                return look.evidence
        return {}

    def well(self, component: Component) -> frozenset[str]:
        """The nodes that answer and where the component is well: some say up, none down."""
        if component not in self._well:
            names = probes(STANDS_FOR.get(component, component))
            self._well[component] = frozenset(
                node
                for node, report in self.fresh.items()
                if node not in self.mute and _is_well(report, names)
            )
        return self._well[component]

    @property
    def holder(self) -> str:
        """The node that has the VIP's address, as it says itself; empty where none does, or does
        not answer: it may have lost it since. Of two that of which Pacemaker knows."""
        odd = self.down.get("vip.address", ())
        found = [it for it, report in self.fresh.items() if report.holder and it not in self.mute]
        return next(iter(sorted(found, key=lambda it: it in odd)), "")

    @property
    def quorate(self) -> list[str]:
        """The nodes that answer and are with the majority."""
        return [
            node
            for node, report in self.fresh.items()
            if report.quorate is True and node not in self.mute
        ]

    def put_away(self, incident: str) -> str:
        """The node that is in standby because of this incident, by what was done and by its own
        word; empty where none is."""
        if not self.standby:
            return ""
        return next(
            (it for it, by in self.standby.items() if by == incident and self._stands_by(it)), ""
        )

    def _stands_by(self, node: str) -> bool:
        return node in self.fresh and self.fresh[node].standby

    def answers(self, node: str) -> bool:
        return node in self.fresh and node not in self.mute


def _is_well(report: Report, names: tuple[str, ...]) -> bool:
    values = [report.value(name) for name in names]
    return "down" not in values and ("up" in values or not names)


def majority(cluster: Cluster) -> int:
    return len(cluster.nodes) // 2 + 1
