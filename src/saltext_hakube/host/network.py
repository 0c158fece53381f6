"""The machine's own addresses, as the kernel tells them."""

from __future__ import annotations

import ipaddress
import json

from saltext_hakube.core.addresses import Network
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host.run import run


def interfaces() -> dict[str, tuple[Network, ...]]:
    """The interfaces' addresses with their netmasks, link-local and loopback ones left out.

    Nothing where there is no ``ip``, or one without JSON, as there may be before anything is
    installed: what an address is checked against is then less, not wrong.
    """
    try:
        links = json.loads(run(["ip", "-json", "address", "show"], timeout=5).stdout)
    except (HakubeError, ValueError):
        return {}
    found = {link["ifname"]: _networks(link) for link in links if "ifname" in link}
    return {name: networks for name, networks in found.items() if networks}


def holds(address: str) -> bool:
    """Whether this machine has the address now, as a VIP's holder does."""
    return any(address == str(one.ip) for found in interfaces().values() for one in found)


def _networks(link: dict) -> tuple[Network, ...]:
    found = (
        ipaddress.ip_interface(f"{info['local']}/{info['prefixlen']}")
        for info in link.get("addr_info", ())
        if "local" in info
    )
    return tuple(
        network for network in found if not (network.ip.is_loopback or network.ip.is_link_local)
    )
