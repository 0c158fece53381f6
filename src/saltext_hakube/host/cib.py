"""The CIB of this machine's cluster, or of a file: read it, and change it compare-and-swap.

Reading and patching go through cibadmin, which speaks to the cluster or, with the environment
variable CIB_file, to a file. A change is a *versioned* patch: where somebody else was faster, the
cluster refuses it as old, and the plan is made anew from what is there then. So any number of
nodes may apply at once: one wins, the others find nothing left to do.

A change takes three processes: a query, crm_diff, a patch. A busy status costs no more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from saltext_hakube.core.cib import patch
from saltext_hakube.core.errors import CommandError, Conflict, NotInstalled, Refused, TimedOut
from saltext_hakube.host.files import write
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import Result, run

# cibadmin's exit codes, from pacemaker's crm_exit_t.
OLD = 103  # CRM_EX_OLD: the patch is for another version
TIMEOUT = 124  # CRM_EX_TIMEOUT: the cluster did not answer
SOFTWARE = 70  # CRM_EX_SOFTWARE: an invalid argument
DISCONNECTED = 102  # CRM_EX_DISCONNECT: no cluster is running here

THIS = Machine()

# How long a push tries again when others change the CIB at the same time. Seconds.
PUSH_DEADLINE = 60.0


class Planned(Protocol):
    """What ``push`` needs of a plan: the texts of two CIBs, and whether they differ."""

    @property
    def before(self) -> str: ...
    @property
    def after(self) -> str: ...
    @property
    def changes(self) -> Sequence[Any]: ...


Plan = TypeVar("Plan", bound=Planned)


def read(machine: Machine, timeout: float = 30.0) -> str:
    """The CIB's XML, as this node has it."""
    with _alone(machine):
        return _tool(["cibadmin", "--query", "--local"], machine, timeout=timeout).stdout


def find(machine: Machine) -> str | None:
    """The CIB's XML; None where no cluster runs yet, or there is no such file.

    Any other failure is an error: a plan made against nothing would tell a working cluster's
    objects as missing.
    """
    if machine.cib_file is not None and not machine.cib_file.exists():
        return None
    try:
        return read(machine)
    except NotInstalled:
        return None
    except CommandError as error:
        if error.returncode == DISCONNECTED and machine.cib_file is None:
            return None
        raise


def running(machine: Machine) -> str:
    """The CIB's XML. Raises Refused where no cluster runs."""
    text = find(machine)
    if text is None:
        raise Refused(
            "no cluster runs on this machine, so nothing can be changed in it; the state "
            "hakube.cluster forms and starts it"
        )
    return text


def push(
    machine: Machine, make_plan: Callable[[str], Plan], deadline: float = PUSH_DEADLINE
) -> Plan:
    """Make a plan from the CIB as it is and carry it out; again if somebody else was faster.

    A new plan is made only if the configuration has changed; the cluster's status may change as
    often as it likes. Returns the plan that was carried out, which is empty if there was nothing
    to do.

    Raises Refused where no cluster runs or it has no quorum, Conflict when others were faster
    until the deadline (seconds).
    """
    if machine.cib_file is not None and not machine.cib_file.exists():
        _make_file(machine.cib_file)
    text, pauses, unsure = running(machine), _pauses(deadline), None
    while True:
        plan = make_plan(text)
        if not plan.changes:
            # Nothing, or nothing any more: then the attempt whose answer was lost has succeeded.
            return unsure or plan
        check_quorum(machine, text)
        changes = patch.edits(diff(plan.before, plan.after))
        planned_for = patch.configuration(text)
        while patch.configuration(text) == planned_for:
            try:
                if not changes or _send(machine, changes, patch.version(text)):
                    return plan
            except _Unanswered:
                unsure = plan
            _pause(pauses, deadline)
            text = read(machine)


class _Unanswered(Exception):
    """Nobody said whether the patch was taken."""


