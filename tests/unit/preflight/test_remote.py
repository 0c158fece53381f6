"""Other machines, seen over real sockets: TLS servers of this test on loopback."""

import contextlib
import http.server
import socket
import ssl
import threading
import time
from email.utils import formatdate

import pytest

from saltext_hakube.core.haproxy.options import Server
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.preflight import remote

from .authority import authority, needs_openssl, signed
from .world import config

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    authority(folder)
    authority(folder, "other")
    signed(folder, "IP:192.0.2.100,IP:127.0.0.1")
    return folder


@contextlib.contextmanager
def serving(pki, status=200, ahead=0.0):
    """An apiserver that answers so; its clock is ``ahead``. Its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response_only(status if self.path == "/readyz" else 404)
            self.send_header("Date", formatdate(time.time() + ahead, usegmt=True))
            self.end_headers()

        def log_message(self, *_):
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / "server.crt", pki / "server.key")

    class Tls(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request, client_address):
            # who only looks whether the port is open makes no handshake
            with contextlib.suppress(OSError), context.wrap_socket(request, server_side=True) as it:
                super().finish_request(it, client_address)

    with Tls(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def look(pki, port, ca="ca.crt", **pillar):
    given = {"haproxy:ca_file": str(pki / ca), **pillar}
    return remote.server(Server("node1", "127.0.0.1", port), config(given), Machine())


def test_a_good_apiserver_shows_its_certificate_is_trusted_and_healthy(pki):
    with serving(pki) as port:
        seen = look(pki, port)
    assert (seen.port, seen.distrust, seen.health) == ("open", "", 200)
    assert seen.certificate.addresses == ("192.0.2.100", "127.0.0.1")


@pytest.mark.parametrize("status", [401, 403, 500])
def test_its_answer_to_the_health_check_is_told(pki, status):
    with serving(pki, status) as port:
        assert look(pki, port).health == status


def test_a_certificate_of_another_authority_is_not_trusted_and_why_is_told(pki):
    with serving(pki) as port:
        assert "unable to get local issuer" in look(pki, port, "other.crt").distrust


def test_a_ca_file_that_holds_no_certificate_is_told(pki):
    (pki / "broken.crt").write_text("nothing\n")
    with serving(pki) as port:
        assert "cannot be read as certificates" in look(pki, port, "broken.crt").distrust


def test_nobody_is_distrusted_where_the_ca_does_not_matter_or_is_missing(pki):
    with serving(pki) as port:
        for seen in (
            look(pki, port, **{"haproxy:verify": "none"}),
            look(pki, port, "missing.crt"),
        ):
            assert isinstance(seen.distrust, Unseen)


def test_a_port_where_nobody_listens_is_refused(pki):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        seen = look(pki, free.getsockname()[1])
    assert seen.port == "refused"
    assert isinstance(seen.health, Unseen)
    assert isinstance(seen.certificate, Unseen)


def test_one_that_accepts_and_says_nothing_is_open_and_the_rest_is_not_known(pki, monkeypatch):
    monkeypatch.setattr(remote, "ANSWER", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as hung:
        seen = look(pki, hung.getsockname()[1])
    assert seen.port == "open"
    assert "no answer within 0.3 s" in seen.health.why
    assert "no answer within 0.3 s" in seen.distrust.why
    assert isinstance(seen.certificate, Unseen)


@pytest.mark.parametrize("ahead", [0, 90, -90])
def test_the_clock_of_a_peer_is_read_off_its_answer(pki, ahead):
    with serving(pki, ahead=ahead) as port:
        seen = remote.peer(config().nodes[0], port, "127.0.0.1")
    assert seen.pcsd == "open"
    assert seen.skew == pytest.approx(ahead, abs=3)


def test_a_name_means_what_the_machine_makes_of_it():
    assert "127.0.0.1" in remote.resolved("localhost") or "::1" in remote.resolved("localhost")
    assert remote.resolved("no-such-name.invalid") == ()
