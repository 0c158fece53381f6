"""What announces the address: its bytes, and whether a kernel believes them."""

import json
import os
import struct
import subprocess
import sys

import pytest

from saltext_hakube.agents.guard import announce

MAC = bytes.fromhex("020000000b0c")


def test_both_forms_of_arp_name_the_address_and_its_hardware():
    request, reply = announce.arp("192.0.2.100", MAC)
    assert len(request) == len(reply) == 28
    head = struct.pack("!HHBB", 1, 0x0800, 6, 4)
    ip = bytes([192, 0, 2, 100])
    assert request == head + b"\0\1" + MAC + ip + b"\0" * 6 + ip
    assert reply == head + b"\0\2" + MAC + ip + b"\xff" * 6 + ip


def test_an_advertisement_overrides_what_is_known():
    packet = announce.advertisement("fd00:87::100", MAC)
    assert packet[:8] == bytes([136, 0, 0, 0, 0x20, 0, 0, 0])
    assert packet[8:24].hex() == "fd000087000000000000000000000100"
    assert packet[24:] == b"\x02\x01" + MAC


SCRIPT = """
import json, subprocess, sys, time
from saltext_hakube.agents.guard.neighbours import Place, send

other = subprocess.Popen(["unshare", "-n", "sleep", "60"])
ns = ["nsenter", "-t", str(other.pid), "-n"]

def ip(*words, there=False):
    command = [*(ns if there else []), "ip", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout

def wait(look):
    end = time.monotonic() + 15
    while not look() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(look())

def apart():
    told = [os.readlink(f"/proc/{pid}/ns/net") for pid in ("self", other.pid)]
    return told[0] != told[1]

import os
try:
    assert wait(apart)
    ip("link", "add", "one", "type", "veth", "peer", "name", "two", "netns", str(other.pid))
    for words in (["link", "set", "one", "up"], ["addr", "add", "192.0.2.100/24", "dev", "one"],
                  ["addr", "add", "fd00:87::100/64", "dev", "one", "nodad"]):
        ip(*words)
    for words in (["link", "set", "two", "up"], ["addr", "add", "192.0.2.20/24", "dev", "two"],
                  ["addr", "add", "fd00:87::20/64", "dev", "two", "nodad"]):
        ip(*words, there=True)
    link = json.loads(ip("-j", "link", "show", "one"))[0]
    mac = link["address"]
    place = Place("one", link["ifindex"], bytes.fromhex(mac.replace(":", "")))
    found = {"mac": mac, "learnt": {}}
    assert wait(lambda: "LOWER_UP" in ip("link", "show", "two", there=True))
    for address in ("192.0.2.100", "fd00:87::100"):
        wrong = ["lladdr", "02:de:ad:00:00:01", "dev", "two", "nud", "stale"]
        ip("neigh", "replace", address, *wrong, there=True)

        def known():
            return json.loads(ip("-j", "neigh", "show", address, there=True))[0]["lladdr"]

        before = known()
        told = send(address, place)
        found["learnt"][address] = [before, told, wait(lambda: known() == mac)]
    found["gone"] = send("fd00:87::101", place)  # as one that is still tentative
    found["infiniband"] = send("192.0.2.100", place._replace(hardware=b"1" * 20))
    found["nowhere"] = send("192.0.2.100", place._replace(name="none"))
    print(json.dumps(found))
finally:
    other.kill()
    other.wait()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root for network namespaces")
def test_a_neighbour_that_knew_better_learns_where_the_address_is():
    told = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)
    for address in ("192.0.2.100", "fd00:87::100"):
        assert found["learnt"][address] == ["02:de:ad:00:00:01", "", True]
    assert (found["gone"], found["infiniband"]) == ("", "it is no Ethernet")
    assert found["nowhere"]
