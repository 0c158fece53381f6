"""What the guard makes of addresses that are not as usual. They are real; Pacemaker's tools are
stand-ins, corosync and Pacemaker processes that sleep."""

import errno
import json
import os
import subprocess
from pathlib import Path

import pytest

from saltext_hakube.agents.ground import netlink
from saltext_hakube.agents.ground.sample import Sample
from saltext_hakube.agents.guard import cib as guards
from saltext_hakube.agents.guard import guard, handover, membership, stack
from saltext_hakube.agents.guard.decide import GaveUp, Left
from saltext_hakube.agents.guard.quorum import Quorum
from saltext_hakube.agents.guard.settings import Settings
from tests.unit.agents.ground.test_pacemaker import START, action, cib

SERVES = START + action("monitor", 7, interval=10000)


class Membership:
    """Stands for corosync's word. ``now`` is what it says."""

    def __init__(self, _loop, changed):
        self.now, self.changed = Quorum(True, 3, "1.1"), changed
        self.totem = membership.totem.Totem(0.2, 0.24)

    def start(self):
        pass

    def stop(self):
        pass


@pytest.fixture
def made(loop, cluster, tmp_path, own_network, monkeypatch):
    """The guard of an address, on a node that is well; what its sample shows."""
    (tmp_path / "cib.xml").write_text(cib(history=SERVES))
    cluster.cib = cib(history=SERVES)
    sleeps = [subprocess.Popen(["sleep", "300"]) for _ in range(2)]
    living = dict(zip((stack.COROSYNC, stack.CONTROLLER), (one.pid for one in sleeps), strict=True))
    monkeypatch.setattr(stack, "processes", lambda _proc: dict(living))
    monkeypatch.setattr(guard, "Membership", Membership)
    monkeypatch.setattr(guards.against, "__defaults__", (str(tmp_path / "cib.xml"),))
    sample = tmp_path / "guard.json"

    def make(address, left=None, **given):
        vip = {"address": address, "interface": "one", "prefix": 24, "resource": "VIP"}
        own = {"node": "node1", "guard": True, "announce": True, "sample": str(sample)}
        settings = Settings(**{**vip, **own, **given})
        found = guard.Guard(loop, settings, Sample(str(sample)), left or Left())
        found.begin()
        found.die = lambda: (living.clear(), [one.kill() for one in sleeps])
        found.live = lambda: living.update(
            dict.fromkeys((stack.COROSYNC, stack.CONTROLLER), os.getpid())
        )
        found.shown = lambda: json.loads(sample.read_text())
        return found

    yield make
    for one in sleeps:
        one.kill()
        one.wait()


def whys(found):
    return [one["why"] for one in found.shown()["actions"]]


def test_an_ipv6_address_is_announced_when_it_serves(made, own_network, until):
    Path("/proc/sys/net/ipv6/conf/one/dad_transmits").write_text("4")
    found = made("2001:db8::100", prefix=64)
    own_network("address", "add", "2001:db8::100/64", "dev", "one")
    assert until(lambda: found.shown()["address"]["state"] == "tentative")
    assert found.shown()["address"]["here"] is False
    assert whys(found) == []
    assert found._place() is None  # what is still to be sent of an earlier time is not
    assert until(lambda: found.shown()["address"]["here"])
    assert found._place().name == "one"
    assert found.shown()["address"]["state"] is None
    assert until(lambda: whys(found) == ["the address came"])


@pytest.mark.parametrize("state", ["", "tentative"])
def test_all_of_the_address_is_given_up(made, own_network, until, state):
    """With whatever prefix it has, and also where it is only about to be used."""
    if state:
        Path("/proc/sys/net/ipv6/conf/one/dad_transmits").write_text("60")
        address, held = "2001:db8::100", ["2001:db8::100/64"]
    else:
        address, held = "192.0.2.100", ["192.0.2.100/32", "192.0.2.100/16"]
    for one in held:
        own_network("address", "add", one, "dev", "one")
    found = made(address)
    found.die()

    def there():
        told = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True)
        return address in told.stdout

    assert there()
    assert until(lambda: not there())
    assert until(lambda: found.shown()["gave_up"])


