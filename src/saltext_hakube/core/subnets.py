"""Whether the VIP is on a subnet of the nodes; if not, no machine there would ask for it.

Which subnets the nodes have, a node knows of its own interfaces, and the pillar says it with
``vip:prefix``. All else is a guess by the commonest netmask.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

from saltext_hakube.core.addresses import Address, Interfaces, Network, Node, Vip, address
from saltext_hakube.core.schema import Pillar

Subnet = ipaddress.IPv4Network | ipaddress.IPv6Network

# Where no netmask is known: the commonest one, and the size of an IPv6 subnet.
COMMON_PREFIX = {4: 24, 6: 64}
# A longer IPv4 prefix leaves no room for addresses of the network and for broadcasts (RFC 3021).
LONGEST_WITH_BROADCAST = 30
REMEDY = "give an address on the nodes' own network, or the right hakube:vip:prefix"


def vip(pillar: Pillar, nodes: Sequence[Node], interfaces: Interfaces, problems: list[str]) -> Vip:
    """The declared VIP. ``interfaces``: this machine's own."""
    path = "hakube:vip:address"
    given = pillar.vip
    found = address(given.address, path, problems)
    if found is None:
        return Vip(given.address, given.prefix, given.interface)
    owner = next((node.name for node in nodes if str(found) in node.addresses), None)
    if owner is not None:
        problems.append(
            f"{path}: {found} is the own address of {owner}; the VIP floats, "
            "give it an address that no machine has"
        )
    elif given.prefix is not None and given.prefix > found.max_prefixlen:
        problems.append(
            f"hakube:vip:prefix: {given.prefix} is too long for IPv{found.version}, "
            f"whose addresses have {found.max_prefixlen} bits"
        )
    else:
        declared = Vip(str(found), given.prefix, given.interface)
        _check_subnet(found, declared, nodes, interfaces, problems)
        return declared
    return Vip(str(found), given.prefix, given.interface)


def _check_subnet(
    found: Address,
    declared: Vip,
    nodes: Sequence[Node],
    interfaces: Interfaces,
    problems: list[str],
) -> None:
    path = "hakube:vip:address"
    if declared.interface is not None and declared.interface not in interfaces:
        return  # the pillar knows better: that interface may have a subnet of its own
    theirs = [ipaddress.ip_address(own) for node in nodes for own in node.addresses]
    carrying = [
        network
        for name, networks in interfaces.items()
        if name == declared.interface or any(network.ip in theirs for network in networks)
        for network in networks
        if network.ip != found  # its holder has it with the mask of the pillar
    ]
    subnets = list(dict.fromkeys(_subnets(found, declared.prefix, theirs, carrying)))
    if not subnets and not carrying:
        return  # the nodes have an IPv6 network, or IPv4 one, that the pillar does not name
    around = [subnet for subnet in subnets if found in subnet]
    if not around:
        known = ", ".join(map(str, subnets)) or f"this node has none of IPv{found.version}"
        problems.append(f"{path}: {found} is outside every node's subnet ({known}); {REMEDY}")
    elif all(_edge(found, subnet) for subnet in around):
        which = _edge(found, around[0])
        problems.append(f"{path}: {found} is the {which} address of {around[0]}; {REMEDY}")


def _subnets(
    found: Address, prefix: int | None, theirs: Sequence[Address], carrying: Sequence[Network]
) -> Iterator[Subnet]:
    """The subnets of the nodes, of the VIP's version.

    A prefix of all bits (a usual mask of a VIP, and of machines in some clouds) says nothing. An
    address outside of the subnets that are known has one that is guessed.
    """
    own = [network for network in carrying if network.version == found.version]
    alone = [one for one in theirs if one.version == found.version]
    alone += [network.ip for network in own if network.ip not in alone]
    length = COMMON_PREFIX[found.version]
    if prefix not in (None, found.max_prefixlen):
        length = prefix
    else:
        known = [n.network for n in own if n.network.prefixlen < found.max_prefixlen]
        yield from known
        alone = [one for one in alone if not any(one in subnet for subnet in known)]
    for one in alone:
        yield ipaddress.ip_network(f"{one}/{length}", strict=False)


def _edge(found: Address, subnet: Subnet) -> str | None:
    """Which of the two addresses that no machine can have this one is, if it is one."""
    if found.version == 6 or subnet.prefixlen > LONGEST_WITH_BROADCAST:
        return None
    if found == subnet.network_address:
        return "network"
    return "broadcast" if found == subnet.broadcast_address else None
