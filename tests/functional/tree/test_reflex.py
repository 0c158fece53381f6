"""The parts of the reflex that are turned off are taken away, the rules in the cluster first."""

import pytest

from .conftest import example, grains, needed

DEBIAN_12 = grains("Debian", "Debian", 12)


@pytest.fixture(scope="module")
def pillar_data(request):
    pillar = example("minimal")
    pillar["hakube"] |= getattr(request, "param", {})
    return pillar


def given(**hakube):
    return pytest.mark.parametrize("pillar_data", [hakube], indirect=True)


def functions(states):
    return {f"{state['state']}.{state['fun']}" for state in states}


@given(reflex={"restart": False})
def test_without_restarts_the_drop_ins_go(low, pillar_data):
    found = functions(low(**DEBIAN_12))
    assert "hakube_restart.absent" in found
    assert "hakube_restart.managed" not in found


@given(reflex={"guard": False, "announce": False})
def test_a_guard_that_has_nothing_to_do_goes(low, pillar_data):
    found = functions(low(**DEBIAN_12))
    assert "hakube_guard.absent" in found
    assert "hakube_guard.installed" not in found


@given(reflex={"guard": False})
def test_a_guard_that_only_announces_stays(low, pillar_data):
    assert "hakube_guard.installed" in functions(low(**DEBIAN_12))


@given(watch={"enabled": False})
def test_the_watch_goes_after_the_rules_that_look_at_what_it_says(low, pillar_data):
    states = low(**DEBIAN_12)
    assert "hakube_watch.installed" not in functions(states)
    assert "hakube-resources-managed" in needed(states, "hakube-watch-absent")
    alone = low("hakube.watch", **DEBIAN_12)
    assert "hakube-resources-managed" in needed(alone, "hakube-watch-absent")


@given(reflex={"steer": False})
def test_a_watch_that_steers_no_more_is_told_after_the_rules_are_gone(low, pillar_data):
    assert "hakube-resources-managed" in needed(low(**DEBIAN_12), "hakube-watch")


def test_a_watch_that_steers_is_there_before_the_rules(low):
    names = [state["__id__"] for state in low(**DEBIAN_12)]
    assert names.index("hakube-watch") < names.index("hakube-resources-managed")
    assert names.index("hakube-guard") < names.index("hakube-cluster-formed")
