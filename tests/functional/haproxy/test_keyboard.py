"""hakube_haproxy's functions for a person at the keyboard, on real processes of three releases."""

import pytest
from salt.exceptions import CommandExecutionError

from saltext_hakube.host.haproxy import unit
from tests.generations import NoTree, haproxies
from tests.generations.haproxies import HERE, Clients, Haproxy, free_port, servers

SUITES = [HERE, "trixie", "bullseye"]  # 2.6 (of the machine), 3.0, 2.2
CONFIG = """\
global
    stats socket {folder}/stats.sock mode 600 level {level}
defaults
    mode tcp
    timeout connect 1s
    timeout client 60s
    timeout server 60s
frontend api
    bind 127.0.0.1:{port}
    default_backend apiservers
backend apiservers
    option httpchk GET /readyz
    default-server inter 300ms fall 2 rise 2
    server one 127.0.0.1:{one} check
    server two 127.0.0.1:{two} check
"""


@pytest.fixture(scope="module")
def minion_config_overrides():
    return {"hakube": {}}  # the running system


@pytest.fixture
def haproxy(request, tmp_path, monkeypatch):
    """A haproxy and, as ``made``, its two servers."""
    suite, level = getattr(request, "param", HERE), "admin"
    if suite == "operator":
        suite, level = HERE, "operator"
    reason = haproxies.missing(suite)
    if reason:
        pytest.skip(reason)
    haproxy = Haproxy(tmp_path, suite)
    units = tmp_path / "units"
    units.mkdir()
    (units / "web.service").write_text(
        f"[Service]\nExecStart=/usr/sbin/haproxy -Ws -f {haproxy.config} -S {haproxy.master}\n"
    )
    monkeypatch.setattr(unit, "FOLDERS", (str(units),))
    with servers(2) as haproxy.made:
        one, two = haproxy.made
        haproxy.port = free_port()
        text = CONFIG.format(
            folder=tmp_path, level=level, port=haproxy.port, one=one.port, two=two.port
        )
        try:
            haproxy.start(text)
        except NoTree as error:
            pytest.skip(str(error))
        yield haproxy
        haproxy.stop()


@pytest.fixture
def call(modules, haproxy):
    def call(function, *args, **more):
        where = {"config": str(haproxy.config), "unit": "web"}
        return modules[f"hakube_haproxy.{function}"](*args, **where, **more)

    return call


on_all = pytest.mark.parametrize("haproxy", SUITES, indirect=True)


@on_all
def test_what_haproxy_does_is_plain_data(haproxy, call):
    info = call("info")
    assert {info["pid"]} == haproxy.workers()
    assert info["version"].startswith(("2.", "3."))
    haproxies.wait_until(
        lambda: call("servers")["apiservers"]["two"]["check"] == "L7OK", lambda: call("servers")
    )
    two = call("servers", "apiservers")["apiservers"]["two"]
    assert two["code"] == 200
    assert (two["address"], two["port"]) == ("127.0.0.1", haproxy.made[1].port)
    assert (two["status"], two["state"], two["serving"], two["weight"]) == ("UP", "ready", True, 1)
    assert call("stats", "apiservers")["apiservers"]["BACKEND"]["act"] == 2
    assert call("stats")["api"]["FRONTEND"]["scur"] == 0
    assert call("running") == {"differences": [], "older": False}


@on_all
def test_a_drained_server_gets_no_new_sessions_and_keeps_those_it_has(haproxy, call):
    with Clients(haproxy.port, long=4) as clients:
        held = clients.held.count(haproxy.made[0].port)
        assert call("drain", "one")["apiservers"]["one"]["state"] == "drain"
        haproxies.wait_until(
            lambda: call("sessions", "one", old_workers=False)["count"] == held,
            lambda: call("sessions"),
        )
        before = call("stats")["apiservers"]["one"]["stot"]
        seen = clients.asked
        haproxies.wait_until(lambda: clients.asked > seen + 4, lambda: clients.asked)
        assert call("stats")["apiservers"]["one"]["stot"] == before
        with pytest.raises(CommandExecutionError, match="no other server up than two"):
            call("maintenance", "two")
        assert call("ready", "one", backend="apiservers")["apiservers"]["one"]["serving"] is True
        assert clients.broken == []
    assert clients.failed == []


