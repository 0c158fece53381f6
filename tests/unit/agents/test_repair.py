"""haproxy's file was put right: what follows, and when it has to wait."""

import time

import pytest

from saltext_hakube.agents.watch import repair
from saltext_hakube.agents.watch.actions import Actions
from saltext_hakube.agents.watch.process import MainProcess
from saltext_hakube.agents.watch.repair import Repair
from tests.unit.agents.ground.test_pacemaker import START, cib, meta, pending, properties
from tests.unit.agents.test_eyes import REFLEX

MENDED = [
    "systemctl reset-failed -- haproxy.service",
    "crm_resource --cleanup -r VIP -N node1",
]
CLONE = {"opened": '<clone id="c">', "closed": "</clone>"}


@pytest.fixture
def mend(loop, tmp_path, monkeypatch):
    """Start it, and put the file right."""
    monkeypatch.setattr(repair, "EVERY", 0.02)
    monkeypatch.setattr(repair, "CALM", 0.05)
    monkeypatch.setattr(repair, "AGAIN", 0.2)
    monkeypatch.setattr(repair, "RETRY", 0.1)

    def start(check="true"):
        config = tmp_path / "haproxy.cfg"
        config.write_text("bad")
        settings = REFLEX._replace(config=str(config), check=(check,), haproxy_resource="VIP")
        actions = Actions()
        process = MainProcess(loop, settings.unit, loop.now, lambda: None)
        Repair(loop, settings, process, actions)
        config.write_text("put right")
        return actions

    return start


def test_haproxy_is_tried_again(cluster, mend, until):
    cluster.cib = cib(**CLONE)
    actions = mend()
    assert until(lambda: len(actions.seen) == 2)
    assert cluster.told == MENDED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (cib(**CLONE, properties=properties(maintenance_mode="true")), "maintenance-mode=true"),
        (
            cib(opened=f'<clone id="c">{meta("m", is_managed="0")}', closed="</clone>"),
            "VIP has is-managed=0",
        ),
        ("<cib/>", "the CIB has no resource VIP"),
    ],
)
def test_while_a_person_works_on_it_it_waits_and_says_so_once(
    cluster, mend, until, *, capsys, text, why
):
    cluster.cib = text
    actions = mend()
    assert until(lambda: cluster.asked >= 3)
    assert cluster.told == []
    said = [line for line in capsys.readouterr().err.splitlines() if "must wait" in line]
    assert len(said) == 1
    assert why in said[0]
    cluster.cib = cib(**CLONE)
    assert until(lambda: len(actions.seen) == 2)
    assert cluster.told == MENDED


def test_a_unit_that_nobody_wants_any_more_is_left_alone(cluster, mend, until):
    cluster.cib = cib(**CLONE, properties=properties(maintenance_mode="true"))
    mend()
    assert until(lambda: cluster.asked)
    cluster.state = "inactive"
    until(lambda: False, 0.5)  # a look that was under way has ended
    cluster.cib = cib(**CLONE)
    assert not until(lambda: cluster.told, 0.8)


def test_a_file_that_is_not_good_yet_asks_nobody(cluster, mend, until):
    cluster.cib = cib(**CLONE)
    mend(check="false")
    assert not until(lambda: cluster.asked or cluster.told, 0.6)


BAD = """[NOTICE]   (7) : haproxy version is 2.6.12
[ALERT]    (7) : config : parsing [/etc/haproxy/haproxy.cfg:104] : unknown keyword 'garbage'
[ALERT]    (7) : config : parsing [/etc/haproxy/haproxy.cfg:109] : unknown keyword 'more'
[ALERT]    (7) : config : Error(s) found in configuration file : /etc/haproxy/haproxy.cfg
[ALERT]    (7) : config : Fatal errors found in configuration.
"""
# haproxy 2.2, and an error of no one line.
WHOLE = """[NOTICE] 333/202626 (7) : haproxy version is 2.2.9
[ALERT] 333/202626 (7) : config : backend 'x' : unable to find server 'y'
[ALERT] 333/202626 (7) : Fatal errors found in configuration.
"""


