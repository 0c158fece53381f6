"""The beacon goes live in a minion that runs, beside a person's own."""

import json
import time

import pytest

from saltext_hakube.core.remedy.report import read
from tests.integration.conftest import START

TAG = "salt/beacon/node1/hakube/report"
SALTS_OWN = ("id", "_stamp")
# Never true: it runs, and says nothing.
THEIRS = {"memusage": [{"percent": 100}]}


@pytest.fixture(scope="module")
def pillar(master, minion):
    """Give the minion a whole pillar."""
    tree = master.pillar_tree.base.write_path
    (tree / "top.sls").write_text("base: {'*': [data]}")

    def write(**data):
        (tree / "data.sls").write_text(json.dumps(data))

    yield write
    for name in ("top.sls", "data.sls"):
        (tree / name).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def present(client):
    """The state, on the minion: what it returns."""

    def apply(function="present", test=False):
        arguments = [f"hakube_beacon.{function}", "voice"]
        found = client.cmd("node1", "state.single", arguments, timeout=START, kwarg={"test": test})
        (state,) = found["node1"].values()
        return state

    yield apply
    apply("absent")


def call(client, function, *arguments, **options):
    return client.cmd("node1", function, list(arguments), timeout=START, kwarg=options)["node1"]


@pytest.fixture
def heard(master, event_listener):
    """The report that the master heard last since a time."""

    def wait(began):
        found = event_listener.wait_for_events([(master.id, TAG)], after_time=began, timeout=60)
        assert found.matches
        return {
            key: value for key, value in found.matches.pop().data.items() if key not in SALTS_OWN
        }

    return wait


def test_it_goes_live_beside_beacons_of_the_configuration_and_of_the_pillar(
    client, minimal, pillar, present, heard
):
    heal = {**minimal, "heal": {"mode": "act"}}
    # beside one in the configuration
    assert call(client, "beacons.add", "memusage", THEIRS["memusage"])["result"]
    pillar(hakube=heal)
    assert present(test=True)["changes"]["live"] == ["add beacon", "add schedule"]
    began = time.time()
    state = present()
    assert state["result"] is True, state["comment"]
    assert read(heard(began)).node == "node1"
    assert call(client, "beacons.list", return_yaml=False).keys() >= {"hakube", "memusage"}
    assert present()["changes"] == {}

    # the pillar gets one of a person's: all others are ignored from then on
    pillar(hakube=heal, beacons=THEIRS)
    state = present()
    assert state["result"] is False and "hakube: []" in state["comment"]

    # with ours among them
    pillar(hakube=heal, beacons={**THEIRS, "hakube": []})
    state = present()
    assert state["result"] is True, state["comment"]
    assert "refresh pillar" in state["changes"]["live"]
    assert present()["changes"] == {}
    report = call(client, "hakube_heal.report", hold="")
    assert (report["beacon"], read(report).cluster) == ("", "hakube")

    # what a schedule calls in the minion finds the functions of both modules
    assert "a master asked" in call(client, "hakube_heal.alone")["why"]

    # back, and away: theirs stay
    pillar(hakube=heal)
    assert present()["result"] is True
    assert present("absent")["result"] is True
    left = call(client, "beacons.list", return_yaml=False)
    assert "hakube" not in left and "memusage" in left
    assert "hakube_alone" not in call(client, "schedule.list", return_yaml=False)
    assert "state hakube.beacon" in call(client, "hakube_heal.report")
