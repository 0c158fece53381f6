"""What a good pillar means: defaults, warnings, who this machine is, what people may see."""

import ipaddress
import json

import msgspec
import pytest

from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.config import Facts, public, resolve
from saltext_hakube.core.declared import declared
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.haproxy.options import Server

from .pillars import ABSENT, FENCE_PASSWORD, FENCED, GOOD, PASSWORD, changed

NODE1 = Facts(names=("node1",))


def facts(name, *networks, **others):
    """``networks``: those of the interface eth0; ``others``: one of each other interface."""
    interfaces = {"eth0": networks, **{key: (value,) for key, value in others.items()}}
    return Facts(
        names=(name,),
        interfaces={key: tuple(map(ipaddress.ip_interface, v)) for key, v in interfaces.items()},
    )


def warnings(changes, base=FENCED):
    return list(resolve(changed(changes, base), NODE1).warnings)


def test_without_a_list_there_is_one_apiserver_on_every_node():
    assert resolve(GOOD, NODE1).servers == (
        Server("node1", "192.0.2.11", 6443, 8080),
        Server("node2", "192.0.2.12", 6443, 8080),
        Server("node3", "192.0.2.13", 6443, 8080),
    )


def test_a_listed_apiserver_takes_from_its_node_what_it_does_not_say_itself():
    servers = [
        {"node": "node1", "port": 7443},
        {"node": "node2", "name": "second", "address": "198.51.100.2"},
        {"address": "198.51.100.3", "insecure_port": 8081},
    ]
    assert resolve(changed({"apiserver:servers": servers}), NODE1).servers == (
        Server("node1", "192.0.2.11", 7443, 8080),
        Server("second", "198.51.100.2", 6443, 8080),
        Server("apiserver3", "198.51.100.3", 6443, 8081),
    )


def test_the_first_address_of_a_node_is_the_one_that_others_use():
    nodes = {f"node{i}": {"addresses": [f"192.0.2.1{i}", f"198.51.100.1{i}"]} for i in (1, 2, 3)}
    config = resolve(changed({"cluster:nodes": nodes}), NODE1)
    assert [node.address for node in config.nodes] == ["192.0.2.11", "192.0.2.12", "192.0.2.13"]
    assert config.nodes[0].addresses == ("192.0.2.11", "198.51.100.11")


def test_addresses_are_kept_in_their_canonical_form():
    nodes = {"node1": "2001:DB8:0::11", "node2": "2001:db8::12", "node3": "2001:db8::13"}
    bad = changed({"cluster:nodes": nodes, "vip:address": "2001:0db8::0011"})
    with pytest.raises(ConfigError, match="2001:db8::11 is the own address of node1"):
        resolve(bad, NODE1)


@pytest.mark.parametrize("prefix", [None, 24, 32])
def test_the_vip_may_have_the_mask_of_its_subnet_or_one_of_all_bits(prefix):
    assert resolve(changed({"vip:prefix": prefix}), NODE1).vip.prefix == prefix


def test_a_node_without_its_declared_address_is_warned_of():
    config = resolve(GOOD, facts("node1", "192.0.2.99/24"))
    assert config.warnings[-1] == (
        "hakube:cluster:nodes:node1: 192.0.2.11 is none of this machine's addresses "
        "(192.0.2.99), so corosync cannot use it"
    )


def test_three_fenced_nodes_give_no_warning():
    assert warnings({}) == []


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_nodes_give_a_warning(count):
    nodes = {f"node{i}": f"192.0.2.1{i}" for i in range(1, count + 1)}
    assert warnings({"cluster:nodes": nodes}) == [
        f"hakube:cluster:nodes: {count} is fewer than the recommended 3 nodes"
    ]


def test_four_nodes_give_a_warning_unless_there_is_a_quorum_device():
    four = {"cluster:nodes:node4": "192.0.2.14"}
    assert warnings(four) == [
        "hakube:cluster:nodes: 4 nodes survive no more losses than 3; an odd number, or "
        "hakube:cluster:quorum_device, is better"
    ]
    assert warnings({**four, "cluster:quorum_device": {"host": "witness"}}) == []


def test_a_cluster_without_fencing_gives_a_warning():
    assert [line.partition(",")[0] for line in warnings({}, GOOD)] == ["hakube:fencing: none"]


def test_an_accepted_split_brain_is_still_warned_of():
    risky = {
        "cluster:nodes:node3": ABSENT,
        "cluster:accept_split_brain": True,
        "properties": {"no-quorum-policy": "ignore"},
    }
    told = warnings(risky, GOOD)
    assert sum("both halves may hold the VIP" in line for line in told) == 2


def test_idle_fence_devices_give_a_warning():
    assert warnings({"properties": {"stonith-enabled": False}}) == [
        "hakube:properties:stonith-enabled: false, so the fence devices are idle"
    ]


@pytest.mark.parametrize("name", ["stonith-enabled", "fencing-enabled"])
def test_idle_fence_devices_are_told_by_the_name_that_the_pillar_uses(name):
    assert warnings({"properties": {name: "Off"}}) == [
        f"hakube:properties:{name}: false, so the fence devices are idle"
    ]


@pytest.mark.parametrize("timeout", [10, "10s", -1, "1min"])
@pytest.mark.parametrize("enabled", ["stonith-enabled", "fencing-enabled"])
def test_nodes_that_reset_themselves_by_a_watchdog_need_no_fence_device(enabled, timeout):
    properties = {enabled: True, "stonith-watchdog-timeout": timeout}
    assert warnings({"properties": properties}, GOOD) == []
    assert warnings({"properties": {**properties, "no-quorum-policy": "suicide"}}, GOOD) == []
    with pytest.raises(ConfigError, match="no-quorum-policy: ignore without fencing"):
        warnings({"properties": {**properties, "no-quorum-policy": "ignore"}}, GOOD)


