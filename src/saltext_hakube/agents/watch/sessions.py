"""The duty: sessions on a dead server are closed where haproxy does not do it itself.

What the current worker's checks found decides (see decide). Old workers are asked only while an
address is dead, and, once nothing was left to close, only now and then: they get no new ones.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from saltext_hakube.agents.ground.journal import INFO, WARNING, say
from saltext_hakube.agents.watch import answers, decide
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.ask import Answer, Question, ask
from saltext_hakube.agents.watch.decide import Close, OldWorker, Scope
from saltext_hakube.agents.watch.settings import Settings

WORKERS_EVERY = 5.0  # seconds, while no address is dead
WORKERS_AGAIN = 1.0  # seconds, while haproxy does not answer
CLEAN_EVERY = 5.0  # seconds until old workers in which nothing was left are looked at again
SAID_EVERY = 10.0  # seconds until the same is said again of the same worker and address ...
FAILED_EVERY = 600.0  # ... and that it cannot be done


class Sessions:
    """Call ``look`` again and again; ``seen`` is its part of the sample."""

    def __init__(self, settings: Settings, actions: Actions):
        self._stats = _Socket("stats socket", settings.stats)
        self._master = _Socket("master socket", settings.master)
        self._scope = Scope(settings.checked, settings.unchecked)
        self._servers: list[answers.Server] = []
        self._past = decide.Past()
        self._dead: dict[str, str] = {}
        self._workers = answers.Workers(0, ())
        self._workers_due = 0.0
        self._clean: tuple[Any, float] = (None, 0.0)  # in what situation, until when
        self._said: dict[tuple[int, str, bool], float] = {}
        self._actions = actions
        #: What the current worker said last; None where it did not.
        self.servers: list[answers.Server] | None = None

    def look(self) -> None:
        """Look once, and close what is to be closed. Takes at most four deadlines."""
        now = time.monotonic()
        servers = self._stats.ask(answers.SERVERS, answers.servers)
        self.servers = servers
        self._servers = servers or []
        if servers is None:  # whatever comes up again has other processes
            self._workers = answers.Workers(0, ())
        self._past, dead = decide.settled(self._past, self._servers, self._scope, now)
        self._tell_dead(dead)
        if dead or now >= self._workers_due:
            found = self._master.ask(answers.WORKERS, answers.workers)
            well = servers is not None and found is not None
            self._workers_due = now + (WORKERS_EVERY if well else WORKERS_AGAIN)
            self._workers = found or answers.Workers(0, ())
        if not dead:
            return
        old = self._old_workers(now)
        for close in decide.decide(dead, self._servers, self._workers, old, self._scope):
            self._clean = (None, 0.0)
            self._close(close, now)

    @property
    def seen(self) -> dict[str, Any]:
        return {
            "haproxy": {"stats": self._stats.seen, "master": self._master.seen},
            "servers": [server._asdict() for server in self._servers],
            "workers": self._workers._asdict(),
            "dead": self._dead,
        }

    def _old_workers(self, now: float) -> list[OldWorker]:
        """The old workers and their sessions, of those that answer."""
        situation = (tuple(self._dead), self._workers.old)
        if self._clean[0] == situation and now < self._clean[1]:
            return []
        path = self._master.path or ""
        texts = (answers.TABLE, answers.SESSIONS)
        told = ask([Question(path, f"@!{pid} {t}") for pid in self._workers.old for t in texts])
        found = []
        for number, pid in enumerate(self._workers.old):
            table, sessions = told[2 * number : 2 * number + 2]
            addresses = answers.table(table.text)
            problem = table.problem or sessions.problem
            if addresses is not None and not problem:
                found.append(OldWorker(pid, addresses, answers.sessions(sessions.text)))
            elif self._is_news((pid, "", True), now):
                # It may have ended since the master was asked; then it is not asked again.
                told_ = problem or (table.text.strip().splitlines() or ["nothing"])[0]
                say(f"the old worker {pid} cannot be asked for its sessions: {told_}", WARNING)
        if len(found) == len(self._workers.old):
            self._clean = (situation, now + CLEAN_EVERY)
        return found

    def _close(self, close: Close, now: float) -> None:
        # The master leads to every worker as admin; the stats socket may have a lower level.
        through_master = bool(close.pid and self._master.path)
        path = self._master.path if through_master else self._stats.path
        texts = decide.questions(close, through_master)
        refused = _refusal(ask([Question(path or "", text) for text in texts]))
        done = f"could not close {close.what} ({refused})" if refused else f"closed {close.what}"
        if self._is_news((close.pid, close.address, bool(refused)), now):
            self._actions.did(done, close.why)

    def _is_news(self, what: tuple[int, str, bool], now: float) -> bool:
        """Whether it was not said a moment ago; ``what``: worker, address, whether it failed."""
        self._said = {key: until for key, until in self._said.items() if now < until}
        if what in self._said:
            return False
        self._said[what] = now + (FAILED_EVERY if what[2] else SAID_EVERY)
        return True

    def _tell_dead(self, dead: dict[str, str]) -> None:
        for address in dead.keys() - self._dead.keys():
            say(f"{address} is dead: {dead[address]}", WARNING)
        for address in self._dead.keys() - dead.keys():
            now = ", ".join(
                f"{server.backend}/{server.name} {server.status}"
                for server in self._servers
                if server.address == address
            )
            say(f"{address} is dead no more, or nobody is left to say so: {now or 'not seen'}")
        self._dead = dead


class _Socket:
    """One of haproxy's sockets, and since when it answers or does not."""

    def __init__(self, name: str, path: str | None):
        self.path = path
        self._name = name
        self._problem: str | None = None if path else "haproxy has none"
        self._since = time.time()
        self._known = not path

    def ask(self, command: str, read: Any) -> Any:
        """The answer as ``read`` takes it, or None."""
        if not self.path:
            return None
        answer = ask([Question(self.path, command)])[0]
        value = None if answer.problem else read(answer.text)
        self._note(answer, value is not None)
        return value

    @property
    def seen(self) -> dict[str, Any]:
        since = round(self._since, 3)
        return {"path": self.path, "since": since, "problem": self._problem}

    def _note(self, answer: Answer, understood: bool) -> None:
        """Tell once that it answers no more, and once that it does again."""
        problem = answer.problem or None
        if not understood and not problem:
            problem = f"said {' '.join(answer.text.split())[:80] or 'nothing'}"
        if (problem is None) != (self._problem is None) or not self._known:
            self._since = time.time()
            where = f"haproxy's {self._name} {self.path}"
            if problem is None:
                say(f"{where} answers", INFO)
            else:
                say(f"{where} does not answer: {problem}", WARNING)
        self._problem, self._known = problem, True


def _refusal(told: Iterable[Answer]) -> str:
    """What speaks against the commands' success; empty where nothing does.

    haproxy says nothing where a command succeeded. A session that ended meanwhile is as good.
    """
    for answer in told:
        for line in (answer.problem or answer.text).splitlines():
            if line.strip() and not line.startswith("No such session"):
                return line.strip()
    return ""
