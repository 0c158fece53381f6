"""The tree with the pillar that has every key."""

import json

import pytest

from .conftest import example, grains

ROCKY = grains("Rocky", "RedHat", 8)


@pytest.fixture(scope="module")
def pillar_data():
    pillar = example("full")
    del pillar["hakube"]["cluster"]["nodes"]["node1"]["minion"]  # this minion has another id
    return pillar


def test_the_pillar_says_which_packages_and_which_repository(low):
    (installed,) = [state for state in low(**ROCKY) if state["state"] == "pkg"]
    assert installed["pkgs"][-2:] == ["resource-agents", "fence-agents-all"]
    assert installed["enablerepo"] == "highavailability"


@pytest.mark.parametrize("sls", ["hakube", "hakube.clean"])
def test_no_secret_stands_in_what_is_rendered(low, sls):
    states = low(sls, **ROCKY)
    assert len(states) > 1
    assert "change-me" not in json.dumps(states)
