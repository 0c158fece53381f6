"""The cluster-wide turn, taken and given back: one node at a time does what can hurt.

::

    with turn.take(machine, owner="node1", lease=120, wait=600, last=has_vip) as mine:
        reload()
        mine.renew()      # after each step that takes time
        verify()

An owner that dies, or is cut off, loses the turn after its lease; no two machines' clocks are
compared (core.cib.turn). A lease has to be longer than the time in which corosync notices that a
node was cut off (some 10 s), by far: until then such a node can still renew what others cannot see.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

import msgspec
from msgspec.structs import replace

from saltext_hakube.core.cib import turn
from saltext_hakube.core.cib.turn import Claim, Entries, Entry
from saltext_hakube.core.errors import Conflict, HakubeError, TimedOut
from saltext_hakube.host import cib, files, settle
from saltext_hakube.host.machine import Machine

# How often those who wait look. Seconds.
LOOK = 1.0

# Corosync needs up to 10 s to notice a cut; an owner that renews at a third of its lease notices
# quorum's loss long before another takes over.
SHORTEST_LEASE = 30.0


class Turn:
    """A turn that is held. As a context manager it is given back at the end of the block."""

    def __init__(self, machine: Machine, claim: Claim, end: float) -> None:
        self._machine = machine
        self._claim = claim
        self._end = end

    @property
    def owner(self) -> str:
        """Who has it."""
        return self._claim.owner

    @property
    def left(self) -> float:
        """Seconds in which nobody else can have it. Not more than 0: it may be another's now."""
        return self._end - _now()

    def check(self, seconds: float = 0.0) -> None:
        """Raise Conflict where it is not held for ``seconds`` more; costs nothing."""
        if self.left <= seconds:
            raise Conflict(
                f"{self.owner} did not renew the cluster's turn within its {self._claim.lease:g} "
                "s, so another node may have it now; nothing more is done"
            )

    def renew(self) -> None:
        """Have it for a whole lease again.

        Raises Conflict where it was taken away, Refused where the cluster has no quorum here.
        """
        start = _now()

        def planned(text: str) -> turn.Edit:
            entries = turn.entries(text)
            wanted = turn.renewed(self._claim, entries)
            if wanted is None:
                self._end = start
                raise Conflict(self._lost(entries))
            return turn.edit(text, wanted)

        cib.push(self._machine, planned, max(1.0, self.left))
        # It took a while, in which this node may have been cut off.
        settle.check_quorum(self._machine)
        self._end = start + self._claim.lease

    def release(self) -> None:
        """Give it back; nothing to do where it is another's by now."""
        self._end = _now()
        _remove(self._machine, lambda entry: entry.token == self._claim.token)

    def _lost(self, entries: Entries) -> str:
        holder = next((entry for entry in entries if entry.holds), None)
        now = f"; now {holder.told()}" if holder else ""
        return (
            f"the cluster's turn was taken from {self.owner}: it was silent for longer than its "
            f"{self._claim.lease:g} s, or somebody dropped it{now}. Nothing more is done"
        )

    def __enter__(self) -> Turn:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        if error is None:
            self.release()
            return
        # The error is what is to be told; where this fails too, the lease ends by itself.
        with contextlib.suppress(HakubeError):
            self.release()


def take(
    machine: Machine,
    owner: str,
    lease: float,
    wait: float,
    *,
    last: bool | Callable[[], bool] = False,
    stand_back: float = 0.0,
    memory: Path | None = None,
) -> Turn:
    """Take the turn for ``lease`` seconds, and wait for it ``wait`` seconds at most.

    ``last``: let all others who wait go first, as the VIP's holder does (a function is asked at
    each look: an address may move); who comes first does not know yet who else will come, so with
    ``stand_back`` it waits that long (seconds) before it may take the turn. ``memory``: a file
    below /run that keeps since when others' entries are as they are, for who waits often and never
    as long as a lease: an owner that died would have the turn for ever else.

    Raises TimedOut, which says who has it; Refused where no cluster runs or it has no quorum.
    """
    turn.check_name(owner)
    if machine.cib_file is None and lease < SHORTEST_LEASE:
        raise HakubeError(f"a lease of {lease:g} s is too short; it takes {SHORTEST_LEASE:g} s")
    waiting = _Waiting(machine, owner, lease, last, stand_back)
    waiting.seen = _remembered(memory)
    end = _now() + wait
    while True:
        left = end - _now()
        try:
            taken = waiting.look(max(1.0, min(left, cib.PUSH_DEADLINE)))
        except BaseException:
            # Whoever is let go first has to be there.
            with contextlib.suppress(HakubeError):
                waiting.give_up()
            raise
        if taken is not None:
            return taken
        if left <= 0:
            waiting.give_up()
            _remember(memory, waiting.seen)
            raise TimedOut(waiting.told(wait))
        time.sleep(min(random.uniform(LOOK / 2, LOOK), left))


