"""All clusters of this master: what an event sets going, and the round that the schedule runs."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from saltext_hakube.core.errors import ConfigError, HakubeError, Refused
from saltext_hakube.core.remedy import report
from saltext_hakube.core.remedy.decision import Cluster, State
from saltext_hakube.healing import (
    clusters,
    cycle,
    faults,
    hints,
    notify,
    places,
    registry,
    rounds,
    seen,
    wishes,
)
from saltext_hakube.healing.ask import Asker

log = logging.getLogger(__name__)

#: The reactor has ten threads for all runners (reactor_worker_threads). A cycle may last a minute,
#: so not more than these are ours; what finds none free is marked, and taken up by who ends next.
SLOTS = 4
#: Clusters that a reconcile works on side by side, and minions in one question.
SIDE_BY_SIDE, TOGETHER = 16, 300
#: Reports in a second that a quiet fleet is asked for, at most: 3,000 nodes are each asked every
#: 150 s then.
PACE = 20.0
#: Seconds after which a reconcile begins no further cluster: the schedule has the next one.
LIMIT = 120.0

#: Seconds that the clock may go back and nobody is told; and for which it is told then.
BEHIND, REMEMBERED = 30.0, 3600.0
#: Bytes where the ledgers are: with less, a rotation may fail.
LEAST = 32 << 20
MANY = 3  # ways that are gone for one fault of the master's

#: The mark of the schedule's last round.
RECONCILED = ".reconciled"

_slots = threading.BoundedSemaphore(SLOTS)


def observe(opts: Mapping[str, Any], tag: Any, data: Any) -> dict[str, Any]:
    """What an event of a beacon sets going: its cluster's cycle, or nothing. Whatever the event has
    in it raises nothing: it says why it is nothing."""
    known = registry.known(opts)
    try:
        cluster = _meant(opts, known, tag, data)
    except (Refused, report.Refused) as error:
        return {"ran": False, "why": str(error)}
    places.mark(places.cluster(opts, cluster.name) / "dirty")
    if not _slots.acquire(blocking=False):
        return {
            "ran": False,
            "why": "marked: enough clusters are worked on",
            "cluster": cluster.name,
        }
    try:
        outcome = run(opts, cluster, owner="hakube.observe", hinted=True)
        _rest(opts, known)
    finally:
        _slots.release()
    return told(outcome)


def _meant(opts: Mapping[str, Any], known: clusters.Known, tag: Any, data: Any) -> Cluster:
    """The cluster that has to be looked at because of an event. Raises Refused for all others."""
    minion = hints.minion_of(tag)
    if minion is None:
        raise Refused("the tag is none of the beacon hakube")
    if not hints.is_small(data):
        raise Refused("it is no report, or larger than one can be")
    found = known.of(minion) or registry.known(opts, stranger=True).of(minion)
    if found is None:
        raise Refused("no cluster that is healed has this minion")
    cluster, node = found
    said = report.read({key: data[key] for key in data if key in _FIELDS})
    if (said.cluster, said.node) != (cluster.name, node):
        raise Refused("it speaks for another than the minion is")
    if allowed(opts, cluster).policy.mode == "none":
        raise Refused("hakube:heal:mode is none, or this master's own hakube:heal")
    folder = places.cluster(opts, cluster.name)
    if not seen.is_news(folder, node, said):
        raise Refused("nothing new")
    if seen.rests(folder, time.time()):
        places.mark(folder / "dirty")
        raise Refused("marked: the events before it were only noise")
    return cluster


_FIELDS = frozenset(report.Report.__struct_fields__)


def told(outcome: cycle.Outcome) -> dict[str, Any]:
    """An outcome as the runner returns it."""
    return {
        "cluster": outcome.cluster,
        "ran": outcome.ran,
        "why": outcome.why,
        "rounds": outcome.rounds,
        "actions": outcome.actions,
    }


def _rest(opts: Mapping[str, Any], known: clusters.Known) -> None:
    """What found no slot meanwhile, for a while; the rest is the next reconcile's."""
    end = time.monotonic() + LIMIT
    base = places.folder(opts)
    for cluster in known.clusters.values():
        if time.monotonic() > end:
            return
        folder = base / cluster.name
        if not places.exists(folder / "dirty") or seen.rests(folder, time.time()):
            continue
        if allowed(opts, cluster).policy.mode != "none":
            try:
                run(opts, cluster, owner="hakube.observe", hinted=True)
            except HakubeError as error:
                log.error("hakube: cluster %s: %s", cluster.name, error)


