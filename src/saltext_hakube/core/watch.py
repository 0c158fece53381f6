"""hakube-watch on a node: its files, and what the pillar says of it (``hakube:watch``)."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from msgspec import Meta, Struct

from saltext_hakube.core.haproxy import kubernetes
from saltext_hakube.core.haproxy.options import Haproxy

SERVICE = "hakube-watch"
PROGRAM = "/usr/local/lib/hakube/hakube-watch.pyz"
CONFIG = "/etc/hakube/watch.json"
UNIT = f"/etc/systemd/system/{SERVICE}.service"
SAMPLE = "/run/hakube/watch.json"

# In the unit and in the environment of what it started: which program, configuration and Python.
BUILD = "HAKUBE_BUILD"

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


def seconds(interval: str) -> float:
    """The interval as a number."""
    return int(interval[:-2]) / 1000 if interval.endswith("ms") else float(interval[:-1])


def config(watch: Watch, haproxy: Haproxy, stats: str | None, master: str | None) -> bytes:
    """The daemon's configuration. ``stats``, ``master``: haproxy's sockets, None without one."""
    # Where haproxy is told to leave the sessions on a server that goes down, so do we.
    cuts = haproxy.on_marked_down == "shutdown-sessions" and not haproxy.plain
    checked = kubernetes.backends(haproxy) if cuts else ()
    unchecked = [kubernetes.unchecked(name) for name in checked] if haproxy.fallback else []
    data = {
        "haproxy": {
            "stats": stats,
            "master": master,
            "checked": list(checked),
            "unchecked": unchecked,
        },
        "interval": seconds(watch.interval),
        "sample": SAMPLE,
    }
    return json.dumps(data, indent=2).encode() + b"\n"


def build(program: bytes, config: bytes, python: str) -> str:
    """What tells this program with this configuration and Python from any other."""
    return hashlib.sha256(b"\0".join((program, config, python.encode()))).hexdigest()[:16]


def unit(python: str, build: str) -> bytes:
    """The unit's file."""
    return _UNIT.format(
        python=python, program=PROGRAM, config=CONFIG, build=f"{BUILD}={build}"
    ).encode()


# -IS: nothing of the user's or of site-packages is looked at, which is also less memory. The daemon
# connects to sockets that belong to haproxy: for that root needs CAP_DAC_OVERRIDE.
_UNIT = """\
[Unit]
Description=hakube's eyes on this node's haproxy
After=network.target
# It never gives up.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={python} -IS {program} {config}
Environment={build}
Restart=always
RestartSec=1
# A configuration that it cannot read: another try would find the same.
RestartPreventExitStatus=78
WatchdogSec=10
TimeoutStopSec=5
RuntimeDirectory=hakube
RuntimeDirectoryPreserve=yes
OOMScoreAdjust=-500
MemoryMax=128M
TasksMax=16
CapabilityBoundingSet=CAP_DAC_OVERRIDE
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""
