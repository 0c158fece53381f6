"""Nodes on which nothing is watched any more, or not yet: they say so, and are not silent."""

import time

import pytest

from saltext_hakube.core.remedy.fold import fold
from saltext_hakube.core.remedy.words import BARE, OFF
from saltext_hakube.healing import cycle, fleet, places, registry, rounds, telling
from saltext_hakube.healing.ask import Answer
from saltext_hakube.host import ledger
from tests.unit.healing.world import NODES, cluster

GONE = f"{OFF}: nothing is watched"
NOT_YET = f"{BARE}: there is no /etc/hakube/beacon.json (state hakube.beacon)"


@pytest.fixture
def minutes(world, tmp_path):
    """``minutes(N)``: a round each quarter of a minute, on a clock of its own."""
    at = [time.time()]

    def pass_by(count):
        for _ in range(4 * count):
            at[0] += 15
            doors = rounds.Doors(world, lambda: at[0])
            cycle.cycle(doors, cluster("observe"), tmp_path, limit=0)
        return ledger.read(tmp_path, "k8s")[0]

    return pass_by


def instead(world, text, **more):
    world.instead = {node: Answer(text, False, **more) for node in NODES}


def test_where_the_healing_was_turned_off_nobody_cries_storm(world, minutes):
    minutes(1)
    instead(world, GONE)
    records = minutes(5)
    assert not {"storm", "opened"} & {it.kind for it in records}


def test_where_it_is_not_set_up_for_long_that_is_told_and_is_no_storm(world, minutes):
    minutes(1)
    world.instead = {"node1": Answer(NOT_YET, False)}
    records = minutes(5)
    assert "storm" not in {it.kind for it in records}
    (incident,) = fold(records).incidents.values()
    assert incident.why.endswith("(state hakube.beacon)")


def test_what_is_said_without_a_seal_is_nobodys_word(world, minutes):
    minutes(1)
    instead(world, GONE, sealed=False)
    assert "storm" in {it.kind for it in minutes(5)}


def test_those_that_are_off_and_fall_silent_after_it_are_no_storm(world, minutes):
    minutes(1)
    instead(world, GONE)
    minutes(1)
    world.silent = set(NODES)
    assert not {"storm", "opened"} & {it.kind for it in minutes(5)}


@pytest.fixture
def off(opts, world, pillars):
    """The pillar has the mode none and was applied; the master has read it before."""
    fleet.reconcile(opts)
    for data in pillars.values():
        data["heal"] = {"mode": "none"}
    instead(world, GONE)
    return opts


def test_the_screen_says_that_nothing_is_watched(off):
    fleet.reconcile(off, "k8s")
    text = telling.status(off, "k8s")
    assert "SILENT" not in text
    assert "STORM" not in text
    row = next(line for line in text.splitlines() if line.split()[:1] == ["heard"])
    assert row.split()[1:] == ["mode", "none"] * 3
    assert f"NOT WATCHED {', '.join(NODES)}: {OFF}" in text
    assert "all well" not in text


def test_the_pillars_are_read_anew_where_a_node_says_that_it_is_off(off, world, monkeypatch):
    monkeypatch.setattr(registry, "AGAIN", 0)
    fleet.reconcile(off, "k8s")
    assert "k8s: mode none: nothing is watched" in telling.status(off, "k8s")
    asked = len(world.jobs)
    assert fleet.reconcile(off)["clusters"] == 0
    assert len(world.jobs) == asked


def test_a_node_that_is_off_among_others_is_told_of_and_does_not_answer(opts, world):
    fleet.reconcile(opts)
    world.instead = {"node2": Answer(GONE, False)}
    fleet.reconcile(opts, "k8s")
    state = fold(ledger.read(places.cluster(opts, "k8s"), "k8s")[0])
    assert set(state.silent) == {"node2"}
    text = telling.status(opts, "k8s")
    assert f"NOT WATCHED node2: {OFF}" in text
    assert "k8s: all well but node2, where nothing is watched;" in text
