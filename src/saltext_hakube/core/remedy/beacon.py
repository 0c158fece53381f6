"""How the node's voice is set up: what it is told, and what Salt's minion is. Pure.

A minion reads ``beacons`` and ``schedule`` from one place each: a file of minion.d hides what the
minion's main file has of the same name (the files of minion.d are merged), and ``beacons`` in the
pillar, of any content, hide all others (salt: minion.process_beacons).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import msgspec

from saltext_hakube.core.remedy.policy import Heal

NAME = "hakube"
JOB = "hakube_alone"
FILE = "hakube-beacon.conf"

# Not empty: salt's beacons.validate_beacon raises at an empty list, when it comes by an event.
ENTRY = [{"beacon_module": NAME}]
SCHEDULED = {
    "function": "hakube_heal.alone",
    "seconds": 60,
    "maxrunning": 1,
    "return_job": False,  # there may be no master to return to
    "jid_include": True,
}

PILLAR = (
    "the pillar has `beacons`, and Salt ignores all others then: add `hakube: []` to them "
    "(beacons: {hakube: []}), and apply again"
)
DISABLED = "beacons are disabled on this minion (`salt-call beacons.enable`)"
DISABLED_HERE = "the beacon is disabled on this minion (`salt-call beacons.enable_beacon hakube`)"


class Files(NamedTuple):
    """Which keys the minion's files have: ``main`` the main one, ``others`` those of minion.d but
    ours. ``name``: of the main one."""

    name: str
    main: Mapping[str, Any]
    others: Collection[str] = ()


class Own(NamedTuple):
    """``content``: of our file; None where there is to be none. ``warnings``, in words."""

    content: bytes | None
    warnings: tuple[str, ...] = ()


def settings(cluster: str, node: str, heal: Heal) -> bytes:
    """What the beacon is told."""
    data = {
        "cluster": cluster,
        "node": node,
        "mode": heal.mode,
        "fall": heal.fall,
        "rise": heal.rise,
        "reassert": heal.reassert,
        "alone": msgspec.to_builtins(heal.alone),
        "rungs": {component: list(rungs) for component, rungs in heal.rungs.items()},
    }
    return json.dumps(data, indent=2).encode() + b"\n"


def acts(heal: Heal) -> bool:
    """Whether the node may do anything alone."""
    return heal.mode == "act" and heal.alone.enabled


def in_pillar(beacons: Any) -> bool:
    """Whether ``beacons`` of a pillar have ours."""
    return isinstance(beacons, Mapping) and NAME in beacons


def is_scheduled(jobs: Any) -> bool:
    """Whether our job is among those of a schedule."""
    job = jobs.get(JOB) if isinstance(jobs, Mapping) else None
    return isinstance(job, Mapping) and job.get("function") == SCHEDULED["function"]


def own(files: Files, *, beacon: bool, job: bool) -> Own:
    """Our file in minion.d. ``beacon``: whether it is to bring the beacon, and the pillar does not;
    ``job``: whether the schedule is to call hakube_heal.alone."""
    wanted: dict[str, dict[str, Any]] = {}
    if beacon:
        wanted["beacons"] = {NAME: ENTRY}
    if job:
        wanted["schedule"] = {JOB: SCHEDULED}
    lines, warnings = [], []
    for key, value in wanted.items():
        (name,) = value
        there = files.main.get(key)
        if isinstance(there, Mapping) and name in there:
            continue
        if there and key not in files.others:
            warnings.append(
                f"{files.name} has `{key}`, which a file in minion.d would hide. It works now; so "
                f"that it does after a restart of the minion, add there under `{key}`: "
                f"{json.dumps(value)[1:-1]}"
            )
            continue
        lines.append(f"{key}:\n  {name}: {json.dumps(value[name])}\n")
    if not lines:
        return Own(None, tuple(warnings))
    head = "# The node's voice: hakube wrote this (state hakube_beacon.present).\n"
    return Own((head + "".join(lines)).encode(), tuple(warnings))


class Live(NamedTuple):
    """What the minion that runs has: ``beacons`` of its configuration and ``pillar``'s, and whether
    its ``schedule`` has our job. ``beats``: the beacon has looked a moment ago."""

    beacons: Mapping[str, Any]
    pillar: Mapping[str, Any]
    schedule: bool
    beats: bool


REFRESH, ADD, REMOVE = "refresh pillar", "add beacon", "remove beacon"
REVIVE = "refresh beacons"
ADD_JOB, REMOVE_JOB = "add schedule", "remove schedule"


def steps(live: Live, *, pillar: bool, job: bool) -> tuple[str, ...]:
    """What the minion must be told so that the beacon runs. ``pillar``: the beacon is in it."""
    found = []
    if pillar != in_pillar(live.pillar) or (live.pillar and not pillar):
        found.append(REFRESH)
    if not pillar and NAME not in live.beacons:
        found.append(ADD)
    if not found and not live.beats:
        found.append(REVIVE)
    if job != live.schedule:
        found.append(ADD_JOB if job else REMOVE_JOB)
    return tuple(found)


def steps_absent(live: Live) -> tuple[str, ...]:
    """What it must be told so that it does not run."""
    found = [REMOVE] if NAME in live.beacons else []
    return (*found, REMOVE_JOB) if live.schedule else tuple(found)


def disabled(live: Live) -> str:
    """That a person disabled it; empty where nobody did."""
    active = live.pillar or live.beacons
    if active.get("enabled") is False:
        return DISABLED
    entry = active.get(NAME)
    parts = [entry] if isinstance(entry, Mapping) else entry if isinstance(entry, list) else []
    off = any(isinstance(part, Mapping) and part.get("enabled") is False for part in parts)
    return DISABLED_HERE if off else ""
