"""What this node sees of what another node has: its apiserver, and the VIP where it is now.

Asked when something was mended there: what answers on the spot may still not be reached.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ipaddress import IPv4Interface, IPv6Interface, ip_address
from typing import NamedTuple

from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import Refused
from saltext_hakube.core.haproxy.options import Server
from saltext_hakube.core.remedy.words import Value
from saltext_hakube.host.remedy import ask
from saltext_hakube.host.remedy.ask import Answer

PATIENCE = 2.0  # seconds for one answer
#: Whatever is answered by the VIP came from an apiserver.
ANY = range(100, 600)
TIMES = 2  # looks, of which one has to be good: a packet may be lost

Interfaces = Mapping[str, tuple[IPv4Interface | IPv6Interface, ...]]


class Seen(NamedTuple):
    value: Value
    why: str


def see(config: Config, what: str, node: str, interfaces: Interfaces) -> Seen:
    """``what``: apiserver (of ``node``) or vip; ``interfaces``: this machine's. Raises Refused."""
    if what == "apiserver":
        return _apiserver(config, node, interfaces)
    if what == "vip":
        return _vip(config, interfaces)
    raise Refused(f"what: {what!a:.80}; one of apiserver, vip is expected")


def server(config: Config, node: str) -> Server | None:
    """The apiserver of a node; None where none is declared."""
    own = {str(it) for one in config.nodes if one.name == node for it in one.addresses}
    named = [it for it in config.servers if it.name in (node, f"secure-{node}")]
    return next(iter([*named, *(it for it in config.servers if it.address in own)]), None)


def _apiserver(config: Config, node: str, interfaces: Interfaces) -> Seen:
    if node == config.node:
        return Seen("unknown", f"{node} is this node itself")
    found = server(config, node)
    if found is None:
        return Seen("unknown", "no apiserver of that node is declared")
    if _is_here(found.address, interfaces):
        return Seen("unknown", f"{found.address} is this node's, too")
    return _ask(found.address, found.port, ask.WELL)


def _vip(config: Config, interfaces: Interfaces) -> Seen:
    address = config.vip.address
    if _is_here(address, interfaces):
        return Seen("unknown", "this node has the VIP itself")
    if not interfaces:
        return Seen("unknown", "nobody says which addresses this machine has")
    return _ask(address, config.haproxy.secure_port, ANY)


def _is_here(address: str, interfaces: Interfaces) -> bool:
    own = {str(it.ip) for networks in interfaces.values() for it in networks}
    return address in own or ip_address(address).is_loopback


def _ask(address: str, port: int, statuses: Collection[int]) -> Seen:
    answer = Answer("silent", "")
    for _ in range(TIMES):
        answer = ask.request(address, port, ask.PATHS["apiserver"], PATIENCE, statuses=statuses)
        if answer.kind == "well":
            return Seen("up", answer.told)
    return Seen("down", answer.told)
