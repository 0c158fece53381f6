"""Where everything is: nodes, VIP and apiservers, and whether their addresses fit together."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Sequence

import msgspec

from saltext_hakube.core.haproxy.options import Server
from saltext_hakube.core.schema import Pillar

Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Interfaces = dict[str, tuple[Network, ...]]


class Node(msgspec.Struct, frozen=True):
    """A machine of the cluster. ``addresses``: one for each link; pcs uses the first."""

    name: str
    addresses: tuple[str, ...]
    minion: str | None = None

    @property
    def address(self) -> str:
        """The address under which the others reach it."""
        return self.addresses[0]


class Vip(msgspec.Struct, frozen=True):
    """The floating address, in its canonical form."""

    address: str
    prefix: int | None
    interface: str | None

    @property
    def version(self) -> int:
        """4 or 6."""
        return ipaddress.ip_address(self.address).version


def address(text: str, path: str, problems: list[str]) -> Address | None:
    """The address of a machine; None, and a problem, where it cannot be one."""
    found = _read(text, path, problems)
    if found is None:
        return None
    if "%" in text:
        reason = "has a zone, which has a meaning on one machine only"
    elif found.is_link_local:
        reason = "is link-local, so it is not routable"
    elif found.is_loopback:
        reason = "is a loopback address"
    elif found.is_multicast or found.is_unspecified or int(found) == 2**32 - 1:
        reason = "cannot be the address of a machine"
    elif found.version == 6 and found.ipv4_mapped:
        reason = f"stands for the IPv4 address {found.ipv4_mapped}"
    else:
        return found
    problems.append(f"{path}: {text} {reason}; give an address that other machines can reach")
    return None


def check_health(pillar: Pillar, problems: list[str]) -> None:
    """The health listener may have any address of its machine."""
    _read(pillar.haproxy.health.address, "hakube:haproxy:health:address", problems)


def _read(text: str, path: str, problems: list[str]) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        problems.append(
            f"{path}: {text!r} is wrong; expected an IPv4 or IPv6 address, "
            "without a host name, port or prefix"
        )
        return None


def nodes(pillar: Pillar, problems: list[str]) -> tuple[Node, ...]:
    """The declared nodes in the pillar's order."""
    path = "hakube:cluster:nodes"
    nodes = []
    for name, value in pillar.cluster.nodes.items():
        given = (value,) if isinstance(value, str) else value.addresses
        minion = None if isinstance(value, str) else value.minion
        found = (address(text, f"{path}:{name}", problems) for text in given)
        nodes.append(Node(name, tuple(str(one) for one in found if one), minion))
    owners: dict[str, str] = {}
    for node in nodes:
        for own in node.addresses:
            if own in owners:
                problems.append(
                    f"{path}:{node.name}: the address {own} is already that of "
                    f"{owners[own]}; every link of every node has its own"
                )
            owners[own] = node.name
    if len({len(node.addresses) for node in nodes if node.addresses}) > 1:
        problems.append(f"{path}: give every node the same number of addresses (corosync links)")
    else:
        problems += _check_links(nodes)
    for minion, count in Counter(node.minion for node in nodes if node.minion).items():
        if count > 1:
            problems.append(
                f"{path}: the minion {minion} stands for {count} nodes; a minion is one node"
            )
    return tuple(nodes)


def _check_links(nodes: Sequence[Node]) -> list[str]:
    """Corosync speaks one version of IP on a link."""
    problems = []
    addresses = [node.addresses for node in nodes if node.addresses]
    for number, link in enumerate(zip(*addresses, strict=True)):
        versions = [ipaddress.ip_address(own).version for own in link]
        if len(set(versions)) > 1:
            mixed = ", ".join(link)
            problems.append(
                f"hakube:cluster:nodes: link {number} mixes IPv4 and IPv6 ({mixed}); give all "
                "nodes addresses of one version there"
            )
    return problems


