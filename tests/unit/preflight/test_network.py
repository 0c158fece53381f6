"""The VIP on the network: traps that are there, and what only looks like one."""

import ipaddress

import pytest

from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import Interface, Link, Listener, Manager
from saltext_hakube.core.status import Status

from .world import (
    MACS,
    NODES,
    STRANGER,
    VIP,
    but,
    cluster,
    healthy,
    interfaces,
    is_fine,
    is_found,
    is_unseen,
    peer,
    program,
    told,
)

ETH0 = {"eth0": Interface(MACS["node1"])}
V6 = {"vip:address": "fd00:87::100", "cluster:nodes": {n: f"fd00:87::{n[-1]}" for n in NODES}}
HERE = Link(
    {"eth0": (ipaddress.ip_interface("192.0.2.11/24"), ipaddress.ip_interface(f"{VIP}/24"))}, ETH0
)


def status(*holders):
    return Status("node1", True, frozenset(NODES), {"VIP-apiserver": holders})


TRAPS = [
    ("vip-in-use", "error", "hakube:vip:address", STRANGER, but(vip_macs=(STRANGER,)), {}),
    (
        "vip-in-use",
        "error",
        "hakube:vip:address",
        "virtual router",
        but(vip_macs=(MACS["node2"], "00:00:5e:00:01:33")),
        {},
    ),
    (
        "node-address-in-use",
        "warning",
        "hakube:cluster:nodes:node1",
        f"in use by another one, with the hardware address {STRANGER}",
        but(own_macs={"192.0.2.11": (MACS["node1"], STRANGER)}),
        {},
    ),
    (
        "node-address-in-use",
        "warning",
        "hakube:cluster:nodes:node2",
        "two cards",
        peer(macs=(MACS["node2"], STRANGER), doubled=("192.0.2.12",)),
        {},
    ),
    (
        "vip-without-interface",
        "error",
        "hakube:vip:address",
        "no interface",
        but(link=Link(interfaces(eth0="198.51.100.11/24"), ETH0)),
        {},
    ),
    (
        "vip-without-interface",
        "error",
        "hakube:vip:interface",
        "no interface eth7",
        None,
        {"vip:interface": "eth7"},
    ),
    (
        "vip-interface-down",
        "warning",
        "eth0",
        "no carrier",
        but(link=Link(interfaces(eth0="192.0.2.11/24"), {"eth0": Interface("", up=False)})),
        {},
    ),
    (
        "ipv6-off",
        "error",
        "hakube:vip:address",
        "net.ipv6.conf.eth0.disable_ipv6",
        but(link=Link(interfaces(eth0="fd00:87::1/64"), {"eth0": Interface("", ipv6=False)})),
        V6,
    ),
    (
        "vip-set-by-hand",
        "error",
        "/etc/network/interfaces",
        "at boot",
        but(vip_files=("/etc/network/interfaces",)),
        {},
    ),
    (
        "vip-left-over",
        "warning",
        "eth0",
        "runs it on node2; `ip address del 192.0.2.100/24 dev eth0`; `pcs status` shows",
        but(link=HERE),
        {},
    ),
    (
        "vip-left-over",
        "warning",
        "eth0",
        "its cluster does not run it",
        but(link=HERE, cluster=cluster(status=None).cluster),
        {},
    ),
    (
        "vip-second-manager",
        "error",
        "/etc/keepalived/keepalived.conf",
        "keepalived is told to hold the VIP 192.0.2.100, too and runs",
        but(managers=(Manager("keepalived", True, "/etc/keepalived/keepalived.conf"),)),
        {},
    ),
    (
        "vip-second-manager",
        "warning",
        "/etc/keepalived/keepalived.conf",
        "does not run now",
        but(managers=(Manager("keepalived", False, "/etc/keepalived/keepalived.conf"),)),
        {},
    ),
    (
        "vip-port-taken",
        "error",
        "hakube:vip:address",
        "nginx listens on 0.0.0.0 port 6443",
        but(listeners=(Listener("0.0.0.0", 6443, "nginx"),)),
        {},
    ),
    (
        "vip-port-taken",
        "error",
        "hakube:vip:address",
        "a program listens on 192.0.2.100 port 8080",
        but(listeners=(Listener(VIP, 8080, ""),)),
        {"haproxy:insecure": True, "kubernetes:version": "1.7"},
    ),
    (
        "apiserver-on-all-addresses",
        "error",
        ":::6443",
        "listens there",
        but(listeners=(Listener("::", 6443, "kube-apiserver"),)),
        {},
    ),
    (
        "apiserver-on-all-addresses",
        "error",
        "unit kube-apiserver",
        "told to listen on all addresses, port 6443",
        program("kube-apiserver", bind_address=None, secure_port=None),
        {},
    ),
    (
        "apiserver-on-all-addresses",
        "error",
        "unit kube-apiserver",
        "told to listen",
        program("kube-apiserver", bind_address="::"),
        {},
    ),
]


