"""After a change: wait until the cluster is at rest, and see what went wrong on the way."""

from __future__ import annotations

from collections.abc import Iterable

from saltext_hakube.core.cib.objects import Object
from saltext_hakube.core.errors import CommandError, TimedOut
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run
from saltext_hakube.host.status import status


def wait(machine: Machine, timeout: float) -> None:
    """Wait until pacemaker has nothing more to do. ``timeout`` in seconds."""
    if machine.cib_file is not None:
        return
    try:
        # crm_resource has a deadline of its own; ours comes a little later.
        run(["crm_resource", "--wait", f"--timeout={int(timeout)}s"], timeout=timeout + 15)
    except (CommandError, TimedOut) as error:
        raise TimedOut(
            f"the cluster did not come to rest within {timeout:g} s "
            f"(hakube:cluster:settle_timeout); `pcs status` shows what is going on ({error})"
        ) from None


def failures(machine: Machine, declared: Iterable[Object]) -> list[str]:
    """A line for each failed action of the declared resources that nobody has cleaned up."""
    if machine.cib_file is not None:
        return []
    seen = status()
    names = {item.id for item in declared}
    return [
        f"{failure.resource} failed to {failure.task} on {failure.node}: {failure.reason}; mend "
        f"the cause, then `pcs resource cleanup {failure.resource}`"
        for failure in (seen.failures if seen else ())
        if failure.resource.partition(":")[0] in names
    ]
