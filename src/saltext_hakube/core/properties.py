"""Cluster properties: which are Pacemaker's own, and which values it knows.

It takes a value that it does not know for its default, without a word that a person would see.
"""

from __future__ import annotations

from collections.abc import Mapping

from saltext_hakube.core.cib.meaning import BOOLEANS, FALSE, TRUE, text
from saltext_hakube.core.cib.options import PACEMAKERS
from saltext_hakube.core.cib.words import CHOICES as CHOICES_OF
from saltext_hakube.core.reading import shown

PATH = "hakube:properties"

# Pacemaker Explained, "Cluster Options"; case does not matter.
CHOICES = {
    name: CHOICES_OF[name]
    for name in (
        *("no-quorum-policy", "stonith-action", "fencing-action"),
        *("placement-strategy", "node-health-strategy"),
    )
}

# The two names of one property; the second is Pacemaker 3's.
FENCING = ("stonith-enabled", "fencing-enabled")
WATCHDOG = ("stonith-watchdog-timeout", "fencing-watchdog-timeout")


def check(properties: Mapping[str, object]) -> list[str]:
    """What pacemaker would not take, one line each."""
    problems = [_wrong(name, value) for name, value in properties.items()]
    meant = {text(properties[name]).lower() in TRUE for name in FENCING if name in properties}
    if len(meant) > 1:
        problems.append(
            f"{PATH}:{FENCING[1]}: says another thing than {FENCING[0]}, of which it is a second "
            "name; leave one of them out"
        )
    return [problem for problem in problems if problem]


def _wrong(name: str, value: object) -> str | None:
    if name in PACEMAKERS:
        return f"{PATH}:{name}: pacemaker writes it itself; leave it out"
    given = text(value).lower()
    if name in CHOICES and given not in CHOICES[name]:
        expected = "one of " + ", ".join(CHOICES[name])
    elif name in BOOLEANS and given not in TRUE | FALSE:
        expected = "true or false"
    else:
        return None
    # YAML makes true and false of such words.
    hint = " (YAML reads yes, no, on, off so; write words in quotes)"
    return (
        f"{PATH}:{name}: {given if isinstance(value, bool) else shown(value)} is wrong; "
        f"expected {expected}{hint if isinstance(value, bool) else ''}"
    )
