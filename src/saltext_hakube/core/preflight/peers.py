"""The other nodes: can they be reached, under which names, by which clock."""

from __future__ import annotations

import ipaddress

from saltext_hakube.core.config import Config
from saltext_hakube.core.preflight.finding import Check, Look, Unseen, need, seen, warning
from saltext_hakube.core.preflight.observed import Observed

NODES = "hakube:cluster:nodes"
PCSD = 2224
# The Date of an answer has whole seconds, and a busy machine answers late.
SKEW = 3.0
# What pcs, corosync and Pacemaker Remote use (firewalld's own service of that name).
SERVICE = "high-availability"
COROSYNC = ("5405/udp", "5404-5405/udp", "5404-5412/udp")


def node_unreachable(config: Config, observed: Observed) -> Look:
    """pcsd of another node cannot be reached: a firewall, or nothing there."""
    conf = seen(observed.cluster.conf, None)
    members = conf.names if conf is not None and not conf.sample else ()
    for name, peer in need(observed.peers).items():
        if isinstance(peer.pcsd, Unseen):
            yield Unseen(f"{name}: {peer.pcsd.why}")
        elif peer.pcsd == "refused" and name not in members:
            yield Unseen(f"{name}: no pcsd yet; hakube.cluster waits for it")
        elif peer.pcsd != "open":
            silent = peer.pcsd == "silent"
            what = "does not answer" if silent else "refuses"
            cause = (
                "a firewall drops it (firewall-cmd --add-service=high-availability)"
                if peer.macs
                else "is the machine up? else a firewall drops it"
            )
            yield warning(
                f"{NODES}:{name}",
                f"{_address(config, name)} {what} on TCP port {PCSD} (pcsd), as seen from here",
                cause if silent else "start pcsd there (`systemctl enable --now pcsd`)",
            )


def corosync_link_down(config: Config, observed: Observed) -> Look:
    """Corosync itself has lost a node on one of its links."""
    for link, lost in need(observed.cluster.links).items():
        for name in lost:
            yield warning(
                f"corosync link {link}",
                f"no contact to {name} on this link",
                "is the node up? else let UDP port 5405 through between the nodes (see "
                "`corosync-cfgtool -n`)",
            )


def name_elsewhere(config: Config, observed: Observed) -> Look:
    """A node's name means another machine's address here."""
    for node in config.nodes:
        names = _names(config, observed, node.name)
        if isinstance(names, Unseen):
            yield Unseen(f"{node.name}: {names.why}")
            continue
        real = [it for it in names if not ipaddress.ip_address(it).is_loopback]
        if real and not set(real) & set(node.addresses):
            yield warning(
                f"{NODES}:{node.name}",
                f"the name resolves to {', '.join(real)} here, the pillar says "
                f"{', '.join(node.addresses)}",
                "correct /etc/hosts or the name service: who goes by the name reaches another "
                "machine",
            )


def name_is_loopback(config: Config, observed: Observed) -> Look:
    """A node's name means the machine itself, as Debian's installer writes it into /etc/hosts."""
    for node in config.nodes:
        names = seen(_names(config, observed, node.name), ())
        loopback = [it for it in names if ipaddress.ip_address(it).is_loopback]
        if loopback:
            yield warning(
                f"{NODES}:{node.name}",
                f"the name resolves to {', '.join(loopback)} here, which every machine takes for "
                "itself",
                f"write `{node.address} {node.name}` into /etc/hosts in place of that line",
            )
    need(observed.own_names)


def hostname_of_another(config: Config, observed: Observed) -> Look:
    """This machine calls itself as another node is called: two of one name, as clones are."""
    if not observed.hostname:
        yield Unseen("the host name could not be read")
        return
    short = observed.hostname.partition(".")[0].lower()
    for node in config.nodes:
        if node.name != config.node and node.name.partition(".")[0].lower() == short:
            yield warning(
                f"{NODES}:{config.node}",
                f"this machine is {config.node} in the pillar and calls itself "
                f"{observed.hostname}, which is the name of another node",
                "set its own host name (`hostnamectl hostname NAME`): kubelet, etcd and logs go "
                "by it",
            )


def clock_unsynchronised(config: Config, observed: Observed) -> Look:
    """Nothing keeps this machine's clock right."""
    if not need(observed.clock):
        yield warning(
            "clock",
            "not synchronised, says the kernel",
            "run chronyd or another NTP service: certificates, leases of leader election and "
            "logs of several machines need one time",
        )


def clock_skew(config: Config, observed: Observed) -> Look:
    """Another node's clock shows another time."""
    for name, peer in need(observed.peers).items():
        if isinstance(peer.skew, Unseen):
            yield Unseen(f"{name}: {peer.skew.why}")
        elif abs(peer.skew) > SKEW:
            way = "ahead of" if peer.skew > 0 else "behind"
            yield warning(
                f"{NODES}:{name}",
                f"its clock is {abs(peer.skew):.0f} s {way} this machine's",
                "synchronise both (chronyd): a certificate may not be valid yet on one of them, "
                "leases end early",
            )


def firewall_closed(config: Config, observed: Observed) -> Look:
    """firewalld runs and does not let the cluster through."""
    firewall = need(observed.firewall)
    if firewall is None or firewall.target == "ACCEPT":
        return
    zone = f"firewalld zone {firewall.zone}"
    cluster = SERVICE in firewall.services or (
        f"{PCSD}/tcp" in firewall.ports and any(port in firewall.ports for port in COROSYNC)
    )
    if not cluster:
        yield warning(
            zone,
            f"the service {SERVICE} is not let in, so the nodes cannot form a cluster",
            _open(firewall.zone, f"--add-service={SERVICE}"),
        )
    port = f"{config.haproxy.secure_port}/tcp"
    if port not in firewall.ports and "kube-apiserver" not in firewall.services:
        yield warning(
            zone,
            f"port {port} is not let in, so no client reaches the API at the VIP",
            _open(firewall.zone, f"--add-port={port}"),
        )


def _open(zone: str, what: str) -> str:
    return f"`firewall-cmd --permanent --zone={zone} {what}`, then `firewall-cmd --reload`"


def _names(config: Config, observed: Observed, name: str) -> tuple[str, ...] | Unseen:
    if name == config.node:
        return observed.own_names
    if isinstance(observed.peers, Unseen):
        return observed.peers
    return observed.peers[name].names if name in observed.peers else Unseen("not looked up")


def _address(config: Config, name: str) -> str:
    return next((node.address for node in config.nodes if node.name == name), name)


CHECKS: dict[str, Check] = {
    "node-unreachable": node_unreachable,
    "corosync-link-down": corosync_link_down,
    "name-elsewhere": name_elsewhere,
    "name-is-loopback": name_is_loopback,
    "hostname-of-another-node": hostname_of_another,
    "clock-unsynchronised": clock_unsynchronised,
    "clock-skew": clock_skew,
    "firewall-closed": firewall_closed,
}
