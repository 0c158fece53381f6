"""hakube.preflight with real loaders, on a folder that stands for the machine."""

import pytest
from salt.exceptions import CommandExecutionError

UNIT = "[Service]\nExecStart=/usr/bin/kube-apiserver --etcd-servers=http://192.0.2.50:2379\n"


def pillar(**parts):
    nodes = {f"node{i}": f"192.0.2.1{i}" for i in (1, 2, 3)}
    cluster = {"nodes": nodes, "password": "not-a-real-one"}
    vip = {"address": "192.0.2.100"}
    return {"hakube": {"cluster": cluster, "vip": vip, "fencing": "none", **parts}}


def with_pillar(**parts):
    return pytest.mark.parametrize("pillar_data", [pillar(**parts)], ids=[""], indirect=True)


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", pillar())


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {"id": "node1", **minion_config_overrides}


@pytest.fixture
def unit(root):
    """An apiserver on all addresses, on one etcd."""
    file = root / "etc/systemd/system/kube-apiserver.service"
    file.parent.mkdir(parents=True)
    file.write_text(UNIT)


def test_the_report_is_plain_data_beside_the_other_functions_of_hakube(modules, unit):
    report = modules.hakube.preflight()
    assert sorted(report) == ["findings", "passed", "unseen"]
    found = {it["code"]: it for it in report["findings"]}
    assert sorted(found["etcd-alone"]) == ["code", "remedy", "severity", "told", "where"]
    assert report["findings"][0]["code"] == "apiserver-on-all-addresses"
    assert "no-fencing" in found
    assert report["unseen"]["vip-in-use"] == "a folder stands for this machine"
    assert modules.hakube.config()["node"] == "node1"


def test_codes_can_be_chosen(modules, unit):
    report = modules.hakube.preflight(only="etcd-alone,disk-full")
    assert [it["code"] for it in report["findings"]] == ["etcd-alone"]
    report = modules.hakube.preflight(skip=["etcd-alone"])
    assert "etcd-alone" not in {it["code"] for it in report["findings"]}


def test_an_unknown_code_is_told(modules, root):
    with pytest.raises(CommandExecutionError, match="did you mean etcd-alone"):
        modules.hakube.preflight(only=["etcd-alon"])


@pytest.mark.parametrize("test", [False, True])
def test_the_state_fails_on_an_error_and_warns_of_the_rest_without_telling_twice(
    states, unit, test
):
    ret = states.hakube.preflight_passed("any", test=test)
    assert ret.result is False
    assert ret.changes == {}
    (line,) = ret.comment.splitlines()
    assert line.startswith("unit kube-apiserver: the apiserver is told to listen on all")
    assert line.endswith("[apiserver-on-all-addresses]")
    assert any(line.endswith("[etcd-alone]") for line in ret.warnings)
    assert not any("[no-fencing]" in line for line in ret.warnings)


@pytest.mark.parametrize("test", [False, True])
def test_on_a_machine_with_nothing_it_passes_and_says_what_it_could_not_see(states, root, test):
    ret = states.hakube.preflight_passed("any", test=test)
    assert ret.result is True
    assert ret.changes == {}
    assert "no unit kube-apiserver on this machine" in ret.comment
    assert "vip-in-use" in ret.comment


def test_the_state_can_leave_codes_out(states, unit):
    ret = states.hakube.preflight_passed("any", skip=["apiserver-on-all-addresses"])
    assert ret.result is True


def test_a_wrong_code_fails_the_state_with_a_line(states, root):
    ret = states.hakube.preflight_passed("any", only=["vip-in-us"])
    assert ret.result is False
    assert "did you mean vip-in-use" in ret.comment


@with_pillar(preflight={"ignore": ["apiserver-on-all-addresses"]})
def test_what_the_pillar_ignores_is_told_only_to_who_asks_for_it(modules, states, unit):
    assert states.hakube.preflight_passed("any").result is True
    report = modules.hakube.preflight(only="apiserver-on-all-addresses")
    assert report["findings"][0]["severity"] == "error"


@with_pillar(preflight={"ignore": ["vip-in-us"]})
def test_a_code_that_the_pillar_has_wrong_is_a_line_with_its_path(states, modules, root):
    ret = states.hakube.preflight_passed("any")
    assert ret.result is False
    assert ret.comment.startswith("hakube:preflight:ignore:0: 'vip-in-us' is wrong; expected")
