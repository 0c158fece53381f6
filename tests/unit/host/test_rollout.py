"""One node after the other, and what one of them has taken back. The CIB is a text here, and the
turn a stand-in that is always free; the lab has both."""

import contextlib

import pytest

from saltext_hakube.core.cib.refusals import Refusal, edit, refusals
from saltext_hakube.core.errors import Conflict, HakubeError, Refused, TimedOut
from saltext_hakube.host import cib, rollout, turn
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.rollout import Change

EMPTY = "<cib><configuration><crm_config/></configuration><status/></cib>"
ONE = Change("haproxy", "abc", "node1")
TWO = Change("haproxy", "abc", "node2")
OLD = Refusal(what="haproxy", node="node1", digest="abc", since="2026-01-01T00:00:00Z")
MACHINE = Machine()


class Cluster:
    """A CIB, and who waits for the turn."""

    def __init__(self):
        self.text = EMPTY
        self.waiting = ()
        self.taken = 0
        self.looked = 0
        self.on_looked = lambda: None
        self.broken = False

    def push(self, _machine, planned, *_):
        if self.broken:
            raise TimedOut("the cluster has no quorum")
        self.text = planned(self.text).after

    def take(self, *_, **__):
        self.taken += 1
        return self

    def show(self, _machine):
        self.looked += 1
        self.on_looked()
        return [Waiter(one) for one in self.waiting]

    def release(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @property
    def refused(self):
        return [one.node for one in refusals(self.text)]

    def refuse(self, *found):
        self.text = edit(self.text, found).after


class Waiter:
    def __init__(self, owner):
        self.owner = owner


@pytest.fixture
def cluster(monkeypatch):
    found = Cluster()
    monkeypatch.setattr(rollout, "_in_cluster", lambda _machine: True)
    monkeypatch.setattr(rollout, "PATIENCE", 0.2)
    monkeypatch.setattr(rollout.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(cib, "running", lambda _machine: found.text)
    monkeypatch.setattr(cib, "push", found.push)
    monkeypatch.setattr(turn, "take", found.take)
    monkeypatch.setattr(turn, "show", found.show)
    return found


def fails(change, error):
    with rollout.alone(MACHINE, change, wait=1.0):
        raise error


def test_what_one_node_takes_back_no_other_makes(cluster):
    with pytest.raises(Refused, match="no server is up"):
        fails(ONE, Refused("no server is up"))
    assert cluster.refused == ["node1"]
    made = []
    with (
        pytest.raises(Refused, match=r"node1 has made this change.*hakube_pcs\.refused_drop"),
        rollout.alone(MACHINE, TWO, wait=1.0),
    ):
        made.append(TWO)
    assert made == []


def test_its_node_may_try_again_and_so_may_the_others_when_it_succeeds(cluster):
    cluster.refuse(OLD)
    with rollout.alone(MACHINE, ONE, wait=1.0) as mine:
        assert mine is cluster
    assert cluster.refused == []
    with rollout.alone(MACHINE, TWO, wait=1.0) as mine:
        assert mine is cluster


def test_another_change_is_not_meant(cluster):
    cluster.refuse(OLD)
    with rollout.alone(MACHINE, Change("haproxy", "mended", "node2"), wait=1.0) as mine:
        assert mine is cluster
    assert cluster.refused == []


def test_a_node_lets_the_one_go_first_that_tries_again(cluster):
    # It may be the VIP's holder, which goes after all that want the turn.
    cluster.refuse(OLD)
    cluster.waiting = ("node1",)
    cluster.on_looked = lambda: cluster.refuse() if cluster.looked == 3 else None
    with rollout.alone(MACHINE, TWO, wait=30.0):
        assert (cluster.looked, cluster.taken) == (3, 1)


def test_where_that_one_fails_again_nobody_waits_any_longer(cluster):
    cluster.refuse(OLD)
    cluster.waiting = ("node1",)
    again = Refusal(what="haproxy", node="node1", digest="abc", since="2026-01-01T00:01:00Z")
    cluster.on_looked = lambda: cluster.refuse(again) if cluster.looked == 2 else None
    with (
        pytest.raises(Refused, match="2026-01-01T00:01:00Z"),
        rollout.alone(MACHINE, TWO, wait=30.0),
    ):
        pass
    assert (cluster.looked, cluster.taken) == (3, 0)


def test_what_is_refused_while_a_node_waits_for_the_turn_is_not_made(cluster, monkeypatch):
    def take(*_, **__):
        cluster.refuse(OLD)
        return cluster

    monkeypatch.setattr(turn, "take", take)
    with pytest.raises(Refused, match="node1"), rollout.alone(MACHINE, TWO, wait=30.0):
        pass


def test_a_turn_that_was_lost_is_no_word_against_the_change(cluster):
    with pytest.raises(Conflict):
        fails(ONE, Conflict("the turn was taken"))
    assert cluster.refused == []


def test_that_the_others_could_not_be_told_is_told(cluster):
    cluster.broken = True
    with pytest.raises(HakubeError) as told:
        fails(ONE, Refused("no server is up"))
    assert "no server is up" in str(told.value)
    assert "other nodes could not be told of it: the cluster has no quorum" in str(told.value)


def test_outside_a_cluster_there_is_no_turn(monkeypatch):
    monkeypatch.setattr(rollout, "_in_cluster", lambda _machine: False)
    with contextlib.ExitStack() as stack:
        assert stack.enter_context(rollout.alone(MACHINE, ONE, wait=1.0)) is None
