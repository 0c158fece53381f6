"""What is wrong in the cluster, and for how long already. Pure but for that memory."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.agents.probe.cluster import Cluster, Failure, Place
from saltext_hakube.agents.probe.look import Look, down, unknown, up

# Seconds that Pacemaker has for what failed before it counts: it stops and starts a unit in over
# 4 s, an apiserver in some more. What is blocked or banned it leaves, and counts at once.
MENDS = 15.0

PROCESS, NODES, FAILURES = "pacemaker.process", "pacemaker.nodes", "pacemaker.failures"
FENCING, QUORUM = "pacemaker.fencing", "corosync.quorum"
NAMES = (PROCESS, NODES, FAILURES, FENCING, QUORUM)


class Failing:
    """Remembers since when something has failed and was not mended."""

    def __init__(self) -> None:
        self._since: dict[Place, float] = {}

    def looks(self, cluster: Cluster, now: float) -> dict[str, Look]:
        """The verdicts, by probe."""
        if cluster.problem:
            silent = unknown(f"Pacemaker does not say: {cluster.problem}")
            process = down(cluster.problem) if cluster.asked else silent
            return {**dict.fromkeys(NAMES, silent), PROCESS: process}
        return {
            PROCESS: up(),
            NODES: _nodes(cluster),
            FAILURES: self._failures(cluster, now),
            FENCING: _fencing(cluster),
            QUORUM: _quorum(cluster),
        }

    def _failures(self, cluster: Cluster, now: float) -> Look:
        open_ = dict(_open(cluster))
        self._since = {place: self._since.get(place, now) for place in open_}
        late = {it: why for it, why in open_.items() if now - self._since[it] >= MENDS}
        found = {
            "blocked": _told(cluster.blocked),
            "banned": _told(cluster.banned),
            "failed": [f"{_place(place)} {why}".strip() for place, why in sorted(late.items())],
        }
        evidence = {kind: lines for kind, lines in found.items() if lines}
        if evidence:
            why = "; ".join(f"{kind}: {', '.join(lines)}" for kind, lines in evidence.items())
            return down(why, **evidence)
        if open_:
            return up(f"Pacemaker mends {', '.join(_told(open_))}")
        return up()


def _open(cluster: Cluster) -> Iterator[tuple[Place, str]]:
    """What failed and does not run again: place -> why."""
    for place in cluster.failed - cluster.blocked:
        yield place, ""
    for failure in cluster.failures:
        place = (failure.resource, failure.node)
        if place not in cluster.blocked | cluster.banned and not _mended(cluster, failure):
            yield place, f"({failure.task}: {failure.why})"


def _mended(cluster: Cluster, failure: Failure) -> bool:
    """It runs again: an instance of a clone on that node, anything else anywhere."""
    if failure.resource not in cluster.running or failure.resource in cluster.stopped:
        return True  # a device for fencing of another kind, or nobody wants it to run
    places = cluster.running[failure.resource]
    node = cluster.nodes.get(failure.node)
    if failure.resource in cluster.cloned and node is not None and node.online:
        return failure.node in places or node.standby
    return bool(places)


def _told(places: object) -> list[str]:
    return [_place(place) for place in sorted(places)]  # type: ignore[call-overload]


def _place(place: Place) -> str:
    resource, node = place
    return f"{resource}@{node}" if node else resource


def _nodes(cluster: Cluster) -> Look:
    offline = sorted(name for name, node in cluster.nodes.items() if not node.online)
    if offline:
        return down(f"{', '.join(offline)} not online", offline=offline)
    return up()


def _fencing(cluster: Cluster) -> Look:
    unclean = sorted(name for name, node in cluster.nodes.items() if node.unclean)
    if cluster.fencing:
        return down(f"{', '.join(cluster.fencing)} is pending", pending=cluster.fencing)
    if unclean:
        return down(f"{', '.join(unclean)} is to be fenced, and is not", unclean=unclean)
    return up()


def _quorum(cluster: Cluster) -> Look:
    if cluster.quorate is None:
        return unknown("there is no DC just now")
    return up() if cluster.quorate else down("this part of the cluster has no quorum")
