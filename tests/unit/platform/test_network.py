"""What is made of the kernel's word on this machine's addresses."""

import json
import shutil

import pytest

from saltext_hakube.host import run
from saltext_hakube.host.network import interfaces


@pytest.fixture
def ip(tmp_path, monkeypatch):
    """A stand-in for the program ``ip``: prints a text and ends with an exit code."""
    monkeypatch.setattr(run, "SBIN", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    shell = shutil.which("sh", path="/bin:/usr/bin")

    def says(text, code=0):
        program = tmp_path / "ip"
        program.write_text(f"#!{shell}\nprintf '%s' '{text}'\nexit {code}\n")
        program.chmod(0o755)

    return says


def link(name, *addresses):
    return {"ifname": name, "addr_info": [{"local": a, "prefixlen": p} for a, p in addresses]}


def test_addresses_come_with_their_netmask_but_loopback_and_link_local_ones_do_not(ip):
    lo = link("lo", ("127.0.0.1", 8), ("::1", 128))
    eth0 = link("eth0", ("192.0.2.11", 23), ("fe80::1", 64))
    ip(json.dumps([lo, eth0, link("eth1", ("2001:db8::11", 64)), {"ifname": "down"}, {}]))
    assert {name: list(map(str, networks)) for name, networks in interfaces().items()} == {
        "eth0": ["192.0.2.11/23"],
        "eth1": ["2001:db8::11/64"],
    }


@pytest.mark.parametrize(
    ("text", "code"), [("Option -json is unknown", 255), ("1: lo: inet 127.0.0.1/8", 0), ("", 0)]
)
def test_an_ip_that_does_not_speak_json_says_nothing(ip, text, code):
    ip(text, code)
    assert interfaces() == {}


def test_a_machine_without_ip_says_nothing(ip):
    assert interfaces() == {}
