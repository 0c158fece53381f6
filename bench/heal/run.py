"""One run of one fault: made, perhaps held, healed; what the master tells of it, as one record."""

from __future__ import annotations

import contextlib
import datetime
import os
import time
from collections.abc import Sequence
from typing import Any

from bench.heal.faults import Fault
from bench.heal.master import Line, Master
from bench.heal.scene import UNITS, Scene, age, pid
from bench.reflex import health
from bench.reflex.faults import CONFIG
from bench.reflex.run import journal
from bench.traffic import balancer
from tests.lab import LabError, Node
from tests.lab.process import wait_until

#: Seconds. Nothing is waited for longer than so often what is asked, or ...
TIMES, LONGEST = 4.0, 120.0
#: ... until a cluster is whole again, and the master finds all well. A storm lasts for 120.
HEAL = 240.0
#: Who was started less than 10 s ago is not called hung (host.remedy.kill).
YOUNG = 12.0
_JOURNAL = ("haproxy", "hakube-watch", "hakube-probe", "pacemaker", "salt-minion", *UNITS)


def once(
    master: Master,
    nodes: Sequence[Node],
    key: str,
    fault: Fault,
    *,
    hold: float | None = None,
    heal: float = HEAL,
) -> dict[str, Any]:
    """Run it on a cluster that is well. ``hold``: other seconds than the fault's own; it is held
    for longer while the ledger does not say yet why nothing is done."""
    record: dict[str, Any] = {"fault": key, "at": _now(), "load": [os.getloadavg()[0]]}
    ready(master, nodes, heal)
    before = {line.id for line in master.history()}
    scene = _scene(master, nodes, fault)
    record |= {"node": scene.node.name, "holder": scene.holder.name}
    begin = time.time()
    try:
        fault.first(scene)
        began = time.time()
        fault.do(scene)
        made = time.time()
        if fault.hold:
            time.sleep(max(0.0, began + (fault.hold if hold is None else hold) - time.time()))
            record["held"] = _held(scene, fault, before)
            fault.then(scene)
        since = time.time() if fault.hold or fault.late else began
        record["made"] = round(made - began, 2)
        record["seconds"] = _until_healed(scene, fault, since)
    finally:
        fault.undo(scene)
    record["sick"] = health.wait(master.lab, nodes, heal)
    record["whole"] = None if record["sick"] else round(time.time() - since, 1)
    news = closed(master, before, heal)
    record["closed"] = round(time.time() - since, 1) if all(it.over for it in news) else None
    record["incidents"] = {it.id: it.outcome for it in news}
    record["actions"] = sum(it.actions for it in news)
    record["stories"] = {it.id: master.explain(it.id).rstrip() for it in news}
    if record["sick"] or record["seconds"] is None:
        record["journal"] = {it.name: journal(it, begin, _JOURNAL) for it in nodes if it.running}
        record["status"] = {it.name: health.told(it) for it in nodes if it.running}
    record |= scene.told
    record["load"].append(os.getloadavg()[0])
    return record


def ready(master: Master, nodes: Sequence[Node], heal: float = HEAL) -> None:
    """Wait until the cluster is healthy, and known to be, and no unit of it is young."""
    sick = health.wait(master.lab, nodes, heal)
    if sick:
        raise LabError(f"the cluster is not healthy to begin with: {'; '.join(sick)}")
    if health.failures(nodes[0]):
        health.clean(nodes[0])
    youngest = min(age(node, unit) for node in nodes for unit in UNITS)
    time.sleep(max(0.0, YOUNG - youngest))
    master.wait(heal)


def _scene(master: Master, nodes: Sequence[Node], fault: Fault) -> Scene:
    holder = balancer.holder(master.lab)
    # One of ours: the holder may be another object for the same machine.
    holder = next(node for node in nodes if node.name == holder.name)
    node = fault.where(list(nodes), holder)
    pids = {unit: pid(node, unit) for unit in UNITS}
    files = {it.name: it.read(CONFIG) for it in nodes}
    return Scene(master, list(nodes), holder, node, files, pids)


def _held(scene: Scene, fault: Fault, before: set[str]) -> dict[str, Any]:
    """What was done while nothing might be, and what the ledger does not say of why."""
    told: dict[str, Any] = {}
    if not fault.masterless:
        master = scene.master

        def untold() -> list[str]:
            news = [it for it in master.history() if it.id not in before]
            told["incidents"] = {it.id: it.outcome for it in news}
            told["actions"] = sum(it.actions for it in news)
            text = "\n".join(master.explain(it.id) for it in news)
            told["untold"] = [words for words in fault.why if words not in text]
            return told["untold"]

        with contextlib.suppress(LabError):
            wait_until(lambda: not untold(), "the ledger to say why", timeout=LONGEST, every=1)
    return told | {"touched": fault.touched(scene)}


def _until_healed(scene: Scene, fault: Fault, since: float) -> float | None:
    """Seconds until it is; None where it is not within what is waited for."""
    longest = max(LONGEST, TIMES * fault.limit) if fault.limit < LONGEST else 1.5 * fault.limit
    while time.time() < since + longest:
        # A node of which a question fails just now is not well yet.
        with contextlib.suppress(LabError):
            if fault.healed(scene):
                return round(time.time() - since, 2)
        time.sleep(0.2)
    return None


def closed(master: Master, before: set[str], timeout: float = HEAL) -> list[Line]:
    """The incidents that arose since; waits until all is well, for so long."""

    def news() -> list[Line]:
        return [it for it in master.history() if it.id not in before]

    def over() -> bool:
        return all(it.over for it in news()) and master.well()

    with contextlib.suppress(LabError):
        wait_until(over, "the incidents to be closed", timeout=timeout, every=1)
    return news()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
