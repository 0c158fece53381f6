"""An address that goes, comes back and goes again while it is decided what Pacemaker hears. The
addresses are real, Pacemaker's tools are stand-ins."""

import errno
import json
import os
import subprocess
import time
from pathlib import Path

import pytest

from saltext_hakube.agents.ground import netlink
from saltext_hakube.agents.watch import address
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.address import Floating
from saltext_hakube.agents.watch.settings import Vip
from tests.unit.agents.test_address import CLEANED, FAILED
from tests.unit.agents.test_cib import text
from tests.unit.agents.test_eyes import REFLEX

VIP = "192.0.2.100/24"


@pytest.fixture
def ip(own_network):
    own_network("address", "add", VIP, "dev", "one")
    return own_network


@pytest.fixture
def floating(loop, tmp_path, ip):
    """Begin to look, with the VIP here."""
    actions = Actions()
    vip = Vip("192.0.2.100", None, None)
    guard = str(tmp_path / "guard.json")
    settings = REFLEX._replace(hand_over=True, vip=vip, vip_resource="VIP-apiserver", guard=guard)
    made = Floating(loop, settings, actions, loop.now, lambda: None)
    made.actions = actions
    assert made.seen["address"]["here"]
    return made


def program(cluster, name, body):
    """Another stand-in than the usual one."""
    path = cluster._folder / "bin" / name
    path.with_suffix(".new").write_text(f"#!/bin/sh\n{body.format(folder=cluster._folder)}\n")
    path.with_suffix(".new").chmod(0o755)
    path.with_suffix(".new").replace(path)


def goes(ip):
    ip("address", "delete", VIP, "dev", "one")


def comes(ip):
    ip("address", "add", VIP, "dev", "one")


def test_an_address_that_is_back_when_the_cib_was_read_is_nobodys_failure(
    cluster, floating, ip, until
):
    body = "sleep 0.2; echo asked >>{folder}/asked; cat {folder}/cib.xml; ip address add "
    program(cluster, "cibadmin", f"{body} {VIP} dev one")
    cluster.cib = text("2.1-running")
    goes(ip)
    assert until(lambda: cluster.asked)
    assert not until(lambda: cluster.told, 0.5)
    assert floating.seen["address"]["here"]


def test_what_the_kernel_told_in_the_last_moment_counts(cluster, floating, ip, until, monkeypatch):
    cluster.cib = text("2.1-running")
    tell = Floating._tell

    def late(self, *words):
        comes(ip)  # after the loop has looked for news
        tell(self, *words)

    monkeypatch.setattr(Floating, "_tell", late)
    goes(ip)
    assert until(lambda: floating.seen["address"]["here"] and cluster.asked)
    assert not until(lambda: cluster.told, 0.5)


def test_an_answer_of_before_a_second_loss_says_nothing_about_it(cluster, floating, ip, until):
    """It was read before Pacemaker could write down that it stops the VIP."""
    body = (
        "echo asked >>{folder}/asked; cp {folder}/cib.xml {folder}/then.xml;"
        " [ -e {folder}/slow ] && rm {folder}/slow && sleep 0.5; cat {folder}/then.xml"
    )
    (cluster._folder / "slow").touch()
    program(cluster, "cibadmin", body)
    cluster.cib = text("2.1-running")
    goes(ip)
    assert until(lambda: cluster.asked)
    comes(ip)
    assert until(lambda: floating.seen["address"]["here"])
    cluster.cib = text("2.1-stop-pending")
    goes(ip)
    assert until(lambda: cluster.asked > 1)
    assert not until(lambda: cluster.told, 1.0)


@pytest.mark.parametrize("asleep", ["loop", "machine"])
def test_an_answer_that_grew_old_is_asked_for_again(
    cluster, floating, ip, until, *, loop, monkeypatch, asleep
):
    """The daemon was stopped, or the whole machine, of which the loop's clock knows nothing."""
    cluster.cib = text("2.1-running")
    tell = Floating._tell
    slept = []

    def late(self, *words):
        if not slept:
            slept.append(loop.now())
            cluster.cib = text("2.1-stopped")
            if asleep == "loop":
                time.sleep(address.FRESH + 0.1)
            else:
                before = address.clock
                monkeypatch.setattr(address, "clock", lambda: before() + 3600)
        tell(self, *words)

    monkeypatch.setattr(Floating, "_tell", late)
    goes(ip)
    assert until(lambda: cluster.asked > 1)
    assert not until(lambda: cluster.told, 0.5)


def test_who_still_waits_for_pacemaker_when_the_address_is_back_waits_no_more(
    cluster, floating, ip, until, *, monkeypatch, capsys
):
    monkeypatch.setattr(address, "GRACE", 0.2)
    program(cluster, "crm_resource", "echo crm_resource $* >>{folder}/told; exec sleep 60")
    cluster.cib = text("2.1-running")
    goes(ip)
    assert until(lambda: cluster.told)
    comes(ip)
    assert until(lambda: floating._child is None)
    assert "is back: crm_resource is not waited for" in capsys.readouterr().err
    program(cluster, "crm_resource", "echo crm_resource $* >>{folder}/told")
    begin = time.monotonic()
    goes(ip)
    assert until(lambda: len(cluster.told) > 1)
    assert time.monotonic() - begin < address.LONG / 2
    assert until(lambda: floating.actions.seen)
    assert [one["what"] for one in floating.actions.seen] == [
        "handed over the failure of VIP-apiserver to Pacemaker"
    ]


