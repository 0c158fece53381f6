"""The healing on real machines: a fault, and master and nodes mend it, and can tell of it."""

import time

import pytest
import yaml

from bench.reflex import health
from bench.reflex.faults import hang, thaw
from bench.traffic import balancer
from tests.lab import missing
from tests.lab.process import wait_until
from tests.lab.salt import PILLAR_ROOT, wait_for_minions

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

CONFIG = "/etc/haproxy/haproxy.cfg"
MASTER = "/etc/salt/master.d/hakube.conf"
SLS = "hakube.resources,hakube.beacon"
#: Seconds. 15 and 30 are asked of a calm machine.
SLOWER = 90


def runner(lab, *words):
    return lab.master.run(["salt-run", "--log-level=quiet", *words], timeout=120).stdout


def restart(lab):
    lab.master.run("systemctl restart salt-master", timeout=300)
    wait_for_minions(lab.master, lab.nodes)


@pytest.fixture(scope="module")
def healed(applied):
    """The lab with the healing, as a person turns it on; without it afterwards."""
    nodes = health.members(applied)
    target = f"node[{''.join(node.name.removeprefix('node') for node in nodes)}]"
    pillar = yaml.safe_load(applied.master.read(f"{PILLAR_ROOT}/hakube.sls"))
    before = applied.master.read(MASTER)

    def apply(mode):
        health.clean(nodes[0])  # an apply tells of what failed before, as in the tests of the rungs
        # More than the default allows in an hour: a test may be run again and again.
        # A master that was just restarted finds most minions silent, which is a storm: a short one.
        budget = {"each": 20, "cluster": 100}
        pillar["hakube"]["heal"] = {"mode": mode, "budget": budget, "storm": 5}
        applied.write_pillar(yaml.safe_dump(pillar, sort_keys=False))
        done = applied.salt(target, "state.apply", SLS, timeout=300)
        for minion, states in done.items():
            assert isinstance(states, dict), f"{minion}: {states}"
            wrong = [it["comment"] for it in states.values() if it["result"] is not True]
            assert wrong == [], minion

    assert health.wait(applied, nodes, 120) == []
    # In this order: what the master has once read of the pillars counts for three minutes.
    apply("act")
    applied.master.run(f"salt-run hakube.master_config > /tmp/new && mv /tmp/new {MASTER}")
    restart(applied)
    wait_until(lambda: well(applied), "all to be well", timeout=180, every=1)
    yield applied
    apply("none")
    for node in nodes:
        for name in ("hakube-probe", "hakube-alert"):
            assert not (node.run(f"ls /usr/local/lib/hakube/{name}*", check=False).stdout)
    applied.master.write(MASTER, before)
    restart(applied)


def well(lab):
    screen = runner(lab, "hakube.status")
    known = " ? " not in screen.split("apiserver")[0]
    return "all well" in screen and "STORM" not in screen and known


def history(lab):
    return runner(lab, "hakube.history", "hakube").splitlines()


def mended_by_kill(lab, node):
    return {it for it in history(lab) if f"scheduler-{node.name}-" in it and "by kill" in it}


def told(lab, component, node):
    """The newest incident of this component and node that has ended, as a story."""
    lines = [line for line in history(lab) if f" {component}-{node}-" in line]
    assert lines, history(lab)
    name = next(word for word in lines[-1].split() if word.startswith(f"{component}-{node}-"))
    return lines[-1], runner(lab, "hakube.explain", name)


def test_a_spoiled_file_is_put_right_and_haproxy_is_back(healed):
    node = balancer.holder(healed)
    before, begin = node.read(CONFIG), time.monotonic()
    node.run(f"echo 'this is no configuration' > {CONFIG}; pkill -9 -x haproxy")
    wait_until(lambda: node.read(CONFIG) == before, "the file to be put right", timeout=SLOWER)
    right = time.monotonic() - begin
    wait_until(
        lambda: node.run("systemctl is-active haproxy", check=False).stdout.strip() == "active",
        "haproxy to be back",
        timeout=SLOWER,
    )
    print(f"a spoiled file: right after {right:.1f} s, back after {time.monotonic() - begin:.1f} s")
    wait_until(lambda: well(healed), "all to be well", timeout=SLOWER, every=1)
    line, story = told(healed, "haproxy", node.name)
    assert f"mended by files on {node.name}" in line
    assert "yes votes" in story
    assert "yes healthy" in story
    assert "closed: all that was down is up again" in story


def test_a_scheduler_that_hangs_is_killed_once_it_is_verified_and_comes_back(healed):
    unit = "kube-scheduler"
    (node,) = [
        node
        for node in health.members(healed)
        if node.run(f"systemctl is-active {unit}", check=False).stdout.strip() == "active"
    ]
    before, begin = mended_by_kill(healed, node), time.monotonic()
    hang(node, unit)
    try:
        wait_until(
            lambda: mended_by_kill(healed, node) - before,
            "the hang to be mended",
            timeout=SLOWER,
            every=1,
        )
        print(f"a scheduler that hangs: mended after {time.monotonic() - begin:.1f} s")
    finally:
        thaw(node, unit)
    _, story = told(healed, "scheduler", node.name)
    assert "how: silent" in story
    assert "the node saw that it helped" in story


def test_what_a_person_paused_is_left_alone_and_the_ledger_says_why(healed):
    node = balancer.holder(healed)
    before = node.read(CONFIG)
    runner(healed, "hakube.pause", "hakube", "new switches")
    try:
        node.run(f"echo '# mine' > {CONFIG}")
        wait_until(
            lambda: any(f"files-{node.name}-" in line for line in history(healed)),
            "it to be seen",
            timeout=SLOWER,
            every=1,
        )
        (line,) = [it for it in history(healed) if f"files-{node.name}-" in it][-1:]
        assert "open" in line
        assert "new switches" in told(healed, "files", node.name)[1]
        assert node.read(CONFIG) == "# mine\n"
    finally:
        node.write(CONFIG, before)
        runner(healed, "hakube.resume", "hakube")
    wait_until(lambda: well(healed), "all to be well", timeout=SLOWER, every=1)