@on_all
def test_orders_are_done_when_they_return_and_told_as_differences_to_the_file(haproxy, call):
    assert call("maintenance", "one")["apiservers"]["one"]["status"] == "MAINT"
    assert call("weight", "two", 7)["apiservers"]["two"]["weight"] == 7
    told = {(one["server"], one["what"]): one for one in call("running")["differences"]}
    assert told.keys() == {("one", "state"), ("two", "weight")}
    assert told["two", "weight"]["file"] == 1
    assert told["two", "weight"]["running"] == 7


def test_a_server_that_only_the_file_has_is_told(haproxy, call):
    haproxy.config.write_text(haproxy.config.read_text().replace("server two", "server three"))
    told = call("running")
    assert told["older"] is True
    assert [(one["server"], one["what"]) for one in told["differences"]] == [
        ("three", "server"),
        ("two", "server"),
    ]
    assert told["differences"][0]["running"] is None
    assert told["differences"][1]["file"] is None


@on_all
def test_sessions_in_old_workers_are_seen_and_can_be_shut_down(haproxy, call):
    with Clients(haproxy.port, long=4) as clients:
        (old,) = haproxy.workers()
        haproxy.reload()
        workers = call("workers")
        assert [one["pid"] for one in workers["old"]] == [old]
        assert workers["old_count"] == 1
        assert workers["old"][0]["reloads"] == 1
        assert workers["old"][0]["version"] == workers["current"]["version"] != ""
        assert workers["old"][0]["sessions"] >= 4
        assert workers["current"]["pid"] not in (old, None)
        listed = call("sessions", limit=1)
        assert len(listed["sessions"]) == 1
        assert listed["by_worker"][str(old)] >= 4
        assert {"apiservers/one", "apiservers/two"} <= listed["by_server"].keys()
        one, _ = haproxy.made
        held = clients.held.count(one.port)
        shut = call("shutdown_sessions", "one")
        assert [one["sessions"] for one in shut if one["pid"] == old] == [held]
        haproxies.wait_until(lambda: len(clients.broken) == held, lambda: clients.broken)
        assert set(clients.broken) == {one.port}


def test_sessions_of_the_current_worker_need_no_master_socket(haproxy, call, tmp_path):
    place = tmp_path / "units" / "web.service"
    place.write_text(f"[Service]\nExecStart=/usr/sbin/haproxy -W -f {haproxy.config}\n")
    with Clients(haproxy.port, long=2):
        assert call("sessions", old_workers=False)["count"] >= 2
        (shut,) = call("shutdown_sessions", "two", old_workers=False)
        assert shut["server"] == "two"
    with pytest.raises(CommandExecutionError, match="web has no master socket"):
        call("workers")


@on_all
def test_what_haproxy_has_not_is_an_error_that_says_what_it_has(haproxy, call):
    with pytest.raises(CommandExecutionError, match="no server three; it has apiservers/one, ap"):
        call("drain", "three")
    with pytest.raises(CommandExecutionError, match="no server three"):
        call("shutdown_sessions", "three")
    with pytest.raises(CommandExecutionError, match="none named web; it has apiservers"):
        call("servers", "web")
    with pytest.raises(CommandExecutionError, match="has no web; it has api, apiservers"):
        call("stats", "web")
    with pytest.raises(CommandExecutionError, match="'heavy' is wrong"):
        call("weight", "one", "heavy")


@pytest.mark.parametrize("haproxy", ["operator"], indirect=True)
def test_a_socket_that_takes_no_orders_tells_and_refuses(haproxy, call):
    assert call("servers")["apiservers"]["one"]["state"] == "ready"
    with pytest.raises(CommandExecutionError, match="has no `stats socket` of level admin"):
        call("drain", "one")
    # As haproxy itself says it, where the file is newer than the process.
    haproxy.config.write_text(haproxy.config.read_text().replace("level operator", "level admin"))
    with pytest.raises(CommandExecutionError, match=r"Permission denied .*needs `level admin`"):
        call("drain", "one")


def test_a_haproxy_that_hangs_or_died_is_an_error_that_names_its_socket(haproxy, call):
    with haproxies.stopped(haproxy):
        with pytest.raises(CommandExecutionError, match=r"did not answer .*stats.sock within 2 s"):
            call("servers")
        with pytest.raises(CommandExecutionError, match=r"did not answer .*master.sock within 2"):
            call("workers")
    haproxy.stop()
    # A worker that is about to end has the socket still, and answers nothing any more.
    ended = r"stats.sock: (haproxy does not run|Connection reset by peer)"
    with pytest.raises(CommandExecutionError, match=ended):
        call("servers")
