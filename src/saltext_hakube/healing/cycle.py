"""One cluster's cycle: its rounds (rounds), if nobody runs them.

Only one runs for a cluster at a time (on this machine): whoever holds the ledger. Who comes
meanwhile leaves the mark ``dirty`` and goes; the one that runs takes it away *before* it asks, and
looks for it once more after it gave the ledger back, so nothing that came is lost.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from saltext_hakube.core.remedy import fold, metrics
from saltext_hakube.core.remedy.decision import Cluster, Record
from saltext_hakube.healing import places
from saltext_hakube.healing.rounds import Doors, Given, Round
from saltext_hakube.host import ledger

#: Seconds after which a round begins nothing new. What it left, the next reconcile takes up.
LIMIT = 60.0


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of it. ``ran``: somebody else did not hold the cluster; ``why``: for people.
    ``records``: what was written; ``behind``: seconds that the master's clock is behind what the
    ledger had."""

    cluster: str
    ran: bool
    why: str = ""
    rounds: int = 0
    actions: int = 0
    records: tuple[Record, ...] = ()
    behind: float = 0.0


def cycle(
    doors: Doors,
    cluster: Cluster,
    folder: Path,
    *,
    owner: str = "",
    limit: float = LIMIT,
    quiet: float | None = None,
    given: Given | None = None,
    hinted: bool = False,
) -> Outcome:
    """Run the cluster's rounds if nobody does; else leave the mark for the one who does.

    ``quiet``: seconds after which the nodes are asked anew though nothing happened; default: what
    the policy has for ``reassert``. Raises HakubeError where the ledger cannot be written or the
    nodes cannot be asked: then nothing was done.
    """
    end = time.monotonic() + limit
    places.mark(folder / "dirty")
    quiet = cluster.policy.reassert if quiet is None else quiet
    records: list[Record] = []
    rounds = actions = 0
    behind = 0.0
    # Who comes between the last look for the mark and the end of the block found it held.
    while places.exists(folder / "dirty"):
        try:
            book = hold(folder, cluster.name, owner)
        except ledger.Busy as error:
            why = "" if rounds else str(error)
            return Outcome(
                cluster=cluster.name,
                ran=bool(rounds),
                why=why,
                rounds=rounds,
                actions=actions,
                records=tuple(records),
            )
        with book:
            own = Round(doors, cluster, folder, book, quiet)
            behind = max(behind, own.behind)
            try:
                own.run(end, given, hinted)
            except BaseException:
                places.mark(folder / "dirty")  # it was taken away, and is not done
                raise
            finally:
                records += own.records
                rounds += own.rounds
                actions += own.actions
        given, hinted = None, True
        if time.monotonic() >= end or own.tired:
            break
    return Outcome(
        cluster=cluster.name,
        ran=True,
        rounds=rounds,
        actions=actions,
        records=tuple(records),
        behind=behind,
    )


def hold(folder: Path, name: str, owner: str = "", wait: float = 0.0) -> ledger.Ledger:
    """The cluster's ledger, for writing. Raises ledger.Busy."""
    return ledger.hold(folder, name, _snapshot, owner=owner, wait=wait)


def _snapshot(records: Sequence[Record]) -> Record:
    return metrics.carried(fold.snapshot(fold.fold(records), time.time()), records)
