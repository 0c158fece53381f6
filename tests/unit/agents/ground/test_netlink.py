"""Addresses and links as the kernel tells of them, in a network namespace of the test's own."""

import errno
import json
import os
import socket
import struct
import subprocess
import sys

import pytest

from saltext_hakube.agents.ground import netlink, rtnetlink
from saltext_hakube.agents.ground.loop import Loop

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network namespace")

SCRIPT = """
import json, subprocess, sys
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.netlink import Network
from saltext_hakube.agents.ground.rtnetlink import Address

def ip(*words):
    subprocess.run(["ip", *words], check=True)

ip("link", "set", "lo", "up")
ip("link", "add", "one", "type", "veth", "peer", "name", "other")
ip("link", "set", "one", "up")
ip("link", "set", "other", "up")
ip("address", "add", "192.0.2.11/24", "dev", "one")
loop = Loop()
told = []
network = Network(loop, lambda: told.append(1))

def settle(there):
    end = loop.now() + 10
    def look():
        if there() or loop.now() > end:
            loop.stop()
    timer = loop.every(0.01, look)
    loop.run()
    timer.cancel()
    return bool(there())

def link():
    return network.links[network.interface("192.0.2.100")]

found = {}
found["first"] = [link().name, link().up, len(link().hardware), network.here("192.0.2.100") is None]
ip("address", "add", "192.0.2.100/24", "dev", "one")
found["came"] = settle(lambda: network.here("192.0.2.100"))
found["held"] = list(network.here("192.0.2.100"))[::2]
ip("address", "add", "2001:db8::100/64", "dev", "one", "nodad")
found["came6"] = settle(lambda: network.here("2001:db8::100"))
found["against"] = [network.remove(network.here(a)) for a in ("192.0.2.100", "2001:db8::100")]
both = ("192.0.2.100", "2001:db8::100")
found["went"] = settle(lambda: not any(network.here(a) for a in both))
found["again"] = network.remove(Address("192.0.2.100", network.interface("192.0.2.100"), 24))
found["prefix6"] = network.interface("2001:db8::100", None, 64)
ip("address", "add", "203.0.113.5/32", "dev", "other")
settle(lambda: network.here("203.0.113.5"))
names = {index: link.name for index, link in network.links.items()} | {None: None}
near = lambda *words: names[network.interface("203.0.113.100", *words)]
found["alone"] = [near(), near(None, 24)]
ip("address", "add", "203.0.113.9/24", "dev", "one")
settle(lambda: network.here("203.0.113.9"))
found["beside a subnet"] = [near(), near(None, 24)]
ip("address", "add", "192.0.2.1/16", "dev", "other")
ip("link", "add", "bridge", "type", "bridge")
ip("link", "set", "one", "master", "bridge")
ip("link", "set", "one", "nomaster")
ip("link", "delete", "bridge")
network.read()
found["left the bridge"] = [link().name, network.here("192.0.2.11") is not None]
ip("address", "delete", "192.0.2.1/16", "dev", "other")
ip("link", "set", "other", "down")
found["lost"] = settle(lambda: not link().up)
ip("link", "set", "other", "up")
found["back"] = settle(lambda: link().up)
ip("link", "delete", "one")
found["gone"] = settle(lambda: network.interface("192.0.2.100") is None)
found["named"] = network.links[network.interface("192.0.2.100", "lo")].name
found["told"] = len(told) > 5
print(json.dumps(found))
"""


OVERFLOW = """
import json, socket, subprocess
from saltext_hakube.agents.ground import netlink, rtnetlink
from saltext_hakube.agents.ground.loop import Loop

def batch(*lines):
    subprocess.run(["ip", "-batch", "-"], input="\\n".join(lines), text=True, check=True)

batch("link set lo up", "link add one type veth peer name two", "link set one up")
network = netlink.Network(Loop(), lambda: None)
network._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
batch("address add 192.0.2.100/24 dev one", *["link set lo down", "link set lo up"] * 50)
batch("address delete 192.0.2.100/24 dev one")
network.read()
print(network.here("192.0.2.100") is not None)
network.read()
print(network.here("192.0.2.100") is not None)
"""


