"""hakube_heal.act by Salt's own loaders: its arguments, and what it makes of no machine at all."""

import pytest
from salt.exceptions import CommandExecutionError

from saltext_hakube.core.remedy.policy import DEFAULT
from saltext_hakube.core.remedy.words import COMPONENTS, RUNGS
from saltext_hakube.host import kubeapply, remembered
from saltext_hakube.host.machine import Machine
from tests.functional.pillar import SMALLEST


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {**minion_config_overrides, "id": "node1"}


@pytest.fixture(scope="module")
def pillar_data():
    return SMALLEST


def test_two_files_are_one_module(modules):
    for name in ("act", "rungs", "report", "witness"):
        assert callable(getattr(modules.hakube_heal, name))


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("test", [True, False])
def test_where_a_folder_stands_for_the_machine_nothing_is_done(modules, rung, test):
    told = modules.hakube_heal.act(rung, "haproxy", "incident-1", 10, test=test)
    assert set(told) == {
        *("rung", "component", "incident", "node"),
        *("result", "why", "did", "verified", "took"),
    }
    assert (told["rung"], told["component"], told["node"]) == (rung, "haproxy", "node1")
    assert (told["result"], told["did"], told["verified"]) == ("refused", [], None)
    assert "stands for the machine" in told["why"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("reboot", "haproxy", "i"), "act:rung"),
        (("kill", "etcd", "i"), "act:component"),
        (("kill", "haproxy", "a\nb"), "act:incident"),
        (("kill", "haproxy", "i", 0), "act:deadline"),
        (("kill", "haproxy", "i", 10, False, {"token": ["a\nb"]}), "act:evidence"),
    ],
)
def test_a_wrong_argument_is_told_with_its_name(modules, arguments, said):
    with pytest.raises(CommandExecutionError, match=said):
        modules.hakube_heal.act(*arguments)


def test_each_component_is_told_with_the_rungs_of_its_ladder(modules):
    told = modules.hakube_heal.rungs()
    assert {name: tuple(rungs) for name, rungs in told.items()} == {
        name: DEFAULT[name] for name in COMPONENTS
    }
    assert {it["result"] for rungs in told.values() for it in rungs.values()} == {"refused"}
    assert set(modules.hakube_heal.rungs("vip")) == {"vip"}


def test_a_repair_of_environment_files_restarts_nothing_and_waits_for_restarts_that_are_due(
    root, modules
):
    written = modules.hakube_kubeenv.apply(restart=False)
    assert "restart" not in written["changes"]
    assert "/etc/kubernetes/config" in written["changes"]
    assert modules.hakube_kubeenv.plan(restart=False)["changes"] == {}
    remembered.write(Machine(root), kubeapply.SUBJECT, {"files": ["/etc/kubernetes/config"]})
    with pytest.raises(CommandExecutionError, match="restarts are due"):
        modules.hakube_kubeenv.apply(restart=False)


def test_a_witness_says_what_it_sees_of_others_only(modules):
    told = modules.hakube_heal.witness("apiserver", "node1")
    assert told == {"value": "unknown", "why": "node1 is this node itself"}
    with pytest.raises(CommandExecutionError, match="one of apiserver, vip"):
        modules.hakube_heal.witness("haproxy", "node2")
