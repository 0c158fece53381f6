"""What the functions of our daemons share: how a plan is told, and what a daemon sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from saltext_hakube import __version__, face
from saltext_hakube.core.daemon import Daemon
from saltext_hakube.core.errors import TimedOut
from saltext_hakube.host import daemon as host
from saltext_hakube.host.daemon import Plan
from saltext_hakube.host.machine import Machine

# Seconds beyond the interval: a haproxy that hangs and a busy machine make a look last longer.
LATE = 5.0


def planned(daemon: Daemon, plan: Plan, absent: bool) -> face.Outcome:
    """What a plan function returns."""
    return _outcome(daemon, plan, absent, "Would be changed")


def applied(
    opts: Mapping[str, Any],
    daemon: Daemon,
    plan: Plan,
    absent: bool,
    make: Callable[[Machine, Plan], None] | None = None,
) -> face.Outcome:
    """Do what the plan says; what an apply function returns. ``make``: what does it, where that
    is more than the daemon's own files."""
    machine = face.machine(opts)
    if make is None:
        host.apply(machine, daemon, plan)
    else:
        make(machine, plan)
    return _outcome(daemon, plan, absent, "Changed")


def seen(opts: Mapping[str, Any], daemon: Daemon) -> dict[str, Any]:
    """What the daemon saw last. Raises HakubeError where it is late with it."""
    sample, age = host.sample(face.machine(opts), daemon)
    if age > sample.get("interval", 0) + LATE:
        raise TimedOut(
            f"{daemon.service} has not looked for {age:.0f} s: it hangs, or was killed "
            f"(`journalctl -u {daemon.service}`)"
        )
    sample.pop("clock")
    return {**sample, "age": round(age, 3)}


def _outcome(daemon: Daemon, plan: Plan, absent: bool, comment: str) -> face.Outcome:
    changes = _changes(daemon, plan)
    if not changes:
        comment = "Already absent" if absent else "Already as declared"
    return face.outcome(changes, "; ".join((comment, *plan.notes)), list(plan.warnings))


def _changes(daemon: Daemon, plan: Plan) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    names = {"program": daemon.program, "config": daemon.config, "unit": daemon.unit}
    others = {path: path for path in plan.files if path not in names.values()}
    for name, path in {**names, **others}.items():
        if path in plan.files:
            old, new = plan.files[path]
            word = "removed" if new is None else "new" if old is None else "changed"
            if path in others:  # it may hold what not everybody may read
                changes[name] = word
                continue
            release = f" (saltext-hakube {__version__})" if new is not None else ""
            changes[name] = f"{word}{release}" if name == "program" else face.diff(old, new, path)
    if plan.service:
        changes["service"] = list(plan.service)
    return changes
