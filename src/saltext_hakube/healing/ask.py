"""Jobs for minions: always for a list of ids, with a deadline, and only answers that Salt checked.

Whom a job is for is said by ids, never by a pattern, and never by nobody: of an empty target Salt
and others have made *everybody* before.

What is taken as an answer is what the master's job cache has, not what is on the event bus: any
minion can put an event of any name there (salt.daemons.masterapi, _minion_event), so an event only
says that it is time to look. The cache is filled by the master from returns whose sender it has
compared with the sender's key (salt.channel.server, handle_message).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import salt.client
from salt.exceptions import SaltException

from saltext_hakube.core.errors import HakubeError, Refused

#: Letters and signs of an id. Those that mean something in a target are not among them.
ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:@+=-]{0,252}\Z")
MOST = 1000
#: How often the job cache is looked at while an answer that was announced is not there yet, and
#: otherwise (an event may be lost).
SOON, SELDOM = 0.02, 0.5


class Answer(NamedTuple):
    """``value`` is what the function returned; text where it failed (``good`` is False)."""

    value: Any
    good: bool


class Ask(Protocol):
    """Ask minions to run a function; those that answer in time are in what is returned."""

    def __call__(
        self,
        minions: Sequence[str],
        function: str,
        deadline: float,
        /,
        *,
        patient: Sequence[str] | None = None,
        **arguments: Any,
    ) -> dict[str, Answer]: ...


class Asker:
    """Asks by this master. ``opts``: its configuration."""

    def __init__(self, opts: Mapping[str, Any]) -> None:
        self._opts = dict(opts)

    def __call__(
        self,
        minions: Sequence[str],
        function: str,
        deadline: float,
        /,
        *,
        patient: Sequence[str] | None = None,
        **arguments: Any,
    ) -> dict[str, Answer]:
        """``deadline``: seconds. ``patient``: for whom the whole of it is waited; for the others
        (who did not answer the last time) only a little longer than for these. Default: all.

        Raises Refused for a target that is none, HakubeError where the master cannot be asked.
        """
        target(minions)
        if not self._opts.get("job_cache", True) or self._opts.get("ext_job_cache"):
            raise HakubeError(
                "this master keeps no answers of jobs that can be trusted (job_cache is off or "
                "ext_job_cache is set); the healing needs them: see docs/healing.md"
            )
        try:
            with salt.client.get_local_client(mopts=dict(self._opts)) as client:
                return _asked(
                    client,
                    list(minions),
                    function,
                    deadline=deadline,
                    patient=patient,
                    arguments=arguments,
                )
        except SaltException as error:
            raise HakubeError(f"{function} could not be asked for: {error}") from None


def target(minions: Sequence[str]) -> None:
    """Raise Refused unless these are the ids of some minions, and nothing else."""
    if isinstance(minions, str) or not minions:
        raise Refused("a job needs a list of minions, and it has to name at least one")
    if len(minions) > MOST:
        raise Refused(f"a job for {len(minions)} minions at once; {MOST} is the most")
    for minion in minions:
        if not isinstance(minion, str) or not ID.match(minion):
            raise Refused(f"{ascii(minion)[:80]} cannot be the target of a job: it is no plain id")


def _asked(
    client: Any,
    minions: list[str],
    function: str,
    *,
    deadline: float,
    patient: Sequence[str] | None,
    arguments: Mapping[str, Any],
) -> dict[str, Answer]:
    started = time.monotonic()
    end = started + deadline
    job = client.run_job(
        minions, function, kwarg=dict(arguments), tgt_type="list", timeout=deadline, listen=True
    )
    if not job:
        return {}  # none of them is a minion of this master
    expected = set(minions) & set(job["minions"])
    waited = expected if patient is None else expected & set(patient)
    found: dict[str, Answer] = {}
    announced: set[str] = set()
    looked = started
    while (missing := expected - set(found)) and (now := time.monotonic()) < end:
        if waited and not waited & missing and patient is not None:
            # As long again as the slowest of those took, and a second.
            end = min(end, now + (now - started) + 1.0)
            waited = set()
        pause = SOON if announced & missing else SELDOM
        wait = min(pause, max(end - now, SOON))
        event = client.event.get_event(
            wait=wait, tag=f"salt/job/{job['jid']}/ret/", match_type="startswith"
        )
        if isinstance(event, Mapping) and event.get("id") in missing:
            announced.add(event["id"])
        elif time.monotonic() - looked < pause:
            continue
        looked = time.monotonic()
        found |= _cached(client, job["jid"], missing)
    return found


def _cached(client: Any, jid: str, minions: set[str]) -> dict[str, Answer]:
    """What the job cache has of these minions."""
    cache = client.opts["master_job_cache"]
    returns = client.returners[f"{cache}.get_jid"](jid)
    return {
        minion: Answer(kept.get("return"), _good(kept))
        for minion, kept in returns.items()
        if minion in minions and isinstance(kept, Mapping)
    }


def _good(kept: Mapping[str, Any]) -> bool:
    """Whether the function did what it is for: Salt returns its errors as text."""
    return kept.get("success", True) is not False and not kept.get("retcode")
