"""Files and the cluster's turn: a repair waits for it no longer than an action may last."""

import contextlib
import time

import pytest

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.errors import Refused, TimedOut
from saltext_hakube.core.remedy.task import Finding, Order, task
from saltext_hakube.host import turn
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.remedy import claim, files
from saltext_hakube.host.remedy import scene as scenes
from saltext_hakube.host.remedy.scene import Scene
from saltext_hakube.host.remedy.unit import Unit
from tests.unit.config.pillars import GOOD
from tests.unit.hands.clusters import CIB

HAPROXY = Finding("would", "not as applied", (Order("apply", "haproxy", "put right haproxy"),))
SYSCTL = Finding("would", "not as applied", (Order("apply", "sysctl", "put right sysctl"),))


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """Of node1, with a CIB in a file. Whether haproxy runs is only said: no systemd is here."""
    monkeypatch.setattr(scenes, "TURN", 0.5)
    monkeypatch.setattr(claim, "FOLDER", tmp_path)
    (tmp_path / "cib.xml").write_text(CIB)

    def of(active="active"):
        unit = Unit(name="haproxy", active=active, pid=7 if active == "active" else 0)
        monkeypatch.setattr(Scene, "unit", lambda self, component=None: unit)
        asked = task(rung="files", component="haproxy", incident="i", deadline=30)
        machine = Machine(cib_file=tmp_path / "cib.xml")
        return Scene(machine, resolve(GOOD, Facts(names=("node1",))), asked)

    return of


def test_while_another_node_has_the_turn_a_haproxy_that_runs_is_for_later(scene):
    here = scene()
    assert files.confirm(here, HAPROXY).go
    with turn.take(here.machine, "node2", lease=30, wait=1):
        with pytest.raises(Refused, match="node2 has had it"):
            files.confirm(here, HAPROXY)
        assert files.confirm(here, SYSCTL).go, "nothing is reloaded for that"
        assert files.confirm(scene("failed"), HAPROXY).go, "one that is down waits for nobody"
    assert files.confirm(scene(), HAPROXY).go
    assert not turn.show(here.machine)


def test_the_turn_of_a_node_that_died_is_had_by_who_waits_often_and_not_long(tmp_path):
    """A lease is longer than an action waits: what was seen is remembered from one to the next."""
    (tmp_path / "cib.xml").write_text(CIB)
    machine, memory = Machine(cib_file=tmp_path / "cib.xml"), tmp_path / "turn.json"
    turn.take(machine, "node2", lease=4, wait=1)  # and is heard of no more

    def tries(often, **more):
        for _ in range(often):
            with contextlib.suppress(TimedOut):
                turn.take(machine, "node1", lease=30, wait=0.5, **more).release()
                return True
        return False

    assert not tries(4)
    memory.write_text("torn {")
    assert not tries(1, memory=memory)
    assert tries(20, memory=memory)
    assert not turn.show(machine)


def test_a_turn_that_is_renewed_is_not_taken_away(tmp_path):
    (tmp_path / "cib.xml").write_text(CIB)
    machine, memory = Machine(cib_file=tmp_path / "cib.xml"), tmp_path / "turn.json"
    end = time.monotonic() + 6
    with turn.take(machine, "node2", lease=4, wait=1) as other:
        while time.monotonic() < end:
            with pytest.raises(TimedOut):
                turn.take(machine, "node1", lease=30, wait=0.3, memory=memory)
            other.renew()


def test_what_cannot_be_remembered_changes_nothing_of_what_is_told(tmp_path):
    (tmp_path / "cib.xml").write_text(CIB)
    machine, memory = Machine(cib_file=tmp_path / "cib.xml"), tmp_path / "turn.json"
    memory.mkdir()  # it cannot be written there
    with (
        turn.take(machine, "node2", lease=30, wait=1),
        pytest.raises(TimedOut, match="node2 has had it"),
    ):
        turn.take(machine, "node1", lease=30, wait=0.3, memory=memory)
