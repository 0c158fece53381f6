"""A file that haproxy takes and serves worse with: it is taken back. No cluster, no turn here."""

import http.server
import threading

import pytest

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
