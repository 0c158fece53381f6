"""When two values in a CIB mean the same though their texts differ.

Pacemaker reads ``60``, ``60s`` and ``1min`` as one duration, ``true``, ``yes`` and ``1`` as one
truth, ``INFINITY`` and ``1000000`` as one score, ``Master`` and ``Promoted`` as one role. Which of
these an attribute is, its name tells. That holds for what pacemaker itself reads; the options of a
resource are read by its agent, who may tell ``60`` from ``60s``.
"""

from __future__ import annotations

import re

# Pacemaker's words for true and false (crm_str_to_boolean, case does not matter).
TRUE = frozenset({"true", "on", "yes", "y", "1"})
FALSE = frozenset({"false", "off", "no", "n", "0"})

INFINITY = 1_000_000  # CRM_SCORE_INFINITY

# In microseconds, pacemaker's smallest unit; a number alone is seconds.
_UNITS = {"us": 1, "usec": 1, "ms": 1000, "msec": 1000, "": 10**6, "s": 10**6, "sec": 10**6}
_UNITS |= {"m": 60 * 10**6, "min": 60 * 10**6, "h": 3600 * 10**6, "hr": 3600 * 10**6}
_DURATION = re.compile(r"\s*(\d{1,18})\s*([a-z]*)\s*\Z", re.IGNORECASE)
_ISO = re.compile(r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?\Z")
_SCORE = re.compile(r"[+-]?(\d{1,18}|INFINITY)\Z", re.IGNORECASE)

# The names that roles had before pacemaker 2.1 (schema 3.7); 3.0 (schema 4.0) dropped them.
ROLES = {"master": "promoted", "slave": "unpromoted"}
OLD_ROLES = {"promoted": "Master", "unpromoted": "Slave"}
NEW_ROLES = {"master": "Promoted", "slave": "Unpromoted"}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DURATIONS = _words(
    """interval timeout start-delay interval-origin failure-timeout remote-connect-timeout
    cluster-recheck-interval cluster-delay dc-deadtime election-timeout join-finalization-timeout
    join-integration-timeout shutdown-escalation shutdown-lock-limit stonith-timeout
    fencing-timeout fence-reaction-timeout transition-delay priority-fencing-delay
    node-pending-timeout stonith-max-delay stonith-watchdog-timeout
    fencing-watchdog-timeout"""
)
BOOLEANS = _words(
    """enabled record-pending allow-migrate is-managed maintenance critical
    allow-unhealthy-nodes interleave ordered notify globally-unique promotable master_slave
    symmetrical require-all sequential influence maintenance-mode stonith-enabled fencing-enabled
    start-failure-is-fatal symmetric-cluster enable-acl enable-startup-probes startup-fencing
    stop-all-resources stop-orphan-resources stop-orphan-actions concurrent-fencing
    shutdown-lock remove-after-stop add-host"""
)
SCORES = _words(
    """score resource-stickiness default-resource-stickiness migration-threshold priority
    node-health-base node-health-green node-health-yellow
    node-health-red"""
)
ROLE_NAMES = _words("role rsc-role with-rsc-role target-role")


def canonical(name: str, value: str) -> str:
    """The value of the attribute ``name`` in one spelling for each meaning."""
    if name in DURATIONS:
        return duration(value)
    if name in BOOLEANS:
        return boolean(value)
    if name in SCORES:
        return score(value)
    if name in ROLE_NAMES:
        return ROLES.get(value.lower(), value.lower())
    return value


def same(name: str, one: str | None, other: str | None) -> bool:
    """Whether two values of the attribute ``name`` mean the same. None: not there."""
    if one is None or other is None:
        return one is other
    return one == other or canonical(name, one) == canonical(name, other)


def duration(value: str) -> str:
    """A duration in microseconds; what is none (or has months) stays as it is."""
    match = _DURATION.match(value)
    if match and match[2].lower() in _UNITS:
        return f"{int(match[1]) * _UNITS[match[2].lower()]}us"
    if iso := _ISO.match(value):
        days, hours, minutes, seconds = (int(part or 0) for part in iso.groups())
        return f"{(((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 10**6}us"
    return value


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


def number(value: str | None) -> int:
    """A score to sort by; what is none counts as 0, as pacemaker takes it."""
    text_ = score(value or "0")
    return int(text_) if _SCORE.match(text_) else 0


def text(value: object) -> str:
    """A pillar's value as the CIB writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
