"""After a change: wait until the cluster is at rest, and see what went wrong on the way."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from saltext_hakube.core.cib.objects import Object
from saltext_hakube.core.errors import CommandError, TimedOut
from saltext_hakube.core.idle import idle
from saltext_hakube.core.status import Status, read
from saltext_hakube.host import cib
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

Lines = list[str]


def check_quorum(machine: Machine) -> None:
    """Refuse to change a cluster that does not run here, or that has no say.

    ``cib.push`` refuses the same by itself.
    """
    if machine.cib_file is None:
        cib.check_quorum(machine, cib.running(machine))


def wait(machine: Machine, declared: Iterable[Object], timeout: float) -> tuple[Lines, Lines]:
    """Wait until pacemaker has nothing more to do. ``timeout`` in seconds.

    Returns two lists of lines: what is wrong then, and what is told as a warning: what was wrong
    and the cluster has mended, and what runs nowhere for a reason that may be wanted.
    """
    if machine.cib_file is not None:
        return [], []
    late = []
    try:
        rest(timeout)
    except TimedOut as error:
        late = [f"the cluster is as declared, but {error}"]
    # Of what is not at rest nobody knows yet whether it runs.
    wrong, told = look(machine, declared, at_rest=not late)
    return [*late, *wrong], told


def look(machine: Machine, declared: Iterable[Object], at_rest: bool = True) -> tuple[Lines, Lines]:
    """What is wrong with declared resources now, and what is told as a warning, as for ``wait``."""
    if machine.cib_file is not None:
        return [], []
    seen = run(["crm_mon", "--one-shot", "--inactive", "--output-as=xml"], ok=None, timeout=30)
    state = read(seen.stdout) if seen.returncode == 0 else None
    if state is None:
        return [], []
    names = {item.id for item in declared}
    wrong, mended = _failures(state, names)
    failed = {failure.resource for failure in state.failures}
    cannot, idles = idle(seen.stdout, names - failed) if at_rest else ([], [])
    return [*wrong, *cannot], [*mended, *idles]


def rest(timeout: float) -> None:
    """Wait until pacemaker has nothing more to do. Raises TimedOut after ``timeout`` seconds."""
    try:
        # crm_resource has a deadline of its own; ours comes a little later.
        run(["crm_resource", "--wait", f"--timeout={int(timeout)}s"], timeout=timeout + 15)
    except (CommandError, TimedOut) as error:
        reason = _pending(error.output) if isinstance(error, CommandError) else str(error)
        raise TimedOut(
            f"it did not come to rest within {timeout:g} s (hakube:cluster:settle_timeout); "
            f"`pcs status` shows what is going on ({reason})"
        ) from None


def _pending(output: str) -> str:
    """What is still to be done, out of crm_resource's words, in one line."""
    found = re.findall(r"Action \d+: (\S+)\s+on (\S+)", output)
    actions = ", ".join(f"{action} on {node}" for action, node in found)
    return f"still to do: {actions}" if actions else "; ".join(output.split("\n"))


def _failures(seen: Status, names: Collection[str]) -> tuple[Lines, Lines]:
    ours = [failure for failure in seen.failures if failure.resource in names]
    return (
        [failure.told() for failure in ours if not seen.mended(failure)],
        [failure.told() for failure in ours if seen.mended(failure)],
    )
