"""hakube_watch: what the daemon is told of haproxy and the VIP."""

import json

import pytest

from saltext_hakube.core import watch
from saltext_hakube.host import systemd
from tests.functional.pillar import SMALLEST

from .conftest import DEBIAN

CONFIG = watch.DAEMON.config[1:]


def with_haproxy(**options):
    return pytest.mark.parametrize(
        "pillar_data", [{"hakube": {**SMALLEST["hakube"], "haproxy": options}}], indirect=True
    )


def test_it_is_told_everything_that_the_pillar_and_the_unit_say(states, root, unit):
    assert states.hakube_watch.installed("watch").result is True
    assert json.loads((root / CONFIG).read_text()) == {
        "node": "node1",
        "unit": "haproxy",
        "config": "/etc/haproxy/haproxy.cfg",
        "check": [
            *("haproxy", "-c", "-Ws", "-f", "/etc/haproxy/haproxy.cfg"),
            *("-S", "/run/haproxy-master.sock"),
        ],
        "haproxy": {
            "stats": "/run/haproxy-hakube.sock",
            "master": "/run/haproxy-master.sock",
            "checked": ["kube-apiservers-secure"],
            "unchecked": ["kube-apiservers-secure-unchecked"],
        },
        "health": {"address": "127.0.0.1", "port": 6440},
        "steer": True,
        "servers": True,
        "hand_over": True,
        "repair": True,
        "resources": {"vip": "VIP-apiserver", "haproxy": "haproxy"},
        "vip": {"address": "192.0.2.100", "interface": None, "prefix": 24},
        "guard": "/run/hakube/guard.json",
        "interval": 0.25,
        "sample": "/run/hakube/watch.json",
    }


def test_a_haproxy_without_a_master_socket_is_warned_of(states, root, unit):
    unit.write_text(DEBIAN.replace(" -S /run/haproxy-master.sock", ""))
    ret = states.hakube_watch.installed("watch")
    assert ret.result is True
    assert any("without a master socket" in warning for warning in ret.warnings)


def test_where_haproxy_is_not_installed_nothing_is_said_of_its_unit(states, root):
    assert "warnings" not in states.hakube_watch.installed("watch", test=True).raw


@with_haproxy(on_marked_down="none")
def test_where_haproxy_leaves_sessions_so_does_the_watcher(states, root, pillar_data):
    states.hakube_watch.installed("watch")
    config = json.loads((root / CONFIG).read_text())["haproxy"]
    assert (config["checked"], config["unchecked"]) == ([], [])


@with_haproxy(plain=True)
def test_without_a_socket_of_ours_that_of_the_file_is_used(states, root, pillar_data):
    path = root / "etc/haproxy/haproxy.cfg"
    ret = states.hakube_watch.installed("watch")
    assert any("has no `stats socket`" in warning for warning in ret.warnings)
    path.parent.mkdir(parents=True)
    path.write_text("global\n    stats socket /run/haproxy/admin.sock mode 660 level admin\n")
    assert states.hakube_watch.installed("watch").result is True
    config = json.loads((root / CONFIG).read_text())
    assert config["haproxy"]["stats"] == "/run/haproxy/admin.sock"
    assert config["health"] is None


@with_haproxy(health={"enabled": False})
def test_a_health_listener_that_is_off_is_not_asked(states, root, pillar_data):
    states.hakube_watch.installed("watch")
    assert json.loads((root / CONFIG).read_text())["health"] is None


def test_another_socket_restarts_it_also_where_the_apply_before_was_cut_short(
    states, unit, system, monkeypatch
):
    assert states.hakube_watch.installed("watch").result is True
    unit.write_text(DEBIAN.replace("/run/haproxy-master.sock", "/run/other.sock"))
    system.asked()
    with monkeypatch.context() as patch:
        patch.setattr(systemd, "daemon_reload", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            states.hakube_watch.installed("watch")
    ret = states.hakube_watch.installed("watch")
    assert ret.changes == {"service": ["restart"]}
    assert system.asked() == ["daemon-reload", "restart"]
    assert states.hakube_watch.installed("watch").changes == {}
