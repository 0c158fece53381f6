"""One run of one fault: made, watched, taken back, healed; what was seen as one record."""

from __future__ import annotations

import datetime
import os
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from msgspec import structs

from bench.reflex import health
from bench.reflex.eyes import Eyes
from bench.reflex.faults import Fault, Scene
from bench.reflex.outage import outage, owners
from bench.traffic import balancer
from tests.lab import Lab, LabError, Node
from tests.lab.process import wait_until
from tests.lab.wheels import CHECKOUT

#: A client is watched no longer after a fault, seconds; the document's worst was 65.
LONGEST = 100.0
#: A cluster that takes longer to heal is told to be sick.
HEAL = 150.0
_UNITS = ("haproxy", "hakube-watch", "hakube-guard", "corosync", "pacemaker")


def once(
    lab: Lab,
    nodes: Sequence[Node],
    key: str,
    fault: Fault,
    *,
    longest: float = LONGEST,
    heal: float = HEAL,
) -> dict[str, Any]:
    """Run it on a healthy cluster, and leave a healthy one or say what is against it ("sick")."""
    record: dict[str, Any] = {"fault": key, "at": _now(), "load": [os.getloadavg()[0]]}
    holder = balancer.holder(lab)
    record["holder"] = holder.name
    with Eyes(lab, nodes, longest * 2 + heal * 3) as eyes:
        scene = Scene(lab, list(nodes), holder, eyes)
        _steady(eyes)
        try:
            since = _make(scene, fault, record, longest)
        except BaseException:
            fault.undo(scene)
            raise
        mended = time.time()
        fault.undo(scene)
        sick = health.wait(lab, nodes, heal)
        whole = time.time()
        record["healed"] = None if sick else round(whole - mended, 2)
        record["healed_since_fault"] = None if sick else round(whole - since, 2)
        record["sick"] = sick
        if sick:
            record["journal"] = {it.name: journal(it, since) for it in nodes if it.running}
            record["status"] = {it.name: health.told(it) for it in nodes if it.running}
            try:
                health.rescue(nodes)
                record["sick_after_rescue"] = health.wait(lab, nodes, heal)
            except LabError as error:
                record["sick_after_rescue"] = [str(error)]
        else:
            record["fail_counts"] = health.failures(nodes[0])
            if record["fail_counts"]:
                health.clean(nodes[0])
            time.sleep(1)
        eyes.check()
        record |= _seen(eyes, since, mended, time.time())
    record |= scene.told
    record["load"].append(os.getloadavg()[0])
    return record


def _make(scene: Scene, fault: Fault, record: dict[str, Any], longest: float) -> float:
    """Make the fault and watch until service is back for good; since when it counts."""
    began = time.time()
    record["began"] = round(began, 3)
    fault.do(scene)
    record["done"] = round(time.time() - began, 3)
    if fault.then:
        time.sleep(max(0.0, began + fault.hold - time.time()))
        record["held"] = structs.asdict(outage(scene.eyes.attempts, began))
        record["held"] |= structs.asdict(owners(scene.eyes.changes, began, time.time()))
        began = time.time()
        fault.then(scene)
    while time.time() < began + longest:
        now = time.time()
        failed = [it.at for it in scene.eyes.attempts if not it.ok]
        # The last attempts are still under way.
        quiet = now - 0.6 - max([began, *failed]) >= fault.steady
        if quiet and now >= began + fault.least:
            break
        scene.eyes.check()
        time.sleep(0.2)
    return began


def _seen(eyes: Eyes, since: float, mended: float, until: float) -> dict[str, Any]:
    attempts = eyes.attempts
    made = [it for it in attempts if it.at < mended]
    return {
        "seen": structs.asdict(outage(made, since)),
        "healing": structs.asdict(outage(attempts, mended)),
        "owners": structs.asdict(owners(eyes.changes, since, until)),
        "failed": [
            [round(it.at - since, 3), it.took, it.got]
            for it in attempts
            if it.at >= since - 60 and not it.ok
        ],
        "moves": sorted(
            [round(at - since, 3), name, here]
            for name, changes in eyes.changes.items()
            for at, here in changes
        ),
        "late": eyes.client.late,
        "slowest_look": eyes.slowest,
    }


def _steady(eyes: Eyes, seconds: float = 2.0, timeout: float = 180.0) -> None:
    """Wait until the client has had no failure for some time."""

    def steady() -> bool:
        eyes.check()
        now = time.time()
        recent = [it for it in eyes.attempts if it.at > now - seconds - 0.6]
        return len(recent) > 10 and all(it.ok for it in recent)

    wait_until(steady, f"{seconds:g} s without a failure before the fault", timeout=timeout)


def journal(node: Node, since: float, units: Sequence[str] = _UNITS) -> list[str]:
    """What these units of a node said since then, with times; the last 200 lines."""
    words = ["journalctl", "--no-pager", "--quiet", "--output=short-precise", "--lines=200"]
    named = [f"--unit={unit}" for unit in units]
    return node.run([*words, f"--since=@{since:.0f}", *named], check=False).stdout.splitlines()


def commit() -> str:
    """Of the checkout that this runs from; empty where it is none."""
    words = ["git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def stop_salt(lab: Lab) -> None:
    """End Salt on all machines, and do not let a boot bring it back."""
    for machine in lab.machines:
        unit = f"salt-{'master' if machine.name == 'master' else 'minion'}"
        # A minion that is asked to stop takes 5 s for it.
        kill = f"systemctl kill --signal=KILL {unit} 2>/dev/null; systemctl stop {unit}"
        machine.run(f"systemctl disable --quiet {unit}; {kill}", timeout=90)


def start_salt(lab: Lab) -> None:
    for machine in lab.machines:
        unit = f"salt-{'master' if machine.name == 'master' else 'minion'}"
        if machine.running:
            machine.run(f"systemctl enable --quiet --now {unit}", timeout=300)