def test_a_second_loss_while_the_first_is_told_does_not_wait_for_the_next_look(
    cluster, floating, ip, until
):
    body = "echo crm_resource $* >>{folder}/told; sleep 0.5"
    program(cluster, "crm_resource", body)
    cluster.cib = text("2.1-running")
    goes(ip)
    assert until(lambda: cluster.told)
    comes(ip)
    assert until(lambda: floating.seen["address"]["here"])
    begin = time.monotonic()
    goes(ip)
    assert until(lambda: len(cluster.told) > 1)
    assert time.monotonic() - begin < address.AGAIN / 2


@pytest.fixture
def another(own_network):
    """Run `ip` on another machine, at the other end of the cable."""
    with subprocess.Popen(["unshare", "--net", "sleep", "300"]) as machine:
        try:
            own, its = (Path(f"/proc/{pid}/ns/net") for pid in ("thread-self", machine.pid))
            while own.readlink() == its.readlink():
                time.sleep(0.01)
            own_network("link", "set", "other", "netns", str(machine.pid))

            def ip(*words):
                inside = ["nsenter", "--target", str(machine.pid), "--net"]
                subprocess.run([*inside, "ip", *words], check=True)

            ip("link", "set", "other", "up")
            yield ip
        finally:
            machine.kill()


@pytest.mark.parametrize("taken", [False, True])
def test_an_ipv6_address_that_is_anothers_is_lost_and_one_that_is_only_coming_is_not(
    cluster, loop, own_network, another, until, *, tmp_path, taken
):
    vip = "2001:db8::100"
    if taken:  # a minute to be seen in as tentative
        Path("/proc/sys/net/ipv6/conf/one/dad_transmits").write_text("60")
    cluster.cib = text("2.1-stopped")
    settings = REFLEX._replace(
        hand_over=True,
        vip=Vip(vip, "one", 64),
        vip_resource="VIP-apiserver",
        guard=str(tmp_path / "guard.json"),
    )
    actions, states = Actions(), []
    made = Floating(loop, settings, actions, loop.now, lambda: None)
    assert until(lambda: cluster.asked)

    def state():
        now = made.seen["address"]
        if states[-1:] != [(now["here"], now["state"])]:
            states.append((now["here"], now["state"]))
        return states[-1]

    assert state() == (False, None)
    cluster.cib = text("2.1-running")
    own_network("address", "add", f"{vip}/64", "dev", "one")
    assert until(lambda: state() == (False, "tentative"))
    if taken:
        another("address", "add", f"{vip}/64", "dev", "other", "nodad")
    assert until(lambda: state()[0] or cluster.told)
    if taken:
        assert until(lambda: state() and actions.seen)
        assert f"{vip} is of no use here (dadfailed)" in actions.seen[0]["why"]
    else:
        assert not until(lambda: cluster.asked > 1, 0.5)
    assert states == [
        (False, None),
        (False, "tentative"),
        (False, "dadfailed") if taken else (True, None),
    ]
    assert cluster.told == ([FAILED] if taken else [])


def test_a_stop_that_failed_is_not_forgotten_while_the_address_is_here_though_of_no_use(
    cluster, loop, own_network, another, *, until, tmp_path
):
    """Pacemaker would take the VIP for stopped, and the machine would keep it."""
    vip = "2001:db8::100"
    another("address", "add", f"{vip}/64", "dev", "other", "nodad")
    settings = REFLEX._replace(
        hand_over=True,
        vip=Vip(vip, "one", 64),
        vip_resource="VIP-apiserver",
        guard=str(tmp_path / "guard.json"),
    )
    cluster.cib = text("2.1-stop-failed").replace("192.0.2.100", vip)
    own_network("address", "add", f"{vip}/64", "dev", "one")
    made = Floating(loop, settings, Actions(), loop.now, lambda: None)
    assert until(lambda: made.seen["address"]["state"] == "dadfailed")
    asked = cluster.asked
    assert until(lambda: cluster.asked > asked)
    assert not until(lambda: cluster.told, 0.5)


@pytest.mark.parametrize(
    ("age", "muted"), [(0.0, True), (1.0, True), (60.0, False), (-60.0, False)]
)
def test_a_guard_that_has_not_spoken_for_long_keeps_nobody_back(
    cluster, floating, ip, *, until, tmp_path, age, muted
):
    """Its process' number may be another's by now; or its clock is of before the machine began."""
    clock = time.clock_gettime(time.CLOCK_BOOTTIME) - age
    told = {"pid": os.getpid(), "clock": clock, "gave_up": {"at": 1.0, "why": "so"}}
    (tmp_path / "guard.json").write_text(json.dumps(told))
    cluster.cib = text("2.1-stop-failed")
    goes(ip)
    assert until(lambda: cluster.told, 1.0 if muted else 20) is not muted
    assert cluster.told == ([] if muted else [CLEANED])


def test_a_loss_is_told_at_once(cluster, floating, ip, until):
    cluster.cib = text("2.1-running")
    goes(ip)
    assert until(lambda: cluster.told)
    assert cluster.told == [FAILED]


def test_while_the_kernel_cannot_be_asked_nobody_hears_of_what_was_seen_before(
    cluster, floating, ip, until, monkeypatch
):
    """That the address is back was among the news that were lost, and a look at all goes wrong."""
    cluster.cib = text("2.1-running")
    ask, look = Floating._ask, netlink._all

    def refuse():
        raise OSError(errno.EINTR, os.strerror(errno.EINTR))

    def lose(self):
        monkeypatch.setattr(Floating, "_ask", ask)
        monkeypatch.setattr(netlink, "_all", refuse)
        floating._network.look()
        comes(ip)
        ask(self)

    monkeypatch.setattr(Floating, "_ask", lose)
    goes(ip)
    assert until(lambda: cluster.asked)
    assert not until(lambda: cluster.told, 0.5)
    goes(ip)
    monkeypatch.setattr(netlink, "_all", look)
    assert until(lambda: cluster.told)
