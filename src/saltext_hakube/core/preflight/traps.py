"""All traps, and what a machine shows of them."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Any

from msgspec import Struct, structs

from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.preflight import (
    apiserver,
    certificates,
    cluster,
    haproxy,
    kubernetes,
    machine,
    network,
    peers,
    units,
)
from saltext_hakube.core.preflight.codes import TITLES
from saltext_hakube.core.preflight.finding import Check, Finding, NotSeen, Unseen
from saltext_hakube.core.preflight.observed import Observed

SUBJECTS = (
    network,
    peers,
    certificates,
    apiserver,
    kubernetes,
    haproxy,
    units,
    cluster,
    machine,
)
CHECKS: dict[str, Check] = {
    code: check for subject in SUBJECTS for code, check in subject.CHECKS.items()
}


class Report(Struct, frozen=True):
    """What was found, errors first; codes with nothing found; why others were not looked at.

    A code may be in two of them: it was found on one node, and another could not be seen.
    """

    findings: tuple[Finding, ...] = ()
    passed: tuple[str, ...] = ()
    unseen: dict[str, str] = {}


def judge(config: Config, observed: Observed, codes: Collection[str] = tuple(TITLES)) -> Report:
    """Look for these traps."""
    findings: list[Finding] = []
    passed: list[str] = []
    unseen: dict[str, str] = {}
    for code in (code for code in TITLES if code in codes):
        found, why = _look(CHECKS[code], config, observed)
        findings += (structs.replace(finding, code=code) for finding in found)
        if why:
            unseen[code] = "; ".join(dict.fromkeys(why))
        elif not found:
            passed.append(code)
    findings.sort(key=lambda finding: finding.severity)  # "error" comes before "warning"
    return Report(tuple(findings), tuple(passed), unseen)


def _look(check: Check, config: Config, observed: Observed) -> tuple[list[Finding], list[str]]:
    found: list[Finding] = []
    why: list[str] = []
    try:
        for item in check(config, observed):
            if isinstance(item, Unseen):
                why.append(item.why)
            else:
                found.append(item)
    except NotSeen as stop:
        why.append(stop.unseen.why)
    return found, why


def chosen(only: Any, skip: Any, ignored: Iterable[str] = ()) -> list[str]:
    """The codes to look for. Raises ConfigError where one is unknown."""
    wanted = _codes(only, "only") if only is not None else [*TITLES]
    left_out = {*_codes(skip, "skip"), *ignored}
    return [code for code in wanted if code not in left_out]


def _codes(given: Any, argument: str) -> list[str]:
    if given is None:
        return []
    listed = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(listed, (list, tuple)):
        raise ConfigError([f"{argument}: expected a list of codes, such as [clock-skew]"])
    problems = []
    for code in listed:
        if code not in TITLES:
            near = difflib.get_close_matches(str(code), TITLES, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            problems.append(
                f"{argument}: {code!r} is no code; {hint}docs/preflight.md has all of them"
            )
    if problems:
        raise ConfigError(problems)
    return list(listed)
