"""How the beacon is set up: beside what a person has, never in its place."""

import pytest
import salt.config
import yaml

from saltext_hakube.core.remedy.beacon import (
    ADD,
    ADD_JOB,
    ENTRY,
    JOB,
    REFRESH,
    REMOVE,
    REMOVE_JOB,
    REVIVE,
    Files,
    Live,
    disabled,
    own,
    settings,
    steps,
    steps_absent,
)
from saltext_hakube.core.remedy.policy import Alone, Heal
from saltext_hakube.host import voice

THEIRS = {"load": [{"averages": {"1m": [0.0, 2.0]}}]}
LIVE = Live({"hakube": []}, {}, schedule=True, beats=True)


def minion(folder, main, others, ours):
    """The options of a minion with these files."""
    (folder / "minion.d").mkdir()
    (folder / "minion").write_text(yaml.safe_dump({"id": "node1", **main}))
    (folder / "minion.d/theirs.conf").write_text(yaml.safe_dump(others))
    if ours is not None:
        (folder / "minion.d/hakube-beacon.conf").write_bytes(ours)
    return salt.config.minion_config(str(folder / "minion"), cache_minion_id=False)


@pytest.mark.parametrize(
    ("main", "others", "there"),
    [
        ({}, {}, True),
        ({}, {"beacons": THEIRS}, True),
        ({"beacons": THEIRS}, {}, False),  # a file of ours would hide theirs
        ({"beacons": {**THEIRS, "hakube": []}}, {}, True),
        ({"beacons": {}}, {}, True),
    ],
)
def test_a_minion_that_starts_has_their_beacons_and_ours(tmp_path, main, others, there):
    files = Files(str(tmp_path / "minion"), main, others.keys())
    written = own(files, beacon=True, job=True)
    found = minion(tmp_path, main, others, written.content)
    theirs = {**(main.get("beacons") or {}), **(others.get("beacons") or {})}
    assert theirs.keys() <= found["beacons"].keys()
    assert ("hakube" in found["beacons"]) is there
    assert bool(written.warnings) is not there
    assert found["schedule"][JOB]["function"] == "hakube_heal.alone"


def test_a_warning_tells_what_to_add_and_where():
    written = own(Files("/etc/salt/minion", {"beacons": THEIRS}), beacon=True, job=False)
    assert written.content is None
    assert "/etc/salt/minion" in written.warnings[0]
    assert '"hakube": [{"beacon_module": "hakube"}]' in written.warnings[0]


def test_what_the_pillar_brings_and_what_may_not_be_done_alone_is_not_in_a_file():
    assert own(Files("minion", {}), beacon=False, job=False).content is None


@pytest.mark.parametrize(
    ("live", "pillar", "job", "expected"),
    [
        (LIVE, False, True, ()),
        (LIVE, False, False, (REMOVE_JOB,)),
        (LIVE._replace(beacons=THEIRS, schedule=False), False, True, (ADD, ADD_JOB)),
        (LIVE._replace(beats=False), False, True, (REVIVE,)),
        (LIVE._replace(beacons={}), True, True, (REFRESH,)),
        (LIVE._replace(beacons={}, pillar=THEIRS), True, True, (REFRESH,)),
        (LIVE._replace(beacons={}, pillar={**THEIRS, "hakube": []}), True, True, ()),
        (LIVE._replace(beacons={}, pillar={"hakube": []}), False, True, (REFRESH, ADD)),
    ],
)
def test_the_minion_is_told_what_it_does_not_have(live, pillar, job, expected):
    assert steps(live, pillar=pillar, job=job) == expected


def test_to_be_rid_of_it_takes_what_is_there():
    assert steps_absent(LIVE) == (REMOVE, REMOVE_JOB)
    assert steps_absent(Live(THEIRS, {}, schedule=False, beats=False)) == ()


@pytest.mark.parametrize(
    ("beacons", "pillar", "is_off"),
    [
        ({"hakube": ENTRY}, {}, False),
        ({"hakube": ENTRY, "enabled": False}, {}, True),
        ({"hakube": [{"enabled": False}]}, {}, True),
        ({"hakube": {"enabled": False}}, {}, True),
        ({"hakube": [{"enabled": True}]}, {}, False),
        ({"enabled": False}, {"hakube": []}, False),  # the configuration's does not count then
        ({}, {"hakube": [{"enabled": False}]}, True),
    ],
)
def test_that_a_person_disabled_it_is_seen(beacons, pillar, is_off):
    assert bool(disabled(Live(beacons, pillar, schedule=True, beats=True))) is is_off


def test_what_the_beacon_is_told_it_reads(tmp_path):
    heal = Heal(mode="act", fall=3, alone=Alone(tokens=1), rungs={"vip": ("probe",)})
    path = tmp_path / voice.SETTINGS.lstrip("/")
    path.parent.mkdir(parents=True)
    path.write_bytes(settings("c", "node1", heal))
    found = voice.settings(voice.Machine(tmp_path))
    assert (found.node, found.manner, found.reassert) == ("node1", (3, 2), 45)
    assert found.rights == ("act", heal.alone, heal.rungs)
