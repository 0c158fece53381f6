"""What people want to know of the healing: how all is, what was, why, and what would have been.

Reads the ledgers as they are at the moment, and waits for nobody.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone, tzinfo
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.core.reading import read, shown
from saltext_hakube.core.remedy import (
    decide,
    fold,
    history,
    metrics,
    outlook,
    replay,
    screen,
    story,
)
from saltext_hakube.core.remedy.decision import Cluster, Record, State
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.core.remedy.wording import clean
from saltext_hakube.healing import (
    clusters,
    faults,
    fleet,
    masterfile,
    places,
    registry,
    seen,
    wishes,
)
from saltext_hakube.healing.people import cluster_of
from saltext_hakube.host import files, ledger

log = logging.getLogger(__name__)

#: So many clusters have a screen each; of more there is a line each.
SCREENS = 3
#: Lines of a history or a replay, the last ones.
LINES = 200


def status(opts: Mapping[str, Any], name: str | None = None) -> str:
    """How all is, what is open, and what would be done next."""
    known = registry.known(opts)
    if name is not None:
        told = faults.shown(places.folder(opts), time.time())
        return "\n".join([*told, *_screen(opts, cluster_of(opts, name))])
    found = sorted(known.clusters.values(), key=lambda cluster: cluster.name)
    lines = list(_warnings(opts, known))
    if not found and not known.faults:
        lines.append("no minion has the pillar hakube (or none was asked for it since this master")
        lines.append("knows it: salt '*' saltutil.refresh_pillar)")
    if len(found) <= SCREENS:
        for cluster in found:
            try:
                told = _screen(opts, cluster)
            except HakubeError as error:  # the others are to be seen
                told = [_unreadable(cluster, error)]
            lines += ["", *told] if lines else told
        return "\n".join(lines)
    lines += [line for _, line in sorted(_lines(opts, found), key=lambda it: not it[0])]
    return "\n".join(lines)


def past(opts: Mapping[str, Any], name: str, limit: Any = 50) -> str:
    """The last incidents of a cluster, a line each."""
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ConfigError([f"limit: {shown(limit)}; a whole number above 0 is expected"])
    records, problems = _all(opts, cluster_of(opts, name))
    lines = history.history(records, _zone(), time.time())[-limit:]
    return "\n".join([*problems, *(lines or ["no incident"])])


def explain(opts: Mapping[str, Any], incident: Any, name: str | None = None) -> str:
    """An incident's story."""
    if not isinstance(incident, str):
        raise ConfigError([f"{shown(incident)} is no incident's name"])
    known = registry.known(opts)
    among = [cluster_of(opts, name)] if name is not None else list(known.clusters.values())
    stories: list[list[str]] = []
    there: list[str] = []
    unknown = ""
    for cluster in among:
        records, problems = _all(opts, cluster)
        try:
            stories.append([*problems, *story.explain(records, incident, _zone(), time.time())])
            there.append(cluster.name)
        except story.Unknown as error:
            unknown = f"{cluster.name}: {error}"
    if not stories:
        raise HakubeError(
            unknown if len(among) == 1 else f"no cluster has an incident {clean(incident, 80)}"
        )
    if len(stories) > 1:
        raise HakubeError(
            f"several clusters have an incident {clean(incident, 80)}; say which: "
            f"cluster={there[0]} (or {', '.join(there[1:10])})"
        )
    return "\n".join(stories[0])


def again(opts: Mapping[str, Any], name: str, policy: Any = None) -> str:
    """The decisions of a ledger once more."""
    if policy is not None:
        read(policy, Heal, "policy")
    records, problems = _all(opts, cluster_of(opts, name))
    turns = replay.replay(records, policy)
    if policy is None:
        odd = [turn for turn in turns if not turn.same]
        head = f"{len(turns)} decisions, {len(turns) - len(odd)} of them made again as they were"
        lines = [head, *(outlook.other(turn, _zone()) for turn in odd[-LINES:])]
    else:
        lines = outlook.told(turns, _zone())
    notes = [f"note: left out, as another version wrote it: {it}" for it in replay.unread(records)]
    return "\n".join([*problems, *(clean(it, 500) for it in notes), *lines])


