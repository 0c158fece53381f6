"""What a corosync.conf says of its cluster."""

from saltext_hakube.core.corosync import parse

# As Debian's package installs it.
SAMPLE = """
# Please read the corosync.conf.5 manual page
totem {
\tversion: 2
\tcluster_name: debian
\tinterface {
\t\tringnumber: 0
\t}
}
quorum {
\t# Enable and configure quorum subsystem (default: off)
\tprovider: corosync_votequorum
}
nodelist {
\tnode {
\t\tname: node1
\t\tnodeid: 1
\t\tring0_addr: 127.0.0.1
\t}
}
"""

REAL = """
totem {
    version: 2
    cluster_name: kube
    transport: knet
}

nodelist {
    node {
        ring0_addr: 192.0.2.11
        ring1_addr: 198.51.100.11
        name: node1
        nodeid: 1
    }

    node {
        ring0_addr: 2001:db8::12
        nodeid: 2
    }
}

quorum {
    provider: corosync_votequorum

    device {
        model: net
        net {
            algorithm: ffsplit
            host: qnetd
        }
    }
}
"""


def test_the_distributions_sample_is_known_for_what_it_is():
    assert parse(SAMPLE).sample
    assert parse(SAMPLE.replace("debian", "ubuntu")).sample


def test_a_cluster_of_one_on_a_real_address_is_no_sample():
    assert not parse(SAMPLE.replace("127.0.0.1", "192.0.2.11")).sample


def test_a_cluster_with_a_name_of_its_own_is_no_sample():
    assert not parse(SAMPLE.replace("debian", "kube")).sample


def test_members_are_read_with_all_their_links_and_without_a_name_by_their_address():
    conf = parse(REAL)
    assert conf.name == "kube"
    assert [(m.name, m.addresses) for m in conf.members] == [
        ("node1", ("192.0.2.11", "198.51.100.11")),
        ("2001:db8::12", ("2001:db8::12",)),
    ]


def test_a_quorum_device_is_seen():
    assert parse(REAL).device
    assert not parse(SAMPLE).device


def test_an_empty_or_broken_file_is_a_cluster_of_nobody():
    for text in ("", "nonsense", "nodelist {\n node {\n"):
        assert parse(text).name == ""
        assert not parse(text).sample
