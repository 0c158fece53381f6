"""hakube-guard: its configuration, its unit. The pillar's part of it is in core.reflex."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from saltext_hakube.core.daemon import Daemon

if TYPE_CHECKING:
    from saltext_hakube.core.config import Config

# It takes the address away (CAP_NET_ADMIN), announces it (CAP_NET_RAW, AF_PACKET), and reads what
# is hacluster's: Pacemaker's file, and what its daemons share in /dev/shm (CAP_DAC_OVERRIDE).
DAEMON = Daemon(
    "guard",
    about="hakube's guard over the VIP",
    settings="""
MemoryMax=256M
TasksMax=32
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_DAC_OVERRIDE
MemoryDenyWriteExecute=yes
ProtectHome=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_PACKET AF_INET AF_INET6
""",
)


def vip(config: Config) -> dict[str, Any]:
    """The floating address, as both daemons are told."""
    found = config.vip
    return {"address": found.address, "interface": found.interface, "prefix": found.prefix}


def config(config: Config) -> bytes:
    """The daemon's configuration."""
    data = {
        "node": config.node,
        "vip": vip(config),
        "resource": config.resources.vip.name,
        "guard": config.reflex.guard,
        "announce": config.reflex.announce,
        "sample": DAEMON.sample,
    }
    return json.dumps(data, indent=2).encode() + b"\n"
