"""The other nodes: reach, names, clocks."""

import pytest

from saltext_hakube.core.corosync import Corosync, Member
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import Firewall

from .world import but, cluster, healthy, is_fine, is_found, is_unseen, peer

NODE2 = "hakube:cluster:nodes:node2"
ZONE = "firewalld zone public"
SAMPLE = Corosync("debian", (Member("node1", ("127.0.0.1",)),))

TRAPS = [
    ("node-unreachable", NODE2, "systemctl enable --now pcsd", peer(pcsd="refused")),
    ("node-unreachable", NODE2, "a firewall drops it (firewall-cmd", peer(pcsd="silent")),
    ("node-unreachable", NODE2, "is the machine up?", peer(pcsd="silent", macs=())),
    (
        "corosync-link-down",
        "corosync link 1",
        "no contact to node3",
        cluster(links={"0": (), "1": ("node3",)}),
    ),
    ("name-elsewhere", NODE2, "resolves to 192.0.2.99 here", peer(names=("192.0.2.99",))),
    ("name-is-loopback", NODE2, "127.0.1.1", peer(names=("127.0.1.1",))),
    (
        "name-is-loopback",
        "hakube:cluster:nodes:node1",
        "192.0.2.11 node1",
        but(own_names=("127.0.1.1", "192.0.2.11")),
    ),
    (
        "hostname-of-another-node",
        "hakube:cluster:nodes:node1",
        "node2.example.com",
        but(hostname="node2.example.com"),
    ),
    ("clock-unsynchronised", "clock", "chronyd", but(clock=False)),
    ("clock-skew", NODE2, "its clock is 61 s ahead of", peer(skew=61.2)),
    ("clock-skew", NODE2, "its clock is 4 s behind", peer(skew=-3.8)),
    (
        "firewall-closed",
        ZONE,
        "--add-service=high-availability",
        but(firewall=Firewall("public", ("ssh",), ("6443/tcp",))),
    ),
    (
        "firewall-closed",
        ZONE,
        "--add-port=6443/tcp",
        but(firewall=Firewall("public", ("high-availability",))),
    ),
]


@pytest.mark.parametrize(("code", "where", "words", "observed"), TRAPS)
def test_the_trap_is_a_warning_with_its_place_and_remedy(code, where, words, observed):
    is_found(code, "warning", where, words, observed)


FINE = [
    ("name-elsewhere", peer(names=("192.0.2.12", "198.51.100.12"))),
    # Names need no meaning: the cluster goes by addresses.
    ("name-elsewhere", peer(names=())),
    ("name-elsewhere", peer(names=("127.0.1.1",))),  # has a code of its own
    ("hostname-of-another-node", but(hostname="machine-17")),
    ("clock-skew", peer(skew=2.0)),
    ("firewall-closed", but(firewall=Firewall("public", ("high-availability", "kube-apiserver")))),
    ("firewall-closed", but(firewall=Firewall("public", (), ("2224/tcp", "5405/udp", "6443/tcp")))),
    ("firewall-closed", but(firewall=Firewall("trusted", target="ACCEPT"))),
]


@pytest.mark.parametrize(("code", "observed"), FINE)
def test_what_only_looks_like_it_is_fine(code, observed):
    is_fine(code, observed)


@pytest.mark.parametrize("conf", [None, SAMPLE])
def test_before_the_cluster_is_formed_a_missing_pcsd_is_no_trap(conf):
    observed = but(peers=peer(pcsd="refused").peers, cluster=cluster(conf=conf).cluster)
    is_unseen("node-unreachable", "node2: no pcsd yet", observed)


def test_before_the_cluster_is_formed_a_silent_machine_is_one():
    observed = but(peers=peer(pcsd="silent").peers, cluster=cluster(conf=None).cluster)
    is_found("node-unreachable", "warning", NODE2, "firewall", observed)


@pytest.mark.parametrize("code", ["node-unreachable", "clock-skew", "name-elsewhere"])
def test_without_peers_nothing_is_known(code):
    is_unseen(code, "no network", but(peers=Unseen("no network")))


def test_one_clock_that_cannot_be_seen_hides_no_other():
    observed = peer(skew=Unseen("no answer that tells the time"))
    is_unseen("clock-skew", "node2: no answer", observed)
    assert healthy().peers["node3"].skew == 0.2
