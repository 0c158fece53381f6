"""The beacon goes live in a minion that runs, beside a person's own."""

import json
import time
from pathlib import Path

import pytest
import yaml

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


def call(client, name, /, *arguments, **options):
    return client.cmd("node1", name, list(arguments), timeout=START, kwarg=options)["node1"]


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


def saved(minion):
    """The schedule that Salt saved, with which the minion starts."""
    path = Path(minion.config_dir, "minion.d/_schedule.conf")
    return yaml.safe_load(path.read_text())["schedule"] if path.exists() else {}


def test_what_salt_saved_of_the_schedule_does_not_bring_the_job_back(
    client, minimal, pillar, present, minion
):
    pillar(hakube={**minimal, "heal": {"mode": "act"}})
    assert present()["result"] is True
    # A person's job: Salt saves the whole schedule then, as it does at the minion's start.
    assert call(client, "schedule.add", "theirs", function="test.ping", days=30)["result"]
    assert saved(minion).keys() >= {"hakube_alone", "theirs"}
    assert present()["changes"] == {}, "while it is wanted, that it is saved is right"

    planned = present("absent", test=True)
    heads = [it for it in planned["changes"]["minion"].splitlines() if it.startswith("--- ")]
    assert [Path(it[4:]).name for it in heads] == ["hakube-beacon.conf", "_schedule.conf"]
    assert saved(minion).keys() >= {"hakube_alone", "theirs"}
    assert present("absent")["result"] is True
    live = call(client, "schedule.list", return_yaml=False)
    assert "hakube_alone" not in live and "theirs" in live
    left = saved(minion)
    assert "hakube_alone" not in left and "theirs" in left
    assert present("absent")["changes"] == {}

    # It is there in the file alone.
    path = Path(minion.config_dir, "minion.d/_schedule.conf")
    job = {"function": "hakube_heal.alone", "seconds": 60}
    path.write_text(yaml.safe_dump({"schedule": {**left, "hakube_alone": job}}))
    planned = present("absent", test=True)
    assert planned["result"] is None and planned["changes"].keys() == {"minion"}
    # What may not be done alone is not saved, either, where the beacon stays.
    pillar(hakube={**minimal, "heal": {"mode": "observe"}})
    state = present()
    assert state["result"] is True, state["comment"]
    assert saved(minion) == left
    assert present()["changes"] == {}
    assert call(client, "schedule.delete", "theirs")["result"]
