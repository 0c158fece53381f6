"""Prometheus' text: what was seen and done, as counters; how all is now, as gauges. Pure.

Counters are counted out of the ledger. Its oldest files go, so what was counted goes on in each
snapshot (``carried``): a counter never goes back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from saltext_hakube.core.remedy import screen
from saltext_hakube.core.remedy.decision import GATES, Cluster, Record, State
from saltext_hakube.core.remedy.sight import Sight
from saltext_hakube.core.remedy.words import COMPONENTS, RUNGS, unwatched

#: Where a snapshot has the counts.
COUNTS = "counts"
VALUES = {"up": 1, "down": 0, "unknown": -1}


class Metric(NamedTuple):
    kind: str
    help: str
    labels: tuple[str, ...] = ()


#: By their names, without "hakube_". All have the label cluster, before these.
COUNTERS = {
    "reports_total": Metric("counter", "Reports of nodes that said something new.", ("node",)),
    "incidents_total": Metric("counter", "Incidents that were opened.", ("component",)),
    "incidents_given_up_total": Metric("counter", "Incidents that were given up.", ("component",)),
    "incidents_closed_total": Metric("counter", "Incidents that were closed.", ("component",)),
    "actions_total": Metric("counter", "Actions, by what came of them.", ("rung", "result")),
    "actions_mended_total": Metric("counter", "Actions after which all was well.", ("rung",)),
    "gates_no_total": Metric("counter", "Decisions in which this gate said no.", ("gate",)),
    "silences_total": Metric("counter", "Times that a node did not answer.", ("node",)),
    "storms_total": Metric("counter", "Times that most nodes went bad at once."),
    "ledger_recovered_total": Metric("counter", "Times that the ledger was mended."),
}
GAUGES = {
    "mode": Metric("gauge", "1 for the mode of hakube:heal.", ("mode",)),
    "open_incidents": Metric("gauge", "Incidents that are open.", ("component",)),
    "given_up_incidents": Metric("gauge", "Open incidents that were given up."),
    "component_value": Metric(
        "gauge",
        "1 up, 0 down, -1 unknown; without a node: of the cluster.",
        ("node", "component"),
    ),
    "report_age_seconds": Metric("gauge", "Since the node's newest report.", ("node",)),
    "node_silent": Metric("gauge", "1 where the node did not answer.", ("node",)),
    "vip_holder": Metric("gauge", "1 for the node with the VIP's address.", ("node",)),
    "paused": Metric("gauge", "1 where people paused it; without a node: the cluster.", ("node",)),
    "storm": Metric("gauge", "1 while nothing is done, as most nodes went bad at once."),
}

#: The metric and its labels' values -> how often.
Counts = Counter[tuple[str, ...]]


def counted(records: Iterable[Record]) -> Counts:
    """What happened, of the last snapshot's counts and the records after it."""
    counts: Counts = Counter()
    components: dict[str, str] = {}
    for record in records:
        if record.kind == "snapshot":
            # Of one without counts (made by another) what was counted before goes on.
            if COUNTS in record.data:
                counts = _read(record.data[COUNTS])
            opened = record.data.get("incidents") or {}
            components |= {name: str(it.get("component")) for name, it in opened.items()}
            continue
        if record.kind == "opened":
            about = record.data.get("incident") or {}
            components[record.incident] = str(about.get("component"))
        counts.update(_of(record, components.get(record.incident, "")))
    return counts


def _of(record: Record, component: str) -> Iterator[tuple[str, ...]]:
    data = record.data
    match record.kind:
        case "observed":
            yield "reports_total", str(data.get("node"))
        case "silent":
            yield "silences_total", str(data.get("node"))
        case "opened":
            yield "incidents_total", component
        case "gave_up":
            yield "incidents_given_up_total", component
        case "closed":
            yield "incidents_closed_total", component
        case "acted":
            yield "actions_total", str(data.get("rung")), str(data.get("result"))
        case "verified" if data.get("mended"):
            yield "actions_mended_total", str(data.get("rung"))
        case "decided":
            for gate in data.get("gates") or ():
                if not gate.get("ok"):
                    yield "gates_no_total", str(gate.get("name"))
        case "storm":
            yield ("storms_total",)
        case "recovered":
            yield ("ledger_recovered_total",)


