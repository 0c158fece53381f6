"""What Pacemaker says of this node: out of a real CIB, by the real crm_mon."""

import shutil
from pathlib import Path

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import local
from tests.unit.hands.clusters import (
    CIB,
    operation,
    seen,
    with_attributes,
    with_fail_count,
    with_history,
    with_meta,
    with_property,
)

pytestmark = pytest.mark.skipif(
    shutil.which("crm_mon", path="/usr/sbin:/usr/bin") is None, reason="crm_mon is not installed"
)

VIP = "VIP-apiserver"
STOP_FAILED = with_history(CIB, "node1", VIP, operation(VIP, "stop", call=40, code="1"))


def test_a_cluster_that_is_well(tmp_path):
    found = seen(CIB, tmp_path)
    assert found.quorate
    assert not found.maintenance
    assert found.me.active
    assert found.others == ["node2", "node3"]
    vip, haproxy, scheduler = (found.view(it) for it in (VIP, "haproxy", "scheduler"))
    assert (vip.runs, vip.elsewhere, vip.cloned, vip.stuck, vip.pending) == (
        True,
        (),
        False,
        False,
        "",
    )
    assert (haproxy.runs, set(haproxy.elsewhere), haproxy.cloned) == (
        True,
        {"node2", "node3"},
        True,
    )
    assert (scheduler.runs, scheduler.elsewhere, scheduler.stuck) == (False, ("node2",), False)
    assert {it.hands_off for it in found.views.values()} == {""}


def test_a_resource_that_the_cluster_has_not_is_nobodys(tmp_path):
    assert "no resource" in seen(CIB, tmp_path).view("nonsense").hands_off


def test_a_failed_stop_blocks_and_a_blocked_resource_is_not_called_unmanaged(tmp_path):
    vip = seen(STOP_FAILED, tmp_path).view(VIP)
    assert (vip.blocked, vip.runs, vip.hands_off) == (True, True, "")
    assert vip.failures[0].startswith("stop: ")
    elsewhere = seen(STOP_FAILED, tmp_path, "node2").view(VIP)
    assert (elsewhere.blocked, elsewhere.failures, elsewhere.elsewhere) == (False, (), ("node1",))


@pytest.mark.parametrize(
    ("tag", "resource", "name", "value", "said"),
    [
        ("primitive", VIP, "is-managed", "false", f"{VIP} is unmanaged"),
        ("primitive", VIP, "maintenance", "true", f"{VIP} is in maintenance"),
        ("group", "controller-scheduler", "is-managed", "no", "scheduler is unmanaged"),
    ],
)
def test_what_a_person_took_out_of_pacemakers_hands_is_left_alone(  # noqa: PLR0917
    tmp_path, tag, resource, name, value, said
):
    cib = with_meta(STOP_FAILED, tag, resource, name, value)
    views = seen(cib, tmp_path).views
    assert said in {it.hands_off for it in views.values()}


def test_a_default_for_all_resources_counts_unless_the_resource_says_otherwise(tmp_path):
    default = (
        '<rsc_defaults><meta_attributes id="d"><nvpair id="d-m" name="is-managed" value="false"/>'
        "</meta_attributes></rsc_defaults></configuration>"
    )
    cib = with_meta(CIB, "primitive", VIP, "is-managed", "true")
    found = seen(cib.replace("</configuration>", default), tmp_path)
    assert found.view("scheduler").hands_off == "scheduler is unmanaged"
    assert found.view(VIP).hands_off == ""


def test_the_clusters_maintenance_and_a_nodes_standby_are_seen(tmp_path):
    assert seen(with_property(CIB, "maintenance-mode", "true"), tmp_path).maintenance
    found = seen(with_attributes(CIB, "node2", standby="on"), tmp_path)
    assert (found.me.standby, found.others) == (False, ["node3"])
    assert seen(with_attributes(CIB, "node1", standby="on"), tmp_path).me.standby
    assert seen(with_attributes(CIB, "node1", maintenance="true"), tmp_path).me.maintenance


def test_a_failed_start_keeps_a_resource_from_its_node(tmp_path):
    cib = with_history(CIB, "node1", "haproxy", operation("haproxy", "start", call=41, code="1"))
    cib = with_fail_count(cib, "node1", "haproxy", "start", "0", "INFINITY")
    # It ended without having run, which Pacemaker knows from a stop after it.
    cib = with_history(cib, "node1", "haproxy", operation("haproxy", "stop", call=42, code="0"))
    view = seen(cib, tmp_path).view("haproxy")
    assert (view.runs, view.banned, view.stuck) == (False, True, True)
    other = seen(cib, tmp_path, "node2").view("haproxy")
    assert (other.runs, other.banned, other.stuck) == (True, False, False)


def test_the_nodes_words_on_their_haproxy_are_read(tmp_path):
    cib = with_attributes(CIB, "node2", hakube_haproxy="1", hakube_servers="0")
    assert seen(cib, tmp_path).attributes["node2"]["hakube-haproxy"] == "1"
    assert seen(cib, tmp_path).attributes["node1"].get("hakube-haproxy") is None


def test_a_crm_mon_that_cannot_say_is_an_error_and_not_an_empty_cluster(tmp_path):
    with pytest.raises(HakubeError, match="does not conform"):
        seen(with_property(CIB, "is-managed-default", "false"), tmp_path)


@pytest.mark.parametrize("version", ["2.0.5", "2.1.5", "3.0.0"])
def test_each_generation_of_crm_mon_is_understood(version):
    text = (Path(__file__).parents[1] / f"cluster/crm_mon/{version}.xml").read_text()
    found = local.read(text, CIB, "node1")
    assert (found.quorate, found.maintenance) == (True, False)
    assert {name: it.standby for name, it in found.members.items()} == {
        "node1": False,
        "node2": False,
        "node3": True,
    }
    running = {name for name, it in found.views.items() if it.runs}
    assert "everywhere" in running
    assert found.view("everywhere").cloned
    assert not any(it.pending or it.blocked for it in found.views.values())


def test_without_quorum_it_is_said(tmp_path):
    found = seen(CIB.replace('have-quorum="1"', 'have-quorum="0"'), tmp_path)
    assert not found.quorate
