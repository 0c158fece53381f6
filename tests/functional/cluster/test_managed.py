"""The states of the cluster with real Salt loaders, on a CIB file that stands for a cluster."""

import subprocess

import pytest

PILLAR = {
    "hakube": {
        "cluster": {
            "nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"},
            "password": "s3cret-hacluster",
        },
        "vip": {"address": "192.0.2.100"},
        "fencing": {
            "fence": {"agent": "fence_ipmilan", "options": {"password": "s3cret-bmc", "ip": "x"}}
        },
    }
}


@pytest.fixture(scope="module")
def minion_config_overrides(machine_root):
    return {
        "id": "node1",
        "hakube": {"root": str(machine_root), "cib_file": str(machine_root / "cib.xml")},
    }


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", PILLAR)


def test_a_dry_run_tells_all_that_will_be_created_and_makes_no_file(states, root):
    ret = states.hakube_pcs.managed("cluster", test=True)
    assert ret.result is None
    assert ret.changes["VIP-apiserver"]["option ip"] == "192.0.2.100"
    assert ret.changes["haproxy-clone"]["action"] == "create clone"
    assert not (root / "cib.xml").exists()


def test_where_no_cluster_runs_nothing_is_said_to_be_absent_from_it(states, root):
    ret = states.hakube_pcs.managed("gone", absent={"locations": ["any"]})
    assert (ret.result, ret.changes) == (True, {})
    assert ret.comment == "No cluster runs here; what a stopped one has in it stays as it is"
    assert not (root / "cib.xml").exists()


def test_it_is_created_once_and_then_there_is_nothing_to_do(states, root):
    first = states.hakube_pcs.managed("cluster")
    assert first.result is True
    assert len(first.changes) == 16
    text = (root / "cib.xml").read_text()
    for testing in (False, True):
        again = states.hakube_pcs.managed("cluster", test=testing)
        assert again.result is True
        assert again.changes == {}
    assert (root / "cib.xml").read_text() == text


def test_what_somebody_changed_is_put_right_and_named(states, root):
    states.hakube_pcs.managed("cluster")
    path = root / "cib.xml"
    path.write_text(path.read_text().replace('value="192.0.2.100"', 'value="192.0.2.7"'))
    ret = states.hakube_pcs.managed("cluster")
    assert ret.changes == {
        "VIP-apiserver": {
            "action": "update primitive",
            "option ip": "192.0.2.7 -> 192.0.2.100",
        }
    }


def test_the_result_is_valid_for_pacemaker(states, root):
    states.hakube_pcs.managed("cluster")
    done = subprocess.run(
        ["crm_verify", "--xml-file", root / "cib.xml"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_password_is_in_the_cib_and_nowhere_else(states, modules, root):
    ret = states.hakube_pcs.managed("cluster")
    assert "s3cret-bmc" in (root / "cib.xml").read_text()
    told = repr(ret.raw) + repr(modules.hakube_pcs.show()) + repr(modules.hakube_pcs.plan())
    assert "option password" in told
    assert "s3cret" not in told


def test_a_file_that_is_no_cib_is_one_failed_state_in_words(states, root):
    (root / "cib.xml").write_text("<nonsense/>")
    ret = states.hakube_pcs.managed("cluster")
    assert ret.result is False
    assert ret.changes == {}
    assert "Traceback" not in ret.comment


def test_no_cluster_is_formed_for_a_folder(states):
    ret = states.hakube_pcs.cluster_formed("cluster")
    assert ret.result is True
    assert ret.changes == {}
    assert "folder" in ret.comment


def test_no_unit_is_touched_for_a_folder(states):
    ret = states.hakube_pcs.units_handed_over("units", units=["dbus", "cron"])
    assert ret.result is True
    assert ret.changes == {}


@pytest.mark.parametrize("pillar_data", [{"hakube": {"vip": 3}}], indirect=True)
def test_a_wrong_pillar_is_told_and_nothing_is_changed(states, root):
    for state in (states.hakube_pcs.managed, states.hakube_pcs.cluster_formed):
        ret = state("cluster")
        assert ret.result is False
        assert "hakube:vip: 3 is wrong" in ret.comment
    assert not (root / "cib.xml").exists()
