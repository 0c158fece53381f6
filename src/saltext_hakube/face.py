"""What all Salt faces share: which machine, how errors are told, the one shape of a state.

A subject has two execution functions, ``plan`` (what would change; changes nothing) and
``apply`` (does it). Both return ``{"changes": {...}, "comment": "...", "warnings": [...]}``.
A state is those two and nothing else: plan, stop there under ``test=True``, apply, plan again to
see that nothing is left to do.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from salt.exceptions import CommandExecutionError, SaltInvocationError

from saltext_hakube.core import unrendered
from saltext_hakube.core.config import Config, Facts, resolve
from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.core.platform import System
from saltext_hakube.host import kube, network
from saltext_hakube.host.machine import Machine, configured

Outcome = dict[str, Any]


def machine(opts: Mapping[str, Any]) -> Machine:
    """The machine that this minion's configuration means (see host.machine)."""
    return configured(opts.get("hakube"))


def config(
    pillar: Mapping[str, Any],
    grains: Mapping[str, Any],
    opts: Mapping[str, Any],
    need_node: bool = True,
) -> Config:
    """The configuration that this minion's pillar means (see core.config.resolve)."""
    return resolve(below(pillar), facts(grains, opts), need_node)


def below(pillar: Mapping[str, Any]) -> Any:
    """What stands under ``hakube``. Raises ConfigError with the reason why there is nothing."""
    data = pillar.get("hakube")
    if data is None or data == {}:
        raise ConfigError([unrendered.missing(pillar)])
    return data


def facts(grains: Mapping[str, Any], opts: Mapping[str, Any]) -> Facts:
    """What this machine says of itself; the first name is the minion's id."""
    names = [opts.get("id"), *(grains.get(key) for key in ("id", "nodename", "host", "fqdn"))]
    return Facts(
        names=tuple(dict.fromkeys(str(name) for name in names if name)),
        interfaces=network.interfaces() if machine(opts).live else {},
        system=System(
            name=grains.get("os", ""),
            family=grains.get("os_family", ""),
            major=_major(grains.get("osmajorrelease")),
            cpu=grains.get("cpuarch", "x86_64"),
        ),
        kubernetes_files=kube.telling_files(machine(opts)),
    )


def _major(release: Any) -> int:
    """Salt has the release as a number or as text, and none for a Debian that is not released."""
    return int(release) if str(release or "").isdecimal() else 0


def outcome(
    changes: Mapping[str, Any] | None = None, comment: str = "", warnings: list[str] | None = None
) -> Outcome:
    """What a plan or an apply function returns."""
    return {"changes": dict(changes or {}), "comment": comment, "warnings": list(warnings or [])}


class NotThere(CommandExecutionError):
    """What is declared refers to something that is not there; another state may make it before."""


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Turn this project's errors into Salt's, which are printed as text, not as a traceback."""
    # A wrong pillar is no SaltInvocationError: that one prints the function's whole docstring, too.
    try:
        yield
    except (HakubeError, OSError) as error:
        kind = NotThere if getattr(error, "missing", False) else CommandExecutionError
        raise kind(str(error)) from None


def converge(
    name: str, test: bool, plan: Callable[[], Outcome], apply: Callable[[], Outcome]
) -> dict[str, Any]:
    """The one shape of a state: plan, stop if testing, apply, verify by planning again."""
    ret: dict[str, Any] = {"name": name, "result": True, "changes": {}, "comment": ""}
    try:
        planned = plan()
        _tell(ret, planned)
        if not planned["changes"]:
            ret["comment"] = planned["comment"] or "Already as declared"
            return ret
        if planned.get("problems"):
            # Refused before anything is done; a dry run says so as well, for it tells the truth.
            ret.update(result=False, comment="\n".join([*planned["problems"], planned["comment"]]))
            return ret
        if test:
            ret.update(result=None, changes=planned["changes"])
            ret["comment"] = planned["comment"] or "Would be changed"
            return ret
        applied = apply()
        _tell(ret, applied)
        ret.update(changes=applied["changes"], comment=applied["comment"] or "Changed")
        if applied.get("problems"):
            ret.update(result=False, comment="\n".join(applied["problems"]))
            return ret
        left = plan()
        if left["changes"]:
            ret["result"] = False
            ret["comment"] += f"\nStill to do after the change: {left['changes']}"
    except (CommandExecutionError, SaltInvocationError) as error:
        ret.update(result=False, comment=str(error))
    return ret


def _tell(ret: dict[str, Any], result: Outcome) -> None:
    for warning in result["warnings"]:
        if warning not in ret.setdefault("warnings", []):
            ret["warnings"].append(warning)
    if not ret.get("warnings"):
        ret.pop("warnings", None)


def diff(old: bytes | None, new: bytes | None, name: str) -> str:
    """A unified diff for ``changes``; Salt prints it as a block, as it does for file.managed."""
    lines = difflib.unified_diff(
        (old or b"").decode(errors="replace").splitlines(),
        (new or b"").decode(errors="replace").splitlines(),
        name if old is not None else "/dev/null",
        name if new is not None else "/dev/null",
        lineterm="",
    )
    return "\n".join(lines)
