"""What an action's result is where something goes wrong: before anything was touched, and after."""

import contextlib
import time

import pytest
from msgspec.structs import replace

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.errors import CommandError, TimedOut
from saltext_hakube.core.remedy.local import View
from saltext_hakube.core.remedy.task import Finding, Order, task
from saltext_hakube.host import forget
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.remedy import act, claim, files, hand, kill
from saltext_hakube.host.remedy import scene as scenes
from saltext_hakube.host.remedy.ask import Answer
from saltext_hakube.host.remedy.scene import Scene, Subject
from saltext_hakube.host.remedy.unit import Unit
from tests.unit.config.pillars import GOOD
from tests.unit.host.test_forget import NOW, cib, op

ERRORS = [CommandError(["crm_mon"], 102, "not connected"), TimedOut("10 s are over"), OSError("io")]
GO = Finding("would", "it hangs", (Order("kill", "haproxy", "kill haproxy"),))


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.setattr(claim, "FOLDER", tmp_path)
    asked = task(rung="kill", component="haproxy", incident="i", deadline=30)
    return Scene(Machine(), resolve(GOOD, Facts(names=("node1",))), asked)


def raises(error):
    def function(*_given):
        raise error

    return function


@pytest.mark.parametrize("error", ERRORS)
def test_a_node_that_cannot_look_does_nothing_and_refuses(scene, monkeypatch, error):
    # No cluster runs here: that it cannot be asked is said by the stand-in.
    monkeypatch.setattr(Scene, "local", raises(error))
    done = act.act(scene)
    assert (done.result, done.did) == ("refused", [])
    assert str(error) in done.why


@pytest.mark.parametrize("error", ERRORS)
def test_what_goes_wrong_once_it_was_begun_is_a_failure(scene, monkeypatch, error):
    monkeypatch.setattr(act, "look", lambda _scene: GO)
    monkeypatch.setattr(Scene, "turn", lambda _self, _lease: contextlib.nullcontext())
    monkeypatch.setattr(kill, "confirm", lambda _scene, found: found)
    monkeypatch.setattr(kill, "do", raises(error))
    assert act.act(scene).result == "failed"


@pytest.mark.parametrize(("pids", "told"), [((9,), "1 process"), ((9, 10), "2 processes")])
def test_what_was_killed_is_counted_in_words(scene, monkeypatch, pids, told):
    seen = iter([Unit(name="haproxy", processes=pids)])
    monkeypatch.setattr(kill.units, "look", lambda name: next(seen, Unit(name=name)))
    monkeypatch.setattr(kill, "_hand_over", lambda _scene, _unit: None)  # no cluster runs here
    monkeypatch.setattr(kill.units, "kill", lambda _name: None)  # nothing runs that is to be killed
    kill.do(scene, GO)
    assert scene.did[0] == f"killed haproxy: SIGKILL to {told} of it"


@pytest.mark.parametrize(("age", "result"), [(60, "would"), (3, "nothing")])
def test_what_was_started_anew_during_the_wait_for_the_turn_is_not_killed(
    scene, monkeypatch, age, result
):
    """hakube-watch and Pacemaker mend what hangs, too; what is just starting may be silent."""
    since = time.clock_gettime(time.CLOCK_MONOTONIC) - age
    unit = Unit(name="haproxy", active="active", sub="running", pid=9, processes=(9,), since=since)
    monkeypatch.setattr(kill.units, "look", lambda _name: unit)
    silent = [("show info", lambda _seconds: Answer("silent", "no answer"))]
    monkeypatch.setattr(kill.ask, "questions", lambda *_given: silent)
    assert kill.confirm(scene, GO).result == result


CLEAN = Finding("would", "it is kept from here", (Order("cleanup", "haproxy", "clean up"),))


@pytest.fixture
def waits(monkeypatch):
    """Pacemaker waits for a monitor of haproxy, whose unit has failed."""
    begun = cib(haproxy=op())
    monkeypatch.setattr(scenes, "CALM", 0.1)
    monkeypatch.setattr(forget.cib, "read", lambda *_given, **_more: begun)
    monkeypatch.setattr(forget.time, "time", lambda: NOW)
    failed = Unit(name="haproxy", active="failed", sub="failed")
    monkeypatch.setattr(hand.units, "look", lambda _name: failed)
    monkeypatch.setattr(hand.units, "forget", lambda _name: None)  # nothing runs here


@pytest.mark.usefixtures("waits")
def test_a_cleanup_that_has_to_wait_for_a_monitor_is_refused_before_anything_is_touched(
    scene, monkeypatch
):
    """Else it would count as one that was begun and failed, and be given up after two of them."""
    monkeypatch.setattr(act, "look", lambda _scene: CLEAN)
    monkeypatch.setattr(scene, "task", replace(scene.task, rung="hand"))
    done = act.act(scene)
    assert (done.result, done.did) == ("refused", [])
    assert "waits for the monitor of haproxy on node1" in done.why


@pytest.mark.usefixtures("waits")
def test_files_that_were_put_right_are_so_though_the_cleanup_has_to_wait(scene, monkeypatch):
    """hakube-watch cleans up when that may be, which is looked for then."""
    done = {"changes": {}, "comment": "Changed"}
    subject = Subject("haproxy", frozenset({"haproxy"}), (), lambda: done, lambda: done)
    scene.subjects = (subject,)
    monkeypatch.setattr(Scene, "view", lambda _self, name: View(id=name))  # no cluster runs here
    monkeypatch.setattr(hand, "own", lambda _scene, _name: None)
    monkeypatch.setattr(hand, "judge", lambda _view, _own: CLEAN)
    files.do(scene, Finding("would", "spoiled", (Order("apply", "haproxy", "put right"),)))
    assert scene.did[0] == "put right haproxy: Changed"
    assert scene.did[1].startswith("did not clean up: Pacemaker still waits")


@pytest.mark.usefixtures("waits")
def test_what_was_killed_is_so_though_the_cleanup_has_to_wait(scene, monkeypatch):
    blocked = View(id="haproxy", runs=True, blocked=True)  # no cluster runs here
    monkeypatch.setattr(Scene, "view", lambda _self: blocked)
    kill._hand_over(scene, Unit(name="haproxy", active="failed"))
    assert scene.did[0].startswith("did not clean up haproxy: Pacemaker still waits")
