"""hakube-watch on real nodes, under the real systemd, installed by the apply."""

import json

import pytest

from saltext_hakube.agents.watch import attribute
from tests.lab import missing
from tests.lab.process import wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

NODES = ["node1", "node2", "node3"]
BACKEND = "kube-apiservers-secure"
VIP = "192.0.2.100"
EACH = 3  # connections on each apiserver

#: Opens connections to the API, says nothing, and tells how many of them were closed.
HOLD = f"""
import os, selectors, socket, time
held = selectors.DefaultSelector()
for _ in range({3 * EACH}):
    one = socket.socket(socket.AF_UNIX)
    one.connect("/run/haproxy-hakube-api.sock")
    held.register(one, selectors.EVENT_READ)
closed, end = 0, time.monotonic() + 90
time.sleep(0.5)
while time.monotonic() < end:
    for key, _ in held.select(0.1):
        held.unregister(key.fileobj)
        closed += 1
    with open("/run/held.new", "w") as file:
        file.write(str(closed))
    os.rename("/run/held.new", "/run/held")
    time.sleep(0.1)
"""


def server(node, name):
    """A server in the node's current worker, as the daemon sees it."""
    return next(s for s in sample(node)["servers"] if (s["backend"], s["name"]) == (BACKEND, name))


def journal(node):
    return node.run("journalctl --unit=hakube-watch --output=cat").stdout


def pid(node):
    return int(node.run("systemctl show --property=MainPID --value hakube-watch").stdout)


def attributes(node, name="hakube-haproxy"):
    """Node -> value, as the cluster knows it."""
    told = node.run(f"attrd_updater -Q -A -n {name}", check=False)
    return attribute.values(told.returncode, told.stdout, told.stderr) or {}


def wait_until_forgotten(node):
    """Whoever takes an attribute away is done a moment before the cluster has heard of it."""
    for name in ("hakube-haproxy", "hakube-servers"):
        wait_until(
            lambda name=name: node.name not in attributes(node, name),
            f"{name} of {node.name} to be gone",
            timeout=15,
        )


def sample(node):
    """What the daemon left; {} where there is nothing."""
    told = node.run("cat /run/hakube/watch.json", check=False).stdout
    return json.loads(told) if told else {}


def test_each_node_sees_its_own_haproxy(applied):
    for minion, seen in applied.salt("node[123]", "hakube_watch.status").items():
        assert isinstance(seen, dict), f"{minion}: {seen}"
        assert seen["haproxy"]["stats"]["problem"] is None
        assert seen["haproxy"]["master"]["problem"] is None
        servers = {s["name"] for s in seen["servers"] if s["backend"] == BACKEND}
        assert servers == {f"secure-{node}" for node in NODES}
        assert seen["workers"]["current"] > 0
        assert seen["verdict"]["value"] == "green", seen["verdict"]
    planned = applied.salt("node[123]", "hakube_watch.plan")
    assert {minion: plan["changes"] for minion, plan in planned.items()} == {
        node: {} for node in NODES
    }


def test_it_is_enabled_and_comes_back_when_it_is_killed(applied):
    node = applied.nodes[0]
    assert node.run("systemctl is-enabled hakube-watch").stdout.strip() == "enabled"
    before = pid(node)
    node.run("systemctl kill --signal=KILL hakube-watch")
    wait_until(lambda: pid(node) not in (0, before), "it to be back", timeout=30, every=0.2)
    wait_until(
        lambda: sample(node).get("pid") == pid(node) and sample(node)["workers"]["current"],
        "it to look again",
        timeout=30,
        every=0.2,
    )


def test_the_cluster_knows_that_each_node_is_green_and_forgets_one_that_stops_looking(applied):
    node = applied.nodes[1]
    for name in ("hakube-haproxy", "hakube-servers"):
        wait_until(
            lambda name=name: attributes(node, name).items() >= dict.fromkeys(NODES, "1").items(),
            f"{name} on all nodes",
            timeout=60,
            every=0.5,
        )
    node.run("systemctl stop hakube-watch")
    wait_until_forgotten(node)
    node.run("systemctl start hakube-watch")
    wait_until(lambda: attributes(node).get("node2") == "1", "node2's", timeout=30, every=0.2)


