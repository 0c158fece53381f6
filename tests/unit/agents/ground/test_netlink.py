"""Addresses and links as the kernel tells of them, in a network namespace of the test's own."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root for a network namespace")

SCRIPT = """
import json, subprocess, sys
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.netlink import Address, Network

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
network._receive()
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
from saltext_hakube.agents.ground import netlink
from saltext_hakube.agents.ground.loop import Loop

def batch(*lines):
    subprocess.run(["ip", "-batch", "-"], input="\\n".join(lines), text=True, check=True)

batch("link set lo up", "link add one type veth peer name two", "link set one up")
network = netlink.Network(Loop(), lambda: None)
network._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
batch("address add 192.0.2.100/24 dev one", *["link set lo down", "link set lo up"] * 50)
batch("address delete 192.0.2.100/24 dev one")
network._receive()
print(network.here("192.0.2.100") is not None)
network._receive()
print(network.here("192.0.2.100") is not None)
"""


def test_what_waits_from_before_an_overflow_is_not_believed_after_it():
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", OVERFLOW],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.stdout, done.stderr) == ("False\nFalse\n", "")


def test_addresses_and_links_that_come_and_go_are_told_at_once():
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", SCRIPT],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
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
