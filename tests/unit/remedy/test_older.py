"""A ledger that another version wrote goes on; what of it does not count is said."""

import msgspec
import pytest

from saltext_hakube.core.remedy import decide, older
from saltext_hakube.core.remedy.decision import Cluster, Record, State
from saltext_hakube.core.remedy.fold import Unreadable, fold, snapshot
from saltext_hakube.core.remedy.replay import replay, unread
from tests.unit.remedy.stage import Stage, hung_apiserver


def rewritten(records, change):
    """As another version would have written them."""
    plain = msgspec.json.decode(msgspec.json.encode(records))
    for record in plain:
        change(record)
    return msgspec.convert(plain, list[Record])


def other_policy(record):
    """Without what came later, and with what is no more."""
    for data in (record["data"], record["data"].get("declared") or {}):
        found = data.get("policy")
        if found:
            del found["storm"]
            found["greeting"] = "hello"
            found["budget"] |= {"mercy": 1, "each": "three"}
            found["rungs"] = {"etcd": ["probe"], "vip": ["probe", "sing"], "haproxy": ["files"]}


DROPPED = (
    "policy:budget:each: Expected `int`, got `str`",
    "policy:budget:mercy: not known here",
    "policy:rungs:etcd",
    "policy:rungs:vip:1",
    "policy:greeting: not known here",
)


def test_a_policy_of_another_version_counts_as_far_as_it_is_known_and_the_rest_is_said():
    records = rewritten(hung_apiserver().records, other_policy)
    state = fold(records)
    assert state.declared.policy.rungs == {"vip": ("probe",), "haproxy": ("files",)}
    assert state.declared.policy.budget.each == 3 and state.declared.policy.mode == "act"
    for part in DROPPED:
        assert any(line.startswith(part) for line in state.dropped), part
    assert set(unread(records)) == set(state.dropped)


def test_its_decisions_can_be_made_again():
    records = hung_apiserver().records
    turns = replay(rewritten(records, other_policy))
    assert len(turns) == len(replay(records)) > 3
    assert any(turn.was for turn in turns)


def test_a_policy_with_new_settings_only_gives_the_same_decisions():
    def without(record):
        found = record["data"].get("policy")
        if found:
            del found["storm"], found["alone"], found["budget"]["longest"]

    assert all(turn.same for turn in replay(rewritten(hung_apiserver().records, without)))


def test_a_snapshot_of_another_version_keeps_what_is_known():
    stage = Stage()
    stage.down["node2", "disk.space"] = "full"
    stage.look()
    stage.pause("new switches")
    plain = rewritten([snapshot(stage.state, stage.now)], other_policy)[0].data
    plain["mood"] = "good"
    plain["counts"] = [["storms_total", 1]]
    (name,) = plain["incidents"]
    plain["incidents"][name]["probes"].append("etcd.members")
    plain["incidents"]["etcd-1"] = {**plain["incidents"][name], "component": "etcd"}
    state = fold([Record(kind="snapshot", at=stage.now, data=plain)])
    assert set(state.incidents) == {name}
    assert state.incidents[name].probes == ("disk.space",)
    assert state.pauses == stage.state.pauses
    told = "\n".join(state.dropped)
    for part in ("mood: not known", "incidents:etcd-1", "etcd.members", "declared:policy:greeting"):
        assert part in told
    assert "counts" not in told
    decide.decide(stage.cluster, state, stage.now + 1)
    assert fold([snapshot(state, stage.now)]).dropped == ()


def test_a_pause_that_cannot_be_read_keeps_everything_from_being_done():
    stage = Stage()
    stage.pause("new switches")
    plain = snapshot(stage.state, stage.now).data
    plain["pauses"][0]["until"] = "tomorrow"
    state = fold([Record(kind="snapshot", at=stage.now, data=plain)])
    (pause,) = state.pauses
    assert (pause.node, pause.until) == ("", None)


def test_an_incident_of_what_is_not_known_here_is_left_out_and_its_records_change_nothing():
    records = rewritten(
        hung_apiserver().records,
        lambda it: it["kind"] == "opened" and it["data"]["incident"].update(component="etcd"),
    )
    state = fold(records)
    assert not state.incidents and not state.closed
    assert "is left out" in state.dropped[-1]


@pytest.mark.parametrize("data", [{}, {"name": "k8s", "nodes": 3}, {"name": 1}, {"policy": "act"}])
def test_what_is_no_policy_at_all_is_refused(data):
    with pytest.raises(Unreadable, match="policy"):
        fold([Record(kind="policy", at=1.0, data=data)])


def test_what_is_read_as_a_whole_is_as_it_is():
    state = hung_apiserver().state
    assert older.read(msgspec.to_builtins(state), State) == (state, ())
    assert older.read(msgspec.to_builtins(state.declared), Cluster) == (state.declared, ())
