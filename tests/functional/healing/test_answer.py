"""hakube_heal.answer by Salt's own loaders."""

import contextlib

import pytest
from salt.exceptions import CommandExecutionError, SaltInvocationError

from saltext_hakube.core.remedy import seal, words
from saltext_hakube.healing import heard
from saltext_hakube.healing.ask import Answer
from saltext_hakube.host.remedy import act
from saltext_hakube.modules import hakube_answer
from tests.functional.pillar import SMALLEST

NONCE = "0123456789abcdef"
PILLAR = {"hakube": {"cluster": {"nodes": {"node1": "192.0.2.11"}, "password": "secret"}}}
WHOLE = {
    "hakube": SMALLEST["hakube"]
    | {"cluster": {**SMALLEST["hakube"]["cluster"], "password": "secret"}}
}


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {**minion_config_overrides, "id": "node1"}


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", PILLAR)


def test_what_a_function_says_is_sealed_and_so_is_its_error(modules, loaders):
    told = modules.hakube_heal.answer("report", NONCE)
    said = seal.opened(told, seal.key("secret"), NONCE, loaders.opts["id"])
    assert "state hakube.beacon" in said["error"]
    assert "secret" not in str(told)


ASKED = {"rung": "kill", "component": "haproxy", "incident": "haproxy-node1-1", "deadline": 10}


def result(modules, loaders, arguments):
    """What the master makes of this node's answer."""
    told = modules.hakube_heal.answer("act", NONCE, arguments)
    said = seal.opened(told, seal.key("secret"), NONCE, loaders.opts["id"])
    return heard.result_of(Answer(said, set(said) != {"error"}))


@pytest.mark.parametrize(
    "pillar_data", [{"hakube": PILLAR["hakube"] | {"heal": {"setle": 4}}}], indirect=True
)
def test_a_node_whose_pillar_is_wrong_refuses_for_nothing_was_done_there(modules, loaders):
    said = result(modules, loaders, ASKED)
    assert said["result"] == "refused"
    assert "hakube:heal:setle: unknown key" in said["why"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({**ASKED, "rung": "explode"}, "act:rung"),
        ({**ASKED, "hurry": True}, "unexpected keyword argument 'hurry'"),
        ({"rung": "probe"}, "missing"),
    ],
)
@pytest.mark.parametrize("pillar_data", [WHOLE], indirect=True)
def test_what_a_newer_master_asks_for_is_refused(modules, loaders, arguments, why):
    said = result(modules, loaders, arguments)
    assert said["result"] == "refused"
    assert why in said["why"]


def test_a_node_that_has_no_such_function_refuses(loaders, monkeypatch):
    monkeypatch.setattr(hakube_answer, "__salt__", {}, raising=False)
    monkeypatch.setattr(hakube_answer, "__pillar__", PILLAR, raising=False)
    monkeypatch.setattr(hakube_answer, "__opts__", loaders.opts, raising=False)
    told = hakube_answer.answer("act", NONCE, ASKED)
    said = seal.opened(told, seal.key("secret"), NONCE, loaders.opts["id"])
    assert said["result"] == "refused"
    assert "hakube_heal.act" in said["why"]


def test_an_error_of_which_nobody_knows_when_it_came_is_a_failure(loaders, monkeypatch):
    def act(**_given):
        raise RuntimeError("in the midst of it")

    monkeypatch.setattr(hakube_answer, "__salt__", {"hakube_heal.act": act}, raising=False)
    monkeypatch.setattr(hakube_answer, "__pillar__", PILLAR, raising=False)
    monkeypatch.setattr(hakube_answer, "__opts__", loaders.opts, raising=False)
    told = hakube_answer.answer("act", NONCE, ASKED)
    said = seal.opened(told, seal.key("secret"), NONCE, loaders.opts["id"])
    assert said == {"error": "RuntimeError: in the midst of it"}


@pytest.mark.parametrize("wrong", [("rungs", NONCE), ("cmd.run", NONCE), ("report", "x")])
def test_nothing_else_can_be_asked_for(modules, wrong):
    with pytest.raises(SaltInvocationError):
        modules.hakube_heal.answer(*wrong)


@pytest.mark.parametrize(
    "pillar_data",
    [
        {},
        {"hakube": {}},
        {"hakube": None},
        {"hakube": ["cluster"]},
        {"hakube": {"cluster": "k8s"}},
        {"hakube": {"cluster": {"password": 5}}},
    ],
    indirect=True,
)
def test_without_a_pillar_there_is_no_answer(modules):
    with pytest.raises(CommandExecutionError, match="hakube:cluster:password is missing"):
        modules.hakube_heal.answer("report", NONCE)


@pytest.mark.parametrize(("begun", "came"), [(False, "refused"), (True, "failed")])
@pytest.mark.parametrize("pillar_data", [WHOLE], indirect=True)
def test_a_defect_of_ours_is_a_failure_only_once_something_was_begun(  # noqa: PLR0917
    modules, loaders, monkeypatch, caplog, begun, came
):
    def look(scene):
        scene.begun = begun
        raise KeyError("hakube_haproxy.repairs")  # a module that could not be loaded

    monkeypatch.setattr(act, "look", look)
    monkeypatch.setattr(act.claim, "alone", contextlib.nullcontext)
    said = result(modules, loaders, ASKED)
    assert (said["result"], "hakube_haproxy.repairs" in said["why"]) == (came, True)
    assert "Traceback" not in said["why"]
    assert "Traceback" in caplog.text, "it can be found in the minion's log"


HEALED = {"hakube": WHOLE["hakube"] | {"heal": {"mode": "observe"}}}


@pytest.mark.parametrize(
    ("pillar_data", "begins"), [(WHOLE, words.OFF), (HEALED, words.BARE)], indirect=["pillar_data"]
)
def test_a_node_on_which_nothing_is_watched_says_so(modules, loaders, begins):
    told = modules.hakube_heal.answer("report", NONCE)
    said = seal.opened(told, seal.key("secret"), NONCE, loaders.opts["id"])
    assert said["error"].startswith(begins)
