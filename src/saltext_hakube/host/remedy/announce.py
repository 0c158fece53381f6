"""Tell the neighbours anew where the VIP's address is: some of them may remember another place."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from saltext_hakube.agents.guard.neighbours import Place, send
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import network

#: Seconds from one time to the next: a packet that nobody heard is told again.
PAUSES = (0.2, 0.3, 0.5)
LINKS = Path("/sys/class/net")


def again(address: str) -> str:
    """Tell it some times; returns where it is. Raises HakubeError."""
    place = where(address)
    for pause in (0.0, *PAUSES):
        time.sleep(pause)
        problem = send(address, place)
        if problem:
            raise HakubeError(f"{address} cannot be announced on {place.name}: {problem}")
    return place.name


def where(address: str) -> Place:
    """The interface with the address. Raises HakubeError."""
    for name, networks in network.interfaces().items():
        if any(address == str(one.ip) for one in networks):
            hardware = (LINKS / name / "address").read_text(encoding="ascii").strip()
            return Place(
                name, socket.if_nametoindex(name), bytes.fromhex(hardware.replace(":", ""))
            )
    raise HakubeError(f"{address} is not on this machine")
