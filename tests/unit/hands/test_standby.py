"""The end of a standby, by the real crm_attribute and crm_mon on a CIB in a file."""

import pytest

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.remedy.task import task
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.remedy import standby
from saltext_hakube.host.remedy.scene import Scene
from tests.unit.config.pillars import GOOD
from tests.unit.hands.clusters import CIB, with_attributes


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """``scene(cib)``: of node1, which is to take a standby back."""
    monkeypatch.setattr(standby, "ENDS", 1.0)

    def of(cib):
        file = tmp_path / "cib.xml"
        file.write_text(cib)
        monkeypatch.setenv("CIB_file", str(file))
        asked = task(
            rung="standby", component="scheduler", incident="i", deadline=30, test=False, undo=True
        )
        found = Scene(Machine(cib_file=file), resolve(GOOD, Facts(names=("node1",))), asked)
        assert found.node == "node1"
        return found

    return of


def test_the_standby_that_ends_with_a_boot_is_taken_back(scene):
    here = scene(with_attributes(CIB, "node1", standby="on"))
    found = standby.look(here)
    assert found.go
    standby.do(here, found)
    assert standby.verify(here, found) == (True, "node1 may run resources again")
    assert standby.look(here).result == "nothing"


def test_what_a_person_has_set_stays(scene):
    head = '<node id="1" uname="node1"'
    assert head in CIB
    at = CIB.index(">", CIB.index(head))
    node = CIB[: at + 1].removesuffix("/>").removesuffix(">") + (
        '><instance_attributes id="nodes-1"><nvpair id="nodes-1-standby" name="standby" '
        'value="on"/></instance_attributes>'
    )
    rest = CIB[at + 1 :]
    cib = node + ("</node>" + rest if CIB[at - 1] == "/" else rest)
    here = scene(with_attributes(cib, "node1", standby="on"))
    found = standby.look(here)
    standby.do(here, found)
    verified, why = standby.verify(here, found)
    assert not verified and "somebody else" in why
