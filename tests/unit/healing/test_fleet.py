"""All clusters of a master: what an event sets going, and what the schedule's round finds."""

import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saltext_hakube.core.errors import ConfigError, HakubeError
from saltext_hakube.healing import fleet, places, registry, seen, telling
from saltext_hakube.healing.ask import target
from saltext_hakube.host import ledger
from tests.unit.healing.world import World

TAG = "salt/beacon/node1.example/hakube/report"


def test_an_event_has_the_nodes_asked(opts, world):
    told = fleet.observe(opts, TAG, world.report("node1"))
    assert told["ran"] is True
    assert [what for _, what, _ in world.jobs] == ["hakube_heal.report"]
    assert sorted(world.jobs[0][0]) == ["node1.example", "node2.example", "node3.example"]


@pytest.mark.parametrize(
    ("tag", "change", "why"),
    [
        ("salt/beacon/x/y/hakube/report", {}, "none of the beacon"),
        ("salt/beacon/*/hakube/report", {}, "none of the beacon"),
        ("salt/beacon/other/hakube/report", {}, "no cluster that is healed"),
        (TAG, {"node": "node2"}, "speaks for another"),
        (TAG, {"cluster": "other"}, "speaks for another"),
        (TAG, {"looks": {"rm -rf": {"value": "down"}}}, "no report"),
        (TAG, {"seq": -1}, "no report"),
        (TAG, {"looks": "x" * 300_000}, "larger than one can be"),
    ],
)
def test_what_is_forged_asks_nobody(opts, world, tag, change, why):
    told = fleet.observe(opts, tag, world.report("node1") | change)
    assert not told["ran"]
    assert why in told["why"]
    assert world.jobs == []


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
KEYS = st.sampled_from(["looks", "news", "cluster", "haproxy.process", "value", ""]) | st.text()
DATA = st.recursive(
    LEAVES, lambda deeper: st.lists(deeper) | st.dictionaries(KEYS, deeper), max_leaves=20
)


@given(changes=st.dictionaries(st.sampled_from(sorted(fleet._FIELDS)) | KEYS, DATA, max_size=3))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)
def test_whatever_an_event_says_is_told_and_raises_nothing(opts, world, changes):
    told = fleet.observe(opts, TAG, world.report("node1") | changes)
    assert told["ran"] or told["why"]
    assert world.acts == []


def test_what_is_known_asks_nobody_and_what_is_new_does(opts, world):
    fleet.observe(opts, TAG, world.report("node1"))
    assert fleet.observe(opts, TAG, world.report("node1"))["why"] == "nothing new"
    assert len(world.jobs) == 1
    world.down["node1", "disk.space"] = "none"
    assert fleet.observe(opts, TAG, world.report("node1"))["ran"]


def test_an_id_that_nobody_knows_does_not_have_the_pillars_read_each_time(
    opts, world, monkeypatch, pillars
):
    reads = []
    monkeypatch.setattr(registry, "pillars", lambda opts: reads.append(1) or dict(pillars))
    for number in range(100):
        fleet.observe(opts, f"salt/beacon/m{number}/hakube/report", world.report("node1"))
    assert len(reads) == 1


def test_a_new_minion_is_known_a_minute_later(opts, world, pillars):
    mine = pillars.pop("node1.example")
    known = registry.known(opts)
    assert known.of("node1.example") is None
    pillars["node1.example"] = mine
    assert fleet.observe(opts, TAG, world.report("node1"))["ran"] is False
    folder = places.folder(opts)
    registry._kept.clear()
    text = (folder / ".registry.json").read_bytes()
    older = f'"at":{known.at - 61}'.encode()
    (folder / ".registry.json").write_bytes(text.replace(f'"at":{known.at}'.encode(), older))
    assert fleet.observe(opts, TAG, world.report("node1"))["ran"] is True


def test_where_all_slots_are_taken_the_cluster_is_marked_and_done_by_who_ends(opts, world):
    for _ in range(fleet.SLOTS):
        assert fleet._slots.acquire(blocking=False)
    told = fleet.observe(opts, TAG, world.report("node1"))
    assert told["ran"] is False
    assert places.exists(places.cluster(opts, "k8s") / "dirty")
    assert world.jobs == []
    fleet._rest(opts, registry.known(opts))
    assert len(world.jobs) == 1


