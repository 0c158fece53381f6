"""No fault: neither the reflex nor the healing may do anything."""

from __future__ import annotations

import json
import time
from typing import Any

from bench import lab as labs
from bench.heal.master import Master
from bench.reflex import health
from bench.reflex import quiet as reflex
from saltext_hakube.host.alone import ACCOUNT
from tests.lab import LabError, Node


def watch(master: Master, seconds: float) -> dict[str, Any]:
    """Look on for so long, while a client opens connections."""
    lab = master.lab
    sick = health.wait(lab, lab.nodes, 150)
    if sick:
        raise LabError(f"the cluster is not healthy to begin with: {'; '.join(sick)}")
    master.wait()
    before, began = {line.id for line in master.history()}, time.time()
    told = reflex.watch(lab, lab.nodes, seconds, say=labs.say)
    news = [line for line in master.history() if line.id not in before]
    return told | {
        "incidents": {it.id: it.outcome for it in news},
        "healing": sum(it.actions for it in news),
        "stories": {it.id: master.explain(it.id).rstrip() for it in news},
        "alone": {node.name: _alone(node, began) for node in lab.nodes},
    }


def _alone(node: Node, since: float) -> list[str]:
    """What the node did by itself, in place of its master."""
    text = node.run(f"cat {ACCOUNT}", check=False).stdout
    acts = json.loads(text)["acts"] if text else []
    return [f"{it['rung']} for {it['component']}" for it in acts if it["at"] >= since]


def against(told: dict[str, Any]) -> list[str]:
    """What was done and should not have been, a line each."""
    found = reflex.against(told)
    if told["healing"]:
        found.append(f"the healing did {told['healing']} things")
    return found + [f"{name} did alone: {it}" for name, its in told["alone"].items() for it in its]


def lines(told: dict[str, Any]) -> list[str]:
    """What people want to read of it."""
    wrong = against(told)
    seen = [f"an incident without a fault: {it}: {how}" for it, how in told["incidents"].items()]
    return [*reflex.head(told), *seen, *(wrong or ["nobody did anything"])]
