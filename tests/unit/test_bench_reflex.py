"""The reflex benchmark: what it makes of a client's attempts, and how it goes on where it was."""

import contextlib
import json
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bench.reflex import addresses, results
from bench.reflex.faults import FAULTS
from bench.reflex.outage import Attempt, Outage, Owners, outage, owners
from tests.lab import certificates

BENCH = Path(__file__).parents[2] / "bench/reflex"
OK, NO = "ok", "TimeoutError"


def attempts(*stretches, every=0.05):
    """Attempts one after the other: how many, how each went, how long it took."""
    made, at = [], 100.0
    for count, got, took in stretches:
        for _ in range(count):
            made.append(Attempt(round(at, 3), took, got))
            at += every
    return made


def test_no_failure_is_no_outage():
    assert outage(attempts((100, OK, 0.01)), 100.0) == Outage(100, 0)


def test_an_outage_is_from_the_start_of_the_first_failure_to_the_end_of_the_next_success():
    told = outage(attempts((20, OK, 0.01), (10, NO, 0.5), (40, OK, 0.02)), 100.0)
    assert (told.failed, told.first, told.last) == (10, 1.0, 1.45)
    # The eleventh after the first failure began 0.5 s after it, and took 0.02 s.
    assert told.without == told.gap == 0.52
    assert told.after == 0


def test_failures_before_the_moment_count_nothing():
    made = attempts((20, NO, 0.5), (40, OK, 0.01))
    assert outage(made, 101.0).failed == 0


def test_what_never_comes_back_has_no_length():
    told = outage(attempts((20, OK, 0.01), (40, NO, 0.5)), 100.0)
    assert (told.without, told.gap, told.back) == (None, None, None)
    assert told.failed == 40


def test_a_dead_backend_makes_a_third_fail_after_service_is_back():
    third = [(1, NO, 0.5), (2, OK, 0.01)] * 20
    told = outage(attempts((20, OK, 0.01), (40, NO, 0.5), *third, (40, OK, 0.01)), 100.0)
    # Two seconds, then one more that is the first of the third that fails.
    assert told.gap == pytest.approx(2.06)
    assert told.after == 19
    # The whole trouble: until the first success after the last failure.
    assert told.without == pytest.approx(2 + 19 * 0.15 + 0.05 + 0.01)


def test_a_lone_success_amid_failures_is_not_service():
    told = outage(
        attempts((20, OK, 0.01), (20, NO, 0.5), (1, OK, 0.01), (20, NO, 0.5), (60, OK, 0.01)), 100.0
    )
    assert told.gap == told.without
    assert told.after == 0


def test_seconds_with_two_owners_and_with_none():
    changes = {
        "node1": [(90.0, True), (112.0, False)],
        "node2": [(90.0, False), (110.0, True), (120.0, False)],
        "node3": [(90.0, False), (123.0, True)],
    }
    assert owners(changes, 100.0, 130.0) == Owners(two=2.0, none=3.0)
    # Only what lies within.
    assert owners(changes, 111.0, 121.0) == Owners(two=1.0, none=1.0)
    assert owners({"node1": [(90.0, True)], "node2": [(90.0, True)]}, 100.0, 101.5).two == 1.5


def test_the_time_with_two_counts_on_where_it_has_not_ended():
    changes = {"node1": [(90.0, True)], "node2": [(105.0, True)], "node3": [(106.0, True)]}
    assert owners(changes, 100.0, 110.0) == Owners(two=5.0, none=0.0)


def record(fault="kill-haproxy", without=0.2, timing="safe", **others):
    seen = {"without": without, "failed": 4, "attempts": 90, "last": 0.1, "after": 0}
    return {
        "fault": fault,
        "timing": timing,
        "seen": {**seen, **others.pop("seen", {})},
        "healing": {"failed": 0},
        "owners": {"two": 0.0, "none": 0.0},
        "healed": 1.0,
        "sick": [],
        "load": [1.0, 1.0],
        **others,
    }


def test_a_run_that_was_interrupted_goes_on_where_it_was(tmp_path):
    file = tmp_path / "results"
    assert results.missing(results.read(file), ["power", "cut"], "safe", 2) == {
        "power": 2,
        "cut": 2,
    }
    for one in (record("power"), record("power"), record("cut"), record("cut", timing="fast")):
        results.add(file, one)
    # Killed while it wrote: half a line, which the next record does not become a part of.
    with file.open("a") as half:
        half.write(json.dumps(record("cut"))[:50])
    assert len(results.read(file)) == 4
    results.add(file, record("address"))
    read = results.read(file)
    assert [it["fault"] for it in read] == ["power", "power", "cut", "cut", "address"]
    assert results.missing(read, ["power", "cut"], "safe", 2) == {"power": 0, "cut": 1}


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (record(), []),
        (record(without=0.7), ["without service 0.7, at most 0.6"]),
        (record(without=None), ["without service never, at most 0.6"]),
        (record("power", 3.5, "fast"), []),
        (record("power", 8.5, "fast"), ["without service 8.5, at most 4"]),
        (record("power", 8.5), []),
        (record("power", 8.5, seen={"after": 3}), ["failed after service was back 3, at most 0"]),
        (record("cut", 8.5, owners={"two": 1.2}), ["two owners 1.2, at most 1"]),
        (record("server-hang", 9.0, seen={"last": 5.5}), []),
        (record("server-hang", 9.0, seen={"last": 6.5}), ["last failed request 6.5, at most 6"]),
        (record("server-kill", 0, seen={"failed": 0}, whole=4.0), []),
        (record("server-kill", 0, seen={"failed": 0}), ["whole again never, at most 10"]),
        (record(healing={"failed": 2}), ["2 failed while it healed"]),
        (record(sick=["node1 is off"]), ["did not heal: node1 is off"]),
    ],
)
def test_what_was_asked_and_is_not_so_is_told(made, told):
    assert results.missed(made) == told


