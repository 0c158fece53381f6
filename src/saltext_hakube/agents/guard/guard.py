"""The guard: what it sees goes to the decision, what is decided its hands do, its sample tells."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from saltext_hakube.agents.ground.journal import INFO, WARNING, say
from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.netlink import Network
from saltext_hakube.agents.ground.sample import Sample
from saltext_hakube.agents.guard import cib, decide
from saltext_hakube.agents.guard.decide import Eyes, GaveUp, Left, State, Step
from saltext_hakube.agents.guard.handover import HandOver
from saltext_hakube.agents.guard.membership import Membership
from saltext_hakube.agents.guard.neighbours import Neighbours, Place
from saltext_hakube.agents.guard.pulse import Pulse
from saltext_hakube.agents.guard.settings import Settings
from saltext_hakube.agents.guard.stack import Stack

MUTED = 2.0  # seconds until the CIB has what Pacemaker was told, and hakube-watch may look there
SHARE = 0.8  # of token + consensus, after which the others have the address


class Guard:
    """``begin`` it, and let the loop run. ``show`` writes the sample."""

    def __init__(self, loop: Loop, settings: Settings, sample: Sample, left: Left):
        self._loop = loop
        self._settings = settings
        self._sample = sample
        self._network = Network(loop, self._look)
        self._stack = Stack(loop, self._stack_changed)
        self._membership = Membership(loop, self._look)
        self._pulse = Pulse(loop, self._look)
        self._neighbours = Neighbours(loop, settings.address, self._place)
        self._handover = HandOver(
            loop,
            settings.node,
            settings.resource,
            settings.address,
            absent=self._absent,
            answered=self._answered,
        )
        self._state = decide.begin(left, loop.now(), self.patience)
        self._muted: GaveUp | None = None
        self._timer: Timer | None = None
        self._trouble: str | None = None
        self._refused = ""
        self._here_since = self._changed_at = time.time()
        self._actions: deque[dict[str, Any]] = deque(maxlen=20)

    def begin(self) -> None:
        self._stack.look()
        self._look()

    @property
    def waits(self) -> bool:
        """Whether something is still to be done, or to be told: the next guard should hear of it
        then."""
        return self._state.due is not None or self._state.gave_up is not None

    @property
    def patience(self) -> float:
        totem = self._membership.totem
        return SHARE * (totem.token + totem.consensus)

    # -- eyes ------------------------------------------------------------------------------------

    def _stack_changed(self) -> None:
        if self._stack.corosync is None:
            self._membership.stop()
            self._pulse.stop()
        else:
            self._membership.start()
            self._pulse.start()
        self._look()

    def _look(self) -> None:
        """Something has changed, or may have."""
        votes = self._membership.now
        held = self._network.here(self._settings.address)
        eyes = Eyes(
            corosync=self._stack.corosync is not None,
            hangs=self._pulse.hangs_since is not None,
            pacemaker=self._stack.controller is not None,
            quorate=votes.quorate if votes else None,
            ring=votes.ring if votes else self._state.eyes.ring,
            here=held is not None,
            link=self._link_is_up(),
            tentative=held is not None and not held.serves,
        )
        before = self._state.eyes
        if (eyes.here, eyes.tentative) != (before.here, before.tentative):
            self._here_since = time.time()
        since = self._pulse.hangs_since
        step = decide.see(self._state, eyes, self._loop.now(), self.patience, since)
        self._tell(eyes, step.state)
        self._take(step)

    def _tell(self, eyes: Eyes, state: State) -> None:
        if eyes.trouble == self._trouble or (eyes.stack and eyes.quorate is None):
            return
        self._trouble = eyes.trouble
        self._refused = ""
        self._changed_at = time.time()
        if not eyes.trouble:
            say("the node is in the cluster")
        elif eyes.here and state.due is not None and self._settings.guard:
            left = max(0.0, state.due - self._loop.now())
            say(f"{eyes.trouble}: the address is given up in {left:.1f} s unless it ends", WARNING)
        elif eyes.here and state.found:
            say(f"{eyes.trouble}, and was when the guard began: the address stays")
        else:
            say(eyes.trouble, INFO)

    def _link_is_up(self) -> bool:
        index = self._index()
        return index in self._network.links and self._network.links[index].up

    def _index(self) -> int | None:
        vip = self._settings
        return self._network.interface(vip.address, vip.interface, vip.prefix)

    def _place(self) -> Place | None:
        """Where the address is, for those who may be told of it: only by a node that is well."""
        held = self._network.here(self._settings.address)
        if held is None or not held.serves or not self._state.eyes.well:
            return None
        link = self._network.links.get(held.index)
        return Place(link.name, held.index, link.hardware) if link else None

    # -- hands -----------------------------------------------------------------------------------

    def _take(self, step: Step) -> None:
        asked, self._state = self._state.asking, step.state
        if asked and not self._state.asking:
            self._handover.leave()
        for action in step.actions:
            if action.what == decide.GIVE_UP:
                self._give_up(action.why)
            elif action.what == decide.HAND_OVER:
                self._handover.ask()
            elif action.what == decide.ANNOUNCE:
                self._announce(action.why)
            else:
                say(f"{action.why}; it finds out by itself", WARNING)
        self._arm()
        self.show()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._state.due is not None:
            pause = max(0.0, self._state.due - self._loop.now())
            self._timer = self._loop.after(pause, self._due)

    def _due(self) -> None:
        # What came back in this moment is seen before it is too late.
        self._network.read()
        self._stack.look()
        self._take(decide.tick(self._state, self._loop.now()))

    def _give_up(self, why: str) -> None:
        address = self._settings.address
        against = "" if self._settings.guard else "the pillar says so"
        lives = self._state.eyes.stack
        against = against or cib.against(self._settings.node, self._settings.resource, lives)
        held = [one for one in self._network.addresses if one.ip == address]
        problems = [] if against else [text for text in map(self._network.remove, held) if text]
        now = self._loop.now()
        if not against and not problems:
            at = time.time()
            # Else it would look as if it had come back, until the kernel's own word is read.
            self._network.addresses.difference_update(held)
            self._state = decide.removed(self._state, now, GaveUp(at, why)).state
            self._here_since = at
            self._did("gave up the address", why)
            return
        reason = against or f"it cannot be taken away: {problems[0]}"
        if reason != self._refused:
            self._refused = reason
            say(f"{address} stays: {reason} ({why})", WARNING)
        self._state = decide.kept(self._state, now).state

    def _absent(self) -> bool | None:
        self._network.read()
        if not self._network.sure:
            return None
        return self._network.here(self._settings.address) is None

    def _answered(self, told: bool, done: str, why: str) -> None:
        gave_up = self._state.gave_up
        if done and gave_up is not None:
            because = f"the address was given up, as {gave_up.why}"
            self._did(done, f"{why} ({because})" if why else because)
            self._muted = gave_up
            self._loop.after(MUTED, lambda: self._unmute(gave_up))
        self._take(decide.answered(self._state, self._loop.now(), told=told))

    def _announce(self, why: str) -> None:
        if self._settings.announce:
            self._neighbours.tell()
            self._did("announced the address", why)

    def _did(self, what: str, why: str) -> None:
        say(f"{what} {self._settings.address}: {why}")
        self._actions.append({"at": round(time.time(), 3), "what": what, "why": why})

    def _unmute(self, gave_up: GaveUp) -> None:
        if self._muted is gave_up:
            self._muted = None
            self.show()

    # -- told ------------------------------------------------------------------------------------

    def show(self) -> None:
        eyes, votes = self._state.eyes, self._membership.now
        totem = self._membership.totem
        gave_up = self._state.gave_up or (None if eyes.here else self._muted)
        self._sample.write(
            {
                "interval": 1.0,
                "stack": {
                    "corosync": {
                        "alive": eyes.corosync,
                        "hangs": eyes.hangs,
                        "pid": self._stack.corosync,
                    },
                    "pacemaker": {"alive": eyes.pacemaker, "pid": self._stack.controller},
                },
                "trouble": eyes.trouble,
                "since": round(self._changed_at, 3),
                "due": self._due_at(),
                "quorate": eyes.quorate,
                "members": votes.members if votes else 0,
                "totem": {**totem._asdict(), "patience": round(self.patience, 3)},
                "address": {
                    "here": eyes.here and not eyes.tentative,
                    "state": self._address_state(),
                    "since": round(self._here_since, 3),
                },
                "link": eyes.link,
                "gave_up": {"at": round(gave_up.at, 3), "why": gave_up.why} if gave_up else None,
                "actions": list(self._actions),
            }
        )

    def _address_state(self) -> str | None:
        held = self._network.here(self._settings.address)
        return (held.state or None) if held else None

    def _due_at(self) -> float | None:
        due = self._state.due
        return None if due is None else round(time.time() + due - self._loop.now(), 3)
