"""The rung move on a real CIB: what it leaves there, and whose word it leaves."""

import shutil
from pathlib import Path

import pytest

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.remedy.local import Local, Member, View
from saltext_hakube.core.remedy.task import task
from saltext_hakube.host import placement
from saltext_hakube.host.administration import How
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.remedy import move
from saltext_hakube.host.remedy.probe import Seen
from saltext_hakube.host.remedy.scene import Scene
from tests.unit.config.pillars import GOOD

VIP = "VIP-apiserver"
ACTIVE = {name: Member(online=True) for name in ("node1", "node2", "node3")}
GREEN = {name: {"hakube-haproxy": "1"} for name in ACTIVE}


def local(**view):
    return Local(
        node="node1",
        quorate=True,
        maintenance=False,
        members=ACTIVE,
        views={VIP: View(id=VIP, **view)},
        attributes=GREEN,
    )


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """node1 has the VIP, and finds it bad."""
    shutil.copy(Path(__file__).parents[1] / "cib/three_nodes.xml", tmp_path / "cib.xml")
    asked = task(rung="move", component="vip", incident="i", deadline=5)
    pillar = {**GOOD, "resources": {"vip": {"name": VIP}}}
    made = Scene(Machine(cib_file=tmp_path / "cib.xml"), resolve(pillar, FACTS), asked)
    monkeypatch.setattr(Scene, "local", lambda _self: local(runs=True))
    monkeypatch.setattr(Scene, "address_here", lambda _self: False)
    monkeypatch.setattr(move.probe, "see", lambda _scene: Seen("down", ("it is gone",)))
    return made


FACTS = Facts(names=("node1",))


def test_once_the_vip_is_there_nothing_keeps_it_from_following_the_haproxies(scene, monkeypatch):
    found = move.look(scene)
    move.do(scene, found)
    assert [it["node"] for it in placement.standing(scene.machine, VIP)] == ["node2"]
    monkeypatch.setattr(Scene, "local", lambda _self: local(elsewhere=("node2",)))
    assert move.verify(scene, found)[0] is True
    assert placement.standing(scene.machine, VIP) == []
    assert scene.did[-1].startswith("took back the preference for node2")


@pytest.mark.parametrize(
    ("by", "to", "result"),
    [
        (placement.move, "node3", "refused"),
        (placement.ban, "node2", "refused"),
        (placement.ban, "node3", "would"),
    ],
)
def test_what_a_person_moved_or_banned_stays(scene, by, to, result):
    by(scene.machine, VIP, to, "1h", How())
    before = placement.standing(scene.machine, VIP)
    found = move.look(scene)
    assert found.result == result
    assert result == "would" or f"{to} until" in found.why
    assert placement.standing(scene.machine, VIP) == before
