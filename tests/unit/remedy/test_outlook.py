"""What a person asks after weeks in the mode observe: what would it have done?"""

from __future__ import annotations

import msgspec

from saltext_hakube.core.remedy import outlook
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.policy import Budget, Heal
from saltext_hakube.core.remedy.replay import replay
from tests.unit.remedy.fleet import Fault, World, garbage, hang


def observed(**policy):
    """The ledger, as read from a file, of days in which all ended by itself, or by a person."""
    world = World(Heal(mode="observe", **policy))
    world.round()
    for node, fault, lasts in (
        ("node2", garbage(), 300),
        ("node3", hang("apiserver"), 40),
        ("node3", hang("apiserver"), 40),
        ("node1", Fault({"disk.space"}), 100),
        ("node2", Fault({"haproxy.process"}), 2),  # systemd was there first
    ):
        world.fault(node, fault)
        world.run(lasts)
        world.nodes[node].faults.clear()
        world.run(7200)
    assert not world.actions and not world.state().incidents
    plain = msgspec.json.Decoder(Record)
    return [plain.decode(msgspec.json.encode(it)) for it in world.ledger]


def told(ledger, policy):
    return outlook.told(replay(ledger, policy))


def test_after_weeks_of_observing_it_says_what_would_have_been_done():
    lines = told(observed(), {"mode": "act"})
    text = "\n".join(lines)
    assert lines[0].endswith("about 5 incidents; with this policy 0 would have been others")
    assert "to be done by this policy: 3 actions, for 3 of 5 incidents (done then: 0)" in text
    counts = [line.split(maxsplit=1) for line in lines if line.startswith("   ")]
    assert counts == [["2", "kill of apiserver"], ["1", "files"]]
    rows = [line.split("  ", 1)[1].split(maxsplit=1) for line in lines if line.startswith("20")]
    assert [tuple(it) for it in rows[:3]] == [
        ("haproxy-node2-1", "files on node2"),
        ("apiserver-node3-2", "kill of apiserver on node3"),
        ("apiserver-node3-3", "kill of apiserver on node3"),
    ]
    assert "nothing, for 2 incidents:" in text
    reasons = dict(rows[3:])
    assert "nothing may be done about disk: its ladder has no rung" in reasons["disk-node1-4"]
    assert "once; a second look is waited for" in reasons["haproxy-node2-5"]


def test_another_ladder_shows_what_it_changes():
    lines = told(observed(), {"mode": "act", "rungs": {"apiserver": ["hand"]}})
    text = "\n".join(lines)
    assert "hand of apiserver" in text
    assert "was to be kill of apiserver on node3; now hand of apiserver on node3" in text


def test_what_is_not_given_is_as_it_was_declared_then():
    ledger = observed(rungs={"haproxy": ()}, budget=Budget(each=5))
    text = "\n".join(told(ledger, {"mode": "act", "rungs": {"apiserver": ["hand"]}}))
    assert "hand of apiserver" in text
    assert "files on node2" not in text
    text = "\n".join(told(ledger, {"settle": 10}))
    assert "kill of apiserver" in text
    assert "its mode is observe: it would only have told" in text


def test_a_ledger_without_incidents_is_short():
    world = World(Heal(mode="observe"))
    world.run(600)
    assert len(told(world.ledger, {"mode": "act"})) == 2


def test_where_only_the_reason_is_another_one_both_are_told():
    """An older version gave other reasons, or wrote more of the same decision."""
    ledger = observed()
    assert all(turn.same for turn in replay(ledger))
    once = "node1 says so, once; a second look is waited for"
    at = next(at for at, it in enumerate(ledger) if once in str(it.data.get("gates")))
    gates = [
        {**it, "why": "nobody else says so" if once == it["why"] else it["why"]}
        for it in ledger[at].data["gates"]
    ]
    ledger[at] = msgspec.structs.replace(ledger[at], data={**ledger[at].data, "gates": gates})
    [turn] = [turn for turn in replay(ledger) if not turn.same]
    line = outlook.other(turn)
    assert "was nothing (disk-node1-4: votes: nobody else says so); now nothing " in line
    assert once in line

    turn = msgspec.structs.replace(turn, before=turn.gates)
    assert outlook.other(turn).endswith("; the same now, written down otherwise")
