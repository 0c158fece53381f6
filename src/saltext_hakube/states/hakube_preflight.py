"""
Preflight before an apply
=========================

The second gate after the pillar: a trap that would do harm if the apply went on stops it, with the
remedy. The SLS files use it (``hakube.preflight``). docs/preflight.md has all codes.
"""

from __future__ import annotations

from salt.exceptions import CommandExecutionError, SaltInvocationError

from saltext_hakube.core.preflight.codes import TOLD_ELSEWHERE
from saltext_hakube.core.preflight.told import line, unseen

__virtualname__ = "hakube"


def __virtual__():
    if __grains__.get("kernel") != "Linux":
        return False, "hakube works on Linux only"
    return __virtualname__


def preflight_passed(name, only=None, skip=None):
    """
    No trap is found that would do harm if the apply went on.

    name
        Any text.

    only
        Look for these codes only: a list. Default: all but those of the pillar's
        ``hakube:preflight:ignore`` and those that other states tell (docs/preflight.md).

    skip
        Do not look for these codes: a list. Default: none.

    Never changes anything, and does the same with ``test=True``. Errors fail the state, each a line
    with its place, the remedy and its code; warnings do not. The comment tells what could not be
    seen, as on a machine on which nothing is installed yet.

    .. code-block:: yaml

        hakube-preflight:
          hakube.preflight_passed:
            - skip: [clock-unsynchronised]
    """
    ret = {"name": name, "result": True, "changes": {}}
    left_out = [*(skip or []), *sorted(TOLD_ELSEWHERE)] if only is None else skip
    try:
        report = __salt__["hakube.preflight"](only=only, skip=left_out)
    except (CommandExecutionError, SaltInvocationError) as error:
        return {**ret, "result": False, "comment": str(error)}
    errors = [line(it) for it in report["findings"] if it["severity"] == "error"]
    warnings = [line(it) for it in report["findings"] if it["severity"] == "warning"]
    if warnings:
        ret["warnings"] = warnings
    if errors:
        return {**ret, "result": False, "comment": "\n".join(errors)}
    passed = f"Looked for {len(report['passed'])} traps and found none of them"
    return {**ret, "comment": "\n".join([passed, *unseen(report["unseen"])])}
