"""Who has the VIP: the packets' bytes, and real neighbours in namespaces."""

import json
import os
import struct
import subprocess
import sys

import pytest

from saltext_hakube.agents.probe import whohas
from saltext_hakube.agents.probe.look import DOWN, UP
from saltext_hakube.agents.probe.owner import judge

MAC, OTHER = bytes.fromhex("020000000b0c"), bytes.fromhex("020000000b0d")
HEAD = struct.pack("!HHBB", 1, 0x0800, 6, 4)
IP, OWN = bytes([192, 0, 2, 100]), bytes([192, 0, 2, 10])


def test_the_question_names_who_asks_and_what_is_wanted():
    packet = whohas.arp("192.0.2.100", MAC, "192.0.2.10")
    assert packet == HEAD + b"\0\1" + MAC + OWN + b"\0" * 6 + IP
    packet = whohas.solicitation("fd00:87::100", MAC)
    assert packet[:8] == bytes([135, 0, 0, 0, 0, 0, 0, 0])
    assert packet[8:24].hex() == "fd000087000000000000000000000100"
    assert packet[24:] == b"\1\1" + MAC
    assert whohas.group("fd00:87::1:2345") == "ff02::1:ff01:2345"


@pytest.mark.parametrize(
    ("packet", "owner"),
    [
        (HEAD + b"\0\2" + OTHER + IP + MAC + OWN, OTHER),
        (HEAD + b"\0\1" + OTHER + IP + b"\0" * 6 + IP + b"padding", OTHER),  # it announces it
        (HEAD + b"\0\2" + OTHER + OWN + MAC + IP, None),
        (HEAD + b"\0\1" + OTHER + OWN + b"\0" * 6 + IP, None),  # it asks, too
        (HEAD + b"\0\2" + OTHER, None),
        (b"\0\6" + HEAD[2:] + b"\0\2" + OTHER + IP + MAC + OWN, None),
    ],
)
def test_only_who_says_that_it_has_the_address_has_it(packet, owner):
    assert whohas.arp_owner(packet, "192.0.2.100") == owner


ADVERTISED = bytes([136, 0, 0, 0, 0x60, 0, 0, 0]) + bytes.fromhex(
    "fd000087000000000000000000000100"
)


@pytest.mark.parametrize(
    ("packet", "owner"),
    [
        (ADVERTISED + b"\2\1" + OTHER, OTHER),
        (ADVERTISED + b"\5\1" + b"\0" * 6 + b"\2\1" + OTHER, OTHER),
        (ADVERTISED, None),
        (ADVERTISED + b"\2\0" + OTHER, None),
        (ADVERTISED[:-1] + b"\1" + b"\2\1" + OTHER, None),
        (b"\x87" + ADVERTISED[1:] + b"\2\1" + OTHER, None),
        (b"", None),
    ],
)
def test_advertisements_are_read_likewise(packet, owner):
    assert whohas.neighbour(packet, "fd00:87::100") == owner


@pytest.mark.parametrize(
    ("owners", "here", "value"),
    [
        ({MAC}, False, UP),
        (set(), True, UP),
        (set(), False, DOWN),
        ({MAC, OTHER}, False, DOWN),
        ({MAC}, True, DOWN),
    ],
)
def test_exactly_one_has_it(owners, here, value):
    look = judge(owners, here=here)
    assert look.value == value
    assert len(look.evidence.get("owners", ())) == (len(owners) if value == DOWN else 0)


SCRIPT = """
import json, os, subprocess, sys, time
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.netlink import Network
from saltext_hakube.agents.probe.owner import Owner
from saltext_hakube.agents.probe.settings import Vip

others = [subprocess.Popen(["unshare", "-n", "sleep", "60"]) for _ in range(2)]

def ip(*words, there=None):
    ns = [] if there is None else ["nsenter", "-t", str(others[there].pid), "-n"]
    command = [*ns, "ip", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=15).stdout

def wait(look):
    end = time.monotonic() + 15
    while not look() and time.monotonic() < end:
        time.sleep(0.02)
    assert look()

def apart(other):
    told = [os.readlink(f"/proc/{pid}/ns/net") for pid in ("self", other.pid)]
    return told[0] != told[1]

def see(vip, value):
    # One look may come to nothing on a busy machine, or meet a neighbour that is just coming.
    end = time.monotonic() + 15
    seen = look(vip)
    while seen[0] != value and time.monotonic() < end:
        seen = look(vip)
    return seen

def look(vip):
    loop, found = Loop(), []
    owner = Owner(loop, Network(loop, lambda: None), Vip(vip, None, None, 6443, "VIP"))
    owner.begin(lambda look: (found.append(look), loop.stop()))
    loop.after(10, loop.stop)
    if not found:
        loop.run()
    return [found[0].value, found[0].why]

try:
    for other in others:
        wait(lambda: apart(other))
    ip("link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
    for number, other in enumerate(others):
        name = f"v{number}"
        ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", str(other.pid))
        ip("link", "set", name, "master", "br0", "up")
        ip("link", "set", "eth0", "up", there=number)
    ip("link", "set", "br0", "up")
    ip("addr", "add", "192.0.2.10/24", "dev", "br0")
    ip("addr", "add", "fd00:87::10/64", "dev", "br0", "nodad")
    for number in range(2):
        wait(lambda: "state forwarding" in ip("-d", "link", "show", f"v{number}"))
    seen = {}
    for vip, length in (("192.0.2.100", "24"), ("fd00:87::100", "64")):
        nodad = ["nodad"] if ":" in vip else []
        had = seen.setdefault(vip, {})
        had["nobody"] = see(vip, "down")
        ip("addr", "add", f"{vip}/{length}", "dev", "eth0", *nodad, there=0)
        had["one"] = see(vip, "up")
        ip("addr", "add", f"{vip}/{length}", "dev", "eth0", *nodad, there=1)
        had["two"] = see(vip, "down")
        ip("addr", "add", f"{vip}/{length}", "dev", "br0", *nodad)
        ip("addr", "del", f"{vip}/{length}", "dev", "eth0", there=1)
        had["here and there"] = see(vip, "down")
        ip("addr", "del", f"{vip}/{length}", "dev", "eth0", there=0)
        had["here"] = see(vip, "up")
    seen["foreign"] = see("198.51.100.1", "unknown")
    ip("link", "set", "br0", "down")
    seen["no link"] = see("192.0.2.100", "unknown")
    print(json.dumps(seen))
finally:
    for other in others:
        other.kill()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes network namespaces")
def test_every_machine_that_answers_for_the_address_is_seen():
    command = ["unshare", "-n", sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    values = {"nobody": "down", "one": "up", "two": "down", "here and there": "down", "here": "up"}
    for vip in ("192.0.2.100", "fd00:87::100"):
        assert {name: value for name, (value, _) in seen[vip].items()} == values, seen[vip]
        assert "2 machines have the VIP" in seen[vip]["two"][1]
        assert "this node has the VIP, and so has" in seen[vip]["here and there"][1]
    assert seen["foreign"][0] == seen["no link"][0] == "unknown"
