"""Three nodes change the cluster at the same time, while its status never stands still."""

import concurrent.futures
import contextlib
import json
import os
import re
import statistics
import subprocess
from collections import Counter

import pytest

from tests.lab import Lab, bare, missing
from tests.lab.wheels import CHECKOUT

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

EACH = 50

# Writes an attribute of its node into the status many times a second; ends by itself.
NOISE = """
i=0
while [ $i -lt 2400 ] && ! [ -e /tmp/quiet ]; do
    i=$((i + 1))
    attrd_updater --name noise --update $i
    sleep 0.03
done
echo $i
"""


@pytest.fixture(scope="module")
def lab():
    suite = os.environ.get("HAKUBE_LAB_SUITE", "bookworm")
    name = f"push-{os.getpid()}"
    with Lab.up(name, suite=suite, installed=True, kube="none", salt=False) as found:
        # 450 probes would be most of the work, and none of what is looked at here.
        bare.form(found, {"enable-startup-probes": "false"})
        found.environment = bare.bring_code(found)
        for node in found.nodes:
            node.copy_in(CHECKOUT / "tests/lab/pusher.py", "/root/pusher.py")
        yield found


def version(node):
    return re.search(r"<cib [^>]*>", node.run("cibadmin --query --local").stdout)[0]


@contextlib.contextmanager
def noise(nodes):
    """The status changes on all nodes; the list that is yielded has how often, when it is over."""
    counts = []
    with contextlib.ExitStack() as stack:
        makers = [
            stack.enter_context(
                subprocess.Popen(
                    node.enter(NOISE), env=node.environment(), stdout=subprocess.PIPE, text=True
                )
            )
            for node in nodes
        ]
        try:
            yield counts
        finally:
            for node in nodes:
                node.run("touch /tmp/quiet")
            counts += [int(maker.communicate(timeout=30)[0]) for maker in makers]


def push_from_all(lab, count):
    """What each node's pusher says, all of them run at once."""

    def pushed(node):
        argv = ["python3", "/root/pusher.py", node.name, str(count)]
        return json.loads(node.run(argv, env=lab.environment, timeout=300).stdout)

    with concurrent.futures.ThreadPoolExecutor(len(lab.nodes)) as pool:
        return list(pool.map(pushed, lab.nodes))


def test_150_changes_at_once_are_all_there_each_once_while_the_status_changes(lab, capsys):
    first = lab.nodes[0]
    before = version(first)
    with noise(lab.nodes) as noises:
        told = push_from_all(lab, EACH)

    text = first.run("cibadmin --query --local --scope configuration").stdout
    wanted = {f"{node.name}-{number}" for node in lab.nodes for number in range(1, EACH + 1)}
    assert Counter(re.findall(r'<primitive id="([^"]+)"', text)) == Counter(wanted)
    # Each push read this number and wrote the next one: none was lost, none was done twice.
    assert re.findall(r'name="pushed" value="(\d+)"', text) == [str(len(wanted))]
    assert [one["changes"] for one in told] == [2 * EACH] * len(lab.nodes)
    # The status was busy, or nothing has been shown.
    assert sum(noises) > len(wanted)

    seconds = sorted(second for one in told for second in one["seconds"])
    total = max(one["end"] for one in told) - min(one["begin"] for one in told)
    plans, processes = (sum(one[key] for one in told) for key in ("plans", "processes"))
    with capsys.disabled():
        print(
            f"\n{len(seconds)} pushes in {total:.1f} s: p50 {statistics.median(seconds):.3f} s, "
            f"p95 {seconds[int(len(seconds) * 0.95)]:.3f} s, max {seconds[-1]:.3f} s, {plans} "
            f"plans, {processes} processes; {sum(noises)} changes of the status meanwhile\n"
            f"  from {before}\n  to   {version(first)}"
        )


def test_an_empty_push_changes_no_version(lab):
    lab.nodes[1].run(["python3", "/root/pusher.py", "again", "1"], env=lab.environment)
    code = (
        "from saltext_hakube.core.cib.objects import Primitive\n"
        "from saltext_hakube.core.cib.plan import plan\n"
        "from saltext_hakube.host import cib, machine\n"
        "again = Primitive(id='again-1', agent='ocf:pacemaker:Dummy',"
        " meta={'target-role': 'Stopped'})\n"
        "print(cib.push(machine.Machine(), lambda text: plan([again], text)).changes)\n"
    )
    lab.nodes[1].run("crm_resource --wait --timeout=60s", timeout=75)
    epoch = re.search(r' epoch="\d+"', version(lab.nodes[1]))[0]
    done = lab.nodes[1].run(["python3", "-c", code], env=lab.environment)
    assert done.stdout == "()\n"
    assert re.search(r' epoch="\d+"', version(lab.nodes[1]))[0] == epoch
