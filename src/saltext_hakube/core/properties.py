"""Cluster properties: which are Pacemaker's own, and which values it knows.

It takes a value that it does not know for its default, without a word that a person would see.
"""

from __future__ import annotations

import difflib
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

# What the daemons' metadata of Pacemaker 2.0 to 3.0 have.
_KNOWN = """
    batch-limit cluster-delay cluster-infrastructure cluster-ipc-limit cluster-name
    cluster-recheck-interval concurrent-fencing dc-deadtime dc-version election-timeout
    enable-acl enable-startup-probes fence-reaction fencing-action fencing-enabled
    fencing-max-attempts fencing-reaction fencing-timeout fencing-watchdog-timeout
    have-watchdog join-finalization-timeout join-integration-timeout load-threshold
    maintenance-mode migration-limit no-quorum-policy node-action-limit node-health-base
    node-health-green node-health-red node-health-strategy node-health-yellow
    node-pending-timeout pe-error-series-max pe-input-series-max pe-warn-series-max
    placement-strategy priority-fencing-delay remove-after-stop shutdown-escalation
    shutdown-lock shutdown-lock-limit start-failure-is-fatal startup-fencing stonith-action
    stonith-enabled stonith-max-attempts stonith-timeout stonith-watchdog-timeout
    stop-all-resources stop-orphan-actions stop-orphan-resources stop-removed-actions
    stop-removed-resources symmetric-cluster transition-delay
"""
KNOWN = frozenset(_KNOWN.split())


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


def warnings(properties: Mapping[str, object]) -> list[str]:
    """Names that pacemaker does not know and that are nearly one it does. It says nothing of
    those; others are somebody's own."""
    found = []
    for name in properties:
        near = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.85)
        if name not in KNOWN and name not in PACEMAKERS and near:
            found.append(
                f"{PATH}:{name}: pacemaker has no such property, and would not say so; did you "
                f"mean {near[0]}?"
            )
    return found


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
