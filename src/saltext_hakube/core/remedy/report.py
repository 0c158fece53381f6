"""What a node reports of itself, read strictly: it comes from another machine.

A report is whole: it has all verdicts, so that one that is lost, doubled or late does no harm;
``boot`` and ``seq`` tell which of two is the newer one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy.wording import clean
from saltext_hakube.core.remedy.words import PROBES, Value

FORMAT = 1

Short = Annotated[str, Meta(max_length=300)]
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.:@-]{0,252}\Z"
Name = Annotated[str, Meta(pattern=NAME)]
MEMBERS = 64  # of a cluster, at most
Number = Annotated[int, Meta(ge=0, le=2**53)]
#: Unix time. Bounded, so that it is none of the floats that are no numbers: JSON has no form of
#: those, and the ledger could not be read again.
Moment = Annotated[float, Meta(ge=-1e11, le=1e11)]
#: Bytes of a report as JSON, at most; a snapshot has one of each node (ledger.LONGEST).
LONGEST = 256_000
#: What hakube_heal.report adds, for people.
BESIDE = ("beacon",)
SHOWN = 10  # names of what is not known


class Refused(HakubeError):
    """It is no report; the text says why, in one line."""


class Look(Struct, frozen=True, kw_only=True):
    """The verdict on one probe. ``since``: Unix time. ``evidence``: lines, some for each kind
    (as ``files``, ``failures``, ``days``)."""

    value: Value
    why: Short = ""
    since: Moment = 0.0
    evidence: dict[Name, Annotated[list[Short], Meta(max_length=50)]] = {}


class News(Struct, frozen=True, kw_only=True):
    """What Pacemaker's alert told: ``kind`` as Pacemaker names it (resource, node, fencing)."""

    kind: Name
    at: Moment
    node: Short = ""
    resource: Short = ""
    task: Short = ""
    rc: Short = ""
    desc: Short = ""


class Alone(Struct, frozen=True, kw_only=True):
    """What the node did by itself while it had no master."""

    at: Moment
    rung: Name
    component: Name
    result: Name
    why: Short = ""


class Report(Struct, frozen=True, kw_only=True):
    """One node's. ``busy``: what Salt does there now, empty if nothing. ``quorate``: None where
    nobody knows. ``online``: members as the node sees them. ``holder``: it has the VIP's address.
    """

    format: Literal[1]
    cluster: Name
    node: Name
    boot: Name
    seq: Number
    at: Moment
    looks: dict[Name, Look]
    news: Annotated[list[News], Meta(max_length=50)] = []
    maintenance: bool = False
    standby: bool = False
    busy: Short = ""
    quorate: bool | None = None
    online: Annotated[list[Name], Meta(max_length=MEMBERS)] = []
    holder: bool = False
    alone: Annotated[list[Alone], Meta(max_length=50)] = []

    def value(self, probe: str) -> Value:
        look = self.looks.get(probe)
        return look.value if look else "unknown"


def read(data: Any) -> Report:
    """The report that plain data is. Raises Refused.

    A later version of hakube may look at more, and say more: what this one does not know of that is
    left out (``unread``), the rest counts.
    """
    try:
        report = msgspec.convert(data, Report, strict=True)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        raise Refused(f"no report: {error}") from None
    size = len(msgspec.json.encode(report))
    if size > LONGEST:
        raise Refused(f"no report: it has {size} bytes; {LONGEST} are the most")
    if report.looks.keys() <= PROBES.keys():
        return report
    known = {name: look for name, look in report.looks.items() if name in PROBES}
    return replace(report, looks=known)


def unread(data: Any) -> tuple[str, ...]:
    """What of a report that was read is not known here, some of it."""
    looks = data.get("looks") if isinstance(data, Mapping) else None
    if not isinstance(looks, Mapping):
        return ()
    known = (*Report.__struct_fields__, *BESIDE)
    odd = [*(set(looks) - set(PROBES)), *(set(data) - set(known))]
    return tuple(sorted(clean(it, 60) for it in odd)[:SHOWN])


def plain(report: Report) -> dict[str, Any]:
    """The report as plain data."""
    found = msgspec.to_builtins(report)
    return found if isinstance(found, dict) else {}
