"""`salt '*' state.apply hakube` on three fresh machines: a story, one test after another."""

import json
import time

import pytest

from tests.lab import missing
from tests.lab.conftest import changed, failed
from tests.lab.process import wait_until
from tests.lab.watch import Lookout

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

NODES = ["node1", "node2", "node3"]
#: Seconds after which a client has noticed, as in bench.traffic: less is a busy machine's slowness.
PATIENCE = 10


def ready(lab, tries=1, host=None, patience=3):
    """A verified GET of /readyz through the VIP, as a client on another machine sees it; a stand-in
    says the same as Kubernetes, and what it is."""
    told = lab.client.run(
        f"curl -sS -g -m {patience} --retry {tries - 1} --retry-delay 1 --retry-all-errors "
        f"https://{host or lab.vip}:6443/readyz",
        check=False,
        timeout=tries * (patience + 1) + 30,  # for curl to start, on a busy machine
    ).stdout
    return told.removesuffix(" (stand-in, not Kubernetes)\n")


def holders(lab):
    return [n for n in lab.nodes if lab.vip in n.run("ip -br address show eth0").stdout]


def files_of(node):
    return node.run("find /etc -newer /etc/hostname -type f | sort").stdout


def formed_here(node):
    """What a formation would leave on the machine."""
    return node.run(
        "grep -l node2 /etc/corosync/corosync.conf; ls /etc/corosync/authkey", check=False
    )


def test_a_dry_run_on_machines_with_nothing_lists_everything_and_does_nothing(apply):
    nodes = apply.lab.nodes[:3]
    apply.write_pillar({"peers_timeout": 5})
    before = [files_of(node) for node in nodes]
    for states in apply("node[123]", "test=True").values():
        assert failed(states) == {}
        assert states["hakube-install-packages"]["result"] is None
        assert "await" in json.dumps(states["hakube-cluster-formed"]["changes"])
        assert states["hakube-resources-managed"]["changes"]["haproxy-clone"]
        assert "diff" in states["hakube-haproxy-config"]["changes"]
    assert [files_of(node) for node in nodes] == before
    assert all("haproxy" not in node.run("ls /usr/sbin").stdout for node in nodes)


def test_while_one_is_missing_the_others_say_whom_they_wait_for_and_form_nothing(apply):
    returns = apply("node[12]")
    assert sorted(returns) == ["node1", "node2"]
    for name, states in returns.items():
        comment = states["hakube-cluster-formed"]["comment"]
        assert "pcsd on node3 did not answer within 5 s" in comment
        assert "without -b" in comment
        assert states["hakube-resources-managed"]["result"] is False
        assert changed(states).get("hakube-resources-managed") is None
        assert formed_here(apply.lab.machine(name)).stdout == ""


def test_all_at_once_form_the_cluster_and_no_secret_is_seen(apply):
    # node3 has yet to install everything, which the others have done.
    apply.write_pillar({"peers_timeout": 150})
    lookout = Lookout(apply.lab, apply.secret)
    lookout.start()
    returns = apply()
    found = lookout.stop()
    assert sorted(returns) == NODES
    for states in returns.values():
        assert failed(states) == {}
    # One of them pushed the cluster's objects, the others found nothing left to do.
    pushed = [n for n, states in returns.items() if "hakube-resources-managed" in changed(states)]
    assert len(pushed) == 1
    assert found == []
    assert lookout.turns > 1000
    assert lookout.events > 10
    assert apply.secret not in json.dumps(returns)
    apply.formed = True


def test_the_api_answers_through_the_vip_with_a_verified_certificate(applied):
    assert ready(applied, tries=60) == "ok"


def test_the_vip_is_on_one_node_and_everything_runs(applied):
    status = {}
    # A scheduler or controller-manager that starts before the API answers ends (Kubernetes' own
    # leader election), and Pacemaker starts it again.
    early = {"scheduler", "controller"}

    def started():
        status.update(applied.salt("node1", "hakube_cluster.status")["node1"])
        return all(status["running"].get(name) for name in early)

    wait_until(started, "scheduler and controller to run", timeout=120, every=1)
    assert status["quorate"] is True
    assert status["online"] == NODES
    assert [f for f in status["failures"] if f["resource"] not in early] == []
    running = status["running"]
    assert [node.name for node in holders(applied)] == running["VIP-apiserver"]
    assert sorted(running["haproxy"]) == NODES
    assert sorted(running["apiserver"]) == NODES
    assert len(running["scheduler"]) == 1
    assert running["scheduler"] == running["controller"]


def test_units_that_pacemaker_manages_are_not_enabled(applied):
    units = "haproxy kube-apiserver kube-scheduler kube-controller-manager"
    for node in applied.nodes[:3]:
        states = node.run(f"systemctl is-enabled {units}", check=False).stdout.split()
        assert states == ["disabled"] * 4


def test_a_second_apply_changes_nothing(applied, apply):
    for states in apply().values():
        assert failed(states) == {}
        assert changed(states) == {}


def test_neither_does_one_node_after_the_other(applied, apply):
    text = apply.lab.master.run(
        "/opt/salt/bin/salt -b 1 'node[123]' state.apply hakube --out=json --static", timeout=600
    ).stdout
    assert text.count('"result": true') >= 3 * 8
    assert '"result": false' not in text
    assert text.count('"changes": {}') == text.count('"changes":')


def test_a_dry_run_of_a_formed_cluster_finds_nothing_to_do(applied, apply):
    for states in apply("node[123]", "test=True").values():
        assert {name: s["result"] for name, s in states.items() if s["result"] is not True} == {}


def test_with_one_node_down_the_others_apply_and_say_so(applied, apply):
    down = next(node for node in applied.nodes[:3] if node not in holders(applied))
    others = [name for name in NODES if name != down.name]
    apply.write_pillar(properties={"cluster-recheck-interval": "10min"})
    down.power_off()
    try:
        returns = apply(f"node[{''.join(name[-1] for name in others)}]", timeout=300)
    finally:
        down.boot()
    assert sorted(returns) == others
    for states in returns.values():
        assert failed(states) == {}
        warned = states["hakube-cluster-formed"].get("warnings", [])
        assert any(f"offline: {down.name}" in line for line in warned)
    pushed = [changed(states).get("hakube-resources-managed") for states in returns.values()]
    assert sum(change is not None for change in pushed) == 1
    wait_until(
        lambda: applied.salt(others[0], "hakube_cluster.status")[others[0]]["online"] == NODES,
        f"{down.name} to be back in the cluster",
        timeout=120,
    )


def test_haproxy_killed_on_the_holder_comes_back(applied):
    assert ready(applied, tries=30) == "ok"
    (node,) = holders(applied)
    node.run("kill -9 $(systemctl show --value -p MainPID haproxy)")
    start = time.monotonic()
    assert ready(applied, tries=40) == "ok"
    # A monitor every 5 s, then a stop and a start of some 2 s each, on a busy machine.
    assert time.monotonic() - start < 40