def _remembered(memory: Path | None) -> dict[Entry, float]:
    """What cannot be read is as if nothing was seen yet."""
    if memory is None:
        return {}
    try:
        found = msgspec.json.decode(files.read(memory) or b"", type=list[tuple[Entry, float]])
    except (HakubeError, msgspec.MsgspecError):
        return {}
    return {entry: since for entry, since in found if since <= _now()}


def _remember(memory: Path | None, seen: turn.Seen) -> None:
    if memory is not None:
        with contextlib.suppress(HakubeError):  # it takes longer then until a dead one's ends
            files.write(memory, msgspec.json.encode(list(seen.items())), mode=0o600)


class _Waiting:
    """One claim, from the first look until it has the turn or gives up."""

    def __init__(
        self,
        machine: Machine,
        owner: str,
        lease: float,
        last: bool | Callable[[], bool],
        stand_back: float,
    ) -> None:
        self._machine = machine
        self._last = last
        self._began = _now()
        self._stand_back = stand_back
        self._claim = Claim(
            owner=owner,
            token=secrets.token_hex(4),
            lease=lease,
            since=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        self.seen: turn.Seen = {}
        self._entries: Entries = ()
        self._taken_at = 0.0

    def look(self, deadline: float) -> Turn | None:
        """Look once, do what there is to do; the turn if it is ours now."""
        last = self._last() if callable(self._last) else self._last
        self._claim = replace(self._claim, last=last)
        done = cib.push(self._machine, self._planned, deadline)
        mine = turn.mine_in(self._claim, turn.entries(done.after))
        if mine is None or not mine.holds:
            return None
        # The write may have waited for a partition to form that has no say.
        settle.check_quorum(self._machine)
        return Turn(self._machine, self._claim, self._taken_at + self._claim.lease)

    def _planned(self, text: str) -> turn.Edit:
        now = _now()
        self._entries = turn.entries(text)
        if turn.mine_in(self._claim, self._entries) is None:
            # A token is one stay in the CIB: what was swept away never comes back as it was, or
            # others would take it for what they have seen long ago.
            self._claim = replace(self._claim, token=secrets.token_hex(4))
        self.seen = turn.look(self._entries, self.seen, now)
        mine = turn.mine_in(self._claim, self._entries)
        if mine is None or not mine.holds:
            # The lease counts from before the write. Where this is asked again because the answer
            # to that write was lost, and it was taken, it still does.
            self._taken_at = now
        back = self._claim.last and now - self._began < self._stand_back
        wanted = turn.step(self._claim, self._entries, self.seen, now, stand_back=back)
        return turn.edit(text, wanted)

    def give_up(self) -> None:
        _remove(self._machine, lambda entry: entry.token == self._claim.token)

    def told(self, wait: float) -> str:
        first = turn.before(self._claim, self._entries, self.seen, _now())
        if first is None:
            reason = "nobody has it, but this node lets others go first"
        else:
            silent = _now() - self.seen[first]
            reason = f"{first.told()}, and is silent for {silent:.0f} s of its {first.lease:g} s"
        return (
            f"{self._claim.owner} did not get the cluster's turn within {wait:g} s: {reason}. "
            "Nothing was done; try again later, or where that node is no longer at work, "
            "`salt-call hakube_pcs.turn_drop` takes it from there"
        )


def show(machine: Machine) -> Entries:
    """Who has the turn and who waits for it. Raises Refused where no cluster runs."""
    return turn.entries(cib.running(machine))


def drop(machine: Machine, owner: str | None = None) -> Entries:
    """Take the turn from whoever has it, on an administrator's word; return what was removed.

    ``owner``: all that is this one's, also where it only waits.
    """
    return _remove(machine, lambda e: e.holds if owner is None else e.owner == owner)


def _remove(machine: Machine, which: Callable[[Entry], bool]) -> Entries:
    removed: Entries = ()

    def planned(text: str) -> turn.Edit:
        nonlocal removed
        entries = turn.entries(text)
        found = tuple(entry for entry in entries if which(entry))
        removed = found or removed
        return turn.edit(text, turn.without(entries, (entry.token for entry in found)))

    done = cib.push(machine, planned)
    return removed if done.changes else ()


def _now() -> float:
    """A clock that nobody sets, and that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
