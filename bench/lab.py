"""A lab that `state.apply hakube` was done to, as the benchmarks of a running cluster need one."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.lab import Lab, LabError

MINIMAL = Path(__file__).parents[1] / "pillar.example/minimal.sls"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which lab, and what is applied to it."""
    add = parser.add_argument
    add("--lab", metavar="NAME", help="one that is up; Salt is started there")
    add("--as-it-is", action="store_true", help="nothing is applied to that lab")
    add("--kube", choices=("standin", "real"), default="standin", help="for a lab of its own")
    add("--suite", default="bookworm", help="Debian release, for a lab of its own")
    add("--pillar", metavar="YAML", default="{}", help="keys of hakube, more or others")


@contextlib.contextmanager
def chosen(asked: argparse.Namespace, name: str) -> Iterator[Lab]:
    """The lab that is asked for: one that is up, else one of its own, which goes with the block."""
    if asked.lab:
        yield Lab.find(asked.lab)
        return
    name = f"{name}-{os.getpid()}"
    with Lab.up(name, kube=asked.kube, suite=asked.suite, progress=progress) as lab:
        yield lab


def as_it_is(asked: argparse.Namespace) -> bool:
    """Whether nothing is to be applied to it."""
    return bool(asked.lab and asked.as_it_is)


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
