"""hakube_heal.answer by Salt's own loaders."""

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

from saltext_hakube.core.remedy import seal

NONCE = "0123456789abcdef"
PILLAR = {"hakube": {"cluster": {"nodes": {"node1": "192.0.2.11"}, "password": "secret"}}}


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", PILLAR)


def test_what_a_function_says_is_sealed_and_so_is_its_error(modules, loaders):
    told = modules.hakube_heal.answer("report", NONCE)
    said = seal.opened(told, seal.key("secret"), NONCE, loaders.opts["id"])
    assert "state hakube.beacon" in said["error"]
    told = modules.hakube_heal.answer("act", NONCE, {"rung": "probe"})
    said = seal.opened(told, seal.key("secret"), NONCE, loaders.opts["id"])
    assert set(said) == {"error"}
    assert "secret" not in str(told)


@pytest.mark.parametrize("wrong", [("rungs", NONCE), ("cmd.run", NONCE), ("report", "x")])
def test_nothing_else_can_be_asked_for(modules, wrong):
    with pytest.raises(SaltInvocationError):
        modules.hakube_heal.answer(*wrong)


@pytest.mark.parametrize("pillar_data", [{}, {"hakube": {}}], indirect=True)
def test_without_a_pillar_there_is_no_answer(modules):
    with pytest.raises(CommandExecutionError, match="hakube:cluster:password"):
        modules.hakube_heal.answer("report", NONCE)
