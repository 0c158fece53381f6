"""hakube_restart: drop-ins for haproxy, corosync and pacemaker, and systemd that reads them."""

import pytest

from saltext_hakube.core import restart
from saltext_hakube.host import systemd
from tests.functional.pillar import SMALLEST


@pytest.fixture(autouse=True)
def clean(root):
    """An empty folder."""


def test_under_test_everything_is_shown_and_nothing_is_written(states, below):
    ret = states.hakube_restart.managed("restart", test=True)
    assert ret.result is None
    assert sorted(ret.changes) == ["corosync", "haproxy", "pacemaker"]
    assert "+RestartSec=50ms" in ret.changes["haproxy"]
    assert "systemd is not told" in ret.comment
    assert below() == set()


def test_they_are_there_once_and_go_without_a_trace(states, below, root):
    ret = states.hakube_restart.managed("restart")
    assert ret.result is True, ret.comment
    assert below() == set(restart.dropins("haproxy"))
    assert states.hakube_restart.managed("restart").changes == {}
    foreign = root / "etc/systemd/system/corosync.service.d/10-local.conf"
    foreign.write_text("[Service]\nNice=-1\n")
    gone = states.hakube_restart.absent("restart")
    assert gone.result is True, gone.comment
    assert below() == {"/etc/systemd/system/corosync.service.d/10-local.conf"}
    assert [path.name for path in (root / "etc/systemd/system").iterdir()] == ["corosync.service.d"]
    assert states.hakube_restart.absent("restart").changes == {}


@pytest.mark.parametrize(
    "pillar_data",
    [{"hakube": {**SMALLEST["hakube"], "haproxy": {"unit": "haproxy@api.service"}}}],
    indirect=True,
)
def test_a_unit_that_is_haproxys_no_more_loses_its_drop_in(states, below, root, pillar_data):
    old = root / restart.path("haproxy")[1:]
    old.parent.mkdir(parents=True)
    old.write_text("[Service]\nRestart=on-failure\n")
    ret = states.hakube_restart.managed("restart")
    assert ret.result is True, ret.comment
    assert sorted(ret.changes) == ["corosync", "haproxy", "haproxy@api", "pacemaker"]
    assert below() == {restart.path(unit) for unit in ("corosync", "haproxy@api", "pacemaker")}


def test_systemd_reads_them_and_nothing_is_restarted(states, root, system):
    ret = states.hakube_restart.managed("restart", test=True)
    assert ret.changes["daemon-reload"] is True
    assert system.asked() == []
    assert states.hakube_restart.managed("restart").result is True
    assert system.asked() == ["daemon-reload"]
    assert states.hakube_restart.managed("restart").changes == {}
    assert states.hakube_restart.absent("restart").result is True
    assert system.asked() == ["daemon-reload"]
    assert states.hakube_restart.absent("restart").changes == {}


@pytest.mark.parametrize("step", ["new", "changed", "removed"])
def test_an_apply_that_was_cut_short_is_finished_by_the_next(
    states, root, system, step, monkeypatch
):
    state = states.hakube_restart.absent if step == "removed" else states.hakube_restart.managed
    if step != "new":
        assert states.hakube_restart.managed("restart").result is True
    if step == "changed":
        monkeypatch.setattr(restart, "_HAPROXY", restart._HAPROXY.replace("50ms", "60ms"))
    with monkeypatch.context() as patch:
        patch.setattr(systemd, "daemon_reload", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            state("restart")
    ret = state("restart")
    assert ret.changes == {"daemon-reload": True}
    assert state("restart").changes == {}
