"""Changed files of kubernetes services, and those services: written, restarted, or taken back.

Where Pacemaker manages what reads them, all of it happens in the cluster's turn: files, restart,
a look whether it came back. Where it did not, the old files are put back, it is restarted with
them, and the other nodes do not make the same change (host.rollout).

That a restart is due is remembered before a file is written, so that a run which is killed in
between leaves it to the next one.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from saltext_hakube.core.errors import Conflict, HakubeError, Refused
from saltext_hakube.host import files, remembered, rollout, services
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.rollout import Change
from saltext_hakube.host.services import Service
from saltext_hakube.host.turn import Turn

SUBJECT = "restarts"


class Write(NamedTuple):
    """A file, what is in it now (None: there is none), and what writes the new."""

    file: str
    old: bytes | None
    make: Callable[[], None]

    def undo(self, machine: Machine) -> None:
        """Put the old content back."""
        if self.old is not None:
            files.write(machine.path(self.file), self.old)
        else:
            files.remove(machine.path(self.file))


class Rules(NamedTuple):
    """How it is done. ``node``: this machine in the cluster; ``ready``: what a unit of Pacemaker's
    has to say after its restart; ``wait``: seconds for the turn; ``last``: whether others go
    first."""

    change: Change
    node: str
    ready: Mapping[str, Callable[[], bool]]
    wait: float
    last: Callable[[], bool]


class Done(NamedTuple):
    """What was written and restarted, and why the rest was not."""

    written: tuple[str, ...]
    restarted: tuple[str, ...]
    problems: tuple[str, ...]


def due(machine: Machine) -> tuple[str, ...]:
    """The files whose readers a run that was killed has not restarted."""
    found = remembered.read(machine, SUBJECT).get("files")
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list) else ()


def make(machine: Machine, writes: Sequence[Write], plan: services.Plan, rules: Rules) -> Done:
    """Write the files, then restart what reads them. Raises Refused with the old files in place
    where a managed service does not come back; Conflict where a file or the turn is another's."""
    if plan.managed:
        with rollout.alone(machine, rules.change, wait=rules.wait, last=rules.last) as mine:
            written, problems = _in_turn(machine, writes, plan.managed, rules, mine), []
        restarted = [service.unit for service in plan.managed]
    else:
        if plan.units:
            _remember(machine, writes)
        written, problems = _written(writes)
        restarted = []
    for service in plan.plain:
        try:
            services.restart_plain(service.unit)
            restarted.append(service.unit)
        except HakubeError as error:
            problems.append(str(error))
    remembered.write(machine, SUBJECT, {})
    return Done(tuple(written), tuple(restarted), tuple(problems))


def _remember(machine: Machine, writes: Sequence[Write]) -> None:
    names = {*due(machine), *(write.file for write in writes)}
    remembered.write(machine, SUBJECT, {"files": sorted(names)})


def _written(writes: Sequence[Write]) -> tuple[list[str], list[str]]:
    """As many as can be: the files do not depend on each other."""
    done, problems = [], []
    for write in writes:
        try:
            write.make()
            done.append(write.file)
        except (HakubeError, OSError) as error:
            problems.append(str(error))
    return done, problems


def _in_turn(
    machine: Machine,
    writes: Sequence[Write],
    managed: Sequence[Service],
    rules: Rules,
    mine: Turn | None,
) -> list[str]:
    for write in writes:
        if files.read(machine.path(write.file)) != write.old:
            raise Conflict(f"{write.file} was changed by somebody meanwhile; apply again")
    # Not before: without the turn nothing is written, and no restart is due.
    _remember(machine, writes)
    tried: list[Service] = []
    try:
        for write in writes:
            write.make()
        for service in managed:
            _renew(mine)
            tried.append(service)
            services.restart_managed(
                service, rules.node, rules.ready.get(service.unit), beat=partial(_try_renew, mine)
            )
    except HakubeError as error:
        names = ", ".join(write.file for write in writes) or "the files"
        told = [f"{error}. {names}: the old content is put back"]
        # That the turn was lost says nothing against the change.
        lost = isinstance(error, Conflict)
        if not lost:
            told[0] += "; other nodes do not change theirs"
        told += _taken_back(machine, writes)
        told += _recovered(tried, rules, mine)
        remembered.write(machine, SUBJECT, {})
        raise (Conflict if lost else Refused)("\n".join(told)) from None
    return [write.file for write in writes]


def _taken_back(machine: Machine, writes: Sequence[Write]) -> list[str]:
    """Put the old files back; what could not be, one line each."""
    told = []
    for write in writes:
        try:
            write.undo(machine)
        except HakubeError as failure:
            told.append(f"not put back: {failure}")
    return told


def _recovered(tried: Sequence[Service], rules: Rules, mine: Turn | None) -> list[str]:
    """See that what was restarted runs with the old files; what does not, one line each."""
    since = time.monotonic()
    told = []
    for service in tried:
        _try_renew(mine)
        try:
            services.recover(
                service,
                rules.node,
                since,
                rules.ready.get(service.unit),
                beat=partial(_try_renew, mine),
            )
        except HakubeError as failure:
            told.append(f"with its old files, too: {failure}")
    return told


def _renew(mine: Turn | None) -> None:
    if mine is not None:
        mine.renew()


def _try_renew(mine: Turn | None) -> None:
    """Between steps of a restart that has begun: lost or not, what we broke is ours to mend."""
    with contextlib.suppress(HakubeError):
        _renew(mine)
