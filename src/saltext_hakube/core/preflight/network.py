"""The VIP on the network: is it free, can it be here, does nothing else take it or its port."""

from __future__ import annotations

import ipaddress

from saltext_hakube.core.config import Config
from saltext_hakube.core.preflight.finding import Check, Look, error, need, seen, warning
from saltext_hakube.core.preflight.observed import NOT_LOOKED, Link, Listener, Observed

VIP = "hakube:vip:address"
INTERFACE = "hakube:vip:interface"
NODES = "hakube:cluster:nodes"
EVERYWHERE = ("0.0.0.0", "::")
# The hardware addresses of virtual routers (RFC 5798, 7.3), as keepalived with use_vmac has.
VRRP = ("00:00:5e:00:01:", "00:00:5e:00:02:")


def interface(config: Config, link: Link) -> str | None:
    """The interface that the VIP would be on here; None where there is none."""
    declared = config.vip.interface
    if declared is not None:
        return declared if declared in link.interfaces else None
    return carrier(link, config.vip.address)


def carrier(link: Link, address: str) -> str | None:
    """The interface whose subnet has the address; None where it is behind a router."""
    found = ipaddress.ip_address(address)
    for name, networks in link.addresses.items():
        # who has the address itself has it with a mask that says nothing of the subnet
        if any(found in net.network and net.ip != found for net in networks):
            return name
    return None


def owner(link: Link, address: str) -> str | None:
    """The interface that has the address itself."""
    found = ipaddress.ip_address(address)
    for name, networks in link.addresses.items():
        if any(net.ip == found for net in networks):
            return name
    return None


def vip_in_use(config: Config, observed: Observed) -> Look:
    """Somebody answers for the VIP who is no node."""
    answering = set(need(observed.vip_macs))
    link, peers = need(observed.link), need(observed.peers)
    ours = {own.mac for own in link.interfaces.values()}
    ours |= {mac for peer in peers.values() for mac in peer.macs}
    strangers = sorted(answering - ours)
    # A node may have the VIP on a network where its declared addresses are not, so that its
    # hardware address there is not known: then the one that answers may be the one that has it.
    status = seen(observed.cluster.status, None)
    holders = status.running.get(config.resources.vip.name, ()) if status else ()
    unknown = [name for name in holders if name in peers and not peers[name].macs]
    if unknown and len(strangers) <= len(unknown):
        return
    for mac in strangers:
        router = ", a virtual router (VRRP)" if mac.startswith(VRRP) else ""
        yield error(
            VIP,
            f"{config.vip.address} is in use by a machine that is no node of this cluster, with "
            f"the hardware address {mac}{router}",
            "take it from that machine, or declare another address as the VIP",
        )


def node_address_in_use(config: Config, observed: Observed) -> Look:
    """Somebody else answers for the address of a node."""
    link, answers = need(observed.link), need(observed.own_macs)
    ours = {own.mac for own in link.interfaces.values()}
    for address, macs in answers.items():
        others = ", ".join(mac for mac in macs if mac not in ours)
        if others:
            yield warning(
                f"{NODES}:{config.node}",
                f"{address} is this machine's, and in use by another one, with the hardware "
                f"address {others}",
                "take it from that machine: both lose connections at random",
            )
    for name, peer in need(observed.peers).items():
        for address in peer.doubled:
            yield warning(
                f"{NODES}:{name}",
                f"several hardware addresses answer for {address} ({', '.join(peer.macs)})",
                "if it is no machine with two cards in one network, two machines have the address",
            )


def vip_without_interface(config: Config, observed: Observed) -> Look:
    """No interface here that the VIP could be on."""
    link = need(observed.link)
    if interface(config, link) is not None:
        return
    names = ", ".join(link.addresses)
    if config.vip.interface is not None:
        yield error(
            INTERFACE,
            f"this machine has no interface {config.vip.interface} (it has {names}), so the VIP "
            "cannot start here",
            "name one that every node has, or leave it out: then the subnet decides",
        )
        return
    yield error(
        VIP,
        f"no interface of this machine ({names}) has a subnet with {config.vip.address}, so the "
        "VIP cannot start here",
        "give the machine an address in the VIP's subnet, or declare a VIP in its own",
    )


def vip_interface_down(config: Config, observed: Observed) -> Look:
    """The interface is there, and its cable is not."""
    link = need(observed.link)
    name = interface(config, link)
    if name in link.interfaces and not link.interfaces[name].up:
        yield warning(
            name or INTERFACE,
            "the VIP's interface has no carrier, so no client would reach the VIP here",
            f"look after cable and switch (`ip link show {name}`)",
        )