def run(
    opts: Mapping[str, Any],
    cluster: Cluster,
    *,
    owner: str,
    given: rounds.Given | None = None,
    quiet: float | None = None,
    hinted: bool = False,
    waits: bool = True,
) -> cycle.Outcome:
    """One cluster's cycle, and then people are told of it."""
    folder = places.cluster(opts, cluster.name)
    mine = allowed(opts, cluster)
    # The ledger keeps what was declared; a webhook's address may have a token in it.
    bare = replace(mine, policy=replace(mine.policy, webhook=None))
    leads = mine.policy.mode == cluster.policy.mode
    asker = Asker(opts)
    doors = rounds.Doors(asker, time.time, leads, waits, asker.late, lambda: _off(opts, cluster))
    base, name = places.folder(opts), cluster.name
    try:
        outcome = cycle.cycle(
            doors, bare, folder, owner=owner, given=given, quiet=quiet, hinted=hinted
        )
        came = notify.tell(opts, mine, folder, outcome.records)
    except (HakubeError, OSError) as error:
        faults.found(base, {(name, faults.WORK): f"nothing is done: {error}"})
        raise HakubeError(str(error)) from None
    said = {(name, faults.WORK): ""}
    if came:
        said[name, faults.PEOPLE] = notify.failed(came)
    faults.found(base, said | _clock(base, name, outcome.behind))
    return outcome


def _off(opts: Mapping[str, Any], cluster: Cluster) -> bool:
    """Whether the pillar has the mode none by now. One that cannot be read says nothing."""
    try:
        found = registry.known(opts, stranger=True).clusters.get(cluster.name)
    except HakubeError:
        return False
    return found is not None and found.policy.mode == "none"


def _clock(base: Path, name: str, behind: float) -> dict[faults.Key, str]:
    """That the master's clock went back is told for an hour: afterwards all goes by the new one."""
    key = (name, faults.CLOCK)
    if behind > BEHIND:
        told = f"{behind:.0f} s behind what its ledger has: what is waited for may take longer"
        return {key: f"this master's clock is {told}"}
    there = faults.read(base).get(key)
    long = there is not None and not 0 <= time.time() - there.since < REMEMBERED
    return {key: ""} if long else {}


def allowed(opts: Mapping[str, Any], cluster: Cluster) -> Cluster:
    """The cluster with the mode that this master may have.

    Of several masters one acts: the others have ``hakube: {heal: observe}`` (or none) in their
    configuration. Where two act nevertheless, what they do is still one thing at a time: on a node
    by its own settle window, in the cluster by its turn; but each has a budget of its own.
    """
    own = opts.get("hakube")
    mode = own.get("heal", "act") if isinstance(own, Mapping) else "act"
    if mode not in ("act", "observe", "none"):
        raise ConfigError(
            ["hakube:heal in the master's configuration: one of act, observe, none is expected"]
        )
    order = ("none", "observe", "act")
    least = min(order.index(mode), order.index(cluster.policy.mode))
    return replace(cluster, policy=replace(cluster.policy, mode=order[least]))


def reconcile(opts: Mapping[str, Any], names: Iterable[str] | str | None = None) -> dict[str, Any]:
    """Work on every cluster that is due, or on those named: silence, lost events, stuck repairs.

    Two of these at once do no harm: a cluster is worked on by one only.
    """
    if names is None:
        with contextlib.suppress(OSError):  # a full disk is told below
            places.mark(places.folder(opts) / RECONCILED)
            faults.reserve(places.folder(opts))
    known = _known(opts)
    healed = [
        cluster
        for cluster in clusters.chosen(known, names)
        if allowed(opts, cluster).policy.mode != "none"
    ]
    nodes = sum(len(cluster.nodes) for cluster in healed)
    quiet = {cluster.name: max(cluster.policy.reassert, nodes / PACE) for cluster in healed}
    failed = {name: why for name, why in known.faults.items() if names is None}
    due = _due(opts, healed, failed, every=names is not None)
    waits = len(due) <= SIDE_BY_SIDE
    outcomes: list[cycle.Outcome] = []
    end = time.monotonic() + LIMIT
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="hakube") as pool:
        for part in _parts(opts, due):
            if time.monotonic() >= end:
                break
            given = _asked(opts, part, failed)
            if given is None:
                continue

            def work(cluster: Cluster, given: rounds.Given = given) -> None:
                try:
                    outcomes.append(
                        run(
                            opts,
                            cluster,
                            owner="hakube.reconcile",
                            given=given,
                            quiet=quiet[cluster.name],
                            waits=waits,
                        )
                    )
                except HakubeError as error:
                    failed[cluster.name] = str(error)
                except Exception:  # of one cluster, that the others do not suffer
                    log.exception("hakube: cluster %s", cluster.name)
                    failed[cluster.name] = "an error of hakube's own; see the master's log"
                    said = {(cluster.name, faults.WORK): failed[cluster.name]}
                    faults.found(places.folder(opts), said)

            list(pool.map(work, part))
    if names is None:
        _own(opts, known)
    for name, why in failed.items():
        if name not in known.faults:
            log.warning("hakube: cluster %s: nothing is done: %s", name, why)
    return {
        "clusters": len(healed),
        "due": len(due),
        "ran": sum(outcome.ran for outcome in outcomes),
        "actions": sum(outcome.actions for outcome in outcomes),
        "failed": dict(sorted(failed.items())),
    }


