"""The cluster as declared, and what stands in its CIB."""

import pytest

from saltext_hakube.core.corosync import Corosync, Member
from saltext_hakube.core.preflight.finding import Unseen

from .world import PILLAR, VIP, cib, cluster, is_fine, is_found, is_unseen, told, with_cib

PLAIN = '<primitive id="extra" class="systemd" type="cron">{}</primitive>'
MONITOR = '<operations><op id="extra-m" name="monitor" interval="{}" {}/></operations>'
TEMPLATE = (
    '<template id="t" class="systemd" type="cron"><operations>'
    '<op id="t-m" name="monitor" interval="10s"/></operations></template>'
    '<primitive id="extra" template="t"/>'
)
COLOCATION = '<rsc_colocation id="c" rsc="{}" with-rsc="{}" {}/>'
SECOND = (
    '<primitive id="extra" class="ocf" provider="heartbeat" type="IPaddr2">'
    '<instance_attributes id="e-i"><nvpair id="e-ip" name="ip" value="{}"/></instance_attributes>'
    '<operations><op id="e-m" name="monitor" interval="10s"/></operations></primitive>'
)
META = '<meta_attributes id="m"><nvpair id="m-n" name="{}" value="{}"/></meta_attributes>'
SCHEDULER = '<primitive id="scheduler" class="systemd" type="kube-scheduler">'


def colocation(*words):
    return with_cib(COLOCATION.format(*words), "</constraints>")


def scheduler(name, value):
    return cluster(cib=cib().replace(SCHEDULER, SCHEDULER + META.format(name, value), 1))


def property_(name, value):
    pair = f'<nvpair id="p-{name}" name="{name}" value="{value}"/>'
    return with_cib(pair, "</cluster_property_set>")


def node(name, value):
    pair = f'<instance_attributes id="n"><nvpair id="n-n" name="{name}" value="{value}"/>'
    text = f'<nodes><node id="3" uname="node3">{pair}</instance_attributes></node></nodes>'
    return cluster(cib=cib().replace("<nodes />", text).replace("<nodes/>", text))


def without_monitor(resource):
    """Its CIB has a monitor of another interval than 0 no more."""
    text = cib()
    for every in ("5s", "3s"):  # haproxy's, the apiserver's
        text = text.replace(f'name="monitor" interval="{every}"', 'name="monitor" interval="0"')
    return cluster(cib=text)


NO_DEVICE = {"fencing": "none"}
TWO = {
    "fencing": "none",
    "cluster:nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12"},
    "cluster:accept_split_brain": True,
}
ODD = {"fencing": {name: it for name, it in PILLAR["fencing"].items() if name != "fence-node3"}}
ELSEWHERE = Corosync("hakube", (Member("node2", ("198.51.100.12",)),))

