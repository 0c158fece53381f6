"""What crm_mon's XML says of the running cluster."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET

from msgspec import Struct

from saltext_hakube.core.cib.meaning import INFINITY, number

# Not strptime's: what a month is called there goes by the minion's locale.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CTIME = re.compile(r"\w{3} (\w{3}) +(\d{1,2}) (\d\d:\d\d:\d\d) (\d{4})\Z")

# How Pacemaker 2 and 3 say that an action ran to its end, which is no reason for a failure.
ENDED = ("none", "complete", "Done")


class Failure(Struct, frozen=True):
    """An action that went wrong and that nobody has cleaned up yet."""

    resource: str
    node: str
    task: str
    reason: str

    def told(self) -> str:
        """In a line, with the remedy."""
        return (
            f"{self.resource} failed to {self.task} on {self.node}: {self.reason}; mend the cause, "
            f"then `salt-call hakube_pcs.cleanup {self.resource}`"
        )


class Status(Struct, frozen=True):
    """``online``: nodes that are members; ``running``: resource -> nodes where it runs;
    ``unmanaged``: resources that are left alone just now; ``cloned``: those with instances."""

    dc: str | None = None
    quorate: bool = False
    online: frozenset[str] = frozenset()
    running: dict[str, tuple[str, ...]] = {}
    failures: tuple[Failure, ...] = ()
    unmanaged: frozenset[str] = frozenset()
    cloned: frozenset[str] = frozenset()

    def on(self, node: str) -> list[str]:
        """What runs on this node."""
        return sorted(name for name, nodes in self.running.items() if node in nodes)

    def mended(self, failure: Failure) -> bool:
        """Whether the cluster has got over it: the resource died, and runs again."""
        return failure.task == "monitor" and bool(self.running.get(failure.resource))


class FailCount(Struct, frozen=True):
    """How often a resource has failed on a node since the last cleanup.

    ``last``: when it did so last, ISO 8601 in UTC. ``threshold``: its migration-threshold, the
    count at which it may not run there any more; 0 and a million are never by count alone.
    """

    resource: str
    node: str
    count: int
    last: str | None
    threshold: int

    @property
    def banned(self) -> bool:
        """Whether the node is closed to the resource until somebody cleans up."""
        # A failed start or stop counts as a million at once, unless start-failure-is-fatal is off.
        return self.count >= (self.threshold or INFINITY)


def read(text: str) -> Status | None:
    """The state out of crm_mon's XML."""
    root = ET.fromstring(text)
    dc = root.find("summary/current_dc")
    if dc is None or dc.get("present") != "true":
        return Status()
    return Status(
        dc=dc.get("name"),
        quorate=dc.get("with_quorum") == "true",
        online=frozenset(
            node.get("name", "")
            for node in root.iterfind("nodes/node")
            if node.get("online") == "true" and node.get("pending") != "true"
        ),
        running=_running(root),
        failures=tuple(_failure(item) for item in root.iterfind("failures/failure")),
        unmanaged=frozenset(
            _name(resource)
            for resource in root.iter("resource")
            if resource.get("managed") == "false"
        ),
        cloned=frozenset(
            _name(resource) for clone in root.iter("clone") for resource in clone.iter("resource")
        ),
    )


def _running(root: ET.Element) -> dict[str, tuple[str, ...]]:
    running: dict[str, tuple[str, ...]] = {}
    for resource in root.iter("resource"):
        name = _name(resource)
        nodes = tuple(node.get("name", "") for node in resource.iterfind("node"))
        running[name] = (*running.get(name, ()), *nodes)
    return running


def _name(resource: ET.Element) -> str:
    """The resource's id, without the number of an instance."""
    return resource.get("id", "").partition(":")[0]


def _failure(item: ET.Element) -> Failure:
    task = item.get("task", "")
    key = item.get("op_key", "")
    resource = key.removesuffix(f"_{item.get('interval', '0')}").removesuffix(f"_{task}")
    words = (item.get("exitstatus"), item.get("exitreason"), item.get("status"))
    told = (html.unescape(" ".join(word.split())) for word in words if word)  # escaped twice
    reason = ", ".join(word for word in told if word not in ENDED)
    return Failure(resource.partition(":")[0], item.get("node", "?"), task, reason)


def fail_counts(text: str) -> tuple[FailCount, ...]:
    """What has failed, out of crm_mon's XML as it is printed with ``TZ=UTC0``."""
    found = []
    for node in ET.fromstring(text).iterfind("node_history/node"):
        for item in node.iterfind("resource_history"):
            count = number(item.get("fail-count"))
            if count:
                found.append(
                    FailCount(
                        item.get("id", ""),
                        node.get("name", ""),
                        count,
                        _moment(item.get("last-failure")),
                        number(item.get("migration-threshold")),
                    )
                )
    return tuple(found)


def _moment(text: str | None) -> str | None:
    """crm_mon's time, which is that of ctime(3); what is none is told as it is."""
    match = _CTIME.match(text or "")
    if match is None or match[1] not in _MONTHS:
        return text
    month, day, clock, year = match.groups()
    return f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{clock}Z"
