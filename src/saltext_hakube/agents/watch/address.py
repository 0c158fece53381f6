"""The VIP's address on this machine: whether it is here, whether its interface has a link.

Where it goes without Pacemaker, the failure is handed over: Pacemaker's own monitor would find it
up to ten seconds later. Where a stop of the VIP failed and the address is gone all the same,
Pacemaker is told to forget the failure: it would leave the VIP as it is for good.

An IPv6 address that another machine has, too (DADFAILED), is lost: the kernel does not use it. One
that is only about to be used (TENTATIVE) is neither lost nor here yet.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from saltext_hakube.agents.ground.journal import WARNING, say
from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.netlink import Network
from saltext_hakube.agents.ground.pacemaker import CLEAN_UP, command
from saltext_hakube.agents.ground.process import Child, Ended, run
from saltext_hakube.agents.ground.rtnetlink import DADFAILED
from saltext_hakube.agents.ground.sample import clock
from saltext_hakube.agents.watch import cib
from saltext_hakube.agents.watch.actions import Actions, Trouble
from saltext_hakube.agents.watch.cib import Answer
from saltext_hakube.agents.watch.settings import Reflex

# Seconds after the loss. The CIB is asked a moment before, as cibadmin takes 0.05 s: Pacemaker
# writes down that it is about to stop the VIP before the address goes (see cib).
ABSENT = 0.15
ASK = 0.1
DEADLINE = 2.0  # seconds for cibadmin
LONG = 20.0  # seconds for crm_resource: a cleanup waits for the cluster
AGAIN = 10.0  # seconds until what was told, or could not be asked, is looked at again
# Seconds from the question to what follows from its answer. What is older was asked before the
# daemon, or the machine, was stopped: Pacemaker may have done anything since.
FRESH = 1.0
GRACE = 1.0  # seconds for crm_resource to end once the address is back
SILENT = 15.0  # seconds without a word of hakube-guard, which speaks every second
PENDING = 30.0  # seconds in which what is pending is looked at often; an agent has 20 for a stop


class Floating:
    """``heard`` is called when ``link_lost`` changed."""

    def __init__(
        self,
        loop: Loop,
        settings: Reflex,
        actions: Actions,
        now: Callable[[], float],
        heard: Callable[[], None],
    ):
        self._loop = loop
        self._settings = settings
        self._actions = actions
        self._now = now
        self._heard = heard
        self._trouble = Trouble("reading the CIB")
        self._timer: Timer | None = None
        self._child: Child | None = None
        self._tells = False  # whether that is crm_resource
        self._lost_at = loop.now()
        self._said = ""
        self._last = ("", False)  # what Pacemaker was told last, and whether that failed
        self.interface = settings.vip.interface or ""
        #: Since when the interface has no link, on the verdict's clock; None while it has.
        self.link_lost: float | None = None
        self._index: int | None = None
        self._link_since = self._since = time.time()
        self._network = Network(loop, self._changed)
        self._state = ""
        self._here = self._is_here()
        self._look_at_link()
        if not self._here:  # it may have gone while nobody looked
            self._lost()

    @property
    def seen(self) -> dict[str, Any]:
        return {
            "address": {
                "ip": self._settings.vip.address,
                "here": self._here and not self._state,
                "state": self._state or None,
                "since": round(self._since, 3),
            },
            "link": {
                "interface": self.interface or None,
                "up": None if self._index is None else self.link_lost is None,
                "since": round(self._link_since, 3),
            },
        }

    def _is_here(self) -> bool:
        held = self._network.here(self._settings.vip.address)
        self._state = held.state if held else ""
        return held is not None and held.state != DADFAILED

    def _changed(self) -> None:
        before = (self._here, self._state)
        here = self._is_here()
        if before != (here, self._state):
            self._since = time.time()
            if self._state == DADFAILED:
                say(f"{self._settings.vip.address} is another machine's, too: {DADFAILED}", WARNING)
        if here != self._here:
            self._here = here
            if here:
                self._found()
            else:
                self._lost()
        self._look_at_link()

    def _look_at_link(self) -> None:
        vip = self._settings.vip
        index = self._network.interface(vip.address, vip.interface, vip.prefix)
        # One that is gone, or that lost all addresses with its link, is still the VIP's.
        self._index = self._index if index is None else index
        if self._index is None:
            return
        link = self._network.links.get(self._index)
        self.interface = link.name if link else self.interface
        if (link is not None and link.up) == (self.link_lost is None):
            return
        self._link_since = time.time()
        self.link_lost = None if link is not None and link.up else self._now()
        self._heard()

    def _found(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._said, self._last = "", ("", False)
        if self._child is None:
            return
        if self._tells:  # as a rule it has told already, and ends in a moment
            self._again(GRACE, self._break_off)
        else:  # what it says is of no use, nor for the next loss
            self._end()

    def _break_off(self) -> None:
        if self._child is not None:
            self._end()
            say(f"{self._settings.vip.address} is back: crm_resource is not waited for")

    def _end(self) -> None:
        self._child.cancel()
        self._child = None

    def _lost(self) -> None:
        self._lost_at = self._loop.now()
        if self._settings.hand_over:
            self._again(ASK)

    def _again(self, seconds: float, call: Callable[[], None] | None = None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.after(seconds, call or self._ask)

    def _ask(self) -> None:
        if self._here:
            return
        if self._child is not None:
            self._again(ASK)
            return
        self._tells = False
        argv, asked = ["cibadmin", "-Q", "--local"], clock()
        self._child = run(self._loop, argv, lambda ended: self._answered(ended, asked), DEADLINE)

    def _answered(self, ended: Ended, asked: float) -> None:
        self._child = None
        self._trouble.note(ended.told)
        if ended.told:
            self._again(AGAIN)
            return
        vip, resource = self._settings.vip, self._settings.vip_resource
        answer = cib.ask(ended.output, resource, self._settings.node, vip.address)
        if answer.hears == CLEAN_UP and self._state:
            answer = Answer("", f"a stop failed here, and the address is here: {self._state}")
        if not answer.hears:
            self._leave(answer)
            return
        left = self._lost_at + ABSENT - self._loop.now()
        self._again(max(0.0, left), lambda: self._tell(answer, asked))

    def _tell(self, answer: Answer, asked: float) -> None:
        self._network.read()  # it may be back in this moment
        if self._here:
            return
        if clock() - asked > FRESH or not self._network.sure:
            self._again(cib.SOON)
            return
        if gave_up(self._settings.guard):
            self._leave(Answer("", "hakube-guard gave the address up"))
            return
        self._tells = True
        lost_at = self._lost_at
        argv = command(answer.hears, self._settings.node, self._settings.vip_resource)
        self._child = run(self._loop, argv, lambda ended: self._told(ended, answer, lost_at), LONG)

    def _told(self, ended: Ended, answer: Answer, lost_at: float) -> None:
        self._child = None
        self._did(answer, ended.told)
        if self._here:
            return
        self._again(AGAIN if lost_at == self._lost_at else ASK)

    def _did(self, answer: Answer, problem: str) -> None:
        vip, address = self._settings.vip_resource, self._settings.vip.address
        if answer.hears == CLEAN_UP:
            done, noun = f"cleaned up {vip}", f"clean up {vip}"
            reason = f"a stop of {vip} failed here, and {address} is not here"
        else:
            done = f"handed over the failure of {vip} to Pacemaker"
            noun = f"hand over the failure of {vip}"
            lost = f"of no use here ({self._state})" if self._state else "gone from this node"
            reason = f"{address} is {lost}, and {answer.why}"
        before, self._last = self._last, (answer.hears, bool(problem))
        # What fails is tried again for hours, and a stop may fail again: that is no news.
        if self._last == before and (problem or answer.hears == CLEAN_UP):
            return
        self._actions.did(f"could not {noun} ({problem})" if problem else done, reason)

    def _leave(self, answer: Answer) -> None:
        """Not now, but later."""
        again = answer.again
        if again == cib.SOON and self._loop.now() - self._lost_at > PENDING:
            again = cib.LATER
        self._again(again)
        self._last = ("", False)
        # That it is not here at all is nothing to tell.
        if again != cib.RARELY and answer.why != self._said:
            address = self._settings.vip.address
            say(f"{address} is not here, and is left to others: {answer.why}")
        self._said = answer.why


def gave_up(path: str) -> bool:
    """Whether hakube-guard, which lives, says in its sample that it took the address away."""
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
        lives = Path(f"/proc/{int(told['pid'])}").exists()
        return bool(told["gave_up"]) and lives and 0 <= clock() - told["clock"] < SILENT
    except (OSError, ValueError, TypeError, KeyError, ArithmeticError, RecursionError):
        return False  # it does not run, or has yet to write: then it did not
