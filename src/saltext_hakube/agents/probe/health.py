"""The health of this node's apiserver, scheduler and controller-manager, as each tells of its own.

They are asked without credentials; where one wants some, with those of its own kubeconfig.
"""

from __future__ import annotations

from collections.abc import Callable

from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.probe import judge
from saltext_hakube.agents.probe.answer import REFUSED, Answer, request
from saltext_hakube.agents.probe.board import Done
from saltext_hakube.agents.probe.crm import Crm
from saltext_hakube.agents.probe.get import Get
from saltext_hakube.agents.probe.kubeconfig import Wrong
from saltext_hakube.agents.probe.look import unknown
from saltext_hakube.agents.probe.settings import Component
from saltext_hakube.agents.probe.trust import Door


class Health:
    """``begin`` is the probe. ``door``: gives how to ask as the user of these files; of none:
    as nobody."""

    def __init__(
        self,
        loop: Loop,
        crm: Crm,
        node: str,
        component: Component,
        *,
        path: str,
        door: Callable[[tuple[str, ...]], Door],
    ):
        self._loop = loop
        self._crm = crm
        self._node = node
        self._component = component
        self._path = path
        self._door = door
        self._known = False  # it wants to know who asks
        self._refused: float | None = None  # since when nobody listens

    def begin(self, done: Done) -> None:
        files = self._component.kubeconfigs if self._known else ()
        try:
            door = self._door(files)
        except Wrong as error:
            done(unknown(f"it cannot be asked: {error}"))
            return
        target = self._component.target
        text = request(self._path, target.address, door.token)
        began = self._loop.now()
        Get(self._loop, target, text, door.context, lambda it: self._answered(it, began, done))

    def _answered(self, answer: Answer, began: float, done: Done) -> None:
        if judge.wants_credentials(answer) and not self._known:
            self._known = True
            self.begin(done)
            return
        if answer.kind != REFUSED:
            self._refused = None
        elif self._refused is None:
            self._refused = began
            self._crm.hurry()
        fresh = self._refused is not None and self._crm.taken >= self._refused
        want = judge.wanted(self._crm.cluster, self._component.resource, self._node)
        done(judge.health(answer, want, fresh=fresh))
