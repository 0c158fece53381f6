"""All eyes together: what they see becomes the verdict, and the verdict the node's attribute."""

from __future__ import annotations

import time
from typing import Any

from saltext_hakube.agents.ground.journal import ERROR, INFO, WARNING, say
from saltext_hakube.agents.ground.loop import Loop, Timer
from saltext_hakube.agents.ground.process import Ended, run
from saltext_hakube.agents.watch import attribute, servers, verdict
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.address import Floating
from saltext_hakube.agents.watch.answers import Server
from saltext_hakube.agents.watch.attributes import Attribute
from saltext_hakube.agents.watch.path import DataPath
from saltext_hakube.agents.watch.process import MainProcess
from saltext_hakube.agents.watch.repair import Repair
from saltext_hakube.agents.watch.settings import Reflex, Settings
from saltext_hakube.agents.watch.verdict import GREEN, RED, Facts, Verdict

HURRY = 2.0  # seconds after a death
OTHERS = 2.0  # seconds from one look at the other nodes to the next, while we have no server up
DEADLINE = 2.0  # seconds for attrd_updater
UNSEEN = 30.0  # seconds until this machine's addresses are looked at again, where they cannot be
BLIND = 2.0  # seconds until systemd is asked again, where haproxy has nothing that can be asked
LAST = 2.0  # seconds for the attributes to be deleted when we end


class Eyes:
    """Sees from when it is made."""

    def __init__(self, loop: Loop, settings: Settings, reflex: Reflex, actions: Actions):
        self._loop = loop
        self._reflex = reflex
        self._checked = settings.checked
        self._verdict = Verdict()
        self._since = time.time()
        self._timer: Timer | None = None
        self._servers = servers.Servers(since=loop.now())
        self._servers_since = time.time()
        self._others_busy = False
        self._others_due = 0.0
        self._idle = ""
        self._path = DataPath(loop, reflex.health, settings.stats, self._look)
        self._process = MainProcess(loop, reflex.unit, self._path.now, self._look)
        self._floating: Floating | None = None
        self._look_at_addresses(actions)
        steer = reflex.steer
        self._attribute = self._make(attribute.HAPROXY, actions) if steer else None
        both = steer and reflex.servers
        self._attribute_of_servers = self._make(attribute.SERVERS, actions) if both else None
        self._repair = Repair(loop, reflex, self._process, actions) if reflex.repair else None
        if self._path.path is None:
            loop.every(BLIND, self._find)

    def took(self, seen: list[Server] | None) -> None:
        """What haproxy said of its servers, None where it did not."""
        now = self._loop.now()
        before = self._servers
        self._servers = servers.look(before, seen, self._checked, now)
        if self._servers.state != before.state:
            self._servers_since = time.time()
        told = self._servers.told
        if self._attribute_of_servers is None:
            return
        if told:
            self._attribute_of_servers.want(told, servers.words(self._servers))
        if not servers.idle(self._servers, now):
            if self._idle:
                self._idle = ""
                self._look()
        elif not self._others_busy and now >= self._others_due:
            self._others_busy, self._others_due = True, now + OTHERS
            run(self._loop, attribute.query_all(attribute.SERVERS), self._others, DEADLINE)

    @property
    def seen(self) -> dict[str, Any]:
        """For the sample."""
        value, why = self._verdict
        floating = self._floating.seen if self._floating else {"address": None, "link": None}
        return {
            "verdict": {"value": value, "why": why, "since": round(self._since, 3)},
            "file": self._repair.problem if self._repair else "",
            "eyes": {
                "process": self._process.seen,
                "path": self._path.seen,
                "servers": {
                    "state": self._servers.state,
                    "since": round(self._servers_since, 3),
                },
                **floating,
                "attribute": self._attribute.seen if self._attribute else None,
            },
        }

    def close(self) -> None:
        """Leave no attribute behind, and end the loop."""
        left = []
        for kept in (self._attribute, self._attribute_of_servers):
            if kept is not None:
                left.append(kept.name)
                kept.leave()
        if not left:
            self._loop.stop()
            return
        count = [len(left)]

        def deleted(ended: Ended) -> None:
            if ended.told:
                say(f"an attribute of this node is left in the cluster: {ended.told}", WARNING)
            count[0] -= 1
            if not count[0]:
                self._loop.stop()

        for name in left:
            run(self._loop, attribute.delete(name), deleted, LAST)

    def _make(self, name: str, actions: Actions) -> Attribute:
        return Attribute(self._loop, name, self._reflex.node, actions)

    def _look_at_addresses(self, actions: Actions, said: str = "") -> None:
        try:
            self._floating = Floating(self._loop, self._reflex, actions, self._path.now, self._look)
        except OSError as error:
            problem = error.strerror or str(error)
            if problem != said:
                say(f"cannot look at this machine's addresses: {problem}", ERROR)
            self._loop.after(UNSEEN, lambda: self._look_at_addresses(actions, problem))
        else:
            if said:
                say("this machine's addresses can be looked at again")

    def _find(self) -> None:
        """No answer tells that haproxy is there, so systemd is asked until it is."""
        if not self._process.runs:
            self._process.ask()

    def _look(self) -> None:
        if self._process.process.died is not None and not self._process.hurried:
            self._process.hurried = True
            self._path.hurry(HURRY)
        path = self._path.path
        if path is not None and path.row:
            self._process.answers(self._path.answered_at)
        now = self._path.now()
        if path is None and self._process.runs:  # another process: that is all there is to know
            self._process.answers(now)
        floating = self._floating
        facts = Facts(
            path=path,
            process=self._process.process,
            runs=self._process.runs,
            interface=floating.interface if floating else "",
            link_lost=floating.link_lost if floating else None,
            idle=self._idle,
        )
        self._judged(verdict.judge(self._verdict, facts, now))
        if self._timer:
            self._timer.cancel()
            self._timer = None
        wait = verdict.next_look(facts, now)
        if wait is not None:
            self._timer = self._loop.after(wait + 0.001, self._timed)

    def _timed(self) -> None:
        self._path.note_lateness()
        self._look()

    def _judged(self, found: Verdict) -> None:
        before, self._verdict = self._verdict, found
        if found.value == before.value:
            return
        self._since = time.time()
        say(f"{found.value}: {found.why}", WARNING if found.value == RED else INFO)
        if self._attribute is not None:
            self._attribute.want("1" if found.value == GREEN else "0", found.why)

    def _others(self, ended: Ended) -> None:
        self._others_busy = False
        found = attribute.values(ended.code, ended.output, ended.errors)
        if found is None or not servers.idle(self._servers, self._loop.now()):
            return
        most = attribute.most_others_have_one(found, self._reflex.node)
        idle = f"it has no server up since {servers.IDLE:g} s, and most others have" if most else ""
        if idle != self._idle:
            self._idle = idle
            self._look()
