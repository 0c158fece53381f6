"""After a push: what does not run is told, by node and reason, with what to try."""

import json
import os

import pytest

from tests.lab import Lab, bare, missing

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

# An agent that does all but stop.
STOPLESS = r"""
folder=/usr/lib/ocf/resource.d
mkdir -p $folder/test
sed 's/^ *stop).*/stop) ocf_exit_reason "will not stop"; exit 1;;/' \
    $folder/pacemaker/Dummy > $folder/test/Stopless
chmod 755 $folder/test/Stopless
"""

# Pushes one primitive and prints what settle.wait says.
PUSH = """
import json, sys
import msgspec
from saltext_hakube.core.cib.objects import Primitive
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.host import cib, settle
from saltext_hakube.host.machine import Machine
wanted = [msgspec.convert({"type": "Primitive", **json.loads(sys.argv[1])}, Primitive)]
cib.push(Machine(), lambda text: plan(wanted, text))
print(json.dumps(settle.wait(Machine(), wanted, float(sys.argv[2]))))
"""


@pytest.fixture(scope="module")
def push():
    suite = os.environ.get("HAKUBE_LAB_SUITE", "bookworm")
    name = f"settle-{os.getpid()}"
    with Lab.up(name, suite=suite, installed=True, kube="none", salt=False) as lab:
        bare.form(lab)
        environment = bare.bring_code(lab)
        for node in lab.nodes:
            node.run(STOPLESS)
            node.write("/root/push.py", PUSH)

        def pushed(timeout=30, **primitive):
            argv = ["python3", "/root/push.py", json.dumps(primitive), str(timeout)]
            return json.loads(lab.nodes[0].run(argv, env=environment, timeout=120).stdout)

        yield pushed


def test_a_start_that_fails_is_told_with_the_agents_reason(push):
    options = {"ip": "203.0.113.5", "nic": "nosuch0"}
    (line,), others = push(id="vip", agent="ocf:heartbeat:IPaddr2", options=options)
    assert line.startswith("vip failed to start on node")
    assert "[findif] failed; mend the cause, then `salt-call hakube_pcs.cleanup vip`" in line
    assert others == []


def test_an_agent_that_is_missing_fails_though_pacemaker_says_nothing(push):
    (line,), others = push(id="none", agent="ocf:heartbeat:Nonsense")
    assert line.startswith("none runs on no node: its agent")
    assert "is not installed on node1, node2, node3; install it" in line
    assert others == []


def test_a_stop_that_fails_is_told_and_stays_told(push):
    agent = "ocf:test:Stopless"
    assert push(id="stopless", agent=agent) == [[], []]
    for _ in range(2):
        (line,), others = push(id="stopless", agent=agent, meta={"target-role": "Stopped"})
        assert line.startswith("stopless failed to stop on node")
        assert "will not stop; mend the cause" in line
        assert others == []


def test_what_is_unmanaged_is_no_failure_but_told(push):
    wrong, (line,) = push(id="free", agent="ocf:pacemaker:Dummy", meta={"is-managed": "false"})
    assert wrong == []
    assert line == "free runs on no node, and is unmanaged or in maintenance"


def test_what_takes_longer_than_the_wait_is_told_by_action_and_node(push):
    slow = {"id": "slow", "agent": "ocf:pacemaker:Dummy", "options": {"op_sleep": "15"}}
    (line,), _others = push(timeout=3, **slow)
    assert "did not come to rest within 3 s" in line
    assert "still to do: " in line
    assert "slow_start_0 on node" in line
    assert "\n" not in line
