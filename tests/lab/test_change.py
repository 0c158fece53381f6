"""What changes later, on the cluster that is formed: the VIP's family, timing, a quorum device, a
node."""

import concurrent.futures
import threading

import pytest

from saltext_hakube.core.corosync import Running
from saltext_hakube.core.corosync import running as parse_running
from tests.lab import missing
from tests.lab.conftest import changed, failed
from tests.lab.process import wait_until
from tests.lab.test_apply import PATIENCE, holders, ready

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]


def running(applied):
    """What the cluster runs, and where, as node4 sees it."""
    return applied.salt("node4", "hakube_cluster.status")["node4"]["running"]


def settled(apply, target="node[123]"):
    """Apply, and see that a second time there is nothing to do."""
    returns = apply(target)
    for states in returns.values():
        assert failed(states) == {}
    for states in apply(target).values():
        assert changed(states) == {}
    return returns


def test_an_ipv6_vip_answers_and_may_be_bound_before_it_is_there(applied, apply):
    apply.write_pillar(vip={"address": applied.vip6, "prefix": 64})
    settled(apply)
    assert ready(applied, tries=30, host=f"[{applied.vip6}]") == "ok"
    for node in applied.nodes[:3]:
        assert node.run("sysctl -n net.ipv6.ip_nonlocal_bind").stdout.strip() == "1"
    shown = [applied.vip6 in n.run("ip -6 -br address show eth0").stdout for n in applied.nodes]
    assert sum(shown) == 1


def test_back_to_ipv4_nothing_of_the_other_address_is_left(applied, apply):
    apply.write_pillar()
    settled(apply)
    assert ready(applied, tries=30) == "ok"
    assert applied.vip6 not in applied.nodes[0].read("/etc/haproxy/haproxy.cfg")


def timing(node):
    """What corosync works with on the node, and the membership that it is in."""
    shown = node.run("corosync-cmapctl runtime.config.totem.").stdout
    ring = node.run("corosync-quorumtool -s | grep 'Ring ID'").stdout
    return parse_running(shown), ring


def test_another_timing_is_set_while_the_cluster_runs_and_nobody_notices(applied, apply):
    before = [timing(node) for node in applied.nodes[:3]]
    assert {it for it, _ring in before} == {Running(3000, 3600)}
    holder, answers, over = holders(applied), [], threading.Event()

    def ask():
        while not over.is_set():
            answers.append(ready(applied, patience=PATIENCE))

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            for name, numbers in (("fast", Running(1000, 1200)), ("safe", Running(3000, 3600))):
                apply.write_pillar(timing=name)
                done = applied.salt("node[123]", "hakube_cluster.apply", timeout=180)
                assert [it["problems"] for it in done.values()] == [[], [], []]
                assert list(done["node1"]["changes"]) == ["1 totem"]
                assert [done[it]["changes"] for it in ("node2", "node3")] == [{}, {}]
                now = [timing(node) for node in applied.nodes[:3]]
                assert now == [(numbers, ring) for _old, ring in before]
        finally:
            over.set()
        asking.result(30)
    assert set(answers) == {"ok"}
    assert holders(applied) == holder
    apply.write_pillar()
    left = applied.salt("node[123]", "hakube_cluster.plan")
    assert [(it["changes"], it["warnings"]) for it in left.values()] == [({}, [])] * 3


def test_a_quorum_device_becomes_the_clusters_voice(applied, apply):
    applied.master.run("apt-get install -y -qq pcs corosync-qnetd", timeout=180)
    applied.master.run("chpasswd", input=f"hacluster:{apply.secret}\n")
    # Debian's package has initialised it already; elsewhere it is `pcs qdevice setup model net`.
    applied.master.run("systemctl enable --now pcsd corosync-qnetd", timeout=60)
    apply.write_pillar({"quorum_device": {"host": "master", "algorithm": "lms"}})
    settled(apply)
    shown = applied.nodes[0].run("corosync-quorumtool -s", check=False).stdout
    assert "Qdevice" in shown


def test_a_node_that_is_declared_later_is_added_and_the_cluster_never_set_up_again(applied, apply):
    """The hardest place for it is the first: there stands who sets a cluster up."""
    before = applied.nodes[0].run("grep cluster_uuid /etc/corosync/corosync.conf").stdout
    order = [4, 1, 2, 3]
    apply.write_pillar(
        {
            "nodes": {f"node{n}": f"192.0.2.{10 + n}" for n in order},
            "quorum_device": {"host": "master", "algorithm": "lms"},
            "peers_timeout": 150,
        }
    )
    for states in apply("*").values():
        assert failed(states) == {}
    after = applied.nodes[3].run("grep cluster_uuid /etc/corosync/corosync.conf").stdout
    assert after == before
    status = applied.salt("node4", "hakube_cluster.status")["node4"]
    assert status["online"] == [f"node{n}" for n in sorted(order)]
    # Who finds nothing to do does not wait for what the cluster starts by itself.
    wait_until(
        lambda: all("node4" in running(applied).get(it, []) for it in ("haproxy", "apiserver")),
        "haproxy and apiserver on node4",
        timeout=90,
    )
    assert ready(applied, tries=30) == "ok"
