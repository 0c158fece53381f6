"""A cleanup while Pacemaker waits for a monitor, on a real cluster: nobody is kept waiting."""

import time

import pytest

from bench.traffic import balancer
from tests.lab import missing
from tests.lab.process import wait_until

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

SLOW = "/run/systemd/system/haproxy.service.d/99-slow.conf"
#: Seconds; a cluster whose monitor was ended unheard waits for 160.
LONGEST = 100
#: Seconds that haproxy takes to start: Pacemaker's monitor, every 5 s, sees that, and all that is
#: done here is done before it has its answer.
START = 14


def pending(node):
    path = f"//node_state[@uname='{node.name}']//lrm_rsc_op[@operation='monitor'][@op-status='-1']"
    return "haproxy" in node.run(f'cibadmin --query --xpath "{path}"', check=False).stdout


def acts(coordinator):
    said = coordinator.run(f"crmadmin --status {coordinator.name}", check=False).stdout
    return "S_TRANSITION_ENGINE" in said


@pytest.fixture
def slow(applied):
    """A node on which haproxy starts, for longer than Pacemaker takes to look."""
    node = next(it for it in applied.nodes if it.name != balancer.holder(applied).name)
    start = f"[Service]\\nExecStartPre=/bin/sleep {START}\\n"
    node.run(f"printf '{start}' > {SLOW}; systemctl daemon-reload")
    yield node
    node.run(f"rm -f {SLOW}; systemctl daemon-reload")
    node.run("crm_resource --wait --timeout=200s", timeout=220)
    node.run("attrd_updater --name of-a-test --delete; crm_resource --cleanup")


def test_a_cleanup_waits_for_the_answer_of_a_monitor(applied, slow):
    seen = slow.run("crm_mon -1").stdout
    coordinator = next(it for it in applied.nodes if f"Current DC: {it.name} " in seen)
    slow.run("kill -9 $(systemctl show -P MainPID haproxy)")
    wait_until(lambda: pending(slow), "a monitor that finds haproxy starting", timeout=START)
    # Any reason to plan has it ask again, and wait.
    slow.run(f"attrd_updater --name of-a-test --update {time.time()}")
    wait_until(lambda: acts(coordinator), "the coordinator to wait", timeout=5)
    # Something that failed: of others a cleanup is none.
    slow.run("crm_resource --fail --resource haproxy --node " + slow.name)
    begin = time.monotonic()
    words = f"hakube_pcs.cleanup haproxy {slow.name} wait=0"
    slow.run(f"salt-call --local --out=json {words}", timeout=60)
    print(f"cleaned up after {time.monotonic() - begin:.1f} s")
    wait_until(lambda: not acts(coordinator), "the cluster to be at rest", timeout=LONGEST)
    print(f"at rest after {time.monotonic() - begin:.1f} s")
