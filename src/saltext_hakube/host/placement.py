"""Where resources run, by the word of a person: moves and bans, made and cleared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from saltext_hakube.core.administration import moves, names
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.status import Status
from saltext_hakube.host import edits
from saltext_hakube.host.administration import Done, How, look, rest, would
from saltext_hakube.host.machine import Machine

Told = list[dict[str, object]]
# What is wrong in a cluster with these primitives.
Wrong = Callable[[Status, frozenset[str]], list[str]]


def standing(machine: Machine, resource: str | None = None) -> Told:
    """The moves and bans in the CIB, of a resource or of all."""
    cib = edits.read(machine)
    if resource is not None:
        names.resource(cib, resource)
    return _told(cib, resource)


def move(machine: Machine, resource: str, node: str, lifetime: object, how: How) -> Done:
    """Move a resource to a node until its lifetime ends."""
    end = _now() + moves.lifetime(lifetime)

    def elsewhere(seen: Status, inside: frozenset[str]) -> list[str]:
        where = {name: ", ".join(seen.running.get(name, ())) for name in sorted(inside)}
        why = "" if node in seen.online else f" ({node} is offline)"
        return [
            f"{name} does not run on {node}{why}, but {'on ' + nodes if nodes else 'nowhere'}"
            for name, nodes in where.items()
            if node not in seen.running.get(name, ())
        ]

    done = _edit(machine, resource, lambda cib: moves.move(cib, resource, node, end), how)
    return _judge(machine, resource, elsewhere, done, how)


def ban(machine: Machine, resource: str, node: str, lifetime: object, how: How) -> Done:
    """Keep a resource off a node, for good or until a lifetime ends."""
    end = None if lifetime is None else _now() + moves.lifetime(lifetime)

    def there(seen: Status, inside: frozenset[str]) -> list[str]:
        return [f"{name} still runs on {node}" for name in seen.on(node) if name in inside]

    done = _edit(machine, resource, lambda cib: moves.ban(cib, resource, node, end), how)
    return _judge(machine, resource, there, done, how)


def clear(
    machine: Machine, resource: str | None, node: str | None, expired: bool, how: How
) -> Done:
    """Remove moves and bans, or those of them that are over."""
    if resource is None and not expired:
        raise ConfigError(
            ["resource: missing; name one, or say expired=True to remove all that are over"]
        )
    over_at = _now() if expired else None
    return _edit(machine, resource, lambda cib: moves.clear(cib, resource, node, over_at), how)


def _now() -> datetime:
    """In whole seconds, as Pacemaker has them."""
    return datetime.now(timezone.utc).replace(microsecond=0)


def _edit(machine: Machine, resource: str | None, edit: edits.Edit, how: How) -> Done:
    plan = edits.make(machine, edit, how.test)
    problems = rest(machine, how)
    before, after = (_told(Cib.parse(text), resource) for text in (plan.before, plan.after))
    return Done(would(bool(plan.changes), how), before, after, problems)


def _judge(machine: Machine, resource: str, wrong: Wrong, done: Done, how: How) -> Done:
    """The same with what the cluster has not done of it."""
    problems = look(machine, how, lambda seen: wrong(seen, _inside(machine, resource)))
    return Done(done.changed, done.before, done.after, [*done.problems, *problems])


def _inside(machine: Machine, resource: str) -> frozenset[str]:
    return names.primitives(edits.read(machine), resource)


def _told(cib: Cib, resource: str | None) -> Told:
    now = _now()
    return [found.told(now) for found in moves.standing(cib, resource)]