def test_the_cluster_forgets_one_that_was_killed_and_cannot_come_back(applied):
    node = applied.nodes[1]
    path = "/etc/hakube/watch.json"
    wait_until(lambda: attributes(node).get("node2") == "1", "node2's", timeout=30, every=0.2)
    node.run(f"cp -p {path} {path}.kept && echo '{{' > {path}")
    try:
        node.run("systemctl kill --signal=KILL hakube-watch")
        state = "systemctl is-active hakube-watch"
        wait_until(
            lambda: node.run(state, check=False).stdout.strip() == "failed", "it to end", timeout=30
        )
        wait_until_forgotten(node)
    finally:
        node.run(f"mv {path}.kept {path} && systemctl start hakube-watch")
    wait_until(lambda: attributes(node).get("node2") == "1", "node2's", timeout=30, every=0.2)


def handed_over(node):
    return [one for one in sample(node)["actions"] if "handed over" in one["what"]]


def test_in_maintenance_an_address_that_goes_is_left_to_the_administrator(applied):
    has = f"ip -oneline -4 address show to {VIP}"
    (node,) = [node for node in applied.nodes if node.run(has).stdout.strip()]
    words = node.run(has).stdout.split()
    before, why = handed_over(node), "the cluster has maintenance-mode=true"
    said = journal(node).count(why)
    node.run("crm_attribute --name maintenance-mode --update true")
    try:
        node.run(f"ip address del {words[3]} dev {words[1]}")
        wait_until(lambda: journal(node).count(why) > said, "it to say so", timeout=30, every=0.2)
        node.run(f"ip address add {words[3]} dev {words[1]}")
        # Before the maintenance ends: to whoever has not seen it yet the address is lost then.
        wait_until(
            lambda: sample(node)["eyes"]["address"]["here"], "it to see it", timeout=30, every=0.2
        )
    finally:
        node.run("crm_attribute --name maintenance-mode --delete")
    assert handed_over(node) == before


@pytest.fixture
def node(applied):
    """Not node3, and without the VIP: its haproxy has no sessions but those of this test."""
    has = f"ip -oneline -4 address show to {VIP}"
    return next(node for node in applied.nodes[:2] if not node.run(has).stdout.strip())


@pytest.fixture
def holder(node):
    """Connections through the node's own haproxy; how many of them are closed."""
    # Each server has its part of them if it is up.
    wait_until(
        lambda: all(server(node, f"secure-{name}")["status"] == "UP" for name in NODES),
        "all apiservers to be up",
        timeout=60,
        every=0.5,
    )
    node.write("/root/hold.py", HOLD)
    node.run("rm -f /run/held; python3 /root/hold.py >/dev/null 2>&1 & echo $! > /run/holder")

    def closed():
        told = node.run("cat /run/held", check=False).stdout
        return int(told) if told else None

    wait_until(lambda: closed() == 0, "the connections", timeout=30, every=0.2)
    yield closed
    node.run("kill $(cat /run/holder)", check=False)


@pytest.fixture
def hung(applied, node):
    """A function that makes node3's apiserver hang; Pacemaker goes on to call it active."""
    third = applied.nodes[2]
    signal = "systemctl kill --kill-who=main --signal={} kube-apiserver"
    yield lambda: third.run(signal.format("STOP"))
    third.run(signal.format("CONT"))
    wait_until(
        lambda: server(node, "secure-node3")["status"] == "UP",
        "node3's apiserver to be up again",
        timeout=60,
        every=0.5,
    )


def test_an_old_worker_loses_its_sessions_on_an_apiserver_that_hangs_and_no_other(
    node, holder, hung
):
    current = sample(node)["workers"]["current"]
    node.run("systemctl reload haproxy")
    wait_until(
        lambda: sample(node)["workers"]["current"] not in (0, current),
        "the new worker to be seen",
        timeout=30,
        every=0.5,
    )
    assert current in sample(node)["workers"]["old"]
    hung()
    wait_until(lambda: holder() == EACH, "its sessions to be closed", timeout=40, every=0.2)

    address = server(node, "secure-node3")["address"]
    what = f"closed {EACH} sessions of the old worker {current} on {address}"

    def closings():  # of this worker; the sample is written a moment after it was done
        return [one for one in sample(node)["actions"] if one["what"] == what]

    wait_until(closings, f"it to be told: {what}", timeout=30, every=0.2)
    (action,) = closings()
    assert action["why"].startswith(f"{BACKEND}/secure-node3 is DOWN")
    assert action["why"] in journal(node)
    assert holder() == EACH
