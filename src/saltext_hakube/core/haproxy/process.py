"""What concerns haproxy's process as a whole: ``global``, and ``defaults`` where there are none."""

from __future__ import annotations

from saltext_hakube.core.haproxy.options import Haproxy
from saltext_hakube.core.haproxy.section import Section

# For a machine that has no haproxy.cfg. No chroot: it would hide the CA's folder and /dev/log
# from a reload. Both systems' packages make the user.
BASE = (
    Section("global", ("log /dev/log local0", "user haproxy", "group haproxy")),
    Section(
        "defaults",
        (
            "log global",
            "mode tcp",
            "option dontlognull",
            "timeout connect 5s",
            "timeout client 50s",
            "timeout server 50s",
        ),
    ),
)


def section(options: Haproxy) -> tuple[Section, ...]:
    """Our own lines of ``global``, beside whatever the file has there. None in the plain form."""
    if options.plain or "global" in options.sections:
        return ()
    socket = options.stats_socket
    lines = (
        # SELinux allows haproxy a socket in /run.
        *(() if socket == "none" else (f"stats socket {socket} mode 600 level admin",)),
        f"mworker-max-reloads {options.max_reloads}",
    )
    return (Section("global", lines, beside=True),)