@pytest.mark.parametrize("changes", [True, False], ids=["was changed", "is as it failed with"])
@pytest.mark.parametrize(
    ("told", "why"),
    [
        (BAD, "parsing [/etc/haproxy/haproxy.cfg:104] : unknown keyword 'garbage'"),
        (WHOLE, "backend 'x' : unable to find server 'y'"),
        ("no such option\n", "ended with 1 (no such option)"),
    ],
)
def test_a_file_that_is_not_good_is_told_with_its_first_wrong_place(
    loop, cluster, until, tmp_path, monkeypatch, *, changes, told, why, capsys
):
    monkeypatch.setattr(repair, "EVERY", 0.02)
    monkeypatch.setattr(repair, "CALM", 0.05)
    cluster.cib = cib(**CLONE)
    (tmp_path / "told").write_text(told)
    check = tmp_path / "check"
    check.write_text(f"#!/bin/sh\ncat {tmp_path}/told >&2\nexit 1\n")
    check.chmod(0o755)
    config = tmp_path / "haproxy.cfg"
    config.write_text("bad")
    settings = REFLEX._replace(config=str(config), check=(str(check),), haproxy_resource="VIP")
    process = MainProcess(loop, settings.unit, loop.now, lambda: None)
    made = Repair(loop, settings, process, Actions())
    assert made.problem == ""
    if changes:
        config.write_text("bad as well")
    assert until(lambda: made.problem)
    start, _, told = made.problem.partition(" is not good: ")
    assert (start, told.removeprefix(f"{check} ")) == (f"haproxy is down, and {config}", why)
    said = [it for it in capsys.readouterr().err.splitlines() if "not good" in it]
    assert len(said) == 1
    assert why in said[0]
    assert not until(lambda: cluster.asked or cluster.told, 0.3)
    check.write_text("#!/bin/sh\n")
    config.write_text("put right now")
    assert until(lambda: not made.problem)
    assert until(lambda: len(cluster.told) == 2)


def test_a_good_file_that_nobody_changed_is_not_told_and_starts_nothing(
    loop, cluster, until, tmp_path, monkeypatch
):
    monkeypatch.setattr(repair, "EVERY", 0.02)
    monkeypatch.setattr(repair, "CALM", 0.05)
    (tmp_path / "haproxy.cfg").write_text("good")
    check = tmp_path / "check"
    check.write_text(f"#!/bin/sh\necho x >> {tmp_path}/checks\n")
    check.chmod(0o755)
    settings = REFLEX._replace(config=str(tmp_path / "haproxy.cfg"), check=(str(check),))
    process = MainProcess(loop, settings.unit, loop.now, lambda: None)
    made = Repair(loop, settings, process, Actions())
    assert until((tmp_path / "checks").exists)
    assert not until(lambda: cluster.asked or cluster.told or made.problem, 0.5)
    assert (tmp_path / "checks").read_text() == "x\n"


def test_a_check_that_did_not_end_is_made_again(cluster, mend, until, *, tmp_path, monkeypatch):
    """The machine was busy: that says nothing about the file."""
    monkeypatch.setattr(repair, "CHECK", 0.5)
    check = tmp_path / "check"
    check.write_text(
        f"#!/bin/sh\n[ -e {tmp_path}/busy ] && rm {tmp_path}/busy && exec sleep 60\n:\n"
    )
    check.chmod(0o755)
    (tmp_path / "busy").touch()
    cluster.cib = cib(**CLONE)
    mend(check=str(check))
    assert until(lambda: len(cluster.told) == 2)
    assert cluster.told == MENDED


def test_what_pacemaker_did_not_take_is_tried_again_and_told_once(cluster, mend, until):
    cluster.cib, cluster.problem = cib(**CLONE), "no cluster"
    actions = mend()
    assert until(lambda: cluster.told.count(MENDED[1]) >= 3)
    could_not = "could not: cleaned up VIP in the cluster (crm_resource ended with 1 (no cluster))"
    whats = [one["what"] for one in actions.seen]
    assert whats.count(could_not) == 1
    # In systemd's eyes it is no failure any more.
    cluster.state, cluster.problem = "inactive", ""
    assert until(lambda: actions.seen[-1]["what"] == "cleaned up VIP in the cluster")
    count = len(cluster.told)
    assert not until(lambda: len(cluster.told) > count, 0.5)


