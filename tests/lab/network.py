"""The lab's network: a switch, and a cable from each machine to it.

The switch is a bridge in a network namespace of its own, every machine has a namespace with one end
of a veth pair. Nothing of it is in the machine's own namespace, so labs may use the same addresses.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from tests.lab.process import LabError, run

#: TEST-NET-1 (RFC 5737), which pillar.example uses too: its pillars serve the lab as they are.
SUBNET = "192.0.2"
VIP = f"{SUBNET}.100"
SUBNET6 = "fd00:87"
VIP6 = f"{SUBNET6}::100"
INTERFACE = "eth0"
BRIDGE = "switch"

_LAST = {"master": 10, "client": 20}


def address(machine: str) -> str:
    """The address of master, client, node1, node2, ..."""
    if machine in _LAST:
        return f"{SUBNET}.{_LAST[machine]}"
    return f"{SUBNET}.{10 + int(machine.removeprefix('node'))}"


def address6(machine: str) -> str:
    """The same in IPv6."""
    return f"{SUBNET6}::{address(machine).rpartition('.')[2]}"


def _hardware_address(machine: str) -> str:
    """The same at every boot, as a real card's is: the others remember it for minutes."""
    return "02:00:" + ":".join(f"{int(part):02x}" for part in address(machine).split("."))


class Network:
    """The namespaces of one lab."""

    def __init__(self, lab: str) -> None:
        self.lab = lab

    def namespace(self, machine: str) -> str:
        return f"hakube-{self.lab}-{machine}"

    def path(self, machine: str) -> Path:
        return Path("/run/netns", self.namespace(machine))

    def _ip(self, machine: str, *words: str, check: bool = True) -> None:
        run(["ip", "-n", self.namespace(machine), *words], check=check)

    def make_switch(self) -> None:
        run(["ip", "netns", "add", self.namespace("switch")])
        self._ip("switch", "link", "add", BRIDGE, "type", "bridge", "stp_state", "0")
        self._ip("switch", "link", "set", BRIDGE, "up")

    def plug_in(self, machine: str) -> None:
        """Give a machine its namespace, its cable and its address.

        A machine that was switched off gets a new namespace: the kernel would keep the addresses
        and the net sysctls of the old one, and a real machine loses both with its power.
        """
        self.unplug(machine)
        namespace = self.namespace(machine)
        run(["ip", "netns", "add", namespace])
        cable = ["link", "add", self._port(machine), "type", "veth"]
        peer = ["name", INTERFACE, "address", _hardware_address(machine), "netns", namespace]
        self._ip("switch", *cable, "peer", *peer)
        self._ip("switch", "link", "set", self._port(machine), "master", BRIDGE, "up")
        self._ip(machine, "link", "set", "lo", "up")
        self._ip(machine, "addr", "add", f"{address(machine)}/24", "dev", INTERFACE)
        # nodad: nobody else is here, and for a second the address could not be used.
        six = f"{address6(machine)}/64"
        self._ip(machine, "addr", "add", six, "dev", INTERFACE, "nodad")
        self._ip(machine, "link", "set", INTERFACE, "up")

    def unplug(self, machine: str) -> None:
        """Take cable and namespace away; silent where there are none."""
        self._ip("switch", "link", "del", self._port(machine), check=False)
        self.remove(self.namespace(machine))

    @staticmethod
    def remove(namespace: str) -> None:
        """Delete a namespace; its interfaces go with it once nothing runs in it."""
        if Path("/run/netns", namespace).exists():
            run(["ip", "netns", "del", namespace])

    def cut(self, machine: str, *, carrier: bool) -> None:
        """No frame gets through any more; with *carrier* the machine's own link still looks up."""
        if carrier:
            self._ip("switch", "link", "set", self._port(machine), "nomaster")
        else:
            self._ip("switch", "link", "set", self._port(machine), "down")

    def mend(self, machine: str) -> None:
        self._ip("switch", "link", "set", self._port(machine), "master", BRIDGE, "up")

    @staticmethod
    def _port(machine: str) -> str:
        port = f"p-{machine}"
        if len(port) > 15:  # IFNAMSIZ
            raise LabError(f"{port!r} is too long for an interface's name")
        return port


def processes_in(namespaces: Iterable[str]) -> list[int]:
    """The ids of all processes in any of these namespaces, given by name."""
    wanted = set()
    for namespace in namespaces:
        with contextlib.suppress(FileNotFoundError):
            wanted.add(_identity(Path("/run/netns", namespace)))
    found = []
    # Never a glob of two levels: it fails where a process ends while it looks.
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            if _identity(process / "ns/net") in wanted:
                found.append(int(process.name))
    return found


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
