"""After haproxy's file was put right: systemd and Pacemaker forget that it failed.

systemd's start limit refuses even a good start, and Pacemaker keeps a node on which haproxy failed
closed for a while. A good file is a reason to try at once, but not while a person keeps Pacemaker's
hands off haproxy, or nobody can say whether one does.
"""

from __future__ import annotations

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
DEADLINE = 2.0  # seconds for systemctl, and for cibadmin
CHECK = 10.0  # seconds for `haproxy -c`
LONG = 20.0  # seconds for crm_resource --cleanup, which waits for the cluster


class Repair:
    """Looks at the file while haproxy is down."""

    def __init__(self, loop: Loop, settings: Reflex, process: MainProcess, actions: Actions):
        self._loop = loop
        self._settings = settings
        self._process = process
        self._actions = actions
        self._seen = self._failed_with = _identity(settings.config)
        self._since = loop.now()
        self._busy = False
        self._not_before = 0.0  # while a good file has to wait
        self._said = ""
        loop.every(EVERY, self._look)

    def _look(self) -> None:
        found = _identity(self._settings.config)
        if found != self._seen:
            self._seen, self._since = found, self._loop.now()
        if self._process.runs:
            # It runs with what it has read; a file changed since then is judged when it is down.
            self._failed_with, self._not_before, self._said = found, 0.0, ""
            return
        now = self._loop.now()
        changed = found and found != self._failed_with
        calm = now - self._since >= CALM and now >= self._not_before
        if changed and calm and not self._busy:
            self._busy = True
            run(self._loop, units.show(self._settings.unit), self._shown, DEADLINE)

    def _shown(self, ended: Ended) -> None:
        state = units.unit(ended.output).active
        if state == "failed":
            self._failed_with = self._seen
            run(self._loop, self._settings.check, self._checked, CHECK)
            return
        self._busy = False
        if state == "inactive":  # nobody wants it to run just now
            self._failed_with = self._seen

    def _checked(self, ended: Ended) -> None:
        if ended.told:
            self._busy = False
            say(f"haproxy is down, its file was changed and is not good yet: {ended.told}")
            return
        run(self._loop, ("cibadmin", "-Q", "--local"), self._read, DEADLINE)

    def _read(self, ended: Ended) -> None:
        settings = self._settings
        against = ended.told
        if not against:
            try:
                against = view(ended.output, settings.node, settings.haproxy_resource).hands_off
            except Unreadable as error:
                against = str(error)
        if not against:
            self._said = ""
            self._mend()
            return
        self._busy = False
        self._failed_with = None  # so it is looked at again, and is what was repaired still
        self._not_before = self._loop.now() + AGAIN
        if against != self._said:
            self._said = against
            say(f"haproxy is down, {settings.config} was repaired, and that must wait: {against}")

    def _mend(self) -> None:
        settings = self._settings
        unit = settings.unit
        self._steps(
            f"{settings.config} was repaired",
            [
                (f"reset {unit}'s failure", ("systemctl", "reset-failed", "--", unit)),
                (
                    f"cleaned up {settings.haproxy_resource} in the cluster",
                    command(CLEAN_UP, settings.node, settings.haproxy_resource),
                ),
            ],
        )

    def _steps(self, why: str, left: list[tuple[str, tuple[str, ...]]]) -> None:
        if not left:
            self._busy = False
            self._process.ask()
            return
        (what, argv), *rest = left

        def done(ended: Ended) -> None:
            self._actions.did(f"could not: {what} ({ended.told})" if ended.told else what, why)
            self._steps(why, rest)

        run(self._loop, argv, done, LONG)


def _identity(path: str) -> tuple[int, ...] | None:
    """What tells the file from what it was; None where there is none."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns)
