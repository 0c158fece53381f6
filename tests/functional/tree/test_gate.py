"""A wrong pillar is told by one state, in words, and nothing else runs."""

import pytest

from .conftest import example


@pytest.fixture(scope="module")
def minion_config_overrides(machine_root):
    return {
        "hakube": {"root": str(machine_root), "cib_file": str(machine_root / "cib.xml")},
        "fileserver_backend": ["roots", "hakube"],
    }


@pytest.fixture(scope="module")
def pillar_data():
    pillar = example("minimal")
    del pillar["hakube"]["cluster"]["nodes"]["node3"]
    pillar["hakube"]["cluster"]["accept_split_brain"] = True
    return pillar


def test_a_minion_that_is_none_of_the_nodes_is_told_so_once(loaders, root):
    result = loaders.modules.state.apply("hakube")
    (state,) = list(result)
    assert state.id == "hakube-pillar"
    assert state.result is False
    assert "is none of node1, node2; add it" in state.comment
    assert "\n" not in state.comment
    assert list(root.iterdir()) == []


def test_the_gate_tells_warnings_and_who_this_minion_is(loaders):
    mine = {"addresses": ["192.0.2.12"], "minion": loaders.opts["id"]}
    pillar = {"hakube": {"cluster": {"nodes": {"node2": mine}}}}
    (state,) = list(loaders.modules.state.apply("hakube.pillar", pillar=pillar))
    assert (state.result, state.changes) == (True, {})
    assert state.comment == "This minion is node2 in the cluster hakube"
    warnings = state.full_return["warnings"]
    assert "hakube:cluster:nodes: 2 is fewer than the recommended 3 nodes" in warnings
    assert len(warnings) == 3


def test_a_subject_applied_alone_stops_at_the_gate_too(loaders, root):
    states = {state.id: state for state in loaders.modules.state.apply("hakube.haproxy")}
    assert not any(state.result for name, state in states.items() if "sysctl" not in name)
    assert "is none of node1, node2" in states["hakube-pillar"].comment
    assert not (root / "etc/haproxy").exists()