def test_many_events_at_once_ask_few_times_and_lose_nothing(opts, world):
    world.before = lambda function: time.sleep(0.2)
    together = threading.Barrier(40)

    def observe(report):
        together.wait(30)
        fleet.observe(opts, TAG, report)

    reports = [world.report("node1", boot=f"b{number}") for number in range(40)]
    threads = [threading.Thread(target=observe, args=(report,)) for report in reports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 1 <= len(world.jobs) <= 15
    assert not places.exists(places.cluster(opts, "k8s") / "dirty")


def test_who_forges_events_has_the_nodes_asked_less_and_less(opts, world):
    folder = places.cluster(opts, "k8s")
    for number in range(50):
        fleet.observe(opts, TAG, world.report("node1", boot=f"forged-{number}"))
    assert len(world.jobs) <= seen.TIRED + 1
    # What is true meanwhile is marked, and the next reconcile has it.
    world.down["node1", "disk.space"] = "none"
    told = fleet.observe(opts, TAG, world.report("node1"))
    assert "marked" in told["why"]
    assert fleet.reconcile(opts)["due"] == 1
    assert "opened" in [record.kind for record in ledger.read(folder, "k8s")[0]]
    assert seen.read(folder).idle == 0


def test_the_schedule_asks_a_quiet_cluster_only_now_and_then(opts, world):
    assert fleet.reconcile(opts)["ran"] == 1
    assert fleet.reconcile(opts) == {
        "clusters": 1,
        "due": 0,
        "ran": 0,
        "actions": 0,
        "failed": {},
    }
    assert len(world.jobs) == 1
    places.mark(places.cluster(opts, "k8s") / "dirty")
    assert fleet.reconcile(opts)["due"] == 1
    assert fleet.reconcile(opts, "k8s")["due"] == 1


def test_a_clock_that_was_set_back_makes_it_due(opts, world):
    fleet.reconcile(opts)
    folder = places.cluster(opts, "k8s")
    last = seen.read(folder)
    seen.write(folder, seen.Seen(at=last.at + 1e6, due=last.due + 1e6, words=last.words))
    assert fleet.reconcile(opts)["due"] == 1


def test_a_cluster_with_something_open_is_looked_at_each_time(opts, world):
    world.down["node1", "disk.space"] = "none"
    world.down["node1", "files.drift"] = "none"
    fleet.reconcile(opts)
    jobs = len(world.jobs)
    assert fleet.reconcile(opts)["due"] == 1
    assert len(world.jobs) > jobs


def test_all_nodes_of_many_clusters_are_asked_in_one_job(opts, world, pillars):
    for number in range(50):
        cluster = {"name": f"c{number}", "nodes": {f"m{number}": "192.0.2.1"}, "password": "x"}
        pillars[f"m{number}"] = {"cluster": cluster, "heal": {"mode": "observe"}}
    told = fleet.reconcile(opts)
    assert told["ran"] == 51
    # One for those that heal, one for those that only look on: the nodes are told so.
    assert len(world.jobs) == 2


def test_where_many_are_in_trouble_none_waits_for_another(opts, world, pillars):
    for number in range(40):
        cluster = {"name": f"c{number}", "nodes": {f"m{number}": "192.0.2.1"}, "password": "x"}
        pillars[f"m{number}"] = {"cluster": cluster, "heal": {"mode": "act"}}
    world.down["node1", "files.drift"] = "none"
    started = time.monotonic()
    told = fleet.reconcile(opts)
    assert told["ran"] == 41
    assert time.monotonic() - started < 30
    assert world.acts == []  # not settled yet; the next round has it
    time.sleep(1.0)
    fleet.reconcile(opts)
    assert world.acts


def test_a_cluster_whose_pillars_disagree_is_told_and_the_others_go_on(opts, world, pillars):
    pillars["a"] = {"cluster": {"name": "b", "nodes": {"a": "192.0.2.1"}, "password": "x"}}
    pillars["a"]["heal"] = {"mode": "act"}
    pillars["node2.example"] = pillars["node2.example"] | {"heal": {"mode": "observe"}}
    pillars["node3.example"] = pillars["node2.example"] | {"heal": {"mode": "none"}}
    told = fleet.reconcile(opts)
    assert list(told["failed"]) == ["k8s"]
    assert told["ran"] == 1
    assert [who for who, _, _ in world.jobs] == [("a",)]
    with pytest.raises(ConfigError, match="disagree about cluster k8s"):
        fleet.reconcile(opts, "k8s")


@pytest.mark.parametrize("broken", ["folder", "wishes"])
def test_a_cluster_whose_folder_is_none_does_not_stop_the_others(opts, world, pillars, broken):
    pillars["a"] = {"cluster": {"name": "b", "nodes": {"a": "192.0.2.1"}, "password": "x"}}
    pillars["a"]["heal"] = {"mode": "act"}
    file = places.folder(opts) / "b"
    if broken == "wishes":
        file = places.cluster(opts, "b") / "wishes"
    file.write_text("no folder")
    told = fleet.reconcile(opts)
    assert told["ran"] == 1
    assert list(told["failed"]) == ["b"]
    assert str(file) in told["failed"]["b"]
    text = telling.status(opts)
    assert "k8s: " in text
    assert f"cluster b: nothing is done: {told['failed']['b']}" in text


@pytest.mark.parametrize("odd", [5, "below/the/cwd", ["/a"]])
def test_a_folder_of_the_ledgers_that_is_none_is_told_with_its_key(opts, odd):
    with pytest.raises(ConfigError, match="hakube:folder in the master's configuration: "):
        fleet.reconcile(opts | {"hakube": {"folder": odd}})


@pytest.mark.parametrize("odd", ["web*", "a,b", "~x", "n" * 254])
def test_a_minion_that_no_job_can_name_keeps_its_own_cluster_only_from_being_asked(
    opts, world, pillars, monkeypatch, odd
):
    class Strict(World):
        def __call__(self, minions, *args, **more):
            target(minions)  # as the real one does
            return world(minions, *args, **more)

    monkeypatch.setattr(fleet, "Asker", lambda opts: Strict())
    nodes = {"a": "192.0.2.1", "b": {"addresses": ["192.0.2.2"], "minion": odd}}
    pillars["a"] = {"cluster": {"name": "b", "nodes": nodes, "password": "x"}}
    pillars["a"]["heal"] = {"mode": "act"}
    told = fleet.reconcile(opts)
    assert told["ran"] == 1
    assert {it for who, _, _ in world.jobs for it in who} == set(pillars) - {"a"}
    assert list(told["failed"]) == ["b"]
    assert told["failed"]["b"].startswith("a: hakube:cluster:nodes:b:minion: ")
    assert "\n" not in told["failed"]["b"]


def test_a_cluster_that_fails_does_not_stop_the_others(opts, world, pillars, monkeypatch):
    pillars["a"] = {"cluster": {"name": "b", "nodes": {"a": "192.0.2.1"}, "password": "x"}}
    pillars["a"]["heal"] = {"mode": "act"}
    real = fleet.run

    def run(opts, cluster, **more):
        if cluster.name == "k8s":
            raise HakubeError("no room")
        return real(opts, cluster, **more)

    monkeypatch.setattr(fleet, "run", run)
    told = fleet.reconcile(opts)
    assert told["failed"] == {"k8s": "no room"}
    assert told["ran"] == 1


@pytest.mark.parametrize("mode", ["observe", "none"])
def test_a_second_master_only_looks_on(opts, world, mode):
    world.down["node1", "files.drift"] = "files"
    fleet.reconcile(opts | {"hakube": {"heal": mode}})
    assert world.acts == []
    assert {said["hold"] for _, _, said in world.jobs} == ({None} if mode == "observe" else set())


def test_a_master_that_is_configured_wrongly_says_so(opts):
    with pytest.raises(ConfigError, match="hakube:heal in the master's configuration"):
        fleet.reconcile(opts | {"hakube": {"heal": "yes"}})


def test_a_cluster_whose_healing_is_off_is_left_alone(opts, world, pillars):
    for data in pillars.values():
        data["heal"] = {"mode": "none"}
    assert fleet.reconcile(opts)["clusters"] == 0
    assert "none" in fleet.observe(opts, TAG, world.report("node1"))["why"]
    assert world.jobs == []
