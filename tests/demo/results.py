"""What `state.apply` returned, and whether it is what was hoped for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.demo import words
from tests.demo.screen import DemoError, Screen

#: The states of one machine, as Salt returns them.
States = Mapping[str, Mapping[str, Any]]

_LINES = 8  # of a failed state's comment


def summary(screen: Screen, returns: Mapping[str, Any]) -> None:
    """A line for each machine, and each warning once. Raises DemoError if a state failed."""
    failed: list[str] = []
    warnings: dict[str, None] = {}
    for machine, states in sorted(returns.items()):
        if not isinstance(states, dict):
            raise DemoError(f"{machine} did not apply the states: {states}")
        bad = [state for state in states.values() if state["result"] is False]
        changed = changes(states)
        how = f"{len(bad)} failed" if bad else "none failed"
        screen.line(f"{machine}: {len(states)} states, {len(changed)} made changes, {how}")
        failed += [f"{machine}: {state['__id__']}: {_short(state['comment'])}" for state in bad]
        for state in states.values():
            warnings |= dict.fromkeys(state.get("warnings", ()))
    for warning in warnings:
        screen.text(f"warning: {warning}")
    if failed:
        raise DemoError("these states failed:\n" + "\n".join(failed))


def unchanged(screen: Screen, returns: Mapping[str, Any]) -> None:
    """The summary of a second run. Raises DemoError if anything was changed."""
    summary(screen, returns)
    again = [
        f"{machine}: {', '.join(map(words.told, found))}"
        for machine, states in returns.items()
        if (found := changes(states))
    ]
    if again:
        raise DemoError("the second apply changed something again:\n" + "\n".join(again))


def changes(states: States) -> list[str]:
    """The ids of the states that changed something."""
    return [state["__id__"] for state in states.values() if state["changes"]]


def _short(comment: object) -> str:
    lines = str(comment).splitlines()
    return "\n  ".join(lines[:_LINES] + (["..."] if len(lines) > _LINES else []))