def carried(snapshot: Record, records: Iterable[Record]) -> Record:
    """The snapshot, with what was counted until then; ``records``: those that it stands for."""
    counts = [[*key, number] for key, number in sorted(counted(records).items())]
    return replace(snapshot, data={**snapshot.data, COUNTS: counts})


def _read(plain: Any) -> Counts:
    return Counter({tuple(key): number for *key, number in plain})


def text(clusters: Iterable[tuple[Cluster, State, Counts]], now: float) -> str:
    """The whole page. For each cluster its state and what was ``counted``."""
    found: dict[str, list[str]] = {name: [] for name in (*COUNTERS, *GAUGES)}
    for cluster, state, counts in clusters:
        samples = (*_counters(cluster, counts), *_gauges(cluster, state, now))
        for name, values, number in samples:
            metric = COUNTERS.get(name) or GAUGES[name]
            labels = dict(zip(("cluster", *metric.labels), (cluster.name, *values), strict=True))
            shown = ",".join(f'{label}="{_escaped(it)}"' for label, it in labels.items())
            found[name].append(f"hakube_{name}{{{shown}}} {number:.15g}")
    lines = []
    for name, metric in (COUNTERS | GAUGES).items():
        if found[name]:
            lines.append(f"# HELP hakube_{name} {metric.help}")
            lines.append(f"# TYPE hakube_{name} {metric.kind}")
            lines += found[name]
    return "".join(f"{line}\n" for line in lines)


Sample = tuple[str, tuple[str, ...], float]


def _counters(cluster: Cluster, counts: Counts) -> Iterator[Sample]:
    """Those that can be foreseen begin with 0: Prometheus sees no increase in a first sample."""
    foreseen: dict[tuple[str, ...], int] = dict.fromkeys(
        [
            *(("reports_total", node) for node in cluster.nodes),
            *((name, it) for name in _BY_COMPONENT for it in COMPONENTS),
            *(("actions_total", rung, result) for rung in RUNGS for result in _RESULTS),
            *(("actions_mended_total", rung) for rung in RUNGS),
            *(("gates_no_total", gate) for gate in GATES),
            *(("silences_total", node) for node in cluster.nodes),
            ("storms_total",),
            ("ledger_recovered_total",),
        ],
        0,
    )
    for (name, *values), number in sorted({**foreseen, **counts}.items()):
        # Of a later version's counts nothing is known but that they are to be carried on.
        if name in COUNTERS and len(values) == len(COUNTERS[name].labels):
            yield name, tuple(values), number


_BY_COMPONENT = ("incidents_total", "incidents_given_up_total", "incidents_closed_total")
_RESULTS = ("done", "nothing", "refused", "failed", "lost")


def _gauges(cluster: Cluster, state: State, now: float) -> Iterator[Sample]:
    sight = Sight(cluster, state, now)
    opened = Counter(it.component for it in state.incidents.values())
    pauses = {it.node for it in state.pauses if it.until is None or it.until > now}
    yield "mode", (cluster.policy.mode,), 1
    for component in COMPONENTS:
        yield "open_incidents", (component,), opened[component]
    yield "given_up_incidents", (), sum(it.gave_up for it in state.incidents.values())
    for node in ("", *cluster.nodes):
        for component in COMPONENTS:
            value = screen.value(sight, component, node)
            if value is not None:
                yield "component_value", (node, component), VALUES[value]
        yield "paused", (node,), node in pauses
    for node in cluster.nodes:
        at = state.heard_at(node)
        if at is not None:
            yield "report_age_seconds", (node,), round(max(0.0, now - at), 3)
        silent = node in state.silent and not unwatched(state.instead.get(node, ""))
        yield "node_silent", (node,), silent
        yield "vip_holder", (node,), node == sight.holder
    yield "storm", (), state.storm > now


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
