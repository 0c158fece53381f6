"""The cluster's turn among three nodes: the VIP's holder last, and what is killed makes room."""

import os
import re
import subprocess
import time

import pytest

from tests.lab import Lab, bare, missing
from tests.lab.process import wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

LEASE = 30

#: A node that has this file gives its turn back.
ENOUGH = "/run/enough"

# Takes the turn, says so, keeps it for the seconds that it is given, renewing it.
TAKE = f"""
import os, sys, time
from saltext_hakube.host import turn
from saltext_hakube.host.machine import Machine
name, seconds, last = sys.argv[1], float(sys.argv[2]), sys.argv[3] == "last"
with turn.take(Machine(), name, lease={LEASE}, wait=120, last=last) as mine:
    print("in", time.time(), flush=True)
    end = time.time() + seconds
    while time.time() < end and not os.path.exists("{ENOUGH}"):
        time.sleep(min(5, max(0, end - time.time())))
        mine.renew()
    print("out", time.time(), flush=True)
"""


@pytest.fixture(scope="module")
def lab():
    name = f"turn-{os.getpid()}"
    with Lab.up(name, installed=True, kube="none", salt=False) as found:
        bare.form(found)
        environment = bare.bring_code(found)
        for node in found.nodes:
            node.write("/root/take.py", TAKE)

        def taker(node, seconds, *last):
            return subprocess.Popen(
                node.enter(["python3", "/root/take.py", node.name, str(seconds), *(last or "-")]),
                env={**node.environment(), **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

        found.taker = taker
        yield found


def entries(node):
    """Who holds and who waits, as any node's CIB has it."""
    text = node.run("cibadmin --query --local --scope crm_config").stdout
    return {owner: holds == "yes" for owner, holds in re.findall(r"owner=(\S+) holds=(\w+)", text)}


def times(process, timeout=120):
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == 0, err
    return {words.split()[0]: float(words.split()[1]) for words in out.splitlines()}


def test_three_nodes_have_it_one_after_the_other_and_the_vips_holder_last(lab):
    first, vip, third = lab.nodes
    # While the first is at work the others come, the VIP's holder before the third; it is at work
    # until both wait, however long they take to come.
    holder = lab.taker(first, 100)
    wait_until(lambda: entries(vip).get(first.name), "node1 to have the turn", timeout=30)
    last = lab.taker(vip, 1, "last")
    wait_until(lambda: vip.name in entries(vip), "node2 to wait", timeout=30)
    other = lab.taker(third, 1)
    wait_until(lambda: third.name in entries(vip), "node3 to wait", timeout=30)
    first.run(f"touch {ENOUGH}")
    one, two, three = times(holder), times(last), times(other)
    first.run(f"rm {ENOUGH}")
    assert one["out"] <= three["in"] <= three["out"] <= two["in"]
    # node1's own copy of the CIB hears of node2's release a moment later.
    wait_until(lambda: entries(first) == {}, "nobody to have it, or to wait", timeout=10)


def test_a_node_that_loses_its_power_in_its_turn_loses_it_after_the_lease(lab):
    """And it is no error for the one that waits, also where the lost node was the DC."""
    dead = lab.machine(lab.nodes[0].run("crmadmin -D").stdout.split()[-1])
    alive = next(node for node in lab.nodes if node is not dead)
    taker = lab.taker(dead, 60)
    wait_until(lambda: entries(alive).get(dead.name), "the DC to have the turn", timeout=30)
    time.sleep(7)  # it has renewed its turn once
    cut = time.time()
    dead.power_cut()
    taken = times(lab.taker(alive, 0))["in"] - cut
    taker.kill()
    taker.communicate()
    # It renewed at most some seconds before the cut; a look takes a second, a new DC some.
    assert LEASE - 9 <= taken <= LEASE + 20
    assert entries(alive) == {}


def test_a_node_that_is_cut_off_is_told_so_and_does_not_believe_in_its_turn(lab):
    for node in lab.nodes:
        if not node.running:
            node.boot()
    wait_until(
        lambda: "3 nodes online" in _online(lab), "all nodes to be online", timeout=120, every=1
    )
    lone, other = lab.nodes[0], lab.nodes[1]
    taker = lab.taker(lone, 100)
    wait_until(lambda: entries(other).get(lone.name), "node1 to have the turn", timeout=30)
    lone.cut_network()
    _out, err = taker.communicate(timeout=60)
    assert "Refused: the cluster has no quorum here" in err
    gone = time.time()
    taken = times(lab.taker(other, 0))["in"]
    assert taken > gone
    lone.mend_network()


def _online(lab):
    text = lab.nodes[1].run("crm_mon --output-as=xml -1", check=False).stdout
    return f"{len(re.findall(r'<node [^>]*online=.true.[^>]*pending=.false.', text))} nodes online"
