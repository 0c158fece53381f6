"""What a minion answered, as far as it is what was asked for."""

from __future__ import annotations

import contextlib
from typing import Any

from saltext_hakube.core.remedy import report
from saltext_hakube.core.remedy.words import Value, unwatched
from saltext_hakube.healing.ask import Answer


def report_of(answer: Answer | None, cluster: str, node: str) -> report.Report | None:
    """The node's report of itself; None where it gave none. A minion speaks for itself only."""
    if answer is None or not answer.good:
        return None
    with contextlib.suppress(report.Refused):
        found = report.read(answer.value)
        if (found.cluster, found.node) == (cluster, node):
            return found
    return None


def unread_of(answer: Answer | None) -> tuple[str, ...]:
    """What a report has that this version does not know."""
    return report.unread(answer.value) if answer is not None and answer.good else ()


def instead_of(answer: Answer | None) -> str:
    """What a minion says that gives no report; empty where it says nothing."""
    if answer is None:
        return ""
    said = line(answer.value)
    # A node's own word is needed for that it is not watched.
    believed = not answer.good and (answer.sealed or not unwatched(said))
    return said if believed else "what is no report of that node"


def result_of(answer: Answer | None) -> dict[str, Any] | None:
    """What the node says of an action; text where it could not even begin."""
    if answer is None or (answer.value is None and not answer.good):
        return None
    if answer.good and isinstance(answer.value, dict):
        return {str(key): value for key, value in answer.value.items()}
    return {"result": "failed", "why": line(answer.value)}


def witness_of(answer: Answer | None) -> tuple[Value, str]:
    """What a node sees of another one. One that cannot be asked for that sees nothing."""
    value = answer.value if answer is not None and answer.good else None
    if not isinstance(value, dict):
        return "unknown", "it cannot tell"
    said, why = value.get("value"), line(value.get("why", ""))
    return ("up" if said == "up" else "down" if said == "down" else "unknown"), why


def line(value: Any) -> str:
    """The last line of what went wrong; a traceback's says it, too."""
    lines = str(value).strip().splitlines()
    return lines[-1][:300] if lines else "it says nothing"
