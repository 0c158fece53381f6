"""The traffic benchmark's load generator counts what a client notices, and why.

A stand-in for the API on loopback: real TLS, and it fails on demand.
"""

import asyncio
import json
import ssl
import threading
import time
from types import SimpleNamespace

import pytest

from bench.traffic.changes import NODES, changes
from bench.traffic.client import Client
from bench.traffic.faults import cuts
from tests.lab import LabError, certificates

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
NO = b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
WATCH = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Api:
    """Answers as ``mode`` says; ``watches`` can be told to end in one way or the other."""

    def __init__(self, folder):
        certificates.make(folder)
        self.ca = folder / "ca.crt"
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
        self.mode = "answer"
        self.deaf = False
        self._watches = []
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self._server = self._call(starting)
        self.port = self._server.sockets[0].getsockname()[1]

    def _call(self, what):
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(20)

    async def _serve(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if "watch=1" in head:
            writer.write(WATCH)
            self._watches.append(writer)
            return
        if head.startswith("PATCH"):
            body = await reader.readexactly(int(head.split("Content-Length: ")[1].split()[0]))
            event = json.dumps({"object": json.loads(body)}, separators=(",", ":")).encode()
            self._watches = [watch for watch in self._watches if not watch.is_closing()]
            for watch in [] if self.deaf else self._watches:
                watch.write(b"%x\r\n%b\r\n" % (len(event), event))
        if self.mode == "hang" and head.startswith("GET"):
            return
        if self.mode != "cut" or not head.startswith("GET"):
            created = b"201 Created" if head.startswith("POST") else b"200 OK"
            writer.write(NO if self.mode == "500" else OK.replace(b"200 OK", created))
        writer.close()

    def end_watches(self, *, cleanly):
        async def end():
            for watch in self._watches:
                watch.write(b"0\r\n\r\n" if cleanly else b"")
                watch.close()
            self._watches.clear()

        self._call(end())

    def close(self):
        async def close():
            self._server.close()

        self._call(close())
        self._loop.call_soon_threadsafe(self._loop.stop)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    made = Api(tmp_path_factory.mktemp("pki"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def held(api):
    """A load of three watches, as in a lab's client, but on this machine's loopback."""
    with Client(here(api.ca), 3, 120, port=api.port, deaf_after=1) as load:
        yield load


def here(ca):
    client = SimpleNamespace(
        run=lambda _: None, enter=lambda words: words, environment=lambda: None, ca=ca
    )
    return SimpleNamespace(client=client, vip="127.0.0.1")


@pytest.fixture
def load(api, held):
    """The same, in good order."""
    api.mode, api.deaf = "answer", False
    held.rate(0)
    held.settled()
    yield held
    held.rate(0)


def requests(load, what):
    """What is told of new connections once *what* of them was counted ten times."""
    load.rate(30)
    load.take()
    found, deadline = [], time.monotonic() + 20
    while sum(one[what] for one in found) < 10 and time.monotonic() < deadline:
        time.sleep(0.1)
        found.append(load.take()["requests"])
    return {name: sum(one[name] for one in found) for name in ("answered", "failed", "sent")} | {
        "reasons": {reason for one in found for reason in one["reasons"]},
        "told": sum(len(one["failures"]) for one in found),
    }


def test_all_is_well_where_all_is_well(load):
    found = requests(load, "answered")
    assert found["answered"] >= 10
    assert (found["failed"], found["reasons"]) == (0, set())
    told = load.settled()
    assert (told["broken"], told["deaf"], told["writes"]["failed"]) == ([], [], 0)


@pytest.mark.parametrize(("mode", "why"), [("500", "answer 500"), ("cut", "cut")])
def test_a_request_that_fails_is_counted_with_its_reason(api, load, mode, why):
    api.mode = mode
    found = requests(load, "failed")
    assert found["failed"] == found["told"] >= 10
    assert found["reasons"] == {why}
    assert found["answered"] == 0


def test_a_request_without_an_answer_is_not_taken_for_one(api, load):
    api.mode = "hang"
    found = requests(load, "sent")
    assert found["sent"] >= 10
    assert found["answered"] == 0
    assert load.take()["requests"]["flying"] >= 10


def test_a_watch_that_is_cut_is_told_from_one_that_the_server_ends(api, load):
    ended = broken_by(load, lambda: api.end_watches(cleanly=True))
    broken = broken_by(load, lambda: api.end_watches(cleanly=False))
    assert (len(ended), cuts(ended)) == (3, [])
    assert len(broken) == len(cuts(broken)) == 3


def broken_by(load, cause):
    """What a cause breaks, and each watch has opened anew."""
    load.take()
    cause()
    found, deadline = [], time.monotonic() + 20
    while len(found) < 3 and time.monotonic() < deadline:
        time.sleep(0.1)
        found += load.take()["broken"]
    load.settled()
    return found


def test_a_watch_that_hears_nothing_is_no_watch(api, load):
    api.deaf = True
    deadline = time.monotonic() + 20
    while not (deaf := load.take()["deaf"]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert deaf == [0, 1, 2]


def test_a_certificate_of_somebody_else_is_no_api(api, tmp_path, capfd):
    certificates.make(tmp_path)
    with (
        Client(here(tmp_path / "ca.crt"), 1, 20, port=api.port) as load,
        pytest.raises(LabError, match="has ended"),
    ):
        load.settled(10)
    assert "load: POST" in (said := capfd.readouterr().err)
    assert "certificate: unable to get local issuer certificate" in said


def test_each_change_is_one_and_leaves_a_server():
    before = {"apiserver": {"servers": [{"node": it} for it in NODES]}, "haproxy": {}}
    for change in changes(100):
        assert change.pillar != before, change.title
        before = change.pillar
        assert before["apiserver"]["servers"]
    assert [it["node"] for it in before["apiserver"]["servers"]] == list(NODES)
