"""One screen that says how a cluster is, what is open, and what would be done next. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timezone, tzinfo

from saltext_hakube.core.remedy import wording
from saltext_hakube.core.remedy.decision import Cluster, Incident, State, Step
from saltext_hakube.core.remedy.sight import Sight
from saltext_hakube.core.remedy.words import COMPONENTS, PROBES, Component, Value, unwatched

#: Nodes beside each other; a terminal has 80 columns, or some more.
BESIDE = 5
VERIFIED = "it is being verified"
#: As a value is shown: what is wrong is to be seen at once.
SHOWN: dict[Value | None, str] = {"up": "up", "down": "DOWN", "unknown": "?", None: "-"}


def status(
    cluster: Cluster,
    state: State,
    now: float,
    step: Step | None = None,
    zone: tzinfo = timezone.utc,
) -> list[str]:
    """The screen, a list of lines.

    ``step``: what decide() gives for this state now: it says what would be done next. ``zone``:
    that of the times.
    """
    sight = Sight(cluster, state, now)
    after = step.state if step else state
    lines = [_head(sight, after)]
    lines += _warnings(cluster, state, now, zone)
    lines += _table(sight, state)
    lines += _incidents(after, now, zone)
    lines += _unclaimed(sight, after)
    if step is not None:
        lines += _next(cluster, step)
    return [wording.clean_line(line) for line in lines]


def line(cluster: Cluster, state: State, now: float) -> str:
    """The cluster in one line, for a master with many."""
    sight = Sight(cluster, state, now)
    if cluster.policy.mode == "none":
        return wording.clean(_head(sight, state))
    off = _unwatched(cluster, state)
    silent = [node for node in cluster.nodes if not sight.answers(node) and node not in off]
    flags = [
        *(["PAUSED"] if any(it.until is None or it.until > now for it in state.pauses) else []),
        *(["STORM"] if state.storm > now else []),
        *([f"SILENT {' '.join(silent)}"] if silent else []),
        *([f"NOT WATCHED {' '.join(off)}"] if off else []),
        *(f"{it.id}{' GIVEN UP' if it.gave_up else ''}" for it in state.incidents.values()),
    ]
    return wording.clean("; ".join((_head(sight, state), *flags)))


def value(sight: Sight, component: Component, node: str) -> Value | None:
    """What a node says of a component (``node``: empty for what concerns the cluster, and all say
    together); None where nobody looks. What a node said that does not answer now is not known."""
    if component == "node":
        return None if not node else "up" if sight.answers(node) else "unknown"
    scope = "node" if node else "cluster"
    names = [name for name, it in PROBES.items() if (it.component, it.scope) == (component, scope)]
    values = {sight.value(name, node) for name in names} - {None}
    if values and node and not sight.answers(node):
        return "unknown"
    return next((it for it in ("down", "up", "unknown") if it in values), None)


def _head(sight: Sight, state: State) -> str:
    name, mode = sight.cluster.name, sight.cluster.policy.mode
    if mode == "none":
        return f"{name}: mode none: nothing is watched"
    holder = f"VIP on {sight.holder}" if sight.holder else "VIP on no node that answers"
    return f"{name}: {_opened(sight, state)}; {holder}; mode {mode}"


def _opened(sight: Sight, state: State) -> str:
    if state.incidents:
        return wording.count(len(state.incidents), "open incident")
    off = _unwatched(sight.cluster, state)
    if len(off) == len(sight.cluster.nodes):
        return "nothing is watched"
    never = [it for it in sight.cluster.nodes if state.heard_at(it) is None and it not in off]
    if len(never) == len(sight.cluster.nodes):
        return "nobody has been heard yet"
    but = [f"{', '.join(never)}, never heard yet"] if never else []
    but += [f"{', '.join(off)}, where nothing is watched"] if off else []
    return f"all well but {', and '.join(but)}" if but else "all well"


def _unwatched(cluster: Cluster, state: State) -> dict[str, str]:
    """Node -> in its own words why nothing is watched there."""
    said = {it: state.instead.get(it, "") for it in cluster.nodes if it in state.silent}
    return {node: told for node, told in said.items() if unwatched(told)}


def _warnings(cluster: Cluster, state: State, now: float, zone: tzinfo) -> Iterator[str]:
    """What keeps all from being mended."""
    for pause in state.pauses:
        if pause.until is not None and pause.until <= now:
            continue
        until = "somebody resumes it" if pause.until is None else wording.moment(pause.until, zone)
        yield f"PAUSED {pause.node or 'as a whole'} until {until}: {pause.reason}"
    if state.storm > now:
        left = wording.lasted(state.storm - now)
        yield f"STORM: most nodes went bad at once; nothing is done for {left} more"
    off = _unwatched(cluster, state)
    for told in dict.fromkeys(off.values()):
        yield f"NOT WATCHED {', '.join(it for it in off if off[it] == told)}: {told}"


def _table(sight: Sight, state: State) -> Iterator[str]:
    nodes = list(sight.cluster.nodes)
    for start in range(0, len(nodes), BESIDE):
        yield ""
        some = nodes[start : start + BESIDE]
        columns = [["", *(name for name, _ in _ROWS), *COMPONENTS]]
        columns += [_column(sight, state, node) for node in some]
        if start + BESIDE >= len(nodes):
            together = [SHOWN[value(sight, it, "")] for it in COMPONENTS]
            columns.append(["cluster", *("" for _ in _ROWS), *together])
        yield from _aligned(columns)


def _column(sight: Sight, state: State, node: str) -> list[str]:
    values = [SHOWN[value(sight, it, node)] for it in COMPONENTS]
    return [node, *(row(sight, state, node) for _, row in _ROWS), *values]


def _heard(sight: Sight, state: State, node: str) -> str:
    if node in state.silent:
        if why := unwatched(state.instead.get(node, "")):
            return why
        return f"SILENT {wording.lasted(sight.now - state.silent[node])}"
    at = state.heard_at(node)
    return "never" if at is None else f"{wording.lasted(sight.now - at)} ago"


def _quorate(sight: Sight, _state: State, node: str) -> str:
    report = sight.fresh.get(node)
    return {True: "yes", False: "NO", None: "?"}[report.quorate if report else None]


def _at_work(sight: Sight, _state: State, node: str) -> str:
    report = sight.fresh.get(node)
    if report is None:
        return "?"
    if report.maintenance or report.standby:
        return "maintenance" if report.maintenance else "standby"
    return wording.clean(report.busy, 16) or "-"


_ROWS = (("heard", _heard), ("quorum", _quorate), ("at work", _at_work))


def _aligned(columns: list[list[str]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in columns]
    for row in zip(*columns, strict=True):
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


def _incidents(state: State, now: float, zone: tzinfo) -> Iterator[str]:
    for incident in sorted(state.incidents.values(), key=lambda it: it.opened):
        yield ""
        since = wording.moment(incident.opened, zone)
        age = wording.lasted(now - incident.opened)
        yield f"{incident.id}: open for {age} (since {since})"
        yield f"  {incident.why}"
        yield from (f"  {line}" for line in _doing(incident))


def _doing(incident: Incident) -> Iterator[str]:
    for attempt in incident.attempts:
        if attempt.flies:
            yield f"{attempt.rung} on {attempt.node} is under way"
        else:
            yield wording.attempt(
                {
                    "rung": attempt.rung,
                    "node": attempt.node,
                    "result": attempt.result,
                    "why": attempt.why,
                    "mended": attempt.mended,
                },
                VERIFIED,
            )
    if incident.gave_up:
        yield f"GIVEN UP: people have to look; then `salt-run hakube.retry {incident.id}`"
        return
    if _pending(incident):  # what is against the next rung is told when it is known
        return
    what = f"{incident.next} waits" if incident.next else "no rung is left"
    yield from (f"{what}: {it.name}: {it.why}" for it in incident.said if not it.ok)


def _pending(incident: Incident) -> str:
    """What is being done, or was done and is not verified yet; empty where nothing is."""
    last = incident.attempts[-1] if incident.attempts else None
    if last is None or last.mended is not None:
        return ""
    return f"{last.rung} on {last.node}{' is under way' if last.flies else f': {VERIFIED}'}"


def _unclaimed(sight: Sight, state: State) -> Iterator[str]:
    """What is down and is no incident (yet)."""
    claimed = {
        (name, it.node if PROBES[name].scope == "node" else "")
        for it in state.incidents.values()
        for name in it.probes
        if name in PROBES
    }
    found = [
        f"  {node}: {sight.why(name, node)}"
        for name, nodes in sight.down.items()
        for node in nodes
        if (name, node if PROBES[name].scope == "node" else "") not in claimed
    ]
    if found:
        yield from ("", "down, and no incident:", *sorted(found))


def _next(cluster: Cluster, step: Step) -> Iterable[str]:
    yield ""
    again = "" if step.again is None else f"; it looks again in {wording.lasted(step.again)}"
    action = step.action
    if cluster.policy.mode == "none":
        yield "next: nothing: hakube:heal:mode is none"
    elif action is not None:
        yield f"next: {wording.does(action.rung)} on {action.node}, for {action.incident}"
    elif not step.state.incidents:
        yield f"next: nothing, nothing is open{again}"
    else:
        yield f"next: nothing{again}"
        for incident in step.state.incidents.values():
            pending = "" if incident.gave_up else _pending(incident)
            if pending:
                yield f"  {incident.id}: {pending}"
                continue
            no = [it.name for it in incident.said if not it.ok]
            rung = incident.next or "no rung left"
            yield f"  {incident.id}: {rung}; against it: {', '.join(no) or 'nothing'}"
