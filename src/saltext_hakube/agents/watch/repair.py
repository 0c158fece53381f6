"""After haproxy's file was put right: systemd and Pacemaker forget that it failed.

systemd's start limit refuses even a good start, and Pacemaker keeps a node on which haproxy failed
closed for a while. Where haproxy failed, its file is checked once, so that people are told what is
wrong with it; one that was changed since is checked anew. A good one is a reason then to try at
once, but not while a person keeps Pacemaker's hands off haproxy, or nobody can say whether one
does; and Pacemaker is told when no monitor of haproxy is awaited (ground.history).
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from saltext_hakube.agents.ground.journal import say
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.pacemaker import CLEAN_UP, Unreadable, command, view
from saltext_hakube.agents.ground.process import Ended, run
from saltext_hakube.agents.watch import units
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.process import MainProcess
from saltext_hakube.agents.watch.settings import Reflex

EVERY = 0.5  # seconds; a stat is cheap
CALM = 1.0  # seconds that the file must be the same: an editor may write it in parts
AGAIN = 30.0  # seconds until it is looked whether a person still works on it
RETRY = 5.0  # seconds until what Pacemaker or systemd did not take is tried again ...
SOON = 1.0  # seconds until it is looked again whether a monitor has answered
TRIES = 10  # ... times at most; Pacemaker's own failure-timeout remains
DEADLINE = 2.0  # seconds for systemctl, and for cibadmin
CHECK = 10.0  # seconds for `haproxy -c`
# In haproxy's words, 2.2 to 3.x; the last two only count what was said before.
ALERT = re.compile(r"\[ALERT\]\s+(?:\S+\s+)?\(\d+\) : (?:config : )?(.+)")
SUMMARIES = ("Error(s) found in configuration file", "Fatal errors found in configuration")
LONG = 20.0  # seconds for crm_resource --cleanup, which waits for the cluster


class Repair:
    """Looks at the file while haproxy is down. ``problem``: what is wrong with it; empty where
    nothing is, or haproxy runs."""

    def __init__(self, loop: Loop, settings: Reflex, process: MainProcess, actions: Actions):
        self._loop = loop
        self._settings = settings
        self._process = process
        self._actions = actions
        self._seen = self._failed_with = _identity(settings.config)
        self._since = loop.now()
        self.problem = ""
        self._judged: tuple[int, ...] | None = None  # the file that was checked since it is down
        self._judge_at = 0.0
        self._changed = False  # whether what is asked now is for a file that was changed
        self._busy = False
        self._not_before = 0.0  # while a good file has to wait
        self._said = ""
        self._tries = 0  # 0: nothing was done yet
        self._reset = False  # whether it is our doing that the unit is not failed any more
        self._told: set[str] = set()
        loop.every(EVERY, self._look)

    def _look(self) -> None:
        found = _identity(self._settings.config)
        if found != self._seen:
            self._seen, self._since = found, self._loop.now()
        if self._process.runs:
            # It runs with what it has read; a file changed since then is judged when it is down.
            self._failed_with, self._not_before, self._said = found, 0.0, ""
            self._tries, self._reset = 0, False
            self._judged, self._judge_at, self.problem = None, 0.0, ""
            return
        now = self._loop.now()
        if not found or self._busy or now - self._since < CALM:
            return
        changed = found != self._failed_with and now >= self._not_before
        if changed or (found != self._judged and now >= self._judge_at):
            self._busy, self._changed, self._judge_at = True, changed, now + RETRY
            run(self._loop, units.show(self._settings.unit), self._shown, DEADLINE)

    def _shown(self, ended: Ended) -> None:
        state = units.unit(ended.output).active
        if state == "failed" or (state == "inactive" and self._reset):
            self._judged = self._seen
            if self._changed:
                self._failed_with = self._seen
            run(self._loop, self._settings.check, self._checked, CHECK)
            return
        self._busy = False
        self.problem = ""
        if state == "inactive" and self._changed:  # nobody wants it to run just now
            self._failed_with = self._seen

    def _checked(self, ended: Ended) -> None:
        config = self._settings.config
        bad = ended.told and ended.code is not None
        self.problem = f"haproxy is down, and {config} is not good: {_wrong(ended)}" if bad else ""
        if bad:
            self._busy = False
            say(self.problem)
        elif not self._changed:
            self._busy = False
            if ended.told:
                self._judged, self._judge_at = None, self._loop.now() + AGAIN
        elif not ended.told:
            self._ask()
        else:  # it did not end, which says nothing about the file
            self._wait(f"whether it is good is not known: {ended.told}")

    def _ask(self) -> None:
        run(self._loop, ("cibadmin", "-Q", "--local"), self._read, DEADLINE)

    def _read(self, ended: Ended) -> None:
        settings = self._settings
        against, waits = ended.told, False
        if not against:
            try:
                found = view(ended.output, settings.node, settings.haproxy_resource)
            except Unreadable as error:
                against = str(error)
            else:
                against, waits = found.hands_off, found.waits(time.time())
        if not against:
            self._said = ""
            self._mend(waits=waits)
        else:
            self._wait(f"it was repaired, and that must wait: {against}")

    def _wait(self, why: str) -> None:
        if why != self._said:
            self._said = why
            say(f"haproxy is down, and {self._settings.config} was changed; {why}")
        self._busy = False
        self._failed_with = None  # so it is looked at again, and is what was repaired still
        self._not_before = self._loop.now() + AGAIN

    def _again(self) -> None:
        if self._process.runs or _identity(self._settings.config) != self._failed_with:
            self._end()
        else:
            self._ask()

    def _mend(self, *, waits: bool) -> None:
        """``waits``: for an answer of a monitor; it is cleaned up after that."""
        settings = self._settings
        unit = settings.unit
        reset = (f"reset {unit}'s failure", ("systemctl", "reset-failed", "--", unit))
        clean = (
            f"cleaned up {settings.haproxy_resource} in the cluster",
            command(CLEAN_UP, settings.node, settings.haproxy_resource),
        )
        if waits:
            steps = [] if self._reset else [reset]
        else:
            self._tries += 1
            steps = [reset, clean]
        self._reset = True
        self._steps(steps, waits=waits)

    def _steps(
        self, left: list[tuple[str, tuple[str, ...]]], *, waits: bool, failed: bool = False
    ) -> None:
        if not left:
            if waits:
                self._loop.after(SOON, self._again)
            elif failed and self._tries < TRIES:
                self._loop.after(RETRY, self._again)
            else:
                self._end()
            return
        (what, argv), *rest = left

        def done(ended: Ended) -> None:
            problem = "" if units.FORGOTTEN in ended.told else ended.told
            text = f"could not: {what} ({problem})" if problem else what
            if text not in self._told:  # what is tried again is no news
                self._told.add(text)
                self._actions.did(text, f"{self._settings.config} was repaired")
            self._steps(rest, waits=waits, failed=failed or bool(problem))

        run(self._loop, argv, done, LONG)

    def _end(self) -> None:
        self._busy = False
        self._tries = 0
        self._told.clear()
        self._process.ask()


def _wrong(ended: Ended) -> str:
    """The first place that haproxy finds wrong; else the first error, else how the check ended."""
    alerts = [it[1].strip() for line in ended.errors.splitlines() if (it := ALERT.match(line))]
    alerts = [it for it in alerts if not it.startswith(SUMMARIES)]
    placed = [it for it in alerts if it.startswith("parsing [")]
    return next(iter(placed or alerts), ended.told)


def _identity(path: str) -> tuple[int, ...] | None:
    """What tells the file from what it was; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
