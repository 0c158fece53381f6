"""The rounds of one who holds a cluster's ledger: ask the nodes, decide, write it down, act, write
it down, look again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import decide, fold, witness
from saltext_hakube.core.remedy.decision import Action, Cluster, Pause, Record, State, Step
from saltext_hakube.core.remedy.sight import Sight
from saltext_hakube.core.remedy.words import OFF, Value
from saltext_hakube.healing import heard, late, places, seen, wishes
from saltext_hakube.healing.ask import Answer, Ask, Ticket
from saltext_hakube.host import ledger

log = logging.getLogger(__name__)

#: Seconds in which a node answers how it is: the beacon's samples are read, nothing is probed.
REPORT = 8.0
#: Seconds that an action's job may take beyond the action's own deadline: the way there and back.
WAY = 5.0
#: Between two rounds that wait for something to come true; and how often is looked for a mark.
LEAST, GLANCE = 1.0, 0.1
#: Records of a round in which nothing new was heard.
DULL = frozenset({"clock", "seen"})
#: What waits longer than this is the next reconcile's.
PATIENCE = 14.0


class Doors(NamedTuple):
    """What the round needs of the world. ``ask``: as ask.Asker; ``clock``: Unix time; ``leads``:
    whether this master is the one that acts, so that the nodes are to know that they have one;
    ``waits``: whether there is time to wait for what comes true by and by; ``late``: the answer to
    a ticket that came since, or None; ``off``: whether the pillar, read anew, has the mode none."""

    ask: Ask
    clock: Callable[[], float] = time.time
    leads: bool = True
    waits: bool = True
    late: Callable[[str, Ticket], Answer | None] = lambda _minion, _ticket: None
    off: Callable[[], bool] = lambda: False


class Given(NamedTuple):
    """Answers to hakube_heal.report of some minions, which were asked with this ``hold``."""

    hold: str | None
    answers: Mapping[str, Answer]


class Round:
    """The rounds of one who holds the ledger."""

    def __init__(
        self, doors: Doors, cluster: Cluster, folder: Path, book: ledger.Ledger, quiet: float
    ) -> None:
        self._doors, self._cluster, self._folder = doors, cluster, folder
        self.name = cluster.name
        self._book, self._quiet = book, quiet
        self.state = fold.fold(book.records)
        self.behind = self.state.clock - doors.clock()
        self.records: list[Record] = []
        self.rounds = self.actions = 0
        before = seen.read(folder)
        self._idle, self._unread = before.idle, before.unread

    @property
    def tired(self) -> bool:
        """Whether events were only noise lately: then a mark waits for the next reconcile."""
        return self._idle >= seen.TIRED

    def run(self, end: float, given: Given | None, hinted: bool = False) -> None:
        """Until nothing is left to do, or ``end`` (monotonic). ``given``: the answers to a question
        that was put to the nodes just now. ``hinted``: it is because of an event."""
        while True:
            places.take(self._folder / "dirty")
            self.rounds += 1
            before = len(self.records)
            self._wishes()
            self._late()
            said = self._look(given)
            given = None
            # The nodes know it at once, this master when it reads the pillars the next time.
            if any(it.startswith(OFF) for it in said) and self._doors.off():
                return
            self._witness()
            self._wishes()  # those that came while the nodes were asked
            step = self._keep(decide.decide(self._cluster, self.state, self._doors.clock()))
            if any(record.kind not in DULL for record in self.records[before:]):
                self._idle = 0
            elif hinted:
                self._idle += 1
            self._due(step)
            if step.action is not None:
                self._act(step.action)
                hinted = False
            else:
                goes_on, hinted = self._wait(step.again, end)
                if not goes_on:
                    return
            if time.monotonic() >= end:
                # The nodes are to be asked what came of it.
                places.mark(self._folder / "dirty")
                return

    def _keep(self, step: Step) -> Step:
        """Written first; then it is so."""
        self._book.append(step.records)
        self.records += step.records
        self.state = step.state
        return step

    def _look(self, given: Given | None) -> list[str]:
        """Returns what was said in place of reports."""
        nodes = self._cluster.nodes
        holds = holding(self._cluster, self.state, self._doors.leads)
        answers: dict[str, Answer] = {}
        for hold in dict.fromkeys(holds.values()):
            asked = [nodes[node] for node in nodes if holds[node] == hold]
            if given is not None and given.hold == hold:
                answers |= {minion: it for minion, it in given.answers.items() if minion in asked}
                continue
            patient = [nodes[node] for node in nodes if node not in self.state.silent]
            answers |= self._doors.ask(
                asked, "hakube_heal.report", REPORT, patient=patient, hold=hold
            )
        words = {}
        unread = {}
        said = []
        now = self._doors.clock()
        for node, minion in nodes.items():
            found = heard.report_of(answers.get(minion), self._cluster.name, node)
            if found is None:
                instead = heard.instead_of(answers.get(minion))
                said.append(instead)
                self._keep(decide.silent(self._cluster, self.state, node, now, instead))
                continue
            step = self._keep(decide.heard(self._cluster, self.state, found, now))
            if not step.refused:
                words[node] = seen.words(found)
            if odd := heard.unread_of(answers.get(minion)):
                unread[node] = odd
        same = set(holds.values())
        self._tell_unread(unread)
        hold = same.pop() if len(same) == 1 else None
        self._seen = seen.Seen(at=now, words=words, hold=hold, unread=unread)
        return said

    def _tell_unread(self, unread: dict[str, tuple[str, ...]]) -> None:
        """Once: status goes on telling it."""
        for node, odd in unread.items():
            if self._unread.get(node) != odd:
                log.warning("hakube: cluster %s: %s", self.name, seen.told_unread(node, odd))
        self._unread = unread

    def _witness(self) -> None:
        """Ask others how what was mended looks from there."""
        sight = Sight(self._cluster, self.state, self._doors.clock())
        for question in witness.questions(sight, self.state):
            value, why = witness.together(self._others(question))
            now = self._doors.clock()
            self._keep(decide.witnessed(self.state, question.incident, value, why, now))

    def _others(self, question: witness.Question) -> list[tuple[str, Value, str]]:
        minions = {self._cluster.nodes[node]: node for node in question.asked}
        if not minions:
            return []
        about = {"what": question.what, "node": question.node}
        try:
            answers = self._doors.ask(list(minions), "hakube_heal.witness", REPORT, **about)
        except HakubeError as error:
            log.warning("hakube: cluster %s: no other node can be asked: %s", self.name, error)
            return []
        return [(minions[it], *heard.witness_of(answer)) for it, answer in answers.items()]

    def _due(self, step: Step) -> None:
        waits = self._quiet if step.again is None else max(step.again, LEAST)
        # While something is open each reconcile looks.
        open_ = any(not it.gave_up for it in self.state.incidents.values())
        busy = open_ or self.state.silent or self.state.cliff or step.action
        due = self._seen.at + (0.0 if busy else min(waits, self._quiet))
        seen.write(self._folder, replace(self._seen, due=due, idle=self._idle))

    def _act(self, action: Action) -> None:
        """Written before it is asked for, and after; a node that says nothing is no success."""
        if self._keep(decide.begun(self.state, action, self._doors.clock())).refused:
            return
        self.actions += 1
        minion = self._cluster.nodes[action.node]
        value: dict[str, Any] | None = None
        answered = False
        tickets: list[Ticket] = []
        attempt = len(self.state.incidents[action.incident].attempts) - 1

        def sent(ticket: Ticket) -> None:
            # Before its answer: whoever comes after us, should we die, finds it.
            tickets.append(ticket)
            one = late.Late(action, minion, ticket, self._doors.clock(), attempt)
            self._noted(late.note, one)

        try:
            answer = self._doors.ask(
                [minion],
                "hakube_heal.act",
                action.deadline + WAY,
                sent=sent,
                rung=action.rung,
                component=action.component,
                incident=action.incident,
                deadline=action.deadline,
                evidence=action.evidence,
                test=False,  # whatever the minion's own option says
                **({"undo": True} if action.undo else {}),
            ).get(minion)
            value = heard.result_of(answer)
            answered = answer is None or answer.ticket is None
        except HakubeError as error:
            value = {"result": "failed", "why": heard.line(error)}
        self._keep(decide.ended(self.state, action, value, self._doors.clock()))
        for ticket in tickets if answered else ():
            self._noted(late.forget, ticket)

    def _noted(self, note: Callable[[Path, Any], None], about: late.Late | Ticket) -> None:
        """It is under way, or over: that this cannot be noted changes nothing of that."""
        try:
            note(self._folder, about)
        except (HakubeError, OSError) as error:
            log.warning("hakube: cluster %s: %s", self.name, error)

    def _late(self) -> None:
        """Take in what came after all of actions that were given up."""
        waiting = late.waiting(self._folder)
        left = []
        for one in waiting:
            now = self._doors.clock()
            try:
                value = heard.result_of(self._doors.late(one.minion, one.ticket))
            except HakubeError as error:  # of what was: it keeps nothing from being done
                log.warning("hakube: cluster %s: %s", self.name, error)
                value = None
            if value is not None:
                self._keep(decide.late(self.state, one.action, value, now, one.attempt))
            elif 0 <= now - one.at < late.LONG:
                left.append(one)
        if waiting:
            self._noted(late.write, tuple(left))

    def _wait(self, again: float | None, end: float) -> tuple[bool, bool]:
        """Wait until it is worth to look again. Whether it is, and whether for an event."""
        if wishes.waiting(self._folder):
            return True, False
        if self._marked():
            return True, True
        if again is None or again > PATIENCE or not self._doors.waits:
            return False, False
        until = time.monotonic() + max(again, LEAST)
        if until >= end:
            return False, False
        while time.monotonic() < until:
            time.sleep(GLANCE)
            if self._marked():
                # A moment for what comes together: three nodes tell of one fault.
                time.sleep(GLANCE)
                return True, True
        return True, False

    def _marked(self) -> bool:
        return not self.tired and places.exists(self._folder / "dirty")

    def _wishes(self) -> None:
        for file, wish in wishes.waiting(self._folder):
            with wishes.held(file) as there:
                if there and wish is not None:  # else it was taken back
                    self._keep(granted(self.state, wish))
                file.unlink(missing_ok=True)

    def grant(self) -> None:
        """Take in what others want written down, and nothing else."""
        self._wishes()


def granted(state: State, wish: wishes.Wish) -> Step:
    """The step that a wish means."""
    if wish.kind == "pause":
        pause = Pause(since=wish.at, until=wish.until, reason=wish.reason, node=wish.node)
        return decide.paused(state, pause, wish.at)
    if wish.kind == "resume":
        return decide.resumed(state, wish.node, wish.reason, wish.at)
    if wish.kind == "retry":
        return decide.retried(state, wish.incident, wish.reason, wish.at)
    return Step(state=state, records=(Record(kind="told", at=wish.at, data=wish.data),))


def holding(cluster: Cluster, state: State, leads: bool = True) -> dict[str, str | None]:
    """What each node is told of its master's will: why it is to do nothing by itself, or that it
    may (empty). None of a master that does not lead: it has no say in that."""
    if not leads:
        return dict.fromkeys(cluster.nodes, None)
    if cluster.policy.mode != "act":
        return dict.fromkeys(cluster.nodes, "the master only observes (hakube:heal:mode)")
    paused = {pause.node: f"paused: {pause.reason}"[:200] for pause in state.pauses}
    return {node: paused.get("") or paused.get(node, "") for node in cluster.nodes}
