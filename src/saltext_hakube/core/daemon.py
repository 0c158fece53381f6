"""The small daemons of this project (agents/) on a node: their files, the text of their units."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

# In the unit and in the environment of what it started: which program, configuration and Python.
BUILD = "HAKUBE_BUILD"


@dataclass(frozen=True)
class Daemon:
    """One of them. ``name``: its folder in agents; ``about``: what it is, in some words.

    ``settings``: what its unit has in [Service] beside what all units of ours have.
    """

    name: str
    about: str
    settings: str

    @property
    def service(self) -> str:
        """Its unit's name."""
        return f"hakube-{self.name}"

    @property
    def program(self) -> str:
        """The one file that it is."""
        return f"/usr/local/lib/hakube/{self.service}.pyz"

    @property
    def config(self) -> str:
        """What it is told."""
        return f"/etc/hakube/{self.name}.json"

    @property
    def unit(self) -> str:
        """Its unit's file."""
        return f"/etc/systemd/system/{self.service}.service"

    @property
    def sample(self) -> str:
        """What it tells."""
        return f"/run/hakube/{self.name}.json"

    def unit_text(self, python: str, build: str) -> bytes:
        """What stands in its unit's file."""
        return _UNIT.format(
            about=self.about,
            service=self.service,
            command=f"{python} -IS {self.program} {self.config}",
            build=f"{BUILD}={build}",
            settings=self.settings.strip(),
        ).encode()


def build(program: bytes, config: bytes, python: str) -> str:
    """What tells this program with this configuration and Python from any other."""
    return hashlib.sha256(b"\0".join((program, config, python.encode()))).hexdigest()[:16]


# -IS: nothing of the user's or of site-packages is looked at, which is also less memory.
# No Nice: it counts among the processes of one unit only (autogroup, sched(7)). Measured beside 16
# busy processes on two cores: a timer is 20 ms late at most, with -10 as without.
_UNIT = """\
[Unit]
Description={about}
# Of Pacemaker and corosync nothing stands here: it starts without a cluster, and outlives it.
After=network.target
# It never gives up.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart={command}
Environment={build}
SyslogIdentifier={service}
Restart=always
RestartSec=200ms
# A configuration that it cannot read: another try would find the same.
RestartPreventExitStatus=78
WatchdogSec=10
# What it has begun it ends itself; what is left of it then is killed.
KillMode=mixed
TimeoutStopSec=15
RuntimeDirectory=hakube
RuntimeDirectoryPreserve=yes
OOMScoreAdjust=-500
OOMPolicy=continue
NoNewPrivileges=yes
LockPersonality=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
# What that does not know yet (pidfd_open, in older systemd) is refused, which is no death.
SystemCallErrorNumber=EPERM
{settings}

[Install]
WantedBy=multi-user.target
"""
