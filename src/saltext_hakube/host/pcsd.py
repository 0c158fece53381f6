"""pcs and its daemon: for what is not in the CIB, which is hosts, cluster setup and membership."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Sequence
from pathlib import Path

from saltext_hakube.core.addresses import Node
from saltext_hakube.host.run import run

USER = "hacluster"
PORT = 2224

KNOWN_HOSTS = Path("/var/lib/pcsd/known-hosts")

# `pcs cluster setup` and `start` of three nodes take 12 s and more on a small machine.
SLOW = 300.0


def answers(address: str, timeout: float = 3.0) -> bool:
    """Whether a pcsd speaks HTTP at this address. Its certificate is its own, so it is not judged.

    Nothing secret is sent here; authentication is pcs' own affair.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(address, PORT, timeout=timeout, context=context)
    try:
        # Without a token pcsd answers 401, which is an answer.
        connection.request("GET", "/remote/check_auth")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def known_hosts() -> frozenset[str]:
    """The names of the hosts that this machine's pcs has a token for."""
    try:
        data = json.loads(KNOWN_HOSTS.read_text(encoding="utf-8"))
        return frozenset(data["known_hosts"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def authenticate(nodes: Sequence[Node], password: str) -> None:
    """Get a token from the pcsd of each node. The password goes through standard input."""
    hosts = [word for node in nodes for word in (node.name, f"addr={node.address}")]
    run(
        ["pcs", "host", "auth", *hosts, "-u", USER],
        stdin=f"{password}\n",
        timeout=SLOW,
    )


def setup(name: str, nodes: Sequence[Node]) -> None:
    """Make the nodes a cluster and start it. Never forced: pcs refuses if any is in a cluster."""
    run(["pcs", "cluster", "setup", name, *_hosts(nodes), "--enable", "--start"], timeout=SLOW)


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
    """What pcs calls errors in its output; all of it where it calls nothing so."""
    errors = [line.removeprefix("Error: ") for line in output.splitlines() if "Error: " in line]
    return "; ".join(errors) or output


def _hosts(nodes: Sequence[Node]) -> list[str]:
    return [
        word
        for node in nodes
        for word in (node.name, *(f"addr={address}" for address in node.addresses))
    ]
