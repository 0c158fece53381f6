"""What people tell the healing: pause, resume, retry."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.core.reading import shown
from saltext_hakube.core.remedy import budget, fold
from saltext_hakube.core.remedy.decision import Cluster, State
from saltext_hakube.healing import clusters, cycle, notify, places, registry, rounds, wishes
from saltext_hakube.healing.ask import Asker
from saltext_hakube.healing.wishes import Wish
from saltext_hakube.host import ledger

#: Seconds until a wish is taken in by whoever holds the ledger; an action may last a minute.
PATIENCE = 90.0
LOOK = 0.1
LONGEST = 300


def pause(
    opts: Mapping[str, Any],
    name: str,
    reason: Any,
    *,
    node: str | None = None,
    seconds: Any = None,
    until: Any = None,
) -> dict[str, Any]:
    """Look on, and do nothing, until somebody says go on or the time is over."""
    cluster = cluster_of(opts, name, node)
    end = _end(seconds, until, time.time())
    wish = Wish(kind="pause", at=time.time(), node=node or "", reason=_reason(reason), until=end)
    _granted(opts, cluster, wish)
    return {
        "cluster": cluster.name,
        "node": node or "all",
        "reason": wish.reason,
        "until": "somebody resumes it" if end is None else told_time(end),
    }


def resume(
    opts: Mapping[str, Any], name: str, reason: Any, *, node: str | None = None
) -> dict[str, Any]:
    """Go on, also with what was given up."""
    cluster = cluster_of(opts, name, node)
    wish = Wish(kind="resume", at=time.time(), node=node or "", reason=_reason(reason))
    _granted(opts, cluster, wish)
    told = {"cluster": cluster.name, "node": node or "all", "reason": wish.reason}
    held = [f"{name} {until}" for name, until in _held(opts, cluster).items()]
    return told | ({"but": f"the budget holds {'; '.join(held)}"} if held else {})


def retry(
    opts: Mapping[str, Any], incident: Any, reason: Any, name: str | None = None
) -> dict[str, Any]:
    """Try an open incident anew, with all its rungs. Pauses and budgets hold."""
    among = [cluster_of(opts, name)] if name else list(registry.known(opts).clusters.values())
    opened: dict[str, list[str]] = {}
    unread: list[str] = []
    for it in among:
        try:
            opened[it.name] = list(_state(opts, it).incidents)
        except HakubeError as error:  # it may be another one's
            unread.append(f"; nobody knows which cluster {it.name} has: {error}")
    found = [name for name, ids in opened.items() if incident in ids]
    if not found:
        there = ", ".join([it for ids in opened.values() for it in ids][:10]) or "none"
        raise ConfigError(
            [f"there is no open incident {shown(incident)}; open: {there}{''.join(unread[:3])}"]
        )
    if len(found) > 1:
        raise ConfigError(
            [f"several clusters have an incident {incident}; say which: cluster={found[0]}"]
        )
    cluster = cluster_of(opts, found[0])
    wish = Wish(kind="retry", at=time.time(), incident=incident, reason=_reason(reason))
    _granted(opts, cluster, wish)
    told = {"cluster": cluster.name, "incident": incident, "reason": wish.reason}
    until = _held(opts, cluster).get(incident)
    return told | ({"but": f"the budget holds it {until}"} if until else {})


def _state(opts: Mapping[str, Any], cluster: Cluster) -> State:
    records, _ = ledger.read(places.cluster(opts, cluster.name), cluster.name)
    return fold.fold(records)


def _held(opts: Mapping[str, Any], cluster: Cluster) -> dict[str, str]:
    """Open incident -> until when the budget holds it, and why."""
    state, now = _state(opts, cluster), time.time()
    barred = {
        it.id: budget.bars(state, it, cluster.policy.budget, now)
        for it in state.incidents.values()
        if not it.gave_up
    }
    return {
        name: f"until {_hour(bar[0], now)} ({', '.join(bar[1])})"
        for name, bar in barred.items()
        if bar
    }


def cluster_of(opts: Mapping[str, Any], name: Any, node: Any = None) -> Cluster:
    """The cluster of this name; the pillar is read anew if it is not known. Raises ConfigError."""
    known = registry.known(opts)
    if not isinstance(name, str) or name not in known.clusters:
        known = registry.known(opts, fresh=True)
    (cluster,) = clusters.chosen(known, [name])
    if node is not None and node not in list(cluster.nodes):
        raise ConfigError(
            [f"cluster {name} has no node {shown(node)}; it has {', '.join(cluster.nodes)}"]
        )
    return cluster


def _reason(given: Any) -> str:
    """Why, in one line. Raises ConfigError: who finds it paused has to be told."""
    # What a terminal of another encoding sent has half letters in it, which no file takes.
    text = str(given).encode("utf-8", "replace").decode() if given is not None else ""
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        raise ConfigError([f"a reason is needed, of at most {LONGEST} letters"])
    return text


def _end(seconds: Any, until: Any, now: float) -> float | None:
    """When a pause ends (Unix time); None for never."""
    if seconds is not None and until is not None:
        raise ConfigError(["either for_ or until, not both"])
    if seconds is not None:
        number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
        if not number or not seconds > 0:  # nan is not, either
            raise ConfigError([f"for_: {shown(seconds)}; a number of seconds above 0 is expected"])
        return now + min(float(seconds), 10 * 366 * 86400.0)
    if until is None:
        return None
    end = _time(until)
    if end <= now:
        raise ConfigError([f"until: {shown(until)} is over"])
    return end


def _time(given: Any) -> float:
    """Unix time, or a time as 2026-12-24T18:00 (the master's own, where it says no zone)."""
    try:
        if isinstance(given, (int, float)) and not isinstance(given, bool):
            # Raises for what is no time that could be told.
            return datetime.fromtimestamp(given, timezone.utc).timestamp()
        return datetime.fromisoformat(str(given)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            [f"until: {shown(given)}; a time as 2026-12-24T18:00 is expected, or Unix time"]
        ) from None


def _hour(at: float, now: float) -> str:
    """As 14:35 UTC, rounded up; with its date where it is not soon."""
    up = at + 59.0
    when = datetime.fromtimestamp(up, timezone.utc)
    return when.strftime("%H:%M UTC") if at < now + 43200 else told_time(up)


def told_time(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _granted(opts: Mapping[str, Any], cluster: Cluster, wish: Wish) -> None:
    """Have it written into the ledger: by us, or by whoever holds it now."""
    folder = places.cluster(opts, cluster.name)
    file = wishes.leave(folder, wish)
    try:
        held = _taken_in(opts, cluster, folder, file)
    except BaseException:  # it is not to count after all: who is told so tries it again, or not
        _withdrawn(file)
        raise
    if held and _withdrawn(file):
        raise HakubeError(
            f"it was not written down within {PATIENCE:g} s, and does not count: {held}"
        )


def _taken_in(opts: Mapping[str, Any], cluster: Cluster, folder: Path, file: Path) -> str:
    """Wait until somebody has taken it in, or do it; else who held the ledger all the time."""
    end = time.monotonic() + PATIENCE
    held = ""
    while time.monotonic() < end:
        try:
            book = cycle.hold(folder, cluster.name, "salt-run hakube")
        except ledger.Busy as error:
            held = str(error)
            if not file.exists():
                return ""
            time.sleep(LOOK)
            continue
        with book:
            own = rounds.Round(
                rounds.Doors(Asker(opts)), cluster, folder, book, cluster.policy.reassert
            )
            own.grant()
        # The nodes are to know of it, too.
        places.mark(folder / "dirty")
        notify.tell(opts, cluster, folder, own.records)
        return ""
    return held


def _withdrawn(file: Path) -> bool:
    """Take a wish back; False where it was taken in meanwhile."""
    with wishes.held(file) as there:
        return there and places.take(file)