@pytest.mark.parametrize(("code", "severity", "where", "words", "observed", "pillar"), TRAPS)
def test_the_trap_is_found_with_its_place_and_remedy(
    *, code, severity, where, words, observed, pillar
):
    is_found(code, severity, where, words, observed, pillar=pillar)


FINE = [
    # Our own second card in the same network.
    ("node-address-in-use", but(own_macs={"192.0.2.11": (MACS["node1"],)}), {}),
    ("vip-in-use", but(vip_macs=()), {}),
    # The holder's own hardware address on a network where it has no declared address.
    ("vip-in-use", but(vip_macs=(STRANGER,), peers=peer(macs=()).peers), {}),
    ("vip-without-interface", None, {"vip:interface": "eth0"}),
    # What an interface is called, and that it has no address, says nothing of its cable.
    (
        "ipv6-off",
        but(link=Link(interfaces(eth0="192.0.2.11/24"), {"eth0": Interface("", ipv6=False)})),
        {},
    ),
    ("vip-left-over", but(link=HERE, cluster=cluster(status=status("node1")).cluster), {}),
    ("vip-second-manager", but(managers=(Manager("keepalived", True, None),)), {}),
    ("vip-port-taken", but(listeners=(Listener(VIP, 6443, "haproxy"),)), {}),
    ("vip-port-taken", but(listeners=(Listener("192.0.2.11", 6443, "nginx"),)), {}),
    ("vip-port-taken", but(listeners=(Listener("0.0.0.0", 8080, "nginx"),)), {}),
    (
        "apiserver-on-all-addresses",
        but(listeners=(Listener("192.0.2.11", 6443, "kube-apiserver"),)),
        {},
    ),
    (
        "apiserver-on-all-addresses",
        program("kube-apiserver", bind_address="0.0.0.0", secure_port="6444"),
        {},
    ),
    (
        "apiserver-on-all-addresses",
        program("kube-apiserver", bind_address="0.0.0.0"),
        {"haproxy:secure_port": 443},
    ),
]


@pytest.mark.parametrize(("code", "observed", "pillar"), FINE)
def test_what_only_looks_like_it_is_fine(code, observed, pillar):
    is_fine(code, observed, pillar)


def test_two_strangers_are_no_node_though_the_holders_hardware_address_is_not_known():
    observed = but(vip_macs=(STRANGER, "02:00:00:00:00:98"), peers=peer(macs=()).peers)
    assert len(told("vip-in-use", observed)) == 2


def test_an_unseen_network_is_neither_fine_nor_wrong():
    why = Unseen("cannot ask on eth0: Operation not permitted")
    is_unseen("vip-in-use", "not permitted", but(vip_macs=why))
    is_unseen("node-address-in-use", "not permitted", but(own_macs=why))
    is_unseen("vip-left-over", "no answer", cluster(status=Unseen("no answer")))
    nowhere = Unseen("no unit kube-apiserver on this machine")
    is_unseen("apiserver-on-all-addresses", "no unit", but(apiserver=nowhere))


def test_the_healthy_machine_has_the_vip_elsewhere():
    assert healthy().vip_macs == (MACS["node2"],)
