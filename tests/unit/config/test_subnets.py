"""The VIP is on a subnet of the nodes, as far as one can know which they have."""

import pytest

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.errors import ConfigError

from .pillars import changed
from .test_config import facts

NODE1 = Facts(names=("node1",))
REMEDY = "give an address on the nodes' own network, or the right hakube:vip:prefix"


def vip(address, machine=NODE1, **changes):
    found = {key.replace("_", ":"): value for key, value in changes.items()}
    return resolve(changed({"vip:address": address, **found}), machine).vip


def refusal(*arguments, **changes):
    with pytest.raises(ConfigError) as caught:
        vip(*arguments, **changes)
    (line,) = caught.value.problems
    return line


def outside(address, *subnets):
    return (
        f"hakube:vip:address: {address} is outside every node's subnet ({', '.join(subnets)}); "
        f"{REMEDY}"
    )


def test_a_node_checks_the_vip_against_its_own_subnet_rather_than_a_guess():
    assert vip("192.0.3.100", facts("node1", "192.0.2.11/23"))
    assert refusal("192.0.2.200", facts("node1", "192.0.2.11/25")) == (
        outside("192.0.2.200", "192.0.2.0/25")
    )


def test_an_interface_without_an_address_of_a_node_says_nothing():
    machine = facts("node1", "192.0.2.11/24", docker0="198.51.100.1/24")
    assert refusal("198.51.100.7", machine) == outside("198.51.100.7", "192.0.2.0/24")


def test_the_interface_that_the_pillar_names_counts():
    machine = facts("node1", "192.0.2.11/24", eth1="198.51.100.1/24")
    assert vip("198.51.100.7", machine, vip_interface="eth1")
    assert vip("198.51.100.7", NODE1, vip_interface="eth1")
    assert refusal("203.0.113.7", machine, vip_interface="eth1") == (
        outside("203.0.113.7", "192.0.2.0/24", "198.51.100.0/24")
    )


def test_a_vip_may_be_in_the_subnet_of_another_node():
    elsewhere = {"cluster_nodes_node2": "198.51.100.12"}
    assert vip("198.51.100.7", facts("node1", "192.0.2.11/24"), **elsewhere)
    assert refusal("203.0.113.7", facts("node1", "192.0.2.11/24"), **elsewhere) == (
        outside("203.0.113.7", "192.0.2.0/24", "198.51.100.0/24")
    )


def test_a_machine_whose_netmask_has_all_bits_does_not_know_its_subnet():
    assert vip("192.0.2.100", facts("node1", "192.0.2.11/32"))
    assert refusal("198.51.100.7", facts("node1", "192.0.2.11/32")) == (
        outside("198.51.100.7", "192.0.2.0/24")
    )
    assert vip("2001:db8::100", facts("node1", "192.0.2.11/32", "2001:db8::11/128"))


def test_that_this_machine_holds_the_vip_proves_nothing():
    machine = facts("node1", "192.0.2.11/24", "198.51.100.7/24")
    assert refusal("198.51.100.7", machine) == outside("198.51.100.7", "192.0.2.0/24")
    machine = facts("node1", "192.0.2.11/24", "198.51.100.7/32")
    assert refusal("198.51.100.7", machine) == outside("198.51.100.7", "192.0.2.0/24")


@pytest.mark.parametrize("machine", [NODE1, facts("node1", "192.0.2.11/24")])
def test_a_prefix_in_the_pillar_counts_more_than_all_else(machine):
    assert vip("192.0.3.100", machine, vip_prefix=23).prefix == 23
    assert refusal("192.0.2.100", machine, vip_prefix=28) == (
        outside("192.0.2.100", "192.0.2.0/28")
    )


def test_an_ipv6_vip_needs_an_ipv6_network_on_the_node():
    assert vip("2001:db8::100", facts("node1", "192.0.2.11/24", "2001:db8::11/64")).version == 6
    assert refusal("2001:db8::100", facts("node1", "192.0.2.11/24")) == (
        outside("2001:db8::100", "this node has none of IPv6")
    )


@pytest.mark.parametrize(
    ("address", "prefix", "what"),
    [
        ("192.0.2.0", None, "network address of 192.0.2.0/24"),
        ("192.0.2.255", None, "broadcast address of 192.0.2.0/24"),
        ("192.0.2.15", 28, "broadcast address of 192.0.2.0/28"),
        ("192.0.2.8", 30, "network address of 192.0.2.8/30"),
    ],
)
def test_the_vip_is_neither_the_address_of_its_network_nor_its_broadcast(address, prefix, what):
    assert refusal(address, vip_prefix=prefix) == (
        f"hakube:vip:address: {address} is the {what}; {REMEDY}"
    )


def test_an_address_at_the_edge_of_a_guess_may_be_in_the_middle_of_the_subnet():
    assert vip("192.0.2.255", facts("node1", "192.0.2.11/23"))
    assert vip("192.0.2.255", vip_prefix=23)
    assert vip("192.0.2.10", vip_prefix=31)
    assert vip("2001:db8::", facts("node1", "192.0.2.11/24", "2001:db8::11/64"))
