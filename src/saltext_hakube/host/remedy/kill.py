"""Rung *kill*: SIGKILL to a unit that was verified to hang, so that Pacemaker recovers it.

It hangs where its process is there and so many questions in a row get no answer at all, the last of
them with the cluster's turn in hand, while this machine is on time. A wrong answer, or a port at
which nobody listens, is no hang: whoever says "no" lives, and is not made better by being killed.
"""

from __future__ import annotations

import time

from msgspec import Struct

from saltext_hakube.core.remedy.local import View
from saltext_hakube.core.remedy.task import Finding, Order, left_alone, nothing, refused
from saltext_hakube.core.remedy.wording import count
from saltext_hakube.host.remedy import ask, hand
from saltext_hakube.host.remedy import unit as units
from saltext_hakube.host.remedy.ask import Answer
from saltext_hakube.host.remedy.scene import Scene
from saltext_hakube.host.remedy.unit import Unit

#: It hurts if it is wrong: one node at a time.
DISRUPTIVE = True

TIMES = 3  # questions in a row without an answer
# Seconds for one answer. A healthy apiserver answers /livez within some milliseconds, a busy one
# within a few tenths (docs/haproxy.md: at a check's limit of 1 s busy ones began to look down).
PATIENCE = 1.5
PAUSE = 0.3  # seconds between two questions
# Seconds after its start in which nobody calls it hung: it reads certificates, fills its caches.
YOUNG = 10.0
# Seconds. Who is called so late cannot tell a hang from a machine that is too busy.
LATE = 0.5
GONE = 5.0  # seconds for the killed processes to be gone
# Seconds for systemd to start it, where it does, before Pacemaker is told.
ALONE = 1.5


class Hang(Struct, frozen=True):
    """``rounds``: the answers, each time of all questions; ``late``: how late this process was
    called, at most, seconds."""

    rounds: tuple[tuple[Answer, ...], ...] = ()
    late: float = 0.0


def may(view: View, unit: Unit, age: float) -> Finding:
    """Whether it is worth asking it at all. ``age``: seconds since its start."""
    if not view.runs and not view.blocked:
        return nothing(f"Pacemaker does not run {view.id} here")
    # One whose stop failed hangs in that stop.
    stopping = view.blocked and unit.active == "deactivating" and unit.processes
    if not unit.runs and not stopping:
        return nothing(f"it does not hang: {unit.told}")
    if age < YOUNG:
        return _young(unit, age)
    return left_alone(view) or Finding("would", "it is asked")


def _young(unit: Unit, age: float) -> Finding:
    return nothing(f"{unit.name} was started {age:.0f} s ago, and may be starting still")


def judge(unit: Unit, hang: Hang) -> Finding:
    """Whether it hangs."""
    if not hang.rounds or not hang.rounds[0]:
        return refused(f"{unit.name} cannot be asked, so nobody knows whether it hangs")
    said = [it.told for answers in hang.rounds for it in answers if it.kind != "silent"]
    if said:
        return nothing(f"it does not hang: {said[0]}")
    if hang.late > LATE:
        return refused(f"this machine is {hang.late:.1f} s late itself: it says nothing of others")
    why = f"{unit.name} hangs: {len(hang.rounds)} times {hang.rounds[-1][-1].told}"
    told = f"kill {unit.name} ({len(unit.processes)} processes)"
    return Finding("would", why, (Order("kill", unit.name, told),))


def look(scene: Scene) -> Finding:
    place = scene.place
    if place is None or place.unit is None:
        return nothing(f"{scene.task.component} has no unit that could hang")
    view, unit = scene.view(), units.look(place.unit)
    first = may(view, unit, _age(unit))
    return judge(unit, listen(scene, unit, TIMES - 1)) if first.go else first


def _age(unit: Unit) -> float:
    return time.clock_gettime(time.CLOCK_MONOTONIC) - unit.since


def listen(scene: Scene, unit: Unit, times: int) -> Hang:
    """Ask so many times; no more once something answered. Raises TimedOut."""
    asked = ask.questions(scene.config, scene.machine, scene.task.component, unit.pid)
    rounds: list[tuple[Answer, ...]] = []
    late = 0.0
    for number in range(times):
        if number:
            late = max(late, _pause())
        answers = []
        for _, question in asked:
            began, patience = time.monotonic(), scene.deadline.most(PATIENCE)
            answers.append(question(patience))
            late = max(late, time.monotonic() - began - patience)
        rounds.append(tuple(answers))
        if any(it.kind != "silent" for it in answers):
            break
    return Hang(tuple(rounds), late)


def _pause() -> float:
    """How late this process is called after it."""
    began = time.monotonic()
    time.sleep(PAUSE)
    return time.monotonic() - began - PAUSE


def confirm(scene: Scene, finding: Finding) -> Finding:
    """The last time, with the turn in hand: the wait for it may have taken some seconds, in which
    others may have started it anew."""
    unit = units.look(finding.orders[0].on)
    if not unit.processes or unit.active not in ("active", "reloading", "deactivating"):
        return nothing(f"it does not hang any more: {unit.told}")
    if (age := _age(unit)) < YOUNG:
        return _young(unit, age)
    last = judge(unit, listen(scene, unit, times=1))
    return finding if last.go else last


def do(scene: Scene, finding: Finding) -> None:
    name = finding.orders[0].on
    before = units.look(name)
    units.kill(name)
    many = count(len(before.processes), "process", "processes")
    scene.say(f"killed {name}: SIGKILL to {many} of it")
    gone = lambda: not set(units.look(name).processes) & set(before.processes)  # noqa: E731
    if not scene.deadline.wait(gone, GONE):
        scene.say(f"processes of {name} are still there {GONE:g} s after SIGKILL")
        return
    # Pacemaker turns that off in its units (50-pacemaker.conf), and we on again in haproxy's.
    again = before.restart not in ("", "no")
    if again and scene.deadline.wait(lambda: units.look(name).runs, ALONE):
        scene.say(f"{name} was started again at once")
        return
    _hand_over(scene, units.look(name))


def _hand_over(scene: Scene, unit: Unit) -> None:
    """Pacemaker's next look may be a minute away, so that it is told."""
    view = scene.view()
    own = hand.Own(runs=unit.runs, stopped=unit.stopped, told=unit.told)
    found = hand.judge(view, own)
    if found.go:
        hand.after(scene, found)


def verify(scene: Scene, _finding: Finding) -> tuple[bool | None, str]:
    """Wait until it runs, and answers; or, having no instances, runs on another node."""
    why = ""

    def back() -> bool:
        nonlocal why
        view, unit = scene.view(), scene.unit()
        if unit is None or not unit.runs:
            why = unit.told if unit else ""
            if view.elsewhere and not view.cloned and not view.runs:
                why = f"it runs on {', '.join(view.elsewhere)} now"
                return True
            return False
        asked = ask.questions(scene.config, scene.machine, scene.task.component, unit.pid)
        answers = [question(scene.deadline.most(PATIENCE)) for _, question in asked]
        why = "; ".join(it.told for it in answers) or unit.told
        return all(it.kind == "well" for it in answers)

    return scene.deadline.wait(back), why