DUPLICATE = """
import json, subprocess, sys, time
from pathlib import Path
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.netlink import Network

def ip(*words):
    subprocess.run(["ip", *words], check=True)

def state(address):
    held = network.here(address)
    return held and [held.state, held.serves]

def settle(there):
    end = loop.now() + 20
    timer = loop.every(0.01, lambda: (there() or loop.now() > end) and loop.stop())
    loop.run()
    timer.cancel()

ip("link", "set", "lo", "up")
ip("link", "add", "one", "type", "veth", "peer", "name", "other")
# The other machine: it ends with its input, which is ours.
there = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; cat"], stdin=-1, stdout=-1)
there.stdout.readline()
inside = ["nsenter", "--net", "--target", str(there.pid)]
ip("link", "set", "one", "netns", str(there.pid))
subprocess.run([*inside, "ip", "link", "set", "one", "up"], check=True)
ip("link", "set", "other", "up")
# Their own addresses are in use before: until then neither hears what the other asks.
for place in ([], inside):
    words = [*place, "ip", "-6", "-json", "address", "show", "scope", "link"]
    for _ in range(2000):
        told = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
        own = [it for link in told for it in link.get("addr_info", [])]
        if own and not any(it.get("tentative") for it in own):
            break
        time.sleep(0.01)
loop = Loop()
watched = {"2001:db8::100": [], "2001:db8::101": [], "192.0.2.100": []}

def changed():
    for address, seen in watched.items():
        now = state(address)
        if now != (seen[-1] if seen else None):
            seen.append(now)

network = Network(loop, changed)
probes = Path("/proc/sys/net/ipv6/conf/other/dad_transmits")
probes.write_text("60")  # a minute to be seen in; it turns out to be another's only then
ip("address", "add", "2001:db8::100/64", "dev", "other")
settle(lambda: watched["2001:db8::100"])
words = "address add 2001:db8::100/64 dev one nodad"
subprocess.run([*inside, "ip", *words.split()], check=True)
probes.write_text("2")
ip("address", "add", "2001:db8::101/64", "dev", "other")
ip("address", "add", "192.0.2.100/32", "dev", "other")
settle(lambda: all(watched.values()) and state("2001:db8::101") == ["", True]
    and state("2001:db8::100") == ["dadfailed", False])
anew = Network(Loop(), lambda: None)
vips = [one for one in anew.addresses if one.ip in watched]
watched["anew"] = sorted([one.ip, one.state] for one in vips)
told, watched = watched, {}
told["against"] = [network.remove(network.here(one)) for one in ("2001:db8::100", "192.0.2.100")]
told["left"] = [state(one) for one in ("2001:db8::100", "192.0.2.100") if network.read() is None]
print(json.dumps(told))
there.communicate()
"""


STALE = (
    OVERFLOW.split("network._socket", maxsplit=1)[0]
    + """
told = []
network._changed = lambda: told.append(network.here("192.0.2.100") is not None)
batch("address add 192.0.2.100/24 dev one")
network.read()
network._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
batch("address delete 192.0.2.100/24 dev one", *["link set lo down", "link set lo up"] * 50)
batch("address add 192.0.2.100/24 dev one", "link set lo down")

def refuse():
    raise OSError(16, "Device or resource busy")

all_, netlink._all = netlink._all, refuse
network.read()
batch("link set two up")
network.read()
netlink._all = all_
network.look()
batch("address delete 192.0.2.100/24 dev one")
network.read()
print(told, network.links[1].up)
"""
)