TRAPS = [
    ("no-fencing", "warning", "hakube:fencing", "cannot be switched off", None, NO_DEVICE),
    (
        "no-fencing",
        "warning",
        "hakube:properties:stonith-enabled",
        "idle",
        None,
        {"properties:stonith-enabled": False},
    ),
    ("node-count", "warning", "hakube:cluster:nodes", "fewer than", None, TWO),
    ("split-brain", "warning", "hakube:cluster:nodes", "both halves", None, TWO),
    ("unfenced-node", "warning", "hakube:fencing", "no device is for node3", None, ODD),
    (
        "corosync-differs",
        "warning",
        "hakube:cluster:nodes:node2",
        "198.51.100.12",
        cluster(conf=ELSEWHERE),
        {},
    ),
    (
        "no-monitor",
        "warning",
        "resource extra",
        "pcs resource op add extra",
        with_cib(PLAIN.format("")),
        {},
    ),
    (
        "no-monitor",
        "warning",
        "resource extra",
        "never notices",
        with_cib(PLAIN.format(MONITOR.format("0", ""))),
        {},
    ),
    (
        "no-monitor",
        "warning",
        "resource extra",
        "never",
        with_cib(PLAIN.format(MONITOR.format("9s", 'enabled="no"'))),
        {},
    ),
    (
        "colocation-reversed",
        "warning",
        "constraint c",
        "pcs constraint delete c",
        colocation("haproxy-clone", "VIP-apiserver", ""),
        {},
    ),
    (
        "colocation-reversed",
        "warning",
        "constraint c",
        "VIP",
        colocation("haproxy-clone", "VIP-apiserver", 'score="10"'),
        {},
    ),
    (
        "vip-twice-in-cluster",
        "error",
        "resource extra",
        "pcs resource delete extra",
        with_cib(SECOND.format(VIP)),
        {},
    ),
    (
        "cluster-unattended",
        "warning",
        "property maintenance-mode",
        "moves nothing",
        property_("maintenance-mode", "true"),
        {},
    ),
    (
        "cluster-unattended",
        "warning",
        "node node3",
        "pcs node unstandby node3",
        node("standby", "on"),
        {},
    ),
    (
        "cluster-unattended",
        "warning",
        "resource scheduler",
        "unmanaged",
        scheduler("is-managed", "false"),
        {},
    ),
    (
        "cluster-unattended",
        "warning",
        "resource scheduler",
        "kept stopped",
        scheduler("target-role", "Stopped"),
        {},
    ),
]


@pytest.mark.parametrize(("code", "severity", "where", "words", "observed", "pillar"), TRAPS)
def test_the_trap_is_found_with_its_place_and_remedy(
    *, code, severity, where, words, observed, pillar
):
    is_found(code, severity, where, words, observed, pillar=pillar)


FINE = [
    ("split-brain", None, NO_DEVICE),
    ("node-count", None, NO_DEVICE),
    # It is asked for its list, or knows the nodes by a map.
    ("unfenced-node", None, {"fencing": {"all": {"agent": "fence_sbd"}}}),
    (
        "unfenced-node",
        None,
        {
            "fencing": {
                "all": {
                    "agent": "fence_apc",
                    "options": {"pcmk_host_map": "node1:1;node2:2,3;node3:4"},
                }
            }
        },
    ),
    ("unfenced-node", None, NO_DEVICE),
    ("corosync-differs", cluster(conf=Corosync("x", (Member("node2", ("node2",)),))), {}),
    ("no-monitor", with_cib(PLAIN.format(MONITOR.format("9s", ""))), {}),
    ("no-monitor", with_cib(TEMPLATE), {}),
    ("colocation-reversed", colocation("haproxy-clone", "VIP-apiserver", 'score="-10"'), {}),
    ("colocation-reversed", colocation("scheduler", "VIP-apiserver", ""), {}),
    ("vip-twice-in-cluster", with_cib(SECOND.format("192.0.2.101")), {}),
    ("cluster-unattended", scheduler("target-role", "Started"), {}),
    ("cluster-unattended", property_("maintenance-mode", "false"), {}),
]


@pytest.mark.parametrize(("code", "observed", "pillar"), FINE)
def test_what_only_looks_like_it_is_fine(code, observed, pillar):
    is_fine(code, observed, pillar)


def test_a_monitor_that_the_apply_adds_is_told_so():
    found = told("no-monitor", without_monitor("haproxy"))
    assert [where for _, where, _ in found] == ["resource haproxy", "resource apiserver"]
    assert all("hakube.resources adds it" in words for _, _, words in found)


@pytest.mark.parametrize(
    "code", ["no-monitor", "colocation-reversed", "vip-twice-in-cluster", "cluster-unattended"]
)
def test_before_a_cluster_runs_nothing_is_known_of_it(code):
    is_unseen(code, "no cluster", cluster(cib=Unseen("no cluster runs on this machine")))


def test_before_a_cluster_is_formed_corosync_knows_nobody():
    is_unseen("corosync-differs", "no cluster is formed", cluster(conf=None))
