"""What a client of the API notices of changes and faults: a small form of `make bench-traffic`."""

import pytest

from bench.traffic import balancer, faults, story
from bench.traffic.changes import Change
from bench.traffic.client import Client
from tests.lab import missing

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

WATCHES = 15
RATE = 10
# Where the sessions on an apiserver that hangs must be gone within 5 s on a calm machine.
PATIENCE = 20

SERVERS = [{"node": "node2"}, {"node": "node3"}]
TIMEOUTS = {"timeouts": {"client": "2h", "server": "2h"}}


@pytest.fixture(scope="module")
def nodes(applied):
    if applied.kube != "real":
        pytest.skip("no real Kubernetes here, and its stand-in has no watches")
    return applied.nodes[:3]


@pytest.fixture(scope="module")
def client(applied, nodes):
    balancer.wait_up(nodes, {f"secure-{node.name}" for node in nodes})
    with Client(applied, WATCHES, 600) as held:
        held.rate(RATE)
        yield held


def test_while_a_server_goes_and_comes_and_timeouts_change_nobody_notices(
    apply, applied, nodes, client
):
    steps = [
        Change(
            "remove node1",
            {"apiserver": {"servers": SERVERS}, "haproxy": TIMEOUTS},
            ("secure-node1",),
        ),
        Change("add node1", {}),
    ]
    told = story.make(
        applied,
        nodes,
        client,
        steps,
        write=lambda pillar: apply.write_pillar({"peers_timeout": 150}, **pillar),
    )
    assert [one["refused"] for one in told["changes"]] == [{}, {}]
    assert (told["reasons"], told["writes_failed"]) == ({}, 0)
    assert told["sent"] > 5 * RATE
    # Those on the server that was taken away may break; the rest hears of every write.
    assert (told["breaks"], told["deaf"]) == ([], 0)
    # The holder was reloaded at least once, for the timeouts.
    assert all(count >= 1 for count in told["reloads"].values())


def test_etcd_stalls_and_no_watch_is_cut(applied, nodes, client):
    told = faults.stall(nodes, client, seconds=6)
    assert told["members"] == 3
    assert told["cut"] == 0
    # What needs no etcd is answered all the time.
    assert told["requests"]["reasons"] == {}
    assert told["requests"]["answered"] > 5 * RATE


def test_an_apiserver_hangs_and_its_sessions_are_closed_in_old_workers_too(applied, nodes, client):
    client.more(6)  # in the newest worker
    told = faults.hang(applied, nodes, client, patience=PATIENCE)
    for worker in ("current", "old"):
        assert told[worker]["sessions"] > 0, worker
        assert told[worker]["gone"] == told[worker]["sessions"], worker
    assert told["cut_elsewhere"] == 0
