"""Pacemaker hears that the address was given up, as soon as it can: else its own monitor would
find out, up to ten seconds later.

Or it tried to stop the VIP in the moment in which the address went: then the resource agent could
not take away what was there a moment before, and that failure is cleaned up. (Pacemaker would take
the VIP for running here for good.)
"""

from __future__ import annotations

from collections.abc import Callable

from saltext_hakube.agents.ground.history import STOPPED
from saltext_hakube.agents.ground.journal import WARNING, say
from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.pacemaker import CLEAN_UP, Unreadable, command, view
from saltext_hakube.agents.ground.process import Child, Ended, run
from saltext_hakube.agents.ground.sample import clock

WITHIN = 5.0  # seconds for cibadmin
# Seconds from the question to what follows: what is older was asked before we, or the machine,
# were stopped, and Pacemaker may have done anything since.
FRESH = 1.0
LONG = 20.0  # seconds for crm_resource: a cleanup waits for the cluster

#: Whether that is all; what was done, if anything was, and why.
Answered = Callable[[bool, str, str], None]


class HandOver:
    """``ask``: look, tell Pacemaker if need be, then call ``answered``. What was asked before, and
    has not been answered, is of no more use: it ends unanswered. So it does with ``leave``.

    ``absent``: whether the address is not on this machine, None where that is not known just now;
    asked in the last moment.
    """

    def __init__(
        self,
        loop: Loop,
        node: str,
        resource: str,
        address: str,
        *,
        absent: Callable[[], bool | None],
        answered: Answered,
    ):
        self._loop = loop
        self._node = node
        self._resource = resource
        self._address = address
        self._absent = absent
        self._answered = answered
        self._said = ""
        self._under_way: Child | Timer | None = None
        self._tells = ""  # the crm_resource that is that, and may have been heard already

    def ask(self) -> None:
        self.leave()
        argv, asked = ("cibadmin", "-Q", "--local"), clock()
        self._under_way = run(self._loop, argv, lambda ended: self._read(ended, asked), WITHIN)

    def leave(self) -> None:
        if self._under_way is not None:
            self._under_way.cancel()
            self._under_way = None
        if self._tells:
            say(f"{self._tells} is not waited for any more")
            self._tells = ""

    def _read(self, ended: Ended, asked: float) -> None:
        if ended.told:
            self._answered(False, "", "")
            return
        try:
            seen = view(ended.output, self._node, self._resource, self._address)
        except Unreadable as error:
            self._warn(f"what Pacemaker thinks of {self._resource} is not known: {error}")
            self._answered(False, "", "")
            return
        if seen.hands_off or seen.elsewhere or seen.last.state == STOPPED:
            self._answered(True, "", "")
        elif not seen.hears:
            self._answered(False, "", "")
        else:
            # In a timer: what the kernel has told meanwhile is read before it calls.
            self._under_way = self._loop.after(0.0, lambda: self._tell(seen.hears, asked))

    def _tell(self, hears: str, asked: float) -> None:
        absent = self._absent()
        if absent is False:
            self._answered(True, "", "")
            return
        if absent is None or clock() - asked > FRESH:
            self._answered(False, "", "")
            return
        argv = command(hears, self._node, self._resource)
        self._tells = " ".join(argv)
        self._under_way = run(self._loop, argv, lambda ended: self._told(ended, hears), LONG)

    def _told(self, ended: Ended, hears: str) -> None:
        self._tells = ""
        if ended.told:
            self._warn(f"Pacemaker could not be told that the address is gone: {ended.told}")
            self._answered(False, "", "")
            return
        self._said = ""
        if hears == CLEAN_UP:
            why = f"a stop of {self._resource} failed here, and the address is not here"
            self._answered(True, f"cleaned up {self._resource}", why)
        else:
            self._answered(True, f"told Pacemaker of {self._resource}", "")

    def _warn(self, text: str) -> None:
        """It is asked twice a second."""
        if text != self._said:
            say(text, WARNING)
        self._said = text
