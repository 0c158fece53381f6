"""When two values in a CIB mean the same though their texts differ.

Pacemaker reads ``60``, ``60s`` and ``1min`` as one duration, ``true``, ``yes`` and ``1`` as one
truth, ``INFINITY`` and ``1000000`` as one score. Which of these an attribute is, its name tells.
"""

from __future__ import annotations

import re

# Pacemaker's words for true and false (crm_str_to_boolean, case does not matter).
TRUE = frozenset({"true", "on", "yes", "y", "1"})
FALSE = frozenset({"false", "off", "no", "n", "0"})

INFINITY = 1_000_000  # CRM_SCORE_INFINITY

_UNITS = {"": 1000, "s": 1000, "sec": 1000, "ms": 1, "msec": 1, "m": 60_000, "min": 60_000}
_UNITS |= {"h": 3_600_000, "hr": 3_600_000}
_DURATION = re.compile(r"\s*(\d+)\s*([a-z]*)\s*$", re.IGNORECASE)
_SCORE = re.compile(r"[+-]?(\d+|INFINITY)$", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DURATIONS = _words(
    """interval timeout start-delay interval-origin failure-timeout remote-connect-timeout
    cluster-recheck-interval cluster-delay dc-deadtime election-timeout join-finalization-timeout
    join-integration-timeout shutdown-escalation shutdown-lock-limit stonith-timeout
    fencing-timeout fence-reaction-timeout transition-delay priority-fencing-delay
    node-pending-timeout stonith-max-delay"""
)
BOOLEANS = _words(
    """enabled record-pending allow-migrate is-managed maintenance critical
    allow-unhealthy-nodes interleave ordered notify globally-unique promotable master_slave
    symmetrical require-all sequential influence maintenance-mode stonith-enabled fencing-enabled
    start-failure-is-fatal symmetric-cluster enable-acl enable-startup-probes startup-fencing
    stop-all-resources stop-orphan-resources stop-orphan-actions concurrent-fencing
    shutdown-lock remove-after-stop"""
)
SCORES = _words(
    """score resource-stickiness default-resource-stickiness migration-threshold priority
    node-health-base node-health-green node-health-yellow
    node-health-red"""
)


def canonical(name: str, value: str) -> str:
    """The value of the attribute ``name`` in one spelling for each meaning."""
    if name in DURATIONS:
        return duration(value)
    if name in BOOLEANS:
        return boolean(value)
    if name in SCORES:
        return score(value)
    return value


def same(name: str, one: str | None, other: str | None) -> bool:
    """Whether two values of the attribute ``name`` mean the same. None: not there."""
    if one is None or other is None:
        return one is other
    return one == other or canonical(name, one) == canonical(name, other)


def duration(value: str) -> str:
    """A duration in milliseconds; what is none stays as it is."""
    match = _DURATION.match(value)
    if not match or match[2].lower() not in _UNITS:
        return value
    return f"{int(match[1]) * _UNITS[match[2].lower()]}ms"


def boolean(value: str) -> str:
    """``true`` or ``false``; what is neither stays as it is."""
    lowered = value.lower()
    if lowered in TRUE:
        return "true"
    return "false" if lowered in FALSE else value


def score(value: str) -> str:
    """A score as a number between plus and minus 1000000; what is none stays as it is."""
    if not _SCORE.match(value):
        return value
    number = value.upper().replace("INFINITY", str(INFINITY))
    return str(max(-INFINITY, min(INFINITY, int(number))))


def text(value: object) -> str:
    """A pillar's value as the CIB writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