def check_quorum(machine: Machine, text: str) -> None:
    """Refuse to change a cluster that has no say, by its CIB ``text``.

    A part of a cluster that was cut off takes changes, too, and loses them when it joins again.
    """
    if machine.cib_file is None and not patch.quorate(text):
        raise Refused(
            "the cluster has no quorum here, so nothing is changed in it; see `pcs status` for "
            "which nodes are missing"
        )


def _send(machine: Machine, changes: str, source: patch.Version) -> bool:
    """Send the patch for the configuration that was read, whatever the status is by now.

    Returns whether it was taken. Pacemaker's source after 3.0 refuses a patch without num_updates
    as invalid; there it is sent for exactly the CIB that was read, which needs a still moment.
    """
    for exact in (False, True):
        argv = ["cibadmin", "--patch", "--xml-pipe"]
        try:
            with _alone(machine):
                _tool(argv, machine, stdin=patch.patch(changes, source, exact=exact), timeout=45)
        except TimedOut:
            raise _Unanswered from None
        except CommandError as error:
            if error.returncode == TIMEOUT:
                raise _Unanswered from None
            if error.returncode == SOFTWARE and not exact:
                continue
            if error.returncode != OLD:
                raise
            return False
        return True
    return False


def _pauses(deadline: float) -> Iterator[float]:
    """How long to wait before each further attempt, until the deadline (seconds from now)."""
    end, pause = time.monotonic() + deadline, 0.03
    while time.monotonic() + pause < end:
        # Jitter: nodes that collided must not collide again. Not much longer each time: who has
        # lost often must not be the one who comes seldom.
        yield random.uniform(0, pause)
        pause = min(pause * 1.5, 0.3)


def _pause(pauses: Iterator[float], deadline: float) -> None:
    pause = next(pauses, None)
    if pause is None:
        raise Conflict(
            f"the cluster's configuration was changed by others again and again for {deadline:g} "
            "s, so this change was not made; apply again when they are done"
        )
    time.sleep(pause)


@contextlib.contextmanager
def _alone(machine: Machine) -> Iterator[None]:
    """Be the only one of us at a file that stands for a cluster.

    cibadmin compares no versions between its reading and its writing there, and writes the text
    and its digest one after the other.
    """
    if machine.cib_file is None or not machine.cib_file.parent.is_dir():
        yield
        return
    folder = os.open(machine.cib_file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # released when closed
        yield
    finally:
        os.close(folder)


def diff(before: str, after: str) -> str:
    """The versioned patch from one CIB to the other; the empty text if they are the same."""
    # Files of mode 0600 in a folder of mode 0700: fence devices have passwords.
    with tempfile.TemporaryDirectory(prefix="hakube-") as folder:
        old, new = Path(folder, "before.xml"), Path(folder, "after.xml")
        for path, content in ((old, before), (new, after)):
            path.touch(mode=0o600)
            path.write_text(patch.featured(content), encoding="utf-8")
        # Exit code 1 says that they differ.
        return _tool(["crm_diff", "--original", str(old), "--new", str(new)], ok=(0, 1)).stdout


def _tool(
    argv: Sequence[str], machine: Machine = THIS, *, timeout: float = 30.0, **options: Any
) -> Result:
    """Run one of pacemaker's tools; its error is told without any XML.

    A CIB that its schema refuses is printed whole, with the passwords of fence devices in it.
    """
    try:
        return run(argv, env=_env(machine), timeout=timeout, **options)
    except CommandError as error:
        plain = [line for line in error.output.splitlines() if "<" not in line and '="' not in line]
        raise CommandError(argv[:2], error.returncode, "; ".join(plain[:3])) from None


def _make_file(path: Path) -> None:
    """A file that stands for a cluster begins as pacemaker's own idea of an empty one."""
    write(path, _tool(["cibadmin", "--empty"]).stdout.encode(), mode=0o600)


def _env(machine: Machine) -> dict[str, str]:
    return {} if machine.cib_file is None else {"CIB_file": str(machine.cib_file)}
