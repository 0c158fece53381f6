"""Pacemaker hears that the address was given up, as soon as it can: else its own monitor would
find out, up to ten seconds later."""

from __future__ import annotations

from collections.abc import Callable

from saltext_hakube.agents.ground.journal import WARNING, say
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.pacemaker import Unreadable, view
from saltext_hakube.agents.ground.process import Ended, run

WITHIN = 5.0  # seconds for each of the two programs


class HandOver:
    """``ask``: look, tell Pacemaker if need be, then call ``answered`` with whether that is all,
    and with what was done, if anything was."""

    def __init__(self, loop: Loop, node: str, resource: str, answered: Callable[[bool, str], None]):
        self._loop = loop
        self._node = node
        self._resource = resource
        self._answered = answered

    def ask(self) -> None:
        run(self._loop, ("cibadmin", "-Q", "--local"), self._read, WITHIN)

    def _read(self, ended: Ended) -> None:
        if ended.told:
            self._answered(False, "")
            return
        try:
            seen = view(ended.output, self._node, self._resource)
        except Unreadable as error:
            say(f"what Pacemaker thinks of {self._resource} is not known: {error}", WARNING)
            self._answered(False, "")
            return
        if seen.hands_off:
            self._answered(True, "")
        elif not seen.quorate or seen.stopping or seen.started is None:
            self._answered(False, "")
        elif not seen.started:
            self._answered(True, "")
        else:
            fail = ("crm_resource", "--fail", "-r", self._resource, "-N", self._node)
            run(self._loop, fail, self._told, WITHIN)

    def _told(self, ended: Ended) -> None:
        if ended.told:
            say(f"Pacemaker could not be told that the address is gone: {ended.told}", WARNING)
        self._answered(not ended.told, "" if ended.told else f"told Pacemaker of {self._resource}")