def test_it_is_not_tried_for_ever(cluster, mend, until, monkeypatch):
    monkeypatch.setattr(repair, "TRIES", 3)
    cluster.cib, cluster.problem = cib(**CLONE), "no cluster"
    mend()
    assert until(lambda: cluster.told.count(MENDED[1]) == 3)
    assert not until(lambda: cluster.told.count(MENDED[1]) > 3, 0.8)


def test_what_is_tried_again_waits_for_a_person_too(cluster, mend, until):
    cluster.cib, cluster.problem = cib(**CLONE), "no cluster"
    mend()
    assert until(lambda: cluster.told)
    cluster.cib = cib(**CLONE, properties=properties(maintenance_mode="true"))
    asked = cluster.asked
    assert until(lambda: cluster.asked >= asked + 2)  # what was under way has ended
    count = len(cluster.told)
    assert not until(lambda: len(cluster.told) > count, 0.5)
    cluster.cib = cib(**CLONE)
    assert until(lambda: len(cluster.told) > count)


def test_a_file_that_is_put_right_once_more_meanwhile_is_tried_too(
    cluster, mend, until, tmp_path, *, monkeypatch
):
    """After the reset systemd does not call the unit failed, as where nobody wants it."""
    monkeypatch.setattr(repair, "RETRY", 0.5)
    cluster.cib, cluster.problem = cib(**CLONE), "no cluster"
    mend()
    assert until(lambda: len(cluster.told) == 2)
    cluster.state, cluster.problem = "inactive", ""
    (tmp_path / "haproxy.cfg").write_text("put right, and better")
    assert until(lambda: cluster.told.count(MENDED[1]) == 2, 5)


def test_a_unit_that_systemd_has_forgotten_since_its_reset_is_no_failure(cluster, mend, until):
    """It keeps none of which nothing failed any more, and says so to who resets it once more."""
    systemctl = cluster._folder / "bin" / "systemctl"
    text = systemctl.read_text()
    forgets = (
        f"grep -q reset-failed {cluster._folder}/told && "
        'echo "Failed to reset failed state of unit $3: Unit $3 not loaded." >&2 && exit 1'
    )
    systemctl.write_text(text.replace("*) echo", f"*) {forgets}\n echo"))
    cluster.cib, cluster.problem = cib(**CLONE), "no cluster"
    actions = mend()
    assert until(lambda: cluster.told.count(MENDED[1]) == 2)
    cluster.problem = ""
    assert until(lambda: actions.seen[-1]["what"] == "cleaned up VIP in the cluster")
    count = len(cluster.told)
    assert not until(lambda: len(cluster.told) > count, 0.5)
    assert not any("reset" in one["what"] for one in actions.seen[1:])


def test_while_it_waits_nobody_is_asked_all_the_time(cluster, mend, until, monkeypatch):
    cluster.cib = cib(**CLONE, properties=properties(maintenance_mode="true"))
    monkeypatch.setattr(repair, "AGAIN", 60.0)  # after the fixture's
    mend()
    assert until(lambda: cluster.asked)
    assert not until(lambda: cluster.asked > 1, 1.0)


def asked(ago):
    """A cluster that waits for the answer of a monitor for so many seconds."""
    begun = f'last-rc-change="{time.time() - ago:.0f}"'
    monitor = pending("monitor", 5000).replace('last-rc-change="1795536045"', begun)
    return cib(**CLONE, history=START + monitor)


def test_while_a_monitor_is_awaited_only_systemd_forgets(cluster, mend, until, monkeypatch):
    monkeypatch.setattr(repair, "SOON", 0.1)
    cluster.cib = asked(ago=2)
    actions = mend()
    assert until(lambda: cluster.asked >= 4)
    assert cluster.told == MENDED[:1]
    cluster.cib = cib(**CLONE)
    assert until(lambda: len(actions.seen) == 2)
    assert cluster.told[1:] in ([MENDED[1]], MENDED)


def test_a_monitor_that_nobody_waits_for_any_more_keeps_nothing_back(cluster, mend, until):
    cluster.cib = asked(ago=200)
    mend()
    assert until(lambda: len(cluster.told) == 2)
    assert cluster.told == MENDED
