"""pcs and its daemon: for what is not in the CIB, which is hosts, cluster setup and membership."""

from __future__ import annotations

import http.client
import json
import re
import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

from saltext_hakube.core.addresses import Node
from saltext_hakube.host.run import run

USER = "hacluster"
PORT = 2224

KNOWN_HOSTS = Path("/var/lib/pcsd/known-hosts")

# `pcs cluster setup` and `start` of three nodes take 12 s and more on a small machine.
SLOW = 300.0


def answers(address: str, timeout: float = 3.0) -> bool:
    """Whether a pcsd speaks HTTP at this address."""
    # Without a token pcsd answers 401, which is an answer.
    reply = _get(address, "/remote/check_auth", timeout)
    return reply is not None and reply[0] < 500


def corosync_conf(node: Node, timeout: float = 10.0) -> str | None:
    """The node's corosync.conf, as its pcsd gives it; None where it has none or gives none.

    Needs a token from ``authenticate``.
    """
    token = _tokens().get(node.name)
    if token is None:
        return None
    headers = {"Cookie": f"token={token}"}
    reply = _get(node.address, "/remote/get_corosync_conf", timeout, headers)
    return reply[1] if reply is not None and reply[0] == 200 else None


def _get(
    address: str, path: str, timeout: float, headers: Mapping[str, str] | None = None
) -> tuple[int, str] | None:
    """Status and body; None where nobody answers.

    pcsd's certificate is its own, so it is not judged, no more than pcs itself does.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(address, PORT, timeout=timeout, context=context)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read(1 << 20).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def known_hosts() -> frozenset[str]:
    """The names of the hosts that this machine's pcs has a token for."""
    return frozenset(_tokens())


def _tokens() -> dict[str, str]:
    try:
        hosts = json.loads(KNOWN_HOSTS.read_text(encoding="utf-8"))["known_hosts"]
        return {name: host["token"] for name, host in hosts.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def authenticate(nodes: Sequence[Node], password: str) -> None:
    """Get a token from the pcsd of each node. The password goes through standard input."""
    hosts = [word for node in nodes for word in (node.name, f"addr={node.address}")]
    run(
        ["pcs", "host", "auth", *hosts, "-u", USER],
        stdin=f"{password}\n",
        timeout=SLOW,
    )


def setup(name: str, nodes: Sequence[Node], totem: Mapping[str, int]) -> None:
    """Make the nodes a cluster and start it. Never forced: pcs refuses if any is in a cluster."""
    words = [name, *_hosts(nodes), *_totem(totem), "--enable", "--start"]
    run(["pcs", "cluster", "setup", *words], timeout=SLOW)


def updates_corosync() -> bool:
    """Whether this pcs can change the corosync.conf of a cluster (0.10.8 and later)."""
    return "corosync.config.update" in run(["pcs", "--version", "--full"]).stdout.split()


def update_totem(totem: Mapping[str, int]) -> None:
    """Write these options into every node's corosync.conf, and let corosync read it.

    The cluster goes on (pcs 0.10.8, 0.11, 0.12). A node whose pcsd is silent ends it half way.
    """
    run(["pcs", "cluster", "config", "update", *_totem(totem)], timeout=SLOW)


def add(node: Node) -> None:
    """Add a node to this machine's cluster and start it there."""
    run(["pcs", "cluster", "node", "add", *_hosts([node]), "--enable", "--start"], timeout=SLOW)


def destroy() -> None:
    """End this machine's own membership in any cluster and remove what it left here."""
    run(["pcs", "cluster", "destroy"], timeout=SLOW)


def add_quorum_device(host: str, algorithm: str) -> None:
    """Let a qnetd be the cluster's third voice."""
    run(
        [
            "pcs",
            "quorum",
            "device",
            "add",
            "model",
            "net",
            f"host={host}",
            f"algorithm={algorithm}",
        ],
        timeout=SLOW,
    )


def complaints(output: str) -> str:
    """What pcs calls errors in its output, without its advice to use force."""
    errors = [line.removeprefix("Error: ") for line in output.splitlines() if "Error: " in line]
    # `pcs cluster setup --force` destroys the clusters that it found: advice for nobody.
    return "; ".join(_FORCE.sub("", line) for line in errors) or output


_FORCE = re.compile(r",? *(use|Use) --force to override\.?")


def _totem(options: Mapping[str, int]) -> list[str]:
    return ["totem", *(f"{name}={value}" for name, value in options.items())]


def _hosts(nodes: Sequence[Node]) -> list[str]:
    return [
        word
        for node in nodes
        for word in (node.name, *(f"addr={address}" for address in node.addresses))
    ]
