"""Corosync's timing is changed on all nodes: pcs, corosync and the clock are scripted."""

import pytest
from msgspec import structs

from saltext_hakube.core.corosync import Corosync, Member, Running
from saltext_hakube.core.errors import CommandError, HakubeError, TimedOut
from saltext_hakube.core.membership import Observed, Service
from saltext_hakube.core.timing import Totem
from saltext_hakube.host import totem
from saltext_hakube.host.machine import Machine
from tests.unit.cluster.test_formation import ADDRESSES, config

SAFE, FAST = Running(3000, 3600), Running(1000, 1200)
OTHERS = ("node2", "node3")
NUMBERS = {
    SAFE: Totem(token=3000, token_coefficient=0, consensus=3600),
    FAST: Totem(token=1000, token_coefficient=0, consensus=1200),
}


class Cluster:
    """Three nodes. ``works`` is what corosync works with; ``heeds``: whether it reads its file."""

    def __init__(self, works):
        self.works, self.heeds, self.active = works, True, True
        self.done = []
        self.silent = set()
        self.refuses = None
        self.now = 100.0
        self.conf = Corosync(
            "kube", tuple(Member(n, (a,)) for n, a in ADDRESSES.items()), totem=NUMBERS[works]
        )

    def update(self, options):
        self.done.append(("update", options["token"]))
        if self.refuses:
            raise CommandError(["pcs"], 1, self.refuses)
        if self.heeds:
            self.works = Running(options["token"], options["consensus"])

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def cluster(monkeypatch):
    def made(works=SAFE):
        it = Cluster(works)
        monkeypatch.setattr(totem.corosync, "corosync_conf", lambda _machine: it.conf)
        monkeypatch.setattr(totem.corosync, "running", lambda: it.works)
        monkeypatch.setattr(totem.corosync, "reload", lambda: it.done.append(("reload",)))
        monkeypatch.setattr(
            totem.corosync, "conf_of", lambda node: None if node.name in it.silent else it.conf
        )
        monkeypatch.setattr(totem.systemd, "active", lambda _unit: it.active)
        monkeypatch.setattr(totem.pcsd, "update_totem", it.update)
        monkeypatch.setattr(totem.pcsd, "updates_corosync", lambda: it.done.append(("asked",)))
        names = {address: name for name, address in ADDRESSES.items()}
        monkeypatch.setattr(totem.pcsd, "answers", lambda at: names[at] not in it.silent)
        monkeypatch.setattr(totem.waits.time, "monotonic", lambda: it.now)
        monkeypatch.setattr(totem.waits.time, "sleep", it.sleep)
        return it

    return made


def change(**pillar):
    totem.change(config("node1", **pillar), Machine(), OTHERS)


def test_it_is_written_in_steps_and_read_once_more_for_the_links(cluster):
    it = cluster(SAFE)
    change(timing="fast")
    assert it.done == [*(("update", it) for it in (2330, 1570, 1190, 1000)), ("reload",)]
    assert it.works == FAST
    assert 104.6 < it.now < 110, "each link has been pinged with its new times"


def test_so_it_is_back(cluster):
    it = cluster(FAST)
    change(timing="safe")
    assert it.done == [*(("update", it) for it in (1190, 1570, 2330, 3000)), ("reload",)]


def test_where_corosync_does_not_run_only_the_files_are_written(cluster):
    it = cluster(SAFE)
    it.active = False
    change(timing="fast")
    assert it.done == [("update", 1000)]


def test_nothing_is_written_while_a_node_does_not_answer_and_it_is_named(cluster):
    it = cluster(SAFE)
    it.silent = {"node3"}
    with pytest.raises(TimedOut, match=r"pcsd on node3 did not answer .*timing was not changed"):
        change(timing="fast")
    assert it.done == []
    assert it.now < 200


def test_what_pcs_complains_of_is_told_and_its_word_on_force_is_not(cluster):
    it = cluster(SAFE)
    it.refuses = "Error: node2: Unable to connect, use --force to override"
    with pytest.raises(HakubeError, match="on all nodes; pcs says: node2: Unable to conn") as error:
        change(timing="fast")
    assert "force" not in str(error.value)


def test_a_corosync_that_does_not_take_it_over_is_waited_for_and_told(cluster):
    it = cluster(SAFE)
    it.heeds = False
    with pytest.raises(TimedOut, match="waited 30 s for corosync to work with token 2330"):
        change(timing="fast")
    assert ("reload",) not in it.done


def test_numbers_that_somebody_has_written_since_the_plan_stay(cluster):
    it = cluster(SAFE)
    it.conf = structs.replace(it.conf, totem=Totem(token=7000))
    change()
    assert it.done == []


def look(node, it, **pillar):
    up = Service(active=True, enabled=True)
    seen = Observed(corosync=it.conf, stack=up, online=frozenset(ADDRESSES), totem=it.works)
    return totem.look(config(node, **pillar), seen)


def test_only_who_speaks_asks_the_others_and_pcs_only_where_something_is_to_be_done(cluster):
    it = cluster(SAFE)
    assert set(look("node1", it).others) == set(OTHERS)
    assert look("node2", it).others == {}
    assert it.done == []
    look("node1", it, timing="fast")
    assert it.done == [("asked",)]


def test_a_member_whose_pcsd_is_silent_is_seen_as_that(cluster):
    it = cluster(SAFE)
    it.silent = {"node3"}
    assert look("node1", it).silent == {"node3"}
