"""What other programs write: durations, flags, manifests, network files, corosync's links."""

import math

import pytest

from saltext_hakube.core.preflight import words

MANIFEST = """\
apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=192.0.2.11
    - "--bind-address=0.0.0.0"
    - --anonymous-auth
    # - --secure-port=1
    image: registry.k8s.io/kube-apiserver:v1.29.3
    livenessProbe: {httpGet: {path: /livez}}
"""

# As corosync 3.1.7 prints it; a node that no link reaches is not in it.
LINKS = """\
Local node ID 1, transport knet
nodeid: 2 reachable
   LINK: 0 udp (192.0.2.11->192.0.2.12) enabled connected mtu: 1397
   LINK: 1 udp (198.51.100.11->198.51.100.12) enabled mtu: 1397

"""

# firewall-cmd --list-all, as its manual has it.
ZONE = """\
public (active)
  target: default
  icmp-block-inversion: no
  interfaces: eth0
  sources:
  services: dhcpv6-client high-availability ssh
  ports: 6443/tcp 9090/tcp
  protocols:
"""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2s", 2),
        ("500ms", 0.5),
        ("1m10s", 70),
        ("1h", 3600),
        ("0", 0),
        ("1.5s", 1.5),
        ("1d", 86400),
    ],
)
def test_durations_of_haproxy_and_go(text, seconds):
    assert words.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "2 s", "s", "1s x", "-1s"])
def test_what_is_no_duration(text):
    assert words.seconds(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1min 30s", 90), ("500ms", 0.5), ("2h", 7200), ("infinity", None), ("", None)],
)
def test_time_spans_of_systemd(text, seconds):
    assert words.systemd_seconds(text) == seconds
    assert seconds is None or math.isfinite(seconds)


def test_flags_of_a_command_line_with_and_without_a_sign_the_last_one_counts():
    argv = ["--a=1", "-b", "2", "--c", "--d=x=y", "--a=3", "rest", "--e"]
    assert words.flags(argv) == {"a": "3", "b": "2", "c": "true", "d": "x=y", "e": "true"}


def test_a_static_pods_flags_and_version():
    assert words.manifest_flags(MANIFEST) == {
        "advertise-address": "192.0.2.11",
        "bind-address": "0.0.0.0",
        "anonymous-auth": "true",
    }
    assert words.manifest_version(MANIFEST) == (1, 29)
    assert words.manifest_version("image: x@sha256:123\n") is None


@pytest.mark.parametrize(
    ("text", "version"),
    [("Kubernetes v1.20.2\n", (1, 20)), ("v1.32.0-rc.1", (1, 32)), ("nothing", None)],
)
def test_versions(text, version):
    assert words.version(text) == version


SETS = [
    "iface eth0 inet static\n    address 192.0.2.100\n",
    "iface eth0 inet static\n    address 192.0.2.100/24\n",
    "[Network]\nAddress=192.0.2.100/24\n",
    "[ipv4]\naddress1=192.0.2.100/24,192.0.2.1\n",
    'IPADDR0="192.0.2.100"\n',
    "      addresses:\n        - 192.0.2.100/24\n",
    "      addresses: [192.0.2.11/24, 192.0.2.100/24]\n",
    '      addresses: ["192.0.2.100/24"]\n',
]
SETS_NOT = [
    "    gateway 192.0.2.100\n",
    "# address 192.0.2.100\n",
    "    address 192.0.2.1001\n",
    "    address 192.0.2.10\n",
    "DNS=192.0.2.100\n",
    "      nameservers:\n        addresses: [192.0.2.100]\n",
    "        addresses:\n        - 192.0.2.100\n",
    "GATEWAY=192.0.2.100\n",
]


@pytest.mark.parametrize("text", SETS)
def test_a_file_that_sets_the_address(text):
    assert words.sets_address(f"# first\n{text}last\n", "192.0.2.100")


@pytest.mark.parametrize("text", SETS_NOT)
def test_a_file_that_only_speaks_of_it(text):
    assert not words.sets_address(f"# first\n{text}last\n", "192.0.2.100")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("  virtual_ipaddress {\n  192.0.2.100/24 dev eth0\n }", True),
        ("value: 192.0.2.100", True),
        ("! 192.0.2.100\n# 192.0.2.100\n", False),
        ("192.0.2.1001 1192.0.2.100 192.0.2.100.5", False),
    ],
)
def test_a_file_that_names_the_address(text, named):
    assert words.names_address(text, "192.0.2.100") is named


def test_the_links_that_corosync_has_lost():
    members = {"node2": ["192.0.2.12", "198.51.100.12"], "node3": ["192.0.2.13", "198.51.100.13"]}
    assert words.lost_links(LINKS, members) == {"0": ("node3",), "1": ("node2", "node3")}
    assert words.lost_links(LINKS, {"node2": ["192.0.2.12"]}) == {"0": ()}
    assert words.lost_links(LINKS, {"node2": ["node2.example.com"]}) == {"0": ()}


def test_a_zone_of_firewalld():
    zone = words.zone("public", ZONE)
    assert zone["zone"] == "public"
    assert zone["services"].split() == ["dhcpv6-client", "high-availability", "ssh"]
    assert zone["ports"] == "6443/tcp 9090/tcp"
    assert zone["target"] == "default"