def in_a_namespace(script):
    return subprocess.run(
        ["unshare", "--net", sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@needs_root
def test_an_address_that_may_be_or_is_anothers_does_not_serve():
    done = in_a_namespace(DUPLICATE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "2001:db8::100": [["tentative", False], ["dadfailed", False]],
        "2001:db8::101": [["tentative", False], ["", True]],
        "192.0.2.100": [["", True]],
        "anew": [
            ["192.0.2.100", ""],
            ["2001:db8::100", "dadfailed"],
            ["2001:db8::101", ""],
        ],
        "against": ["", ""],
        "left": [None, None],
    }


PREFIXES = """
import subprocess
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.netlink import Network

def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout

ip("link", "set", "lo", "up")
ip("link", "add", "one", "type", "veth", "peer", "name", "other")
ip("link", "set", "one", "up")
ip("address", "add", "192.0.2.11/24", "dev", "one")
for prefix in (32, 16, 25):
    ip("address", "add", f"192.0.2.100/{prefix}", "dev", "one")
network = Network(Loop(), lambda: None)
held = [one for one in network.addresses if one.ip == "192.0.2.100"]
print(sorted(one.prefix for one in held), [network.remove(one) for one in held])
print("192.0.2.100" in ip("address", "show"), "192.0.2.11/24" in ip("address", "show"))
"""


@needs_root
def test_an_address_is_taken_away_with_whatever_prefix_it_has():
    done = in_a_namespace(PREFIXES)
    assert (done.stdout, done.stderr) == ("[16, 25, 32] ['', '', '']\nFalse True\n", "")


@needs_root
def test_what_waits_from_before_an_overflow_is_not_believed_after_it():
    done = in_a_namespace(OVERFLOW)
    assert (done.stdout, done.stderr) == ("False\nFalse\n", "")


@needs_root
def test_until_all_is_seen_anew_after_an_overflow_what_was_seen_before_counts():
    """The loss of the address waits to be read; that it is back was left out."""
    done = in_a_namespace(STALE)
    assert (done.stdout, done.stderr) == ("[True, True, False] False\n", "")


class Kernel:
    """Stands for the kernel while it answers badly, which it cannot be made to do. Each item of
    ``says`` is what one dump gives: packets, or an error; then, or with None, the true one does."""

    def __init__(self, monkeypatch):
        self.says, self.dumps = [], 0
        self._open = netlink._open
        monkeypatch.setattr(netlink, "_open", self.open)

    def open(self, groups=0):
        made = self._open(groups)
        if groups:
            return made
        self.dumps += 1
        said = self.says.pop(0) if self.says else None
        return made if said is None else Answers(made, said)


class Answers:
    def __init__(self, made, said):
        self._made, self._said = made, [said] if isinstance(said, Exception) else [*said]

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._made.close()

    def settimeout(self, seconds):
        assert seconds < 1

    def send(self, message):
        pass

    def recv(self, _size):
        said = self._said.pop(0) if self._said else TimeoutError("timed out")
        if isinstance(said, Exception):
            raise said
        return said


def packet(type_, body=b"", flags=2):
    return rtnetlink._HEADER.pack(16 + len(body), type_, flags, 1, 0) + body


DONE, ERROR, OVERRUN, INTERRUPTED = 3, 2, 4, 0x10
BAD = {
    "an error": [packet(ERROR, struct.pack("=i", -errno.EBUSY) + b"\0" * 16)],
    "an end with an error": [packet(DONE, struct.pack("=i", -errno.EMSGSIZE))],
    "interrupted": [packet(DONE, struct.pack("=i", 0), INTERRUPTED)],
    "interrupted in the midst": [packet(16, b"\0" * 16, INTERRUPTED), packet(DONE, b"\0" * 4)],
    "overrun": [packet(OVERRUN), packet(DONE, b"\0" * 4)],
    "an overflow": OSError(errno.ENOBUFS, "No buffer space available"),
    "silence": TimeoutError("timed out"),
    "nothing": [b""],
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("first", [[], [None]], ids=["links", "addresses"])
def test_a_look_that_went_wrong_is_made_again_and_takes_nothing_away(
    loop, until, monkeypatch, bad, first
):
    kernel = Kernel(monkeypatch)
    told = []
    network = netlink.Network(loop, lambda: told.append(network.here("127.0.0.1")))
    before = (dict(network.links), set(network.addresses))
    assert network.here("127.0.0.1")
    kernel.dumps, kernel.says = 0, [*first, bad]
    network.look()
    assert (network.links, network.addresses) == before
    assert until(lambda: kernel.dumps >= len(first) + 3)
    assert (network.links, network.addresses) == before
    assert told == []


@pytest.mark.parametrize("type_", [ERROR, OVERRUN])
def test_a_word_that_the_kernel_could_not_say_is_asked_for(loop, monkeypatch, type_):
    kernel = Kernel(monkeypatch)
    network = netlink.Network(loop, lambda: None)
    before, kernel.dumps = (dict(network.links), set(network.addresses)), 0
    told, tell = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with told, tell:
        monkeypatch.setattr(network, "_socket", told)
        tell.send(packet(type_, struct.pack("=i", -errno.EBUSY) + b"\0" * 16))
        network.read()
    assert kernel.dumps == 2
    assert (network.links, network.addresses) == before


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_who_begins_sees_the_truth_or_says_that_he_cannot(monkeypatch, bad):
    kernel = Kernel(monkeypatch)
    kernel.says = [bad, bad]
    assert netlink.Network(Loop(), lambda: None).here("127.0.0.1")
    monkeypatch.setattr(netlink, "BEGIN", 0.3)
    kernel.says = [bad] * 1000
    with pytest.raises(OSError, match=r"\w"):
        netlink.Network(Loop(), lambda: None)


@needs_root
def test_addresses_and_links_that_come_and_go_are_told_at_once():
    done = in_a_namespace(SCRIPT)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "first": ["one", True, 6, True],
        "came": True,
        "held": ["192.0.2.100", 24],
        "came6": True,
        "against": ["", ""],
        "went": True,
        "again": "Cannot assign requested address",
        "prefix6": None,
        "alone": [None, "other"],
        "beside a subnet": ["one", "one"],
        "left the bridge": ["one", True],
        "lost": True,
        "back": True,
        "gone": True,
        "named": "lo",
        "told": True,
    }
