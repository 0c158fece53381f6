"""This machine, and a folder that stands for one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import Manager, Program
from saltext_hakube.core.preflight.traps import judge
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.preflight import kube, local, neighbours, sockets
from saltext_hakube.host.preflight.gather import observe

from .authority import authority, needs_openssl, signed
from .test_words import MANIFEST
from .world import config, interfaces

UNIT = """\
[Service]
EnvironmentFile=-/etc/kubernetes/apiserver
Environment=https_proxy=http://proxy.example.com
ExecStart=/usr/bin/kube-apiserver $KUBE_API_ADDRESS $KUBE_API_ARGS
"""
ARGS = """\
KUBE_API_ADDRESS="--bind-address=0.0.0.0"
KUBE_API_ARGS="--tls-cert-file=/etc/own.crt --shutdown-delay-duration=6s"
"""


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def put(machine, path, text):
    file = machine.path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_who_listens_on_a_port_is_named():
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        (found,) = sockets.listeners({port})
    assert (found.address, found.port) == ("127.0.0.1", port)
    assert found.program == Path("/proc/self/comm").read_text().strip()
    assert sockets.listeners({port}) == ()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_one_that_listens_on_all_addresses_is_seen_as_that():
    with socket.create_server(("::", 0), family=socket.AF_INET6) as there:
        (found,) = sockets.listeners({there.getsockname()[1]})
    assert found.address == "::"


COMING_AND_GOING = """
import subprocess
from saltext_hakube.host.preflight import local

def ip(words):
    subprocess.run(["ip", *words.split()], check=True)

ip("link add one type veth peer name two")
ip("address add 192.0.2.11/24 dev one")
forever = "while :; do ip link add three type veth peer name four; ip link delete three; done"
others = subprocess.Popen(["sh", "-c", forever])
try:
    seen = [local.link().interfaces for _ in range(300)]
finally:
    others.kill()
print(all({"lo", "one", "two"} <= it.keys() for it in seen))
"""
# With a /sys of its own: it tells of the network that it was mounted in.
APART = ["unshare", "-n", "-m", "sh", "-c", 'mount -t sysfs none /sys && exec "$@"', "sh"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a network namespace")
def test_interfaces_that_come_and_go_meanwhile_hide_none_of_the_others():
    command = [*APART, sys.executable, "-c", COMING_AND_GOING]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "True\n"


def test_processes_are_found_by_name():
    assert sockets.processes({"no-such-program"}) == set()


def test_room_is_that_of_the_file_system_told_once(machine):
    for folder in ("etc", "var/lib"):
        machine.path(folder).mkdir(parents=True)
    (found,) = local.space(machine).items()
    assert found[0] == "/etc"
    assert found[1].free_mb > 0
    assert found[1].writable


def test_the_kernel_tells_whether_its_clock_is_kept():
    assert isinstance(local.clock(), bool)


def test_the_machine_has_interfaces_and_one_without_any_address_is_told(monkeypatch):
    # What the kernel shows is taken as it is; only which addresses there are is made up.
    shown = interfaces(eth0="192.0.2.11/24")
    monkeypatch.setattr(local.network, "interfaces", lambda: shown)
    assert local.link().addresses == shown
    assert "lo" in local.link().interfaces
    monkeypatch.setattr(local.network, "interfaces", dict)
    with pytest.raises(HakubeError, match="no address of this machine"):
        local.link()


def test_asking_on_what_is_no_ethernet_is_told():
    with pytest.raises(HakubeError, match="no Ethernet"):
        neighbours.ask("no-such-link", ["192.0.2.1"])


def test_files_that_set_the_vip_and_other_managers_of_it(machine):
    put(machine, "/etc/network/interfaces.d/vip", "iface eth0 inet static\n address 192.0.2.100\n")
    put(machine, "/etc/netplan/01.yaml", "  addresses: [192.0.2.11/24]\n")
    put(machine, "/etc/keepalived/keepalived.conf", "virtual_ipaddress { 192.0.2.100 }\n")
    put(machine, "/etc/kubernetes/manifests/kube-vip.yaml", "value: 192.0.2.200\n")
    assert local.vip_files(config(), machine) == ("/etc/network/interfaces.d/vip",)
    assert local.managers(config(), machine) == (
        Manager("keepalived", False, "/etc/keepalived/keepalived.conf"),
    )


def test_an_apiserver_of_a_unit_has_the_flags_of_its_environment_file(machine):
    put(machine, "/etc/systemd/system/kube-apiserver.service", UNIT)
    put(machine, "/etc/kubernetes/apiserver", ARGS)
    found = kube.programs(config(), machine)["kube-apiserver"]
    assert found.source == "unit kube-apiserver"
    assert found.flags["bind-address"] == "0.0.0.0"
    assert found.flags["shutdown-delay-duration"] == "6s"
    assert found.environment == {"https_proxy": "http://proxy.example.com"}
    assert isinstance(found.version, Unseen)


def test_a_static_pods_manifest_counts_before_a_unit(machine):
    put(machine, "/etc/systemd/system/kube-apiserver.service", UNIT)
    put(machine, "/etc/kubernetes/manifests/kube-apiserver.yaml", MANIFEST)
    found = kube.programs(config(), machine)["kube-apiserver"]
    assert found.source == "/etc/kubernetes/manifests/kube-apiserver.yaml"
    assert found.version == (1, 29)
    assert kube.manifests(config(), machine) == {"kube-apiserver": found.source}


def test_without_units_the_managed_ones_are_unseen_and_a_kubelet_is_not_missed(machine):
    found = kube.programs(config(), machine)
    assert all(isinstance(it, Unseen) for it in found.values())
    assert "kubelet" not in found


@needs_openssl
def test_the_certificate_is_the_one_that_the_flags_name_else_kubeadms(machine, tmp_path):
    authority(tmp_path / "pki")
    good = signed(tmp_path / "pki", "IP:192.0.2.100").read_text()
    put(machine, "/etc/own.crt", good)
    named = Program("unit", {"tls-cert-file": "/etc/own.crt"})
    assert kube.certificates(named, machine)["/etc/own.crt"].addresses == ("192.0.2.100",)
    assert kube.certificates(Program("unit", {}), machine) == {}
    put(machine, kube.KUBEADM, "broken")
    (found,) = kube.certificates(Program("unit", {}), machine).values()
    assert "holds no certificate" in found.why


def test_a_folder_that_stands_for_a_machine_shows_its_files_and_nothing_else(machine):
    put(machine, "/etc/haproxy/haproxy.cfg", "frontend a\n")
    put(machine, "/etc/systemd/system/kube-apiserver.service", UNIT)
    said = judge(config(), observe(config(), machine))
    codes = {it.code for it in said.findings}
    assert {"apiserver-on-all-addresses", "haproxy-without-timeouts", "http-proxy"} <= codes
    assert "clock-unsynchronised" in said.unseen
    for code in ("vip-in-use", "node-unreachable", "disk-full", "managed-unit-enabled"):
        assert said.unseen[code] == "a folder stands for this machine"
