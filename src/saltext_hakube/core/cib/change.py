"""One thing that a plan changes in the CIB, told so that a person understands it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

from saltext_hakube.core.values import MASKED, hides

Action = Literal["create", "update", "remove"]


# Kinds whose id is the name of what they are.
OPTIONS = frozenset({"property", "resource default", "operation default"})


class Change(Struct, frozen=True, kw_only=True):
    """``details``: what differs, as ``{"option ip": (before, after)}``; None: not there.

    ``agent``: that of a primitive, which tells what of its options may be a secret.
    """

    action: Action
    kind: str
    id: str
    agent: str | None = None
    details: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)

    def told(self) -> dict[str, str]:
        """As a state's ``changes`` shows it, secrets masked."""
        lines = {"action": f"{self.action} {self.kind}"}
        for name, values in self.details.items():
            before, after = (MASKED if self._hides(name, value) else value for value in values)
            if before is None:
                lines[name] = str(after)
            elif after is None:
                lines[name] = f"{before} -> removed"
            else:
                lines[name] = f"{before} -> {after}"
        return lines

    def _hides(self, detail: str, value: str | None) -> bool:
        if value is None:
            return False
        kind, _space, name = detail.partition(" ")
        if self.kind in OPTIONS:
            name = self.id  # the detail is "value"
        return hides(name or kind, self.agent if kind == "option" else None, value)


def prefixed(
    prefix: str, changes: dict[str, tuple[str | None, str | None]]
) -> dict[str, tuple[str | None, str | None]]:
    """The details with the part that they belong to before each name."""
    return {f"{prefix} {name}": value for name, value in changes.items()}