def ipv6_off(config: Config, observed: Observed) -> Look:
    """An IPv6 VIP on a machine, or an interface, that has IPv6 switched off."""
    link = need(observed.link)
    name = interface(config, link)
    if config.vip.version == 6 and name in link.interfaces and not link.interfaces[name].ipv6:
        yield error(
            VIP,
            f"{config.vip.address} is an IPv6 address, and the kernel has IPv6 off on {name}",
            f"set net.ipv6.conf.{name}.disable_ipv6 to 0, or declare an IPv4 address",
        )


def vip_set_by_hand(config: Config, observed: Observed) -> Look:
    """The network's own configuration gives this machine the VIP at boot."""
    for file in need(observed.vip_files):
        yield error(
            file,
            f"gives this machine the VIP {config.vip.address} at boot, beside Pacemaker, which "
            "then finds it on two machines",
            "remove the address there; Pacemaker brings it up",
        )


def vip_left_over(config: Config, observed: Observed) -> Look:
    """The VIP is on this machine though the cluster did not put it here."""
    link, status = need(observed.link), need(observed.cluster.status)
    address = ipaddress.ip_address(config.vip.address)
    found = [(name, net) for name, nets in link.addresses.items() for net in nets]
    here = [(name, net) for name, net in found if net.ip == address]
    holders = status.running.get(config.resources.vip.name, ()) if status else ()
    for name, net in here:
        if config.node in holders:
            return
        now = f"runs it on {', '.join(holders)}" if holders else "does not run it"
        yield warning(
            name,
            f"this machine has the VIP {address}, and its cluster {now}",
            # No refresh: Pacemaker knows of no VIP here that it should forget, and one of all
            # resources can leave the cluster waiting for minutes (host.forget).
            f"`ip address del {net} dev {name}`; `pcs status` shows where the cluster has it",
        )


def vip_second_manager(config: Config, observed: Observed) -> Look:
    """Another program that moves addresses was given our VIP."""
    for manager in need(observed.managers):
        if manager.file is None:
            continue
        make = error if manager.running else warning
        yield make(
            manager.file,
            f"{manager.name} is told to hold the VIP {config.vip.address}, too"
            + (" and runs" if manager.running else ", though it does not run now"),
            f"let one of the two have it: remove {manager.name} or take the address out of its "
            "configuration before Pacemaker gets it",
        )


def vip_port_taken(config: Config, observed: Observed) -> Look:
    """Another program than haproxy listens where haproxy is to. The apiserver has its own code."""
    for listener in need(observed.listeners):
        if _takes(config, listener) and listener.program not in ("haproxy", "kube-apiserver"):
            yield error(
                VIP,
                f"{listener.program or 'a program'} listens on {listener.address} port "
                f"{listener.port}, so haproxy cannot bind to the VIP's port",
                f"let it listen elsewhere (`ss -ltnp sport = :{listener.port}`), or set "
                "hakube:haproxy:secure_port",
            )


def apiserver_on_all(config: Config, observed: Observed) -> Look:
    """The apiserver takes the VIP's port away from haproxy."""
    remedy = (
        "let it listen on the machine's own address only (--bind-address), or give "
        "hakube:haproxy:secure_port another number"
    )
    told = "so haproxy cannot bind to the VIP's port"
    for listener in seen(observed.listeners, ()):
        if listener.program == "kube-apiserver" and _takes(config, listener):
            yield error(
                f"{listener.address}:{listener.port}",
                f"the apiserver listens there, {told}",
                remedy,
            )
            return
    program = observed.apiserver
    if program == NOT_LOOKED:
        need(observed.listeners)
    program = need(program)
    bound = program.flags.get("bind-address", "") or EVERYWHERE[0]
    port = program.flags.get("secure-port", "6443")
    # Both are the apiserver's defaults.
    if bound in EVERYWHERE and port == str(config.haproxy.secure_port):
        yield error(
            program.source,
            f"the apiserver is told to listen on all addresses, port {port}, {told}",
            remedy,
        )


def _takes(config: Config, listener: Listener) -> bool:
    haproxy = config.haproxy
    ports = {haproxy.secure_port, *([haproxy.insecure_port] if haproxy.insecure else [])}
    everywhere = listener.address in EVERYWHERE and (
        # A socket of IPv6 takes both, as Go's and most programs open it.
        listener.address == "::" or config.vip.version == 4
    )
    return listener.port in ports and (everywhere or listener.address == config.vip.address)


CHECKS: dict[str, Check] = {
    "vip-in-use": vip_in_use,
    "node-address-in-use": node_address_in_use,
    "vip-without-interface": vip_without_interface,
    "vip-interface-down": vip_interface_down,
    "ipv6-off": ipv6_off,
    "vip-set-by-hand": vip_set_by_hand,
    "vip-left-over": vip_left_over,
    "vip-second-manager": vip_second_manager,
    "vip-port-taken": vip_port_taken,
    "apiserver-on-all-addresses": apiserver_on_all,
}
