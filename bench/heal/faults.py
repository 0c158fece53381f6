"""The faults of the healing: what is done, how one sees that it is healed, what is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench.heal import making, scene
from bench.heal.master import ALONE_EVERY, HEAL
from bench.heal.scene import Do, Scene, Seen, Where
from saltext_hakube.core.remedy.alone import SETTLE


def _nothing(_: Scene) -> None: ...


@dataclass(frozen=True)
class Fault:
    """A row of the table.

    ``first`` is done, then the fault by ``do``. Where there is a ``hold``, nothing may be done by
    the healing for so many seconds; ``touched`` says on the nodes themselves what was. After it
    comes ``then``. From there, else from the fault, there are ``limit`` seconds until it is
    ``healed``, by what the nodes are, not by the healing's word. ``late``: the fault takes a while
    to make, and counts from its end. ``undo`` takes back what is left of it.

    ``tells``: what the story of the one incident has in the end, and ``why``: while it is held;
    where ``many`` may arise, any of the stories. ``alone``: no master knew of it. ``masterless``:
    none runs while it is held.
    """

    title: str
    where: Where
    do: Do
    healed: Seen
    limit: float
    tells: tuple[str, ...]
    first: Do = _nothing
    hold: float = 0.0
    why: tuple[str, ...] = ()
    touched: Callable[[Scene], list[str]] = lambda _: []
    then: Do = _nothing
    undo: Do = _nothing
    late: bool = False
    many: bool = False
    alone: bool = False
    masterless: bool = False


#: It ends; by what, "mended by" says, or that it became well without us.
_END = "closed: "


def _story(*own: str) -> tuple[str, ...]:
    """What was seen, what the gates said, what was done, what came of it."""
    return ("an incident is opened", "all gates say yes", "yes votes:", *own, _END)


def _hangs(name: str, where: Where, *, anywhere: bool) -> dict[str, Fault]:
    unit = f"kube-{name}"
    told = _story("how: silent", "is asked: kill", "kill helped", "mended by kill")
    healed = scene.anew(unit, anywhere=anywhere)
    hung = f"{name} hangs, deaf to SIGTERM and SIGCONT"
    stopped, deaf = making.stop(unit), making.hang(unit)
    return {
        f"{name}-stop": Fault(
            f"SIGSTOP {name}", where, stopped, healed, 30.0, told, undo=making.go_on(unit)
        ),
        f"{name}-hang": Fault(hung, where, deaf, healed, 30.0, told, undo=making.thaw(unit)),
    }


#: Seconds that a node may take by itself: until it counts the master as lost, until its schedule
#: comes round, until what was down a moment ago has settled.
ALONE = HEAL["alone"]["after"] + ALONE_EVERY + SETTLE + 20.0

_S = "kube-scheduler"
_SCHEDULER = scene.of(_S)
_THAW = making.thaw(_S)

FAULTS: dict[str, Fault] = {
    "config": Fault(
        "haproxy.cfg overwritten with garbage, then kill -9",
        scene.holder,
        making.spoil,
        scene.file_and_haproxy,
        15.0,
        _story("is asked: files", "files helped", "mended by files"),
        undo=making.put_right,
    ),
    **_hangs("apiserver", scene.other, anywhere=False),
    **_hangs("scheduler", _SCHEDULER, anywhere=True),
    **_hangs("controller-manager", scene.of("kube-controller-manager"), anywhere=True),
    "blocked": Fault(
        "a stop of scheduler failed, it is blocked",
        _SCHEDULER,
        making.block,
        scene.clean(_S, "scheduler"),
        30.0,
        _story("is asked: hand", "is blocked by a failed stop, and is stopped", "mended by hand"),
        undo=making.unblock,
        late=True,
    ),
    "banned": Fault(
        "a start of apiserver failed, it is banned from the node",
        scene.other,
        making.ban("apiserver", "kube-apiserver"),
        scene.clean("kube-apiserver", "apiserver", everywhere=True),
        30.0,
        _story("is asked: hand", "mended by hand"),
        undo=making.no_drop_in("kube-apiserver"),
        late=True,
    ),
    "stuck": Fault(
        "scheduler runs elsewhere, its fail count (INFINITY) is stuck on the node",
        _SCHEDULER,
        making.ban("scheduler", _S),
        scene.clean(_S, "scheduler"),
        30.0,
        _story("is asked: hand", "mended by hand"),
        undo=making.no_drop_in(_S),
        late=True,
    ),
    "master-down": Fault(
        "scheduler hangs, deaf, while the master is down; then it is back",
        _SCHEDULER,
        making.hang(_S),
        scene.anew(_S),
        60.0,
        _story("how: silent", "is asked: kill", "mended by kill"),
        first=making.lose_master,
        hold=15.0,
        touched=scene.same(_S),
        then=making.master_back,
        undo=making.both(making.master_back, _THAW),
        masterless=True,
    ),
    "alone": Fault(
        "haproxy.cfg garbage, then kill -9; the master stays away, the node does it",
        scene.other,
        making.spoil,
        making.healed_alone,
        ALONE,
        (),
        first=making.lose_master,
        undo=making.both(making.put_right, making.master_back),
        alone=True,
    ),
    "paused": Fault(
        "paused, scheduler hangs, deaf; then resumed",
        _SCHEDULER,
        making.hang(_S),
        scene.anew(_S),
        30.0,
        _story("is asked: kill", "mended by kill"),
        first=lambda it: it.master.pause("new switches"),
        hold=30.0,
        why=("NO paused: hakube is paused: new switches",),
        touched=scene.same(_S),
        then=lambda it: it.master.resume(),
        undo=making.both(lambda it: it.master.resume(), _THAW),
    ),
    "observe": Fault(
        "mode observe, scheduler hangs, deaf; then it goes on",
        _SCHEDULER,
        making.hang(_S),
        lambda it: scene.answers(it.node, _S),
        30.0,
        ("an incident is opened", "it became well without us", _END),
        first=lambda it: it.master.mode("observe"),
        hold=30.0,
        why=(
            "it would be done now, but the mode is observe",
            "NO paused: hakube:heal:mode is observe",
        ),
        touched=scene.same(_S),
        then=_THAW,
        undo=making.both(_THAW, lambda it: it.master.mode("act")),
    ),
    "no-quorum": Fault(
        "all three nodes cut from each other, haproxy.cfg garbage on two; then mended",
        scene.holder,
        making.spoil_two,
        making.files_right,
        300.0,
        (),
        first=making.cut,
        hold=ALONE,
        why=("NO quorum:",),
        touched=making.files_changed,
        then=making.mend,
        undo=making.both(making.mend, making.put_right),
        many=True,
    ),
    "all-red": Fault(
        "haproxy hangs, deaf, on all three; then they go on",
        scene.holder,
        making.hang_all,
        scene.haproxies_answer,
        30.0,
        (),
        hold=60.0,
        why=("NO healthy: no node is well", "NO cliff: most nodes went bad at once"),
        touched=making.haproxies_changed,
        then=making.thaw_all,
        undo=making.thaw_all,
        many=True,
    ),
}