def _known(opts: Mapping[str, Any]) -> clusters.Known:
    """What the pillars declare; that they cannot be read is a fault of the master's. Raises
    HakubeError."""
    base = places.folder(opts)
    try:
        known = registry.known(opts)
    except (HakubeError, OSError) as error:
        faults.found(base, {("", faults.PILLAR): f"nothing is done: {error}"})
        raise
    faults.found(base, {("", faults.PILLAR): ""})
    return known


def _own(opts: Mapping[str, Any], known: clusters.Known) -> None:
    """Note what is wrong with the healing itself, and tell people what is new of that."""
    base = places.folder(opts)
    before = faults.read(base)
    gone = {key: "" for key in before if key[1] == faults.PILLAR and key[0]}
    # A cluster that is declared no more has no faults.
    gone |= {key: "" for key in before if key[0] and key[0] not in known.clusters}
    wrong = {(name, faults.PILLAR): f"nothing is done: {why}" for name, why in known.faults.items()}
    room = os.statvfs(base)
    left = room.f_bavail * room.f_frsize
    full = f"{left >> 20} MiB are left at {base}, where the ledgers are" if left < LEAST else ""
    faults.found(base, gone | wrong | {("", faults.ROOM_LEFT): full})
    now = time.time()
    for fault in faults.read(base).values():
        if fault.due(now):
            faults.told(base, fault, _told_all(opts, known, fault), now)


def _told_all(
    opts: Mapping[str, Any], known: clusters.Known, fault: faults.Fault
) -> dict[str, str]:
    """By the ways of its cluster; what is the master's, by those of all."""
    policies = [it.policy for it in known.clusters.values() if fault.cluster in ("", it.name)]
    ways = {notify.Ways(it.webhook, it.returner) for it in policies}
    ways |= {notify.Ways(*it) for name, it in known.ways.items() if fault.cluster in ("", name)}
    came: dict[str, str] = {}
    for way in list(ways)[:MANY]:
        came |= notify.say(opts, fault.cluster, way, [fault.line])
    return came


def _due(
    opts: Mapping[str, Any], healed: Iterable[Cluster], failed: dict[str, str], *, every: bool
) -> list[Cluster]:
    """Those that have to be looked at now, or all. Where there is not time for all, those have it
    next that waited longest, so they come first."""
    found: list[tuple[float, Cluster]] = []
    for cluster in healed:
        try:
            last = seen.read(places.cluster(opts, cluster.name)).at
            if every or is_due(opts, cluster):
                found.append((last, cluster))
        except (HakubeError, OSError) as error:  # of one cluster, that the others do not suffer
            failed[cluster.name] = f"{error}"
            said = {(cluster.name, faults.WORK): f"nothing is done: {error}"}
            faults.found(places.folder(opts), said)
    return [cluster for _, cluster in sorted(found, key=lambda it: it[0])]


def is_due(opts: Mapping[str, Any], cluster: Cluster) -> bool:
    """Whether its nodes have to be asked now. A clock that was set back makes it so, too."""
    folder = places.cluster(opts, cluster.name)
    if places.exists(folder / "dirty") or wishes.waiting(folder):
        return True
    last = seen.read(folder)
    now = time.time()
    return now >= last.due or now < last.at


def _parts(opts: Mapping[str, Any], due: Sequence[Cluster]) -> Iterable[list[Cluster]]:
    """Clusters whose nodes are asked together, with the same words."""
    holds: dict[str | None, list[Cluster]] = {}
    for cluster in due:
        holds.setdefault(_hold(opts, cluster), []).append(cluster)
    for same in holds.values():
        part: list[Cluster] = []
        nodes = 0
        for cluster in same:
            if part and nodes + len(cluster.nodes) > TOGETHER:
                yield part
                part, nodes = [], 0
            part.append(cluster)
            nodes += len(cluster.nodes)
        yield part


def _asked(
    opts: Mapping[str, Any], part: Sequence[Cluster], failed: dict[str, str]
) -> rounds.Given | None:
    """The reports of all nodes of these clusters; None where nobody could be asked."""
    patient = []
    for cluster in part:
        last = seen.read(places.cluster(opts, cluster.name))
        patient += [
            minion for node, minion in cluster.nodes.items() if node in last.words or not last.at
        ]
    minions = [minion for cluster in part for minion in cluster.nodes.values()]
    hold = _hold(opts, part[0])
    try:
        answers = Asker(opts)(
            minions, "hakube_heal.report", rounds.REPORT, patient=patient, hold=hold
        )
    except HakubeError as error:
        failed |= {cluster.name: str(error) for cluster in part}
        wrong = {(it.name, faults.WORK): f"nothing is done: {error}" for it in part}
        faults.found(places.folder(opts), wrong)
        return None
    return rounds.Given(hold, answers)


def _hold(opts: Mapping[str, Any], cluster: Cluster) -> str | None:
    """What the nodes are told, as far as it is known without the ledger. The cycle asks them anew
    where it is something else."""
    mine = allowed(opts, cluster)
    if mine.policy.mode == cluster.policy.mode == "act":
        return seen.read(places.cluster(opts, cluster.name)).hold or ""
    leads = mine.policy.mode == cluster.policy.mode
    return next(iter(rounds.holding(mine, State(), leads).values()))
