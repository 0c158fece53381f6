"""A stop of the VIP that fails because its address goes in its midst, as hakube-guard may take it.

Pacemaker would say for good that the VIP runs there (``on-fail=block``), and start it nowhere.
"""

import json
from contextlib import contextmanager

import pytest

from bench.reflex import health
from bench.traffic import balancer
from tests.lab import missing
from tests.lab.process import wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

AGENT = "/usr/lib/ocf/resource.d/heartbeat/IPaddr2"
VIP, ADDRESS = "VIP-apiserver", "192.0.2.100"
#: The agent has seen the address, and is about to take it away.
BEFORE = "\tocf_run $CMD || return $OCF_ERR_GENERIC\n"
#: Somebody else is faster; or nobody is, for ten seconds.
WAIT = f"""\ttouch /run/stopping
\tfor _ in $(seq 100); do
\t\tip -o address | grep -qF ' {ADDRESS}/' || break
\t\tsleep 0.1
\tdone
"""
#: Take it away in that moment.
GONE = f"""
for _ in $(seq 600); do test -e /run/stopping && break; sleep 0.05; done
test -e /run/stopping &&
ip -o address | sed -n 's/^[0-9]*: *\\([^ ]*\\) .* \\({ADDRESS}\\/[0-9]*\\) .*/\\2 dev \\1/p' |
    xargs ip address delete
"""


@contextmanager
def slow_to_stop(node):
    """The resource agent as the distribution has it, but for a pause in the deletion."""
    text = node.read(AGENT)
    head, function, rest = text.partition("\ndelete_interface () {")
    assert BEFORE in rest
    node.write(AGENT, head + function + rest.replace(BEFORE, WAIT + BEFORE, 1), mode="755")
    try:
        yield
    finally:
        node.write(AGENT, text, mode="755")
        node.run("rm -f /run/stopping")


def actions(node):
    return json.loads(node.read("/run/hakube/watch.json"))["actions"]


def test_a_vip_whose_stop_failed_without_an_address_is_started_elsewhere(applied):
    nodes = health.members(applied)
    assert health.wait(applied, nodes, 120) == []
    node = balancer.holder(applied)
    other = next(one for one in nodes if one.name != node.name)
    before = actions(node)
    try:
        with slow_to_stop(node):
            node.run(f"crm_resource --move -r {VIP} -N {other.name}", timeout=60)
            node.run(GONE, timeout=60)
            wait_until(
                lambda: f" {ADDRESS}/" in other.run("ip -o address").stdout,
                f"{other.name} to have the VIP",
                timeout=60,
            )
        # It failed indeed, and this is what mended it.
        failed = f"stop.*{VIP}.*{node.name}.*(error|Unable to remove IP)"
        node.run(f"journalctl --unit=pacemaker --since=-3min | grep -E '{failed}'")
        why = f"a stop of {VIP} failed here, and {ADDRESS} is not here"
        told = (f"cleaned up {VIP}", why)
        wait_until(
            lambda: told in [(it["what"], it["why"]) for it in actions(node) if it not in before],
            f"hakube-watch on {node.name} to say that it cleaned up",
            timeout=30,
        )
    finally:
        node.run(f"crm_resource --clear -r {VIP}", timeout=60)
    assert health.wait(applied, nodes, 120) == []
    # Not of others: without an API for that long a scheduler may have ended.
    assert [it for it in health.failures(node) if it.startswith(f"{VIP} ")] == []
