"""The runner's functions with whatever a person, the schedule or the reactor may give them."""

import inspect

import pytest

from saltext_hakube.runners import hakube_heal as runner

GIVEN = {
    "observe": {"tag": "salt/beacon/node1.example/hakube/report", "data": {}},
    "reconcile": {},
    "pause": {"cluster": "k8s", "reason": "r"},
    "resume": {"cluster": "k8s"},
    "retry": {"incident": "haproxy-node1-1"},
    "status": {},
    "history": {"cluster": "k8s"},
    "explain": {"incident": "haproxy-node1-1"},
    "replay": {"cluster": "k8s"},
    "metrics": {},
}
ODD = [None, "", 0, 1.5, True, [], ["k8s"], {}, {"a": 1}, "x\n", "../x", -1, 1e300, float("nan")]
CASES = [
    (name, argument)
    for name in GIVEN
    for argument in inspect.signature(getattr(runner, name)).parameters
]


def test_each_function_is_tried():
    public = {name for name, it in vars(runner).items() if inspect.isfunction(it)}
    assert {name for name in public if not name.startswith("_")} == set(GIVEN)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_whatever_an_argument_is_the_answer_is_no_error_of_our_own(
    opts, monkeypatch, name, argument
):
    monkeypatch.setattr(runner, "__opts__", opts, raising=False)
    for odd in ODD:
        said = getattr(runner, name)(**{**GIVEN[name], argument: odd})
        error = said.get("error", "") if isinstance(said, dict) else ""
        assert "hakube's own" not in error, odd


@pytest.mark.parametrize("end", [{"until": 1e300}, {"until": float("nan")}, {"for_": float("nan")}])
def test_a_pause_without_a_time_that_can_be_told_is_none(opts, monkeypatch, end):
    monkeypatch.setattr(runner, "__opts__", opts, raising=False)
    assert "error" in runner.pause("k8s", "new switches", **end)
    assert "new switches" not in runner.status("k8s")
