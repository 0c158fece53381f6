"""Whether a value that is about to be written is one that pacemaker understands.

Pacemaker takes what it does not understand for the default, and the schema's complaint names no
place. What stands in a CIB already is not judged: it is not ours to refuse.
"""

from __future__ import annotations

import re

from saltext_hakube.core.cib import meaning
from saltext_hakube.core.cib.xmltext import unprintable
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.reading import shown
from saltext_hakube.core.values import MASKED

_DURATION = re.compile(r"\s*\d+\s*(us|usec|ms|msec|s|sec|m|min|h|hr)?\s*\Z", re.IGNORECASE)
_ISO = re.compile(r"P[0-9YMWDTHS.]+\Z")
# Of 1.5 pacemaker takes the 1 (crm_parse_ll).
_SCORE = re.compile(r"[+-]?(\d+(\.\d+)?|INFINITY)\Z", re.IGNORECASE)
# Where the score is an attribute of its own the schema is strict (score.rng).
_STRICT_SCORE = re.compile(r"[+-]?(\d+|INFINITY)\Z")
_ID = re.compile(r"[^\W\d][\w.-]*\Z")

# From pacemaker's schema (resources-*.rng, constraints-*.rng) and Pacemaker Explained.
CHOICES = {
    "on-fail": [
        *("ignore", "block", "demote", "stop", "restart", "standby", "fence"),
        "restart-container",
    ],
    "kind": ["Optional", "Mandatory", "Serialize"],
    "first-action": ["start", "promote", "demote", "stop"],
    "then-action": ["start", "promote", "demote", "stop"],
    "action": ["start", "promote", "demote", "stop"],
    "resource-discovery": ["always", "never", "exclusive"],
    "loss-policy": ["stop", "demote", "fence", "freeze"],
    "boolean-op": ["and", "or"],
    "multiple-active": ["block", "stop_only", "stop_start", "stop_unexpected"],
    "placement-strategy": ["default", "utilization", "minimal", "balanced"],
    "no-quorum-policy": ["stop", "freeze", "ignore", "demote", "suicide", "fence"],
    "stonith-action": ["reboot", "off", "poweroff"],
    "node-health-strategy": ["none", "migrate-on-red", "only-green", "progressive", "custom"],
}
CHOICES["fencing-action"] = CHOICES["stonith-action"]  # its name since Pacemaker 3
ROLES = ["Started", "Stopped", "Promoted", "Unpromoted", "Master", "Slave"]


class Wrong(HakubeError):
    """Something about one object is wrong; the plan knows whose it is and says so before it."""


class Missing(Wrong):
    """An object refers to something that is neither in the cluster nor declared with it."""


def check(name: str, value: str) -> None:
    """Raise Wrong where pacemaker would not understand this value of its attribute ``name``."""
    check_text(name, value)
    expected = None
    # The date that an interval counts from is no duration.
    if name in meaning.DURATIONS - {"interval-origin"}:
        if not (_DURATION.match(value) or _ISO.match(value) or _negative(name, value)):
            expected = "a duration, such as 10s, 500ms or 2min"
    elif name in meaning.BOOLEANS:
        if value.lower() not in meaning.TRUE | meaning.FALSE:
            expected = "true or false"
    elif name in meaning.SCORES:
        score = _STRICT_SCORE if name == "score" else _SCORE
        if not score.match(value) and not _colour(name, value):
            expected = "a whole number, INFINITY or -INFINITY"
    elif name in meaning.ROLE_NAMES:
        # #default: as if it were not there (Pacemaker Explained, target-role).
        if value.lower() not in [role.lower() for role in (*ROLES, "#default")]:
            expected = "one of " + ", ".join(ROLES)
    elif name in CHOICES and not {value, value.lower()} & set(CHOICES[name]):
        expected = "one of " + ", ".join(CHOICES[name])
    if expected:
        raise Wrong(f"{name}: {shown(value)} is wrong; expected {expected}")


def check_text(name: str, value: str) -> None:
    """Raise Wrong where a value, of whatever attribute, would not be kept as it is."""
    if value == MASKED:
        raise Wrong(
            f"the value of {name} is masked, and the cluster has none to keep; write the real one"
        )
    if reason := unprintable(value):
        raise Wrong(f"{name}: {reason}")


def spelled(schema: tuple[int, int], name: str, value: str) -> str:
    """A value in the words that the CIB's schema has for it, of which pacemaker reads more."""
    if name in meaning.BOOLEANS:
        return meaning.boolean(value)
    if name not in meaning.ROLE_NAMES or schema == (0, 0):
        return value
    meant = meaning.ROLES.get(value.lower(), value.lower())
    if schema < (3, 7):
        return meaning.OLD_ROLES.get(meant, value)
    return meaning.NEW_ROLES.get(value.lower(), value) if schema >= (4, 0) else value


def check_id(name: str) -> None:
    """Raise Wrong where XML takes no such id."""
    if not _ID.match(name):
        raise Wrong(
            f"{shown(name)} cannot be a new name in the cluster; expected letters, digits, '.', "
            "'_', '-', first a letter or '_'"
        )


def check_names(given: dict[str, str], allowed: tuple[str, ...], what: str) -> None:
    """Raise Wrong for a name that is not among those ``allowed``."""
    for name in given:
        if name not in allowed:
            raise Wrong(f"{what} {shown(name)} is unknown; allowed here: {', '.join(allowed)}")


def _negative(name: str, value: str) -> bool:
    # -1: pacemaker computes the timeout itself (Pacemaker Explained, stonith-watchdog-timeout).
    return name.endswith("-watchdog-timeout") and value == "-1"


def _colour(name: str, value: str) -> bool:
    """Health scores may be words; a migration-threshold may not."""
    return name.startswith("node-health") and value in ("red", "yellow", "green")