def test_what_pacemaker_knows_of_its_properties_may_be_written_in_its_ways():
    properties = {"no-quorum-policy": "Stop", "maintenance-mode": "n", "symmetric-cluster": 1}
    assert warnings({"properties": {**properties, "x": "maybe"}}) == []


def test_links_may_be_of_different_versions():
    nodes = {f"node{i}": {"addresses": [f"192.0.2.1{i}", f"2001:db8::{i}"]} for i in (1, 2, 3)}
    assert resolve(changed({"cluster:nodes": nodes}), NODE1).nodes[0].addresses[1] == "2001:db8::1"


def test_the_two_files_of_kubernetes_may_be_one():
    both = {"config_file": "/etc/x", "kubelet_file": "/etc/x"}
    assert resolve(changed({"kubernetes": both}), NODE1)


def test_an_operation_that_fails_may_demote():
    operations = {"monitor": {"on-fail": "demote"}}
    resources = resolve(changed({"resources:vip:operations": operations}), NODE1).resources
    assert resources.vip.operations["monitor"].on_fail == "demote"


def test_clones_and_groups_have_meta_attributes_of_their_own():
    resources = {
        "haproxy": {"clone_meta": {"clone-max": 2}},
        "apiserver": {"clone_meta": {"interleave": False}, "group_meta": {"priority": 1}},
        "controller_group_meta": {"priority": 2},
    }
    found = resolve(changed({"resources": resources}), NODE1).resources
    assert found.haproxy.clone_meta == {"clone-max": 2}
    assert found.apiserver.clone_meta == {"interleave": False}
    assert found.apiserver.group_meta == {"priority": 1}
    assert found.controller_group_meta == {"priority": 2}


@pytest.mark.parametrize(
    ("names", "node"),
    [
        (("node2",), "node2"),
        (("salt-17", "node2.example.com", "node2"), "node2"),
        (("node3", "node2"), "node3"),  # the id counts before the host name
        (("stranger",), None),
        ((), None),
    ],
)
def test_a_machine_is_the_node_of_its_id_or_host_name(names, node):
    assert resolve(GOOD, Facts(names=names), need_node=False).node == node


def test_a_node_with_a_minion_id_is_that_minion_and_no_other():
    nodes = {"node1": {"addresses": ["192.0.2.11"], "minion": "salt-1"}}
    pillar = changed({"cluster:nodes:node1": nodes["node1"]})
    assert resolve(pillar, Facts(names=("salt-1", "other"))).node == "node1"
    assert resolve(pillar, Facts(names=("salt-2", "node1")), need_node=False).node is None


def test_a_short_host_name_stands_for_a_whole_one_only_where_it_is_the_only_one():
    names = ("node1.a.example", "node1.b.example", "node2.a.example")
    nodes = {name: f"192.0.2.1{i}" for i, name in enumerate(names)}
    pillar = changed({"cluster:nodes": nodes})

    def node(*own):
        return resolve(pillar, Facts(names=own), need_node=False).node

    assert node("node2") == "node2.a.example"
    assert node("node1") is None
    assert node("node1", "node1.b.example") == "node1.b.example"


def test_only_the_first_declared_node_is_first():
    assert [resolve(GOOD, Facts(names=(f"node{i}",))).first for i in (1, 2, 3)] == [
        True,
        False,
        False,
    ]


def test_a_stranger_may_look_at_a_pillar_but_is_none_of_its_nodes():
    config = resolve(GOOD, Facts(names=("master",)), need_node=False)
    assert (config.node, config.first) == (None, False)


def test_what_people_see_has_no_secrets_and_is_plain_data():
    plain = public(resolve(FENCED, NODE1))
    assert json.loads(json.dumps(plain)) == plain
    seen = json.dumps(plain)
    assert PASSWORD not in seen
    assert FENCE_PASSWORD not in seen
    assert seen.count('"********"') == 4
    assert '"ip": "192.0.2.21"' in seen


def test_the_units_of_pacemaker_are_those_of_its_resources():
    config = resolve(changed({"haproxy:unit": "haproxy@api"}), NODE1)
    assert config.units == (
        "haproxy@api",
        "kube-apiserver",
        "kube-scheduler",
        "kube-controller-manager",
    )


def test_clients_are_sent_to_the_plain_port_only_where_the_pillar_asks_for_it():
    assert resolve(GOOD, NODE1).url == "https://192.0.2.100:6443"
    insecure = resolve(changed({"haproxy:insecure": True}), NODE1)
    assert insecure.url == "http://192.0.2.100:8080"


def test_the_layout_of_kubernetes_files_is_what_the_machine_looks_like():
    arch = msgspec.structs.replace(
        NODE1, kubernetes_files=frozenset({"/etc/kubernetes/kube-scheduler.env"})
    )
    found = resolve(GOOD, arch).kubernetes
    assert (found.layout, found.config_file) == ("arch", None)
    assert found.kubelet_file == "/etc/kubernetes/kubelet.env"
    assert resolve(GOOD, NODE1).kubernetes.config_file == "/etc/kubernetes/config"


def test_an_object_that_hakube_makes_itself_is_not_declared_again():
    data = {**GOOD, "objects": {"clones": {"haproxy-clone": {"member": "haproxy"}}}}
    with pytest.raises(ConfigError) as error:
        declared(data, Facts(names=("node1",))).plan(EMPTY)
    assert str(error.value) == (
        "hakube:objects:clones:haproxy-clone: the id is already that of one of hakube's own "
        "(hakube:resources, :fencing, :properties)"
    )
