"""A VIP announced anew: a neighbour that remembers another place for it learns the right one."""

import os
import subprocess
import sys

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host.remedy import announce

SCRIPT = """
import json, os, subprocess, time
from saltext_hakube.host.remedy import announce

other = subprocess.Popen(["unshare", "-n", "sleep", "60"])

def ip(*words, there=False):
    ns = ["nsenter", "-t", str(other.pid), "-n"] if there else []
    return subprocess.run([*ns, "ip", *words], check=True, capture_output=True, text=True).stdout

def wait(look):
    end = time.monotonic() + 15
    while not look() and time.monotonic() < end:
        time.sleep(0.02)
    assert look()

try:
    wait(lambda: os.readlink("/proc/self/ns/net") != os.readlink(f"/proc/{other.pid}/ns/net"))
    ip("link", "add", "one", "type", "veth", "peer", "name", "two", "netns", str(other.pid))
    for name, address, there in (("one", "192.0.2.100", False), ("two", "192.0.2.20", True)):
        ip("link", "set", name, "up", there=there)
        ip("addr", "add", f"{address}/24", "dev", name, there=there)
    wait(lambda: "LOWER_UP" in ip("link", "show", "two", there=True))
    stale = ["lladdr", "02:de:ad:00:00:01", "dev", "two", "nud", "stale"]
    ip("neigh", "replace", "192.0.2.100", *stale, there=True)
    print(announce.again("192.0.2.100"))
    own = json.loads(ip("-j", "link", "show", "one"))[0]["address"]
    wait(lambda: own in ip("neigh", "show", "192.0.2.100", there=True))
finally:
    other.kill()
    other.wait()
"""


# With a /sys of its own: it tells of the network that it was mounted in.
APART = ["unshare", "-n", "-m", "sh", "-c", 'mount -t sysfs none /sys && exec "$@"', "sh"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs network namespaces")
def test_a_neighbour_that_remembers_another_place_learns_the_right_one():
    told = subprocess.run(
        [*APART, sys.executable, "-c", SCRIPT],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (told.stdout, told.returncode) == ("one\n", 0), told.stderr


def test_an_address_that_is_not_here_is_not_announced():
    with pytest.raises(HakubeError, match=r"192\.0\.2\.77 is not on this machine"):
        announce.again("192.0.2.77")
