"""A report as lines for a person."""

from __future__ import annotations

from collections.abc import Mapping


def line(finding: Mapping[str, str]) -> str:
    """A finding in one line."""
    return f"{finding['where']}: {finding['told']}; {finding['remedy']} [{finding['code']}]"


def unseen(why: Mapping[str, str]) -> list[str]:
    """What could not be seen: a line for each reason, with its codes."""
    codes: dict[str, list[str]] = {}
    for code, reason in why.items():
        codes.setdefault(reason, []).append(code)
    return [f"Not seen: {', '.join(names)}: {reason}" for reason, names in codes.items()]
