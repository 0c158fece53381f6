"""Drop-ins by which systemd itself restarts what crashed: haproxy, corosync, pacemaker.

The name sorts after that of Pacemaker's own runtime drop-in (50-pacemaker.conf), which turns
restarts off in the units that it manages; the last one counts (systemd.unit(5)). A stop stays a
stop: only what ended by itself and badly is started again.
"""

from __future__ import annotations

NAME = "90-hakube.conf"
FOLDER = "/etc/systemd/system"

_HEAD = """\
# Of hakube (hakube:reflex:restart); removed by it, too.
"""

# A crash loop shall end in systemd's start limit before Pacemaker's monitor comes (every 5 s), so
# that it finds the unit failed and not, by chance, between two starts.
_HAPROXY = """\
[Unit]
StartLimitIntervalSec=5
StartLimitBurst=4

[Service]
Restart=on-failure
RestartSec=50ms
"""

# The start limit stays that of the unit: one that crashes again and again has the membership formed
# anew each time, which holds up all nodes.
_STACK = """\
[Service]
Restart=on-failure
RestartSec=100ms
"""


def dropins(haproxy: str) -> dict[str, bytes]:
    """The files by path; ``haproxy``: the name of its unit."""
    texts = {haproxy: _HAPROXY, "corosync": _STACK, "pacemaker": _STACK}
    return {path(unit): (_HEAD + text).encode() for unit, text in texts.items()}


def path(unit: str) -> str:
    """Where the drop-in of this unit is."""
    return f"{FOLDER}/{unit.removesuffix('.service')}.service.d/{NAME}"


def unit(path: str) -> str:
    """Whose drop-in this path is."""
    return path.removeprefix(f"{FOLDER}/").removesuffix(f".service.d/{NAME}")
