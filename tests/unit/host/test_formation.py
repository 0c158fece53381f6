"""Setting a cluster up while the others look at us: pcs, its clock and the peers are scripted."""

import pytest

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.corosync import Corosync, Member
from saltext_hakube.core.errors import Refused
from saltext_hakube.core.formation import Kind, Step
from saltext_hakube.host import formation
from saltext_hakube.host.machine import Machine

ADDRESSES = {"node4": "192.0.2.14", "node1": "192.0.2.11", "node2": "192.0.2.12"}
WITH_US = Corosync("kube", tuple(Member(name, (a,)) for name, a in ADDRESSES.items()))
FOREIGN = Corosync("other", (Member("elsewhere", ("192.0.2.99",)),))


@pytest.fixture
def scripted(monkeypatch):
    """No pcs and no waiting: `ours` says what this machine has, second by second."""
    clock = {"now": 100.0}
    monkeypatch.setattr(formation.time, "monotonic", lambda: clock["now"])
    monkeypatch.setattr(
        formation.time, "sleep", lambda seconds: clock.update(now=clock["now"] + seconds)
    )
    monkeypatch.setattr(formation.pcsd, "authenticate", lambda *_: None)
    monkeypatch.setattr(formation.pcsd, "setup", lambda *_: pytest.fail("set up over a cluster"))

    def run(theirs, ours_after):
        monkeypatch.setattr(formation, "conf_of", lambda _node: theirs)
        monkeypatch.setattr(
            formation,
            "corosync_conf",
            lambda _machine: WITH_US if clock["now"] - 100.0 >= ours_after else None,
        )
        pillar = {
            "cluster": {"name": "kube", "nodes": ADDRESSES, "password": "x"},
            "vip": {"address": "192.0.2.100"},
            "fencing": "none",
        }
        config = resolve(pillar, Facts(names=("node4",)))
        step = Step(Kind.SETUP, "set up", tuple(ADDRESSES))
        try:
            formation._setup(step, config, Machine())
        finally:
            run.took = clock["now"] - 100.0

    return run


def test_a_cluster_that_is_adding_this_machine_is_waited_for(scripted):
    scripted(WITH_US, ours_after=8)
    assert 8 <= scripted.took < 15


def test_a_cluster_that_names_this_machine_and_does_not_add_it_is_told(scripted):
    with pytest.raises(Refused, match="node remove node4"):
        scripted(WITH_US, ours_after=9999)
    assert scripted.took >= formation.JOINING


def test_a_foreign_cluster_is_told_at_once(scripted):
    with pytest.raises(Refused, match="not that of the pillar"):
        scripted(FOREIGN, ours_after=9999)
    assert scripted.took == 0
