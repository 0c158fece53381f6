"""What a node is asked to do, what it finds when it looks, what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from saltext_hakube.core.config import Config
from saltext_hakube.core.reading import read
from saltext_hakube.core.remedy.local import View
from saltext_hakube.core.remedy.words import Component, Rung

Line = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f\ud800-\udfff]{1,300}\Z", description="a line of 1 to 300 letters"
    ),
]
Deadline = Annotated[float, Meta(ge=1, le=600, description="a number of seconds, 1 to 600")]


class Task(Struct, frozen=True, kw_only=True):
    """One rung for one component of this node. ``incident``: what it is for; ``deadline``: seconds;
    ``evidence``: lines, some for each kind; ``undo``: take back what the rung did."""

    rung: Rung
    component: Component
    incident: Line
    deadline: Deadline
    test: bool = False
    undo: bool = False
    evidence: dict[str, tuple[Line, ...]] = {}


class Order(Struct, frozen=True):
    """One thing to do. ``kind``: the rung's own word for it; ``on``: a resource, unit or node;
    ``told``: in words, as what is done."""

    kind: str
    on: str
    told: str


class Finding(Struct, frozen=True):
    """What a rung's look gives: whether there is something to do, why, and what.

    ``nothing``: the fault is not there, or it is not for this rung. ``refused``: it would do harm,
    or is somebody else's affair.
    """

    result: Literal["would", "nothing", "refused"]
    why: str
    orders: tuple[Order, ...] = ()

    @property
    def go(self) -> bool:
        return self.result == "would"


class Place(Struct, frozen=True):
    """A component on a node. ``unit``: None for the VIP."""

    resource: str
    unit: str | None = None


def nothing(why: str) -> Finding:
    return Finding("nothing", why)


def refused(why: str) -> Finding:
    return Finding("refused", why)


def left_alone(view: View) -> Finding | None:
    """Why nothing is done about a resource just now, whatever is wrong; None: it may be."""
    if view.hands_off:
        return refused(view.hands_off)
    if view.pending:
        return nothing(f"Pacemaker is at {view.id} just now: {view.pending}")
    return None


def task(**given: Any) -> Task:
    """Out of the arguments of a call. Raises ConfigError."""
    return read(given, Task, "act")


def places(config: Config) -> dict[Component, Place]:
    """What Pacemaker runs of the components."""
    names = config.resources
    return {
        "haproxy": Place(names.haproxy.name, _plain(config.haproxy.unit)),
        "vip": Place(names.vip.name),
        "apiserver": Place(names.apiserver.name, _plain(names.apiserver.unit)),
        "scheduler": Place(names.scheduler.name, _plain(names.scheduler.unit)),
        "controller-manager": Place(names.controller.name, _plain(names.controller.unit)),
    }


def _plain(unit: str) -> str:
    return unit.removesuffix(".service")
