"""What crm_mon's XML says of the running cluster."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from msgspec import Struct


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
            f"then `pcs resource cleanup {self.resource}`"
        )


class Status(Struct, frozen=True):
    """``online``: nodes that are members; ``running``: resource -> nodes where it runs."""

    dc: str | None = None
    quorate: bool = False
    online: frozenset[str] = frozenset()
    running: dict[str, tuple[str, ...]] = {}
    failures: tuple[Failure, ...] = ()

    def mended(self, failure: Failure) -> bool:
        """Whether the cluster has got over it: the resource died, and runs again."""
        return failure.task == "monitor" and bool(self.running.get(failure.resource))


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
    )


def _running(root: ET.Element) -> dict[str, tuple[str, ...]]:
    running: dict[str, tuple[str, ...]] = {}
    for resource in root.iter("resource"):
        name = resource.get("id", "").partition(":")[0]
        nodes = tuple(node.get("name", "") for node in resource.iterfind("node"))
        running[name] = (*running.get(name, ()), *nodes)
    return running


def _failure(item: ET.Element) -> Failure:
    task = item.get("task", "")
    key = item.get("op_key", "")
    resource = key.removesuffix(f"_{item.get('interval', '0')}").removesuffix(f"_{task}")
    words = (item.get("exitstatus"), item.get("exitreason"), item.get("status"))
    reason = ", ".join(word for word in words if word and word not in ("none", "complete"))
    return Failure(resource.partition(":")[0], item.get("node", "?"), task, reason)