def page(opts: Mapping[str, Any], file: Any = None) -> str:
    """The text for Prometheus; with ``file``, written there whole."""
    known = registry.known(opts)
    found = []
    for cluster in known.clusters.values():
        try:
            records, _ = _since(opts, cluster)
            found.append((cluster, _state(opts, cluster, records), metrics.counted(records)))
        except HakubeError as error:  # hakube_own_fault tells of it
            log.warning("hakube: cluster %s: %s", cluster.name, error)
    text = metrics.text(found, time.time())
    text += faults.metrics(places.folder(opts), [*known.clusters, *known.faults])
    if file is None:
        return text
    path = Path(str(file))
    if not path.is_absolute() or path.suffix != ".prom":
        raise ConfigError([f"file: {shown(file)}; a whole path that ends in .prom is expected"])
    if not path.parent.is_dir():
        raise ConfigError([f"file: {path.parent} is no folder of this master; make it first"])
    files.write(path, text.encode(), durable=False)
    # A collector of another user reads it.
    path.chmod(0o644)
    return f"{path}: {len(text)} bytes"


def _screen(opts: Mapping[str, Any], cluster: Cluster) -> list[str]:
    cluster = fleet.allowed(opts, cluster)
    records, problems = _since(opts, cluster)
    state, now = _state(opts, cluster, records), time.time()
    step = decide.decide(cluster, state, now) if cluster.policy.mode != "none" else None
    waiting = wishes.waiting(places.cluster(opts, cluster.name))
    lines = [f"WARNING: {problem}" for problem in problems]
    lines += [
        clean(f"note: left out of the ledger, as another version wrote it: {it}", 500)
        for it in state.dropped
    ]
    odd = seen.read(places.cluster(opts, cluster.name)).unread
    lines += [clean(f"note: {seen.told_unread(node, it)}", 500) for node, it in odd.items()]
    if waiting:
        lines.append(f"{len(waiting)} wishes of people wait for who works on it now")
    return [*screen.status(cluster, state, now, step, _zone()), *lines]


def _state(opts: Mapping[str, Any], cluster: Cluster, records: Sequence[Record]) -> State:
    """As the ledger has it, and when the nodes were heard that said nothing new since then."""
    state = fold.fold(records)
    last = seen.read(places.cluster(opts, cluster.name))
    heard = {
        node: max(last.at, state.heard_at(node) or 0.0)
        for node in last.words
        if node in state.reports
    }
    return replace(state, heard=state.heard | heard, passing={})


def _lines(opts: Mapping[str, Any], found: list[Cluster]) -> Iterator[tuple[bool, str]]:
    """A line for each, and whether there is any trouble."""
    for cluster in found:
        try:
            state = _state(opts, cluster, _since(opts, cluster)[0])
        except HakubeError as error:
            yield True, _unreadable(cluster, error)
            continue
        told = screen.line(fleet.allowed(opts, cluster), state, time.time())
        yield bool(state.incidents), told


def _unreadable(cluster: Cluster, error: HakubeError) -> str:
    return clean(f"WARNING: cluster {cluster.name}: nobody knows how it is: {error}", 500)


def _warnings(opts: Mapping[str, Any], known: clusters.Known) -> Iterator[str]:
    yield from faults.shown(places.folder(opts), time.time())
    for name, why in sorted(known.faults.items()):
        yield f"WARNING: cluster {name or '(without a name)'}: nothing is done: {why}"
    for note in known.notes[:5]:
        yield f"note: {note}"
    if not any(cluster.policy.mode != "none" for cluster in known.clusters.values()):
        return
    missing = masterfile.missing(opts)
    if missing:
        yield (
            f"WARNING: this master's configuration has no {' and no '.join(missing)} of hakube: "
            f"put what `salt-run hakube.master_config` prints into {masterfile.FILE} and restart "
            "salt-master"
        )
        return
    late = _late(opts)
    if late:
        yield (
            f"WARNING: the schedule's hakube.reconcile {late}; nobody notices silence or what an "
            "event did not tell. Is salt-master running, and its schedule enabled?"
        )


def _late(opts: Mapping[str, Any]) -> str:
    """How long ago the schedule's last round was, where that is too long."""
    try:
        ago = time.time() - (places.folder(opts) / fleet.RECONCILED).stat().st_mtime
    except FileNotFoundError:
        return "has not run yet"
    # One round may take as long as fleet.LIMIT, and an action.
    return f"did not run for {ago:.0f} s" if ago > 2 * fleet.LIMIT else ""


def _since(opts: Mapping[str, Any], cluster: Cluster) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    return ledger.read(places.cluster(opts, cluster.name), cluster.name)


def _all(opts: Mapping[str, Any], cluster: Cluster) -> tuple[list[Record], list[str]]:
    problems: list[str] = []
    folder = places.cluster(opts, cluster.name)
    records = list(ledger.read_all(folder, cluster.name, problems.append))
    return records, [f"WARNING: {problem}" for problem in problems]


def _zone() -> tzinfo:
    """The master's own."""
    return datetime.now().astimezone().tzinfo or timezone.utc
