"""Jobs for minions: always for a list of ids, with a deadline, and only answers that they gave.

Whom a job is for is said by ids, never by a pattern, and never by nobody: of an empty target Salt
and others have made *everybody* before.

Any minion can put an event of any name on the master's bus (salt.daemons.masterapi,
_minion_event), and what looks like another one's return even into the job cache (core.remedy.seal).
So an answer counts by its seal only, and what is forged is as if it were not there: it ends no
waiting. Answers are taken from the bus; of an event that was lost the job cache has the answer.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import salt.client
from salt.exceptions import SaltException

from saltext_hakube.core.errors import HakubeError, Refused
from saltext_hakube.core.remedy import seal
from saltext_hakube.healing import clusters, registry

MOST = 1000
#: Seconds between two looks into the job cache.
SELDOM = 1.0

log = logging.getLogger(__name__)


class Ticket(NamedTuple):
    """By which an answer is found in the job cache later on, and known for an answer to this."""

    jid: str
    nonce: str


class Answer(NamedTuple):
    """``value`` is what the function returned; text where it failed (``good`` is False), None where
    nothing came. ``ticket``: by which an answer that is none (yet) may be asked for later.
    ``sealed``: false where anybody may have said it."""

    value: Any
    good: bool
    ticket: Ticket | None = None
    sealed: bool = True


#: Is told the ticket of a job, as soon as there is one.
Sent = Callable[[Ticket], None]
#: Ask minions to run a function (Asker); those that answer in time are in what is returned.
Ask = Callable[..., dict[str, Answer]]


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
        sent: Sent | None = None,
        **arguments: Any,
    ) -> dict[str, Answer]:
        """``function``: hakube_heal.report, act or witness. ``deadline``: seconds. ``patient``:
        for whom the whole of it is waited; for the others (who did not answer the last time) only a
        little longer than for these. Default: all. ``sent``: gets the ticket of the job.

        Raises Refused for a target that is none, HakubeError where the master cannot be asked.
        """
        target(minions)
        given = {"function": function.removeprefix("hakube_heal."), "arguments": arguments}
        try:
            with salt.client.get_local_client(mopts=dict(self._opts)) as client:
                question = _Question(client, registry.known(self._opts).keys, list(minions))
                found = question.ask(given, deadline, patient, sent)
                # Of a report that comes late nobody wants to know.
                return question.owed(found) if function.endswith(".act") else found
        except SaltException as error:
            raise HakubeError(f"{function} could not be asked for: {error}") from None

    def late(self, minion: str, ticket: Ticket) -> Answer | None:
        """The answer that has come since; None as long as there is none. Raises HakubeError."""
        try:
            with salt.client.get_local_client(mopts=dict(self._opts)) as client:
                keys = registry.known(self._opts).keys
                return _Question(client, keys, [minion], ticket).come(minion)
        except SaltException as error:
            raise HakubeError(f"the job cache could not be read: {error}") from None


def target(minions: Sequence[str]) -> None:
    """Raise Refused unless these are the ids of some minions, and nothing else."""
    if isinstance(minions, str) or not minions:
        raise Refused("a job needs a list of minions, and it has to name at least one")
    if len(minions) > MOST:
        raise Refused(f"a job for {len(minions)} minions at once; {MOST} is the most")
    for minion in minions:
        if not isinstance(minion, str) or not clusters.ID.match(minion):
            raise Refused(f"{ascii(minion)[:80]} cannot be the target of a job: it is no plain id")


class _Question:
    """One job, and the answers to it."""

    def __init__(
        self,
        client: Any,
        keys: Mapping[str, str],
        minions: list[str],
        ticket: Ticket | None = None,
    ) -> None:
        self._client, self._keys, self._minions = client, keys, minions
        self._jid, self._nonce = ticket or ("", secrets.token_hex(16))
        self._found: dict[str, Answer] = {}
        self._odd: dict[str, str] = {}

    def ask(
        self,
        given: Mapping[str, Any],
        deadline: float,
        patient: Sequence[str] | None,
        sent: Sent | None,
    ) -> dict[str, Answer]:
        started = time.monotonic()
        end = started + deadline
        job = self._client.run_job(
            self._minions,
            "hakube_heal.answer",
            kwarg={**given, "nonce": self._nonce},
            tgt_type="list",
            timeout=deadline,
            listen=True,
        )
        if not job:
            return {}  # none of them is a minion of this master
        self._jid = job["jid"]
        if sent is not None:
            sent(Ticket(self._jid, self._nonce))
        expected = set(self._minions) & set(job["minions"])
        waited = expected if patient is None else expected & set(patient)
        looked = started
        while (missing := expected - set(self._found)) and (now := time.monotonic()) < end:
            if waited and not waited & missing and patient is not None:
                # As long again as the slowest of those took, and a second.
                end = min(end, now + (now - started) + 1.0)
                waited = set()
            event = self._client.event.get_event(
                wait=min(SELDOM, max(end - now, 0.01)),
                tag=f"salt/job/{job['jid']}/ret/",
                match_type="startswith",
            )
            if isinstance(event, Mapping) and event.get("id") in missing:
                self._take(event["id"], event)
            elif time.monotonic() - looked >= SELDOM:
                looked = time.monotonic()
                self._glance(job["jid"], missing)
        if missing:  # whoever's event was lost in between
            self._glance(job["jid"], missing)
        return self._found | self._told(expected)

    def owed(self, found: dict[str, Answer]) -> dict[str, Answer]:
        """The answers, and for those that are missing the ticket."""
        if not self._jid:
            return found
        ticket, nothing = Ticket(self._jid, self._nonce), Answer(None, False)
        return {
            it: found[it] if it in self._found else found.get(it, nothing)._replace(ticket=ticket)
            for it in self._minions
        }

    def come(self, minion: str) -> Answer | None:
        """What the job cache has of it by now."""
        self._look(self._jid, [minion])
        return self._found.get(minion)

    def _take(self, minion: str, given: Mapping[str, Any]) -> None:
        """What may be a minion's answer: it is, if its seal says so."""
        try:
            value = seal.opened(given.get("return"), self._keys[minion], self._nonce, minion)
        except (seal.Unsealed, KeyError) as error:
            text = given.get("return")
            self._odd[minion] = text if isinstance(text, str) else f"not believed: {error}"
            return
        failed = isinstance(value, dict) and set(value) == {"error"}
        self._found[minion] = Answer(value["error"] if failed else value, not failed)

    def _glance(self, jid: str, minions: Iterable[str]) -> None:
        """The same as _look, but what came by events counts whatever the job cache is like."""
        try:
            self._look(jid, minions)
        except HakubeError as error:
            log.warning("hakube: %s", error)

    def _look(self, jid: str, minions: Iterable[str]) -> None:
        """What the job cache has of these minions. Raises HakubeError."""
        cache = self._client.opts["master_job_cache"]
        try:
            returns = self._client.returners[f"{cache}.get_jid"](jid)
        except Exception as error:  # whatever a returner raises
            raise HakubeError(f"the job cache could not be read: {error}") from None
        for minion in minions:
            if isinstance(returns.get(minion), Mapping):
                self._take(minion, returns[minion])

    def _told(self, expected: Iterable[str]) -> dict[str, Answer]:
        """What was said without a seal, at the end: for people, as that the function is not there.
        (An answer that somebody forged may be among it; it is no good one.)"""
        odd = {minion: self._odd[minion] for minion in expected if minion in self._odd}
        for minion, text in odd.items():
            if minion not in self._found:
                log.warning("hakube: %s: %s", minion, text.strip().splitlines()[-1:])
        return {
            minion: Answer(text[:2000], False, sealed=False)
            for minion, text in odd.items()
            if minion not in self._found
        }