def test_who_still_tells_pacemaker_when_the_address_is_back_is_ended(
    made, cluster, own_network, until, capsys
):
    """Else it could be heard, and a VIP that is well fails, when Pacemaker listens again. Or it was
    heard already: people are told that it was begun."""
    program = cluster._folder / "bin" / "crm_resource"
    program.write_text(f"#!/bin/sh\necho $$ >>{cluster._folder}/told\nexec sleep 300\n")
    made("192.0.2.100", Left(GaveUp(1.0, "corosync is dead")))
    assert until(lambda: cluster.told)
    pid = int(cluster.told[0])
    assert Path(f"/proc/{pid}").exists()
    own_network("address", "add", "192.0.2.100/24", "dev", "one")
    assert until(lambda: not Path(f"/proc/{pid}").exists(), handover.LONG / 2)
    said = capsys.readouterr().err
    assert said.count("crm_resource --fail -r VIP -N node1 is not waited for") == 1


def test_an_address_that_went_in_the_last_moment_was_not_given_up(
    made, own_network, until, *, monkeypatch, capsys
):
    own_network("address", "add", "192.0.2.100/24", "dev", "one")
    found = made("192.0.2.100")
    due = guard.Guard._due

    def late(self):
        own_network("address", "delete", "192.0.2.100/24", "dev", "one")
        due(self)

    monkeypatch.setattr(guard.Guard, "_due", late)
    found.die()
    assert until(lambda: not found.shown()["address"]["here"])
    assert found.shown()["gave_up"] is None
    assert not until(lambda: found.shown()["gave_up"], 0.5)
    assert "stays" not in capsys.readouterr().err


def test_a_word_on_the_quorum_that_was_missing_for_a_moment_changes_nothing(
    made, own_network, until
):
    own_network("address", "add", "192.0.2.100/24", "dev", "one")
    found = made("192.0.2.100")
    assert until(lambda: whys(found))
    before = whys(found)
    word = found._membership.now
    for now in (None, word):
        found._membership.now = now
        found._membership.changed()
    assert found.shown()["trouble"] == ""
    assert whys(found) == before
    found._membership.now = word._replace(ring="1.2")
    found._membership.changed()
    assert whys(found) == [*before, "the membership changed"]


def test_while_the_kernel_cannot_be_asked_pacemaker_hears_nothing(
    made, cluster, own_network, until, monkeypatch
):
    """That the address is back was among the news that were lost, and a look at all goes wrong."""
    look = netlink._all

    def refuse():
        raise OSError(errno.EINTR, os.strerror(errno.EINTR))

    found = made("192.0.2.100", Left(GaveUp(1.0, "corosync is dead")))
    monkeypatch.setattr(netlink, "_all", refuse)
    found._network.look()
    own_network("address", "add", "192.0.2.100/24", "dev", "one")
    assert until(lambda: cluster.asked)
    assert not until(lambda: cluster.told, 1.0)
    assert found.shown()["gave_up"]
    own_network("address", "delete", "192.0.2.100/24", "dev", "one")
    monkeypatch.setattr(netlink, "_all", look)
    assert until(lambda: cluster.told)


def test_a_stack_that_is_back_in_the_last_moment_keeps_its_address(
    made, own_network, until, monkeypatch
):
    """It is looked for five times a second: here it came since the last time."""
    own_network("address", "add", "192.0.2.100/24", "dev", "one")
    found = made("192.0.2.100")
    due = guard.Guard._due

    came = []

    def late(self):
        found.live()
        due(self)
        came.append(found.shown()["trouble"])

    monkeypatch.setattr(guard.Guard, "_due", late)
    found.die()
    assert until(lambda: came)
    assert came == [""]
    assert found.shown()["address"]["here"]
    assert found.shown()["gave_up"] is None
