"""Requests over TLS to real sockets: what answers, what hangs, whom we trust."""

import base64
import contextlib
import socket
import threading
import time

import pytest

from saltext_hakube.agents.probe import answer
from saltext_hakube.agents.probe.answer import ANSWERED, BROKEN, OWN, REFUSED, SILENT, UNTRUSTED
from saltext_hakube.agents.probe.get import Get, Target
from saltext_hakube.agents.probe.kubeconfig import Wrong
from saltext_hakube.agents.probe.trust import Trust
from tests.unit.preflight.authority import needs_openssl

pytestmark = needs_openssl
DEADLINE = 0.5


def get(loop, target, door, deadline=30):
    came = []
    text = answer.request("/livez", target.address, door.token)
    found = lambda it: (came.append(it), loop.stop())  # noqa: E731
    Get(loop, target, text, door.context, found, deadline=deadline)
    loop.run()
    return came[0]


def test_what_answers_is_read(loop, server, pki):
    there = server()
    found = get(loop, there.target, Trust(str(pki / "ca.crt")).anonymous())
    assert found == answer.Answer(ANSWERED, 200, b"ok")
    assert there.seen[0][0].startswith(b"GET /livez HTTP/1.0\r\nHost: 127.0.0.1\r\n")


def test_a_long_answer_comes_whole(loop, server, pki):
    body = b"x" * 150_000
    found = get(loop, server(b"HTTP/1.0 500 No\r\n\r\n" + body).target, Trust(None).anonymous())
    assert (found.status, found.body) == (500, body)
    endless = server(b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 400_000)
    assert get(loop, endless.target, Trust(None).anonymous()).kind == BROKEN


def test_whom_our_authority_does_not_know_is_not_trusted_unless_nobody_asks(loop, server, pki):
    there = server()
    found = get(loop, there.target, Trust(str(pki / "other.crt")).anonymous())
    assert found.kind == UNTRUSTED
    assert "certificate that is not good: " in found.why
    assert get(loop, there.target, Trust(None).anonymous()).status == 200


def test_what_accepts_and_says_nothing_hangs_and_says_in_what(loop):
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        began = time.monotonic()
        found = get(loop, Target(*quiet.getsockname()), Trust(None).anonymous(), DEADLINE)
        assert found.kind in (SILENT, OWN)
        assert time.monotonic() - began >= DEADLINE
        if found.kind == SILENT:  # OWN: the machine had no time for us
            assert found.why == "did not shake hands (TLS) within 0.5 s"


def test_a_queue_that_is_full_is_a_hang(loop, tmp_path):
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as quiet, contextlib.ExitStack() as stack:
        quiet.bind(path)
        quiet.listen(0)
        for _ in range(8):
            other = stack.enter_context(socket.socket(socket.AF_UNIX))
            other.setblocking(False)
            if other.connect_ex(path):
                break
        else:
            pytest.fail("its queue has no end")
        assert get(loop, Target(path, 0), Trust(None).anonymous()).kind == SILENT


def test_where_nobody_listens_it_is_refused(loop, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as there:
        target = Target(*there.getsockname())
    trust = Trust(None)
    assert get(loop, target, trust.anonymous()).kind == REFUSED
    assert get(loop, Target(str(tmp_path / "socket"), 0), trust.anonymous()).kind == REFUSED
    assert get(loop, Target("::1", 1), trust.anonymous()).kind in (REFUSED, OWN)


def test_what_closes_the_connection_or_speaks_no_tls_is_broken(loop):
    def once(there, text):
        connection, _ = there.accept()
        connection.sendall(text)
        connection.close()

    for text in (b"", b"HTTP/1.0 400 Bad Request\r\n\r\n"):
        with socket.create_server(("127.0.0.1", 0)) as there:
            threading.Thread(target=once, args=(there, text), daemon=True).start()
            found = get(loop, Target(*there.getsockname()), Trust(None).anonymous())
            assert found.kind == BROKEN, found


def kubeconfig(path, pki, ca=b"", key="client.key"):
    data = {
        name: base64.b64encode((pki / name).read_bytes()).decode() for name in ("client.crt", key)
    }
    path.write_text(
        f"client-certificate-data: {data['client.crt']}\nclient-key-data: {data[key]}\n"
    )
    return path


def test_as_a_user_it_shows_the_certificate_and_reads_a_file_that_changed(
    loop, server, pki, tmp_path
):
    there = server(clients=True)
    trust = Trust(str(pki / "ca.crt"))
    file = tmp_path / "scheduler.conf"
    files = (str(tmp_path / "missing"), str(file))
    with pytest.raises(Wrong, match="there is none of"):
        trust.as_user(files)
    kubeconfig(file, pki)
    door = trust.as_user(files)
    assert trust.as_user(files) is door
    assert get(loop, there.target, door).status == 200
    assert there.seen[-1][1]["subject"] == ((("commonName", "client"),),)
    assert get(loop, there.target, trust.anonymous()).status == 200
    assert not there.seen[-1][1]
    file.write_text("token: abc\n")
    assert get(loop, there.target, trust.as_user(files)).status == 200
    assert b"Authorization: Bearer abc\r\n" in there.seen[-1][0]
    kubeconfig(file, pki, key="server.key")
    with pytest.raises(Wrong, match="certificate or key of no use"):
        trust.as_user(files)
    file.write_text(f"client-certificate: {pki}/client.crt\nclient-key: client.key\n")
    (tmp_path / "client.key").write_bytes((pki / "client.key").read_bytes())
    assert get(loop, there.target, trust.as_user(files)).status == 200
    assert there.seen[-1][1]


def test_an_authority_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(Wrong, match="cannot be read as certificates"):
        Trust(str(tmp_path / "ca.crt")).anonymous()
