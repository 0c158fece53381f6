"""After a change: wait until the cluster is at rest, and see what went wrong on the way."""

from __future__ import annotations

from collections.abc import Iterable

from saltext_hakube.core.cib.objects import Object
from saltext_hakube.core.errors import CommandError, TimedOut
from saltext_hakube.host import cib
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run
from saltext_hakube.host.status import status

Lines = list[str]


def check_quorum(machine: Machine) -> None:
    """Refuse to change a cluster that does not run here, or that has no say.

    ``cib.push`` refuses the same by itself.
    """
    if machine.cib_file is None:
        cib.check_quorum(machine, cib.running(machine))


def wait(machine: Machine, declared: Iterable[Object], timeout: float) -> tuple[Lines, Lines]:
    """Wait until pacemaker has nothing more to do. ``timeout`` in seconds.

    Returns two lists of lines: what is wrong then, and what was and the cluster has mended.
    """
    if machine.cib_file is not None:
        return [], []
    late = []
    try:
        rest(timeout)
    except TimedOut as error:
        late = [f"the cluster is as declared, but {error}"]
    wrong, mended = failures(machine, declared)
    return [*late, *wrong], mended


def rest(timeout: float) -> None:
    """Wait until pacemaker has nothing more to do. Raises TimedOut after ``timeout`` seconds."""
    try:
        # crm_resource has a deadline of its own; ours comes a little later.
        run(["crm_resource", "--wait", f"--timeout={int(timeout)}s"], timeout=timeout + 15)
    except (CommandError, TimedOut) as error:
        reason = error.output if isinstance(error, CommandError) else str(error)
        raise TimedOut(
            f"it did not come to rest within {timeout:g} s (hakube:cluster:settle_timeout); "
            f"`pcs status` shows what is going on ({reason})"
        ) from None


def failures(machine: Machine, declared: Iterable[Object]) -> tuple[Lines, Lines]:
    """The failed actions of declared resources that nobody has cleaned up: standing, mended."""
    seen = None if machine.cib_file is not None else status()
    if seen is None:
        return [], []
    names = {item.id for item in declared}
    ours = [failure for failure in seen.failures if failure.resource in names]
    return (
        [failure.told() for failure in ours if not seen.mended(failure)],
        [failure.told() for failure in ours if seen.mended(failure)],
    )
