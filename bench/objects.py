"""As many objects as one likes: as a pillar declares them, and as calls of pcs make them.

Of ten objects six are primitives, one is a clone, three are constraints.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BLOCK = 10
PRIMITIVES = 6
AGENT = "ocf:pacemaker:Dummy"


def pillar(count: int, changed: str | None = None) -> dict[str, Any]:
    """The pillar that declares them. ``changed``: another value of one option of the last one."""
    found: dict[str, dict[str, Any]] = {}
    for number in range(0, count, BLOCK):
        for kind, name, body in _block(number // BLOCK):
            found.setdefault(kind, {})[name] = body
    if changed is not None:
        last = next(reversed(found["primitives"].values()))
        last["options"] = {**last["options"], "fake": changed}
    return {"objects": found}


def _block(number: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    names = [f"r{number}-{place}" for place in range(PRIMITIVES)]
    for name in names:
        yield (
            "primitives",
            name,
            {
                "agent": AGENT,
                "options": {"state": f"/run/{name}", "fake": "1"},
                "operations": {"monitor": {"interval": "10s", "timeout": "20s"}},
                "meta": {"migration-threshold": 3, "failure-timeout": "1min"},
            },
        )
    first, second, third = names[:3]
    clone = f"{first}-clone"
    yield "clones", clone, {"member": first, "meta": {"interleave": True}}
    yield (
        "orders",
        f"o{number}",
        {"first": clone, "then": second, "options": {"kind": "Optional"}},
    )
    yield (
        "colocations",
        f"c{number}",
        {"resource": second, "with_resource": third, "options": {"score": 500}},
    )
    yield "locations", f"l{number}", {"resource": third, "node": "node1", "options": {"score": 50}}


def creating(number: int) -> Iterator[list[str]]:
    """The arguments of the pcs calls that make the block of this number, one for each object."""
    for kind, name, body in _block(number):
        if kind == "primitives":
            yield [
                *("resource", "create", name, AGENT),
                *(f"{key}={value}" for key, value in body["options"].items()),
                *("op", "monitor", "interval=10s", "timeout=20s", "meta"),
                *(f"{key}={value}" for key, value in body["meta"].items()),
                "--no-default-ops",
            ]
        elif kind == "clones":
            yield ["resource", "clone", body["member"], "interleave=true"]
        elif kind == "orders":
            order = [body["first"], "then", body["then"], "kind=Optional", f"id={name}"]
            yield ["constraint", "order", *order]
        elif kind == "colocations":
            colocation = [body["resource"], "with", body["with_resource"], "500", f"id={name}"]
            yield ["constraint", "colocation", "add", *colocation]
        else:
            yield ["constraint", "location", body["resource"], "prefers", "node1=50"]


def asking(number: int) -> Iterator[list[str]]:
    """The pcs calls by which one sees what each object of the block is now."""
    for kind, name, _body in _block(number):
        if kind in ("primitives", "clones"):
            yield ["resource", "config", name]
        else:
            yield ["constraint", kind.removesuffix("s"), "config", "--full"]


def changing(number: int, value: str) -> list[str]:
    """The pcs call that changes an option of the last primitive of the block."""
    return ["resource", "update", f"r{number}-{PRIMITIVES - 1}", f"fake={value}"]
