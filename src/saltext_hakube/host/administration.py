"""What a person at the keyboard does with a cluster: done, waited for, and looked at afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from msgspec import Struct, to_builtins

from saltext_hakube.core.administration import modes, names
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.errors import CommandError, ConfigError, TimedOut
from saltext_hakube.core.status import FailCount, Failure, Status
from saltext_hakube.host import edits, forget, settle
from saltext_hakube.host import status as door
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

# crm_resource waits as long itself for the controllers' answers to a cleanup.
CLEANUP_DEADLINE = 60.0
# For the answers of monitors, before a cleanup.
AWAITED = 20.0
LONGEST_WAIT = 3600


class How(NamedTuple):
    """``test``: only say what would be done. ``wait``: seconds until the cluster is at rest."""

    test: bool = False
    wait: int = 0

    @classmethod
    def checked(cls, test: object, wait: object) -> How:
        """Out of a person's words. Raises ConfigError."""
        if isinstance(wait, int) and not isinstance(wait, bool) and 0 <= wait <= LONGEST_WAIT:
            return cls(bool(test), wait)
        raise ConfigError([f"wait: {wait} is wrong; expected whole seconds, 0 to {LONGEST_WAIT}"])


class Done(Struct, frozen=True):
    """What was done. ``changed``: None where it only would be.

    ``problems``: what is not as asked for when the wait is over, a line each.
    """

    changed: bool | None
    before: Any
    after: Any
    problems: list[str] = []

    def told(self, *, already: str, would: str, did: str) -> dict[str, Any]:
        """As a person gets it, with the sentence that fits."""
        comment = already if self.changed is False else did if self.changed else would
        return {"comment": comment, **to_builtins(self)}


def standby(machine: Machine, node: str, on: bool, how: How) -> Done:
    """Put a node into standby or take it out, of both kinds that there are."""

    def is_on(cib: Cib) -> bool:
        return modes.is_on(modes.standby(cib, node)) or (not on and modes.until_reboot(cib, node))

    plan = edits.make(machine, lambda cib: modes.turn(cib, modes.standby(cib, node), on), how.test)
    before = is_on(Cib.parse(plan.before))
    changed = bool(plan.changes)
    if not on and machine.cib_file is None and modes.until_reboot(Cib.parse(plan.before), node):
        changed = True
        if not how.test:
            _end_standby_until_reboot(node)
    problems = rest(machine, how)
    if on:
        problems += look(machine, how, lambda seen: _left_on(seen, node))
    return Done(would(changed, how), before, on if changed else before, problems)


def _end_standby_until_reboot(node: str) -> None:
    # It is no part of the configuration, so it goes by way of Pacemaker's own tool.
    words = ["--node", node, "--name", "standby", "--lifetime", "reboot", "--delete"]
    run(["crm_attribute", *words], timeout=30)


def _left_on(seen: Status, node: str) -> list[str]:
    return [f"{name} still runs on {node}" for name in seen.on(node)]


def maintenance(
    machine: Machine, on: bool, node: str | None, resource: str | None, how: How
) -> Done:
    """Switch the maintenance of a node, a resource or the cluster on or off."""
    if node is not None and resource is not None:
        raise ConfigError(["node, resource: expected one of them, or neither for the cluster"])

    def switch(cib: Cib) -> modes.Switch:
        return modes.maintenance(cib, node, resource)

    plan = edits.make(machine, lambda cib: modes.turn(cib, switch(cib), on), how.test)
    problems = rest(machine, how)
    before, after = (modes.is_on(switch(Cib.parse(text))) for text in (plan.before, plan.after))
    return Done(would(bool(plan.changes), how), before, after, problems)


def fail_counts(machine: Machine, resource: str | None, node: str | None) -> tuple[FailCount, ...]:
    """How often what has failed where."""
    edits.need_live(machine, "the list of fail counts")
    return _failed(machine, resource, node)[1]


def cleanup(machine: Machine, resource: str | None, node: str | None, how: How) -> Done:
    """Let the cluster forget failures, and look again at what had some.

    Not a refresh: that forgets what is well too.
    """
    edits.need_live(machine, "cleanup")
    settle.check_quorum(machine)
    before = _failed(machine, resource, node)
    told = _failures_told(*before)
    if not any(before):
        return Done(False, told, told)
    if how.test:
        return Done(None, told, _failures_told((), ()))
    forget.clean_up(machine, resource, node, CLEANUP_DEADLINE, AWAITED)
    problems = rest(machine, how)
    after = _failed(machine, resource, node)
    if how.wait:
        problems += [failure.told() for failure in after[0]]
    return Done(True, told, _failures_told(*after), problems)


def would(changed: bool, how: How) -> bool | None:
    """The ``changed`` of what is done, or would be."""
    return None if how.test and changed else changed


def rest(machine: Machine, how: How) -> list[str]:
    """Wait until Pacemaker has nothing more to do; a line if it has when the wait is over."""
    wait = how.wait
    if machine.cib_file is not None or how.test or not wait:
        return []
    try:
        # crm_resource has a deadline of its own; ours comes a little later.
        run(["crm_resource", "--wait", f"--timeout={wait}s"], timeout=wait + 15)
    except (CommandError, TimedOut) as error:
        reason = error.output if isinstance(error, CommandError) else str(error)
        return [
            f"the cluster did not come to rest within {wait} s; `pcs status` shows what is going "
            f"on ({reason})"
        ]
    return []


def look(machine: Machine, how: How, wrong: Callable[[Status], list[str]]) -> list[str]:
    """What is wrong after the wait; nothing where there was none."""
    waited = machine.cib_file is None and how.wait and not how.test
    seen = door.status() if waited else None
    return [] if seen is None else wrong(seen)


def _failed(
    machine: Machine, resource: str | None, node: str | None
) -> tuple[tuple[Failure, ...], tuple[FailCount, ...]]:
    cib = edits.read(machine)
    if node is not None:
        names.node(cib, node)
    inside = None if resource is None else names.primitives(cib, resource)

    def asked(item: Failure | FailCount) -> bool:
        # Of a clone whose instances are told apart each has a number: name:0.
        name = item.resource.partition(":")[0]
        return (inside is None or name in inside) and node in (None, item.node)

    seen = door.status()
    failures = () if seen is None else seen.failures
    return tuple(filter(asked, failures)), tuple(filter(asked, door.fail_counts()))


def _failures_told(failures: Iterable[Failure], counts: Iterable[FailCount]) -> dict[str, Any]:
    return {
        "failures": [failure.told() for failure in failures],
        "failcounts": [{"resource": c.resource, "node": c.node, "count": c.count} for c in counts],
    }
