"""What follows where the VIP's address is not on this machine; Pacemaker's tools are stand-ins."""

import json
import os
import time

import pytest

from saltext_hakube.agents.watch import address, cib
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.address import Floating
from saltext_hakube.agents.watch.settings import Vip
from tests.unit.agents.test_cib import text
from tests.unit.agents.test_eyes import REFLEX

CLEANED = "crm_resource --cleanup -r VIP-apiserver -N node1"
FAILED = "crm_resource --fail -r VIP-apiserver -N node1"
IP = "192.0.2.100"  # for documentation (RFC 5737): it is on no machine


@pytest.fixture
def floating(loop, tmp_path):
    def start(ip=IP):
        settings = REFLEX._replace(
            hand_over=True,
            vip=Vip(ip, None, None),
            vip_resource="VIP-apiserver",
            guard=str(tmp_path / "guard.json"),
        )
        actions = Actions()
        Floating(loop, settings, actions, loop.now, lambda: None)
        return actions

    return start


def did(actions):
    return [one["what"] for one in actions.seen]


@pytest.fixture
def often(monkeypatch):
    """What was told is looked at again soon."""
    monkeypatch.setattr(address, "AGAIN", 0.1)


def test_a_stop_that_is_pending_and_fails_later_is_cleaned_up_soon(cluster, floating, until, loop):
    cluster.cib = text("2.1-stop-pending")
    actions = floating()
    assert until(lambda: cluster.asked)
    begin = loop.now()
    cluster.cib = text("2.1-stop-failed")
    assert until(lambda: did(actions))
    assert loop.now() - begin < cib.LATER
    assert cluster.told == [CLEANED]
    assert actions.seen[0]["what"] == "cleaned up VIP-apiserver"
    assert actions.seen[0]["why"] == f"a stop of VIP-apiserver failed here, and {IP} is not here"


def test_it_is_told_once_however_often_it_is_done(cluster, floating, until, often):
    cluster.cib = text("2.1-stop-failed")
    actions = floating()
    assert until(lambda: len(cluster.told) >= 3)
    assert did(actions) == ["cleaned up VIP-apiserver"]


@pytest.mark.parametrize(
    ("name", "command", "done", "not_done"),
    [
        ("2.1-stop-failed", CLEANED, "cleaned up VIP-apiserver", "clean up VIP-apiserver"),
        (
            "2.1-running",
            FAILED,
            "handed over the failure of VIP-apiserver to Pacemaker",
            "hand over the failure of VIP-apiserver",
        ),
    ],
)
def test_what_fails_is_tried_again_and_told_once(
    cluster, floating, until, often, *, capsys, name, command, done, not_done
):
    cluster.cib, cluster.problem = text(name), "no cluster"
    actions = floating()
    assert until(lambda: len(cluster.told) >= 3)
    failure = f"could not {not_done} (crm_resource ended with 1 (no cluster))"
    assert did(actions) == [failure]
    assert capsys.readouterr().err.count("no cluster") == 1
    cluster.problem = ""
    assert until(lambda: len(did(actions)) > 1)
    assert did(actions)[:2] == [failure, done]
    assert set(cluster.told) == {command}


def test_a_stop_that_fails_after_one_that_went_well_is_found(cluster, floating, until, monkeypatch):
    """A start that failed, and its stop too, without an address that came."""
    monkeypatch.setattr(cib, "RARELY", 0.2)
    cluster.cib = text("2.1-stopped")
    actions = floating()
    assert until(lambda: cluster.asked >= 2)
    assert cluster.told == []
    cluster.cib = text("2.1-stop-failed")
    assert until(lambda: did(actions))
    assert cluster.told[0] == CLEANED


def test_while_the_guard_says_that_it_gave_the_address_up_nothing_is_told(
    cluster, floating, until, tmp_path
):
    guard = tmp_path / "guard.json"
    clock = time.clock_gettime(time.CLOCK_BOOTTIME)
    told = {"pid": os.getpid(), "clock": clock, "gave_up": {"at": 1.0, "why": "so"}}
    guard.write_text(json.dumps(told))
    cluster.cib = text("2.1-stop-failed")
    actions = floating()
    assert not until(lambda: did(actions), 0.6)
    assert cluster.asked
    assert cluster.told == []


@pytest.mark.parametrize(
    "left", ["", '{"pid": 1, "cl', "[]", "[" * 100_000, '{"pid": 1e999, "gave_up": 1, "clock": 1}']
)
def test_what_is_no_sample_says_nothing(tmp_path, left):
    (tmp_path / "guard.json").write_text(left)
    assert address.gave_up(str(tmp_path / "guard.json")) is False


def test_an_address_that_is_here_is_nobodys_business(cluster, floating, until):
    cluster.cib = text("2.1-stop-failed")
    actions = floating("127.0.0.1")
    assert not until(lambda: cluster.asked, 0.5)
    assert did(actions) == []


def test_while_the_cluster_has_another_address_nothing_is_failed(
    cluster, floating, until, often, capsys
):
    """The pillar's address was changed: the watch knows of it before the cluster does."""
    other = '<instance_attributes id="i"><nvpair id="i-ip" name="ip" value="192.0.2.7"/>'
    running = text("2.1-running")
    end = running.index(">", running.index('<primitive id="VIP-apiserver"')) + 1
    cluster.cib = running[:end] + other + "</instance_attributes>" + running[end:]
    actions = floating()
    assert until(lambda: cluster.asked)
    assert not until(lambda: cluster.told or did(actions), 0.6)
    assert "is left to others: the cluster has another address for it" in capsys.readouterr().err
