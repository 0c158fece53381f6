"""What haproxy itself says: which session is on which server, in which worker; how often it was
reloaded. Asked through the master's socket, which also reaches the workers of former reloads."""

from __future__ import annotations

import json

from msgspec import Struct, convert

from tests.lab import Lab, LabError, Node
from tests.lab.process import wait_until

# Runs in a node. The socket is that of Debian's unit.
_LOOK = r"""
import json, re, socket
def ask(command):
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(10)
        door.connect("/run/haproxy-master.sock")
        door.sendall(command.encode() + b"\n")
        door.shutdown(socket.SHUT_WR)  # else the master waits for more
        return b"".join(iter(lambda: door.recv(65536), b"")).decode()
old, workers, reloads = False, [], 0
for line in ask("show proc").splitlines():
    words = line.split()
    if line.startswith("#"):
        old = "old" in line
    elif len(words) > 2 and words[1] == "master":
        reloads = int(words[2])
    elif len(words) > 2 and words[1] == "worker":
        workers.append({"pid": int(words[0]), "old": old})
for worker in workers:
    text = ask("@!%d show sess" % worker["pid"])
    found = re.findall(r"src=([0-9.]+):([0-9]+) .*? srv=(\S+)", text)
    worker["sessions"] = [(host, int(port), server) for host, port, server in found]
print(json.dumps({"reloads": reloads, "workers": workers}))
"""

_SERVERS = r"""
echo "show stat" | socat -t 5 - /run/haproxy/admin.sock | cut -d, -f1,2,18
"""


class Worker(Struct, frozen=True):
    pid: int
    old: bool
    # The client's address and port, and the server's name.
    sessions: tuple[tuple[str, int, str], ...]


class Look(Struct, frozen=True):
    reloads: int
    workers: tuple[Worker, ...]

    @property
    def old(self) -> int:
        return sum(worker.old for worker in self.workers)

    def servers(self, client: str) -> dict[int, tuple[str, bool]]:
        """By the client's port: the server, and whether an old worker has the session."""
        return {
            port: (server, worker.old)
            for worker in self.workers
            for host, port, server in worker.sessions
            if host == client
        }


def look(node: Node) -> Look:
    return convert(json.loads(node.run(["python3", "-c", _LOOK]).stdout), Look)


def holder(lab: Lab) -> Node:
    """The node that has the VIP."""
    have = [
        node
        for node in lab.nodes
        if node.running and f" {lab.vip}/" in node.run("ip -br address show eth0").stdout
    ]
    if len(have) != 1:
        raise LabError(f"the VIP is on {', '.join(node.name for node in have) or 'no node'}")
    return have[0]


def up(node: Node) -> set[str]:
    """The servers that are up for this node's haproxy."""
    return {name for name, state in _checked(node) if state == "UP"}


def not_up(node: Node) -> set[str]:
    """The servers that are not, of those that are checked. LabError where none answers."""
    checked = _checked(node)
    if not checked:
        raise LabError(f"haproxy on {node.name} tells of no server that it checks")
    return {name for name, state in checked if state != "UP"}


def _checked(node: Node) -> list[tuple[str, str]]:
    rows = [line.split(",") for line in node.run(_SERVERS).stdout.splitlines()]
    servers = [(row[1], row[2]) for row in rows if len(row) == 3 and not row[0].startswith("#")]
    others = ("FRONTEND", "BACKEND")
    return [(n, state) for n, state in servers if n not in others and state != "no check"]


def wait_up(nodes: list[Node], servers: set[str], timeout: float = 90) -> None:
    """Wait until these servers are up everywhere."""
    for node in nodes:
        wait_until(
            lambda node=node: servers <= up(node),
            f"{', '.join(sorted(servers))} to be up for haproxy on {node.name}",
            timeout=timeout,
            every=0.5,
        )
