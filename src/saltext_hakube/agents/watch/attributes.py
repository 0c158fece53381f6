"""A node attribute: set when what it should be changes, and looked at now and then.

It is the cluster's memory that counts, not ours: attrd forgets it with the node's membership.
"""

from __future__ import annotations

import time
from typing import Any

from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.process import Child, Ended, run
from saltext_hakube.agents.watch import attribute
from saltext_hakube.agents.watch.actions import Actions, Trouble

DEADLINE = 2.0  # seconds; attrd_updater takes some hundredths, attrd may be gone
EVERY = 10.0  # seconds from one look to the next
AGAIN = 2.0  # seconds, while attrd does not answer


class Attribute:
    """``want`` a value; ``leave`` it at the end."""

    def __init__(self, loop: Loop, name: str, node: str, actions: Actions):
        self._loop = loop
        self.name = name
        self._node = node
        self._actions = actions
        self._wanted = ""  # nothing is known yet: it is left as it is
        self._why = ""
        self._set = ""  # what the cluster has, as far as we know
        self._since = time.time()
        self._busy = False
        self._changed = False  # while busy
        self._left = False
        self._timer: Timer | None = None
        self._child: Child | None = None
        self._trouble = Trouble(f"setting the node attribute {name}")

    def want(self, value: str, why: str) -> None:
        """It should be ``value``."""
        if value == self._wanted or self._left:
            return
        self._wanted, self._why = value, why
        self._go()

    def leave(self) -> None:
        """Touch it no more."""
        self._left = True
        self._changed = False
        if self._timer:
            self._timer.cancel()
        if self._child and self._busy:
            self._child.cancel()

    @property
    def seen(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "wanted": self._wanted or None,
            "value": self._set or None,
            "since": round(self._since, 3),
            "problem": self._trouble.problem or None,
        }

    def _go(self) -> None:
        """One program at a time; what changes meanwhile is next."""
        if self._busy:
            self._changed = True
            return
        if self._timer:
            self._timer.cancel()
        self._busy = True
        value = self._wanted
        argv = attribute.update(self.name, value)
        self._child = run(self._loop, argv, lambda ended: self._told(ended, value), DEADLINE)

    def _told(self, ended: Ended, value: str) -> None:
        self._busy = False
        self._trouble.note(ended.told)
        if not ended.told:
            if value != self._set:
                self._actions.did(f"set the node attribute {self.name} to {value}", self._why)
            self._have(value)
        if self._changed:
            self._changed = False
            self._go()
        else:
            self._timer = self._loop.after(AGAIN if ended.told else EVERY, self._look)

    def _look(self) -> None:
        self._busy = True
        argv = attribute.query(self.name, self._node)
        self._child = run(self._loop, argv, self._looked, DEADLINE)

    def _looked(self, ended: Ended) -> None:
        self._busy = False
        found = attribute.values(ended.code, ended.output, ended.errors)
        if found is None:
            self._trouble.note(ended.told)
        else:
            self._have(found.get(self._node, ""))
        if self._changed or (found is not None and self._set != self._wanted):
            self._changed = False
            self._go()
        else:
            self._timer = self._loop.after(AGAIN if found is None else EVERY, self._look)

    def _have(self, value: str) -> None:
        if value != self._set:
            self._set, self._since = value, time.time()