def test_the_table_has_median_and_longest_beside_what_is_asked():
    made = [record(without=it) for it in (0.2, 0.3, 0.9)] + [record("cut", None)]
    lines = list(results.table(made, "safe"))
    (kill,) = [line for line in lines if line.startswith("| kill -9 haproxy, all")]
    assert "| 3 | 0.30 / 0.90 | 0.3 / 0.6 |" in kill
    assert kill.endswith("| 1 of 3 |")
    (cut,) = [line for line in lines if line.startswith("| network cut, carrier lost")]
    assert "| never / never | 8.0 / 9.0, two owners 1 |" in cut
    assert not any("power" in line for line in lines)


def test_runs_with_salt_are_counted_apart_and_shown_beside_those_without():
    made = [record(without=it) for it in (0.2, 0.3)]
    made += [record(without=it, salt=True, left=[]) for it in (0.25, 0.5, 0.6)]
    assert results.missing(results.of(made, "safe", True), ["kill-haproxy"], "safe", 4) == {
        "kill-haproxy": 1
    }
    (alone,) = list(results.table(made, "safe"))[4:]
    assert "| 2 | 0.25 / 0.30 | 0.3 / 0.6 |" in alone
    (beside,) = list(results.table(made, "safe", salt=True))[4:]
    assert "| 3 | 0.50 / 0.60 | 0.25 / 0.30 | 0.3 / 0.6 |" in beside
    assert beside.endswith("slower |")


@pytest.mark.parametrize(
    ("figures", "told"),
    [((0.3, 0.34), False), ((0.36, 0.38), True), ((0.3, None), True), ((0.1, 0.1), False)],
)
def test_slower_is_who_takes_longer_than_the_longest_before(figures, told):
    before = [record(without=it) for it in (0.2, 0.3)]
    assert results.slower([record(without=it) for it in figures], before) is told


def test_where_it_never_came_back_before_nothing_is_slower():
    assert not results.slower([record(without=9.0)], [record(without=None)])


def test_an_incident_that_stays_open_is_told():
    left = ["haproxy-node1-2 is open, for 90.0 s"]
    assert results.missed(record(salt=True, left=left)) == left


def test_every_fault_of_the_table_is_asked_something():
    for fault in FAULTS.values():
        assert results.asked(fault.safe), fault.title
        assert results.asked(fault.fast), fault.title


def test_a_nodes_own_address_is_seen_and_another_is_not():
    assert addresses.looker("127.0.0.1")()
    assert not addresses.looker("127.0.0.9")()
    # An address that begins alike.
    assert not addresses.looker("127.0.0.11")()


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """A TLS server on loopback: the file of its authority, and its port."""
    folder = tmp_path_factory.mktemp("pki")
    certificates.make(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "apiserver.crt", folder / "apiserver.key")
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            threading.Thread(target=greet, args=(connection,), daemon=True).start()

    def greet(connection):
        with contextlib.suppress(OSError):
            context.wrap_socket(connection, server_side=True).close()

    threading.Thread(target=serve, daemon=True).start()
    yield folder / "ca.crt", server.getsockname()[1]
    server.close()


def attempt(port, ca, seconds):
    done = subprocess.run(
        [sys.executable, BENCH / "attempts.py", "127.0.0.1", str(port), ca, str(seconds)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return [line.split() for line in done.stdout.splitlines()]


def test_the_client_counts_a_connection_only_when_the_handshake_is_done(api):
    ca, port = api
    lines = attempt(port, ca, 1)
    assert len(lines) > 3
    # On a busy machine one may take its half second and more.
    assert "ok" in {line[3] for line in lines} <= {"ok", "TimeoutError"}


def test_a_server_that_accepts_and_says_nothing_is_a_failure_after_half_a_second(api):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        lines = attempt(deaf.getsockname()[1], api[0], 1.5)
    assert {line[3] for line in lines} == {"TimeoutError"}
    assert all(0.5 <= float(line[1]) < 5 for line in lines)
    # None waits for the one before.
    assert len(lines) > 3


def test_nobody_who_listens_is_a_failure_at_once(api):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert {line[3] for line in attempt(port, api[0], 0.5)} == {"ConnectionRefusedError"}
