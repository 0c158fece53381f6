"""A file that haproxy takes and serves worse with: it is taken back. No cluster, no turn here."""

import contextlib
import http.server
import threading

import pytest

from saltext_hakube.core.errors import CommandError, Conflict
from saltext_hakube.host import rollout, systemd
from saltext_hakube.host.haproxy import health

from .test_config_of_a_running_haproxy import (
    free_port,
    managed,
    minion_config_overrides,
    pytestmark,
    running,
)

__all__ = ["managed", "minion_config_overrides", "pytestmark", "running"]


class Ready(http.server.BaseHTTPRequestHandler):
    """An apiserver as far as its health check goes."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    found = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ready)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    yield found.server_address[1]
    found.shutdown()
    found.server_close()


@pytest.fixture
def api(running, managed, monkeypatch):
    """Declares a backend of these ports, with a socket to ask about it."""
    monkeypatch.setattr(health, "DECIDED", 6.0)
    port = free_port()

    def declare(*ports, expect=200, **arguments):
        return managed(
            {
                "global": [f"stats socket {running.folder}/stats.sock level admin"],
                "listen api": [
                    f"bind 127.0.0.1:{port}",
                    "timeout check 1s",
                    "option httpchk GET /readyz",
                    f"http-check expect status {expect}",
                    "default-server inter 300ms fastinter 100ms fall 2 rise 1",
                    *(f"server s{p} 127.0.0.1:{p} check" for p in ports),
                ],
            },
            **arguments,
        )

    return declare


def test_a_file_with_which_no_server_is_up_any_more_is_taken_back(running, api, server):
    assert api(server).result is True
    good = running.config.read_bytes()
    dead = free_port()
    ret = api(dead)
    assert ret.result is False
    assert "does not serve with it; the old file was put back" in ret.comment
    assert f"no server is up in api (s{dead} L4CON" in ret.comment
    assert running.config.read_bytes() == good
    assert api(server).changes == {}


def test_a_check_that_no_server_passes_is_taken_back(running, api, server):
    assert api(server).result is True
    ret = api(server, expect=204)
    assert ret.result is False
    assert "L7STS" in ret.comment


def test_one_server_of_two_is_enough_and_the_other_is_told(api, server):
    assert api(server).result is True
    dead = free_port()
    ret = api(server, dead)
    assert ret.result is True, ret.comment
    assert ret.changes


def test_where_nothing_worked_before_nothing_is_judged(api):
    assert api(free_port()).result is True
    ret = api(free_port())
    assert ret.result is True, ret.comment


def test_where_haproxy_does_not_take_the_old_file_again_that_one_stays_all_the_same(
    running, api, server, monkeypatch
):
    assert api(server).result is True
    good = running.config.read_bytes()
    reload, asked = systemd.reload, []

    def once(unit):
        asked.append(unit)
        if len(asked) == 2:
            raise CommandError(("systemctl", "reload", unit), 1, "Job failed.")
        reload(unit)

    with monkeypatch.context() as patch:
        patch.setattr(systemd, "reload", once)
        ret = api(server, expect=204)
    assert ret.result is False
    assert "the old file was put back, but no-such-unit still runs with the new one" in ret.comment
    assert running.config.read_bytes() == good
    assert list(api(server).changes) == ["reload"]
    assert api(server).changes == {}


@pytest.fixture
def lost(monkeypatch):
    """The cluster's turn is another's by the time the change is made. A stand-in for the CIB."""

    class Lost:
        def renew(self):
            raise Conflict("the turn was taken from node1")

    @contextlib.contextmanager
    def alone(*_, **__):
        yield Lost()

    monkeypatch.setattr(rollout, "alone", alone)


def test_also_where_the_turn_was_lost_what_does_harm_is_taken_back(running, api, server, request):
    assert api(server).result is True
    good = running.config.read_bytes()
    request.getfixturevalue("lost")
    ret = api(server, expect=204)
    assert ret.result is False
    assert running.config.read_bytes() == good


def test_that_the_turn_was_lost_is_a_warning(api, server, lost):
    ret = api(server)
    assert ret.result is True, ret.comment
    assert any("the turn was taken from node1" in one for one in ret.warnings)