def servers(pillar: Pillar, nodes: Sequence[Node], problems: list[str]) -> tuple[Server, ...]:
    """The apiservers: the listed ones, else one on every node."""
    path = "hakube:apiserver:servers"
    given = pillar.apiserver
    if given.servers is None:
        return tuple(
            Server(node.name, node.address, given.port, given.insecure_port)
            for node in nodes
            if node.addresses
        )
    known = {node.name: node for node in nodes}
    servers = []
    for i, entry in enumerate(given.servers):
        if entry.node is not None and entry.node not in known:
            problems.append(
                f"{path}:{i}:node: {entry.node} is none of "
                f"hakube:cluster:nodes ({', '.join(known)})"
            )
            continue
        node = known.get(entry.node) if entry.node else None
        text = entry.address or (node.address if node and node.addresses else None)
        if text is None:
            if node is None:
                problems.append(f"{path}:{i}: give a node of the cluster or an address")
            continue
        found = address(text, f"{path}:{i}:address", problems)
        servers.append(
            Server(
                entry.name or (node.name if node else f"apiserver{i + 1}"),
                str(found or text),
                entry.port or given.port,
                entry.insecure_port or given.insecure_port,
                entry.options or "",
            )
        )
    return tuple(servers)


def check_servers(servers: Sequence[Server], vip: Vip, problems: list[str]) -> None:
    """Each server once, each with a name of its own, none behind the VIP itself."""
    path = "hakube:apiserver:servers"
    for name, count in Counter(server.name for server in servers).items():
        if count > 1:
            problems.append(f"{path}: {count} servers have the name {name}; give each its own")
    places = {(server.address, server.port, server.name) for server in servers}
    for (where, port), count in Counter((where, port) for where, port, _ in places).items():
        if count > 1:
            problems.append(f"{path}: {where} port {port} is listed {count} times; list it once")
    problems += [
        f"{path}: {server.name} has the VIP {vip.address} as its address; haproxy would ask "
        "itself, give the apiserver's own address"
        for server in servers
        if server.address == vip.address
    ]


def check_ports(pillar: Pillar, problems: list[str]) -> None:
    """One frontend on a port."""
    haproxy = pillar.haproxy
    taken = {haproxy.secure_port, haproxy.insecure_port if haproxy.insecure else 0}
    if haproxy.health.enabled and not haproxy.plain and haproxy.health.port in taken:
        problems.append(
            f"hakube:haproxy:health:port: {haproxy.health.port} is also a frontend's port on the "
            "VIP; give the listener its own"
        )
    if haproxy.insecure and haproxy.insecure_port == haproxy.secure_port:
        problems.append(
            f"hakube:haproxy:insecure_port: {haproxy.insecure_port} is also "
            "hakube:haproxy:secure_port; give each frontend its own"
        )


def check_device(pillar: Pillar, nodes: Sequence[Node], vip: Vip, problems: list[str]) -> None:
    """The quorum device is a voice of its own: on another machine than the nodes."""
    device = pillar.cluster.quorum_device
    if device is None:
        return
    path = "hakube:cluster:quorum_device"
    if device.host in [node.name for node in nodes]:
        problems.append(f"{path}:host: {device.host} is a node; the device needs its own machine")
    if device.address is not None:
        found = str(address(device.address, f"{path}:address", problems))
        if found == vip.address or any(found in node.addresses for node in nodes):
            problems.append(f"{path}:address: {found} is the VIP's or a node's; give its own")


def check_own(node: Node | None, interfaces: Interfaces) -> list[str]:
    """A warning where the pillar gives this machine an address that it does not have."""
    own = [str(network.ip) for networks in interfaces.values() for network in networks]
    return [
        f"hakube:cluster:nodes:{node.name}: {missing} is none of this machine's addresses "
        f"({', '.join(own)}), so corosync cannot use it"
        for missing in (node.addresses if node and own else ())
        if missing not in own
    ]
