"""Whether a person keeps the address where it is, by Pacemaker's own file."""

import pytest

from saltext_hakube.agents.guard.cib import against
from tests.unit.agents.ground.test_pacemaker import cib, properties


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (cib(), ""),
        (cib(properties=properties(no_quorum_policy="suicide")), ""),
        (cib(properties=properties(no_quorum_policy="ignore")), "no-quorum-policy is ignore"),
        (cib(properties=properties(no_quorum_policy="freeze")), "no-quorum-policy is freeze"),
        (cib(properties=properties(no_quorum_policy="some")), "no-quorum-policy is some"),
        (
            cib(properties=properties(maintenance_mode="true", no_quorum_policy="stop")),
            "the cluster has maintenance-mode=true",
        ),
    ],
)
def test_the_guard_keeps_its_hands_off(tmp_path, text, told):
    path = tmp_path / "cib.xml"
    path.write_text(text, encoding="utf-8")
    assert against("node1", "VIP", True, str(path)) == told


@pytest.mark.parametrize("policy", ["ignore", "freeze", "some", "stop"])
def test_with_a_dead_stack_nobody_follows_a_policy(tmp_path, policy):
    path = tmp_path / "cib.xml"
    path.write_text(cib(properties=properties(no_quorum_policy=policy)), encoding="utf-8")
    assert against("node1", "VIP", False, str(path)) == ""
    kept = properties(no_quorum_policy=policy, maintenance_mode="true")
    path.write_text(cib(properties=kept), encoding="utf-8")
    assert against("node1", "VIP", False, str(path)) == "the cluster has maintenance-mode=true"


@pytest.mark.parametrize("text", [None, "", cib()[:300], "<cib/>"])
def test_what_cannot_be_read_keeps_the_address(tmp_path, text):
    path = tmp_path / "cib.xml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert str(path) in against("node1", "VIP", True, str(path))


def test_a_vip_of_another_name_keeps_the_address(tmp_path):
    path = tmp_path / "cib.xml"
    path.write_text(cib(), encoding="utf-8")
    assert "no resource other" in against("node1", "other", False, str(path))
