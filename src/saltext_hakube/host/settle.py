"""After a change: wait until the cluster is at rest, and see what went wrong on the way."""

from __future__ import annotations

from collections.abc import Iterable

from saltext_hakube.core.cib.objects import Object
from saltext_hakube.core.errors import CommandError, Refused, TimedOut
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run
from saltext_hakube.host.status import status


def check_quorum(machine: Machine) -> None:
    """Refuse to change a cluster that does not run here, or that has no say."""
    if machine.cib_file is not None:
        return
    seen = status()
    if seen is None:
        raise Refused(
            "no cluster runs on this machine, so nothing can be changed in it; the state "
            "hakube.cluster forms and starts it"
        )
    if not seen.quorate:
        raise Refused(
            "the cluster has no quorum here, so nothing is changed in it; see `pcs status` for "
            "which nodes are missing"
        )


def wait(
    machine: Machine, declared: Iterable[Object], timeout: float, before: Iterable[str] = ()
) -> list[str]:
    """Wait until pacemaker has nothing more to do. ``timeout`` in seconds.

    Returns a line for each thing that went wrong and is not among the failures ``before``.
    """
    if machine.cib_file is not None:
        return []
    try:
        # crm_resource has a deadline of its own; ours comes a little later.
        run(["crm_resource", "--wait", f"--timeout={int(timeout)}s"], timeout=timeout + 15)
    except (CommandError, TimedOut) as error:
        reason = error.output if isinstance(error, CommandError) else str(error)
        late = (
            f"the cluster is as declared, but did not come to rest within {timeout:g} s "
            f"(hakube:cluster:settle_timeout); `pcs status` shows what is going on ({reason})"
        )
        return [late, *(line for line in failures(machine, declared) if line not in before)]
    return [line for line in failures(machine, declared) if line not in before]


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
