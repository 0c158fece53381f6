"""A lab that `state.apply hakube` was done to, as the benchmarks of a running cluster need one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from tests.lab import Lab, LabError

MINIMAL = Path(__file__).parents[1] / "pillar.example/minimal.sls"


def write_pillar(lab: Lab, others: dict[str, Any]) -> None:
    """The smallest pillar with these keys of ``hakube`` more, or other than there."""
    data = yaml.safe_load(MINIMAL.read_text(encoding="utf-8"))
    data["hakube"]["cluster"]["peers_timeout"] = 150
    for key, value in others.items():
        old = data["hakube"].get(key)
        data["hakube"][key] = {**old, **value} if isinstance(old, dict) else value
    lab.write_pillar(yaml.safe_dump(data, sort_keys=False))


def apply(lab: Lab, others: dict[str, Any], target: str = "node*") -> None:
    """`state.apply hakube` with this pillar. LabError where a state failed."""
    say("state.apply hakube ...")
    write_pillar(lab, others)
    for minion, states in lab.salt(target, "state.apply", "hakube", timeout=600).items():
        if not isinstance(states, dict):
            raise LabError(f"state.apply hakube on {minion}: {states}")
        failed = [it["comment"] for it in states.values() if it["result"] is False]
        if failed:
            raise LabError(f"state.apply hakube failed on {minion}: {failed[0]}")


def say(text: str) -> None:
    """Tell whoever waits; the figures alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


def progress(title: str, seconds: float | None) -> None:
    """For Lab.up and its like."""
    if seconds is None:
        say(f"{title} ...")
