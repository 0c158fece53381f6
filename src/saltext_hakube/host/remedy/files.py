"""Rung *files*: put files of ours right again, by the very functions that an apply uses.

They check (``haproxy -c``), reload what runs, take the cluster's turn where it can hurt, and take
back what does harm. A pillar that was changed since the last apply stays unapplied (``applied``).

What failed because of a file is forgotten then: systemd's start limit, and the failures for which
Pacemaker keeps haproxy down. (hakube-watch would do so, too, a moment later, and does nothing where
haproxy is on its way already: agents/watch/repair.py.)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy.task import Finding, Order, nothing, refused
from saltext_hakube.core.remedy.words import Component
from saltext_hakube.host import turn
from saltext_hakube.host.remedy import applied, hand, probe
from saltext_hakube.host.remedy.scene import Scene, Subject

SHOWN = 200  # letters of what changes, for people


def mine(subjects: tuple[Subject, ...], component: Component) -> list[Subject]:
    """Those whose files the component needs; all where the trouble is the files."""
    return [it for it in subjects if component == "files" or component in it.components]


def look(scene: Scene) -> Finding:
    subjects = mine(scene.subjects, scene.task.component)
    if not subjects:
        return nothing(f"no file of ours is {scene.task.component}'s")
    orders, against = [], []
    later = applied.unapplied(scene.machine, scene.config)
    for subject in subjects:
        try:
            changes = subject.plan()["changes"]
        except HakubeError as error:
            against.append(f"{subject.name}: {error}")
            continue
        newer = sorted(path for path in later if any(fnmatchcase(path, it) for it in subject.paths))
        if changes and newer:
            against.append(
                f"{subject.name}: an apply would make something else of {newer[0]} today than "
                "the last one did; what it is to be is a person's word"
            )
        elif changes:
            told = f"put right {subject.name}: {shown(changes)}"
            orders.append(Order("apply", subject.name, told))
    return _finding(subjects, orders, against)


def _finding(
    subjects: Sequence[Subject], orders: Sequence[Order], against: Sequence[str]
) -> Finding:
    if not orders and against:
        return refused("; ".join(against))
    if not orders:
        names = ", ".join(it.name for it in subjects)
        return nothing(f"the files are as applied ({names})")
    names = ", ".join(it.on for it in orders)
    return Finding("would", f"not as applied: {names}", tuple(orders))


def shown(changes: Any) -> str:
    """What changes, in a line: which files, not what is in them."""
    keys = sorted(changes) if isinstance(changes, dict) else changes
    text = json.dumps(keys, ensure_ascii=True)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def confirm(scene: Scene, finding: Finding) -> Finding:
    """An apply waits for the cluster's turn for minutes, an action has seconds: where another node
    has it, nothing is begun that would be cut off. Raises Refused then."""
    unit = scene.unit("haproxy") if any(it.on == "haproxy" for it in finding.orders) else None
    if unit is None or not unit.runs:  # one that does not run is not reloaded
        return finding
    scene.turn(turn.SHORTEST_LEASE).release()  # the apply takes it again, when it needs it
    return finding


def do(scene: Scene, finding: Finding) -> None:
    due = {order.on for order in finding.orders}
    problems = []
    for subject in scene.subjects:
        if subject.name in due:
            scene.deadline.most(1.0)
            done = subject.apply()
            scene.say(f"put right {subject.name}: {done['comment'].splitlines()[0]}")
            problems += [line for line in done.get("problems", ()) if line]
    if problems:
        raise HakubeError("; ".join(problems))
    if scene.task.component in ("haproxy", "files") and "haproxy" in due:
        _revive(scene)


def _revive(scene: Scene) -> None:
    """A haproxy that is down because of its file comes back."""
    found = hand.judge(scene.view("haproxy"), hand.own(scene, "haproxy"))
    if found.go:
        hand.after(scene, found)  # hakube-watch is at it, too


def verify(scene: Scene, finding: Finding) -> tuple[bool | None, str]:
    """Nothing is left to do, and the component is well."""
    due = {order.on for order in finding.orders}
    left = [it.name for it in scene.subjects if it.name in due and it.plan()["changes"]]
    if left:
        return False, f"still not as applied: {', '.join(left)}"
    if scene.task.component not in scene.places:
        return True, "the files are as applied"
    seen = [probe.see(scene)]

    def well() -> bool:
        seen[0] = probe.see(scene)
        return seen[0].value != "down"

    if scene.deadline.wait(well):
        return True, f"the files are as applied; {seen[0].why}"
    return False, f"the files are as applied, but {seen[0].why}"
