"""The journal and systemd: what is said to people, and that we are alive."""

from __future__ import annotations

import contextlib
import os
import socket
import sys

INFO, WARNING, ERROR = 6, 4, 3  # syslog's levels, as the journal takes them (sd-daemon(3))


def say(text: str, level: int = INFO) -> None:
    """One line into the journal."""
    # The journal may be gone, or full. Who acts goes on without words: an error here would end both
    # daemons in the midst of what they do.
    with contextlib.suppress(OSError):
        # In one write: more than one thread has something to say.
        sys.stderr.write(f"<{level}>{' '.join(text.splitlines())}\n")
        sys.stderr.flush()


def tell_systemd(text: str) -> None:
    """sd_notify(3). Nothing happens where systemd does not listen."""
    path = os.environ.get("NOTIFY_SOCKET")
    if not path:
        return
    # It is busy, or is restarted itself: it hears the next one.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.setblocking(False)
        notify.sendto(text.encode(), "\0" + path[1:] if path[0] == "@" else path)
