"""hakube-watch: what the pillar says of it (``hakube:watch``), its configuration, its unit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct

from saltext_hakube.core import guard, reflex
from saltext_hakube.core.daemon import Daemon
from saltext_hakube.core.haproxy import kubernetes
from saltext_hakube.core.haproxy.options import Haproxy

if TYPE_CHECKING:
    from saltext_hakube.core.config import Config

# Root needs CAP_DAC_OVERRIDE to connect to sockets that belong to haproxy, and to take part in what
# hacluster's daemons share in /dev/shm (libqb). No MemoryDenyWriteExecute: haproxy -c compiles
# regular expressions (PCRE's JIT). haproxy's file may name certificates in homes, and needs memory
# for all of them, so that a check may take as much as haproxy itself.
DAEMON = Daemon(
    "watch",
    about="hakube's eyes on this node's haproxy and the VIP",
    settings=f"""
# However it ends, nobody looks then: what it said last must not steer the VIP, neither until it is
# back (0.2 s) nor for good. A kill moves nothing by that: a holder of whom nothing is known keeps
# the VIP, and only a red one loses it to such a node. Where attrd does not answer there is nothing
# to delete, or no cluster that could move anything; the next start waits for it, 4 s.
ExecStopPost=-/usr/bin/timeout 2 attrd_updater -n {reflex.HAPROXY} -D -d 0
ExecStopPost=-/usr/bin/timeout 2 attrd_updater -n {reflex.SERVERS} -D -d 0
MemoryMax=1G
TasksMax=64
CapabilityBoundingSet=CAP_DAC_OVERRIDE
ProtectHome=read-only
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6
""",
)

Interval = Annotated[
    str,
    Meta(
        pattern=r"^([1-9][0-9]{2,3}ms|[1-9]s)\Z",
        description="a time from 100ms to 9999ms, or from 1s to 9s",
    ),
]


class Watch(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The daemon that looks at this node's haproxy. ``interval``: from one look to the next."""

    enabled: bool = True
    interval: Interval = "250ms"


class Place(Struct, frozen=True):
    """haproxy on this machine. ``stats``, ``master``: its sockets, None without one; ``check``:
    the command that checks what its unit starts."""

    stats: str | None
    master: str | None
    check: tuple[str, ...]


def seconds(interval: str) -> float:
    """The interval as a number."""
    return int(interval[:-2]) / 1000 if interval.endswith("ms") else float(interval[:-1])


def config(config: Config, place: Place) -> bytes:
    """The daemon's configuration."""
    haproxy, reflex, resources = config.haproxy, config.reflex, config.resources
    data = {
        "node": config.node,
        "unit": haproxy.unit,
        "config": haproxy.config,
        "check": list(place.check),
        "haproxy": {"stats": place.stats, "master": place.master, **_backends(haproxy)},
        "health": _health(haproxy),
        "steer": reflex.steer,
        "servers": reflex.servers,
        "hand_over": reflex.hand_over,
        "repair": reflex.repair,
        "resources": {"vip": resources.vip.name, "haproxy": resources.haproxy.name},
        "vip": guard.vip(config),
        "guard": guard.DAEMON.sample,
        "interval": seconds(config.watch.interval),
        "sample": DAEMON.sample,
    }
    return json.dumps(data, indent=2).encode() + b"\n"


def _backends(haproxy: Haproxy) -> dict[str, list[str]]:
    # Where haproxy is told to leave the sessions on a server that goes down, so do we.
    cuts = haproxy.on_marked_down == "shutdown-sessions" and not haproxy.plain
    checked = kubernetes.backends(haproxy) if cuts else ()
    unchecked = [kubernetes.unchecked(name) for name in checked] if haproxy.fallback else []
    return {"checked": list(checked), "unchecked": unchecked}


def _health(haproxy: Haproxy) -> dict[str, Any] | None:
    if haproxy.plain or not haproxy.health.enabled:
        return None
    return {"address": haproxy.health.address, "port": haproxy.health.port}
