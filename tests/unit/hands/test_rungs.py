"""What each rung makes of what it sees, as truth tables."""

import pytest
from msgspec.structs import replace

from saltext_hakube.core.remedy.local import Local, Member, View
from saltext_hakube.core.remedy.words import SPOILED
from saltext_hakube.host.remedy import fence, hand, kill, move, probe, standby
from saltext_hakube.host.remedy.act import gate
from saltext_hakube.host.remedy.ask import Answer
from saltext_hakube.host.remedy.hand import Own
from saltext_hakube.host.remedy.kill import Hang
from saltext_hakube.host.remedy.probe import Seen
from saltext_hakube.host.remedy.unit import Unit

RUNS = View(id="r", runs=True)
DOWN = View(id="r", failures=("start: error",))
BLOCKED = View(id="r", runs=True, blocked=True, failures=("stop: error",))
HERE = Own(runs=True, stopped=False, told="it is here")
GONE = Own(runs=False, stopped=True, told="nothing is left")
LEFT = Own(runs=False, stopped=False, told="something is left")


def orders(finding):
    return finding.result, [order.kind for order in finding.orders]


@pytest.mark.parametrize(
    ("view", "own", "expected"),
    [
        (RUNS, HERE, ("nothing", [])),
        (RUNS, GONE, ("would", ["fail"])),
        (RUNS, LEFT, ("nothing", [])),
        # Pacemaker would start what cannot start, and ban it.
        (RUNS, replace(GONE, against=f"{SPOILED} the file"), ("refused", [])),
        (RUNS, replace(GONE, against="its process ended"), ("would", ["fail"])),
        (BLOCKED, GONE, ("would", ["cleanup"])),
        (BLOCKED, HERE, ("refused", [])),
        (BLOCKED, LEFT, ("refused", [])),
        (DOWN, GONE, ("would", ["cleanup"])),
        (DOWN, HERE, ("refused", [])),
        (DOWN, LEFT, ("refused", [])),
        (DOWN, replace(GONE, against="the file is bad"), ("refused", [])),
        (View(id="r", banned=True), GONE, ("would", ["cleanup"])),
        (View(id="r"), GONE, ("nothing", [])),
        (View(id="r", elsewhere=("node2",)), GONE, ("nothing", [])),
        # Mended: a failure is on record, and it runs.
        (replace(RUNS, failures=("monitor: not running",)), HERE, ("nothing", [])),
    ],
)
def test_hand(view, own, expected):
    assert orders(hand.judge(view, own)) == expected


OUTSIDE = ("node2: no answer", "node3: no answer")
STRAY = View(id="r", elsewhere=("node2",))


@pytest.mark.parametrize(
    ("view", "own", "outside", "expected"),
    [
        (RUNS, HERE, OUTSIDE, ("would", ["announce"])),
        (RUNS, HERE, (), ("nothing", [])),
        (RUNS, GONE, OUTSIDE, ("would", ["fail"])),
        (BLOCKED, HERE, OUTSIDE, ("refused", [])),
        # A second owner: Pacemaker has it elsewhere, and this machine has the address, too.
        (STRAY, HERE, (), ("would", ["refresh"])),
        (STRAY, HERE, OUTSIDE, ("would", ["refresh"])),
        (STRAY, GONE, OUTSIDE, ("nothing", [])),
        (replace(STRAY, cloned=True), HERE, (), ("nothing", [])),
        (replace(STRAY, pending="Starting"), HERE, (), ("nothing", [])),
    ],
)
def test_hand_of_a_vip_that_others_see_otherwise(view, own, outside, expected):
    assert orders(hand.judge(view, own, outside)) == expected


@pytest.mark.parametrize(
    ("lines", "nodes", "said"),
    [
        (OUTSIDE, ["node1", "node2", "node3"], OUTSIDE),
        (OUTSIDE[:1], ["node1", "node2", "node3"], ()),
        (OUTSIDE[:1] * 2, ["node1", "node2", "node3"], ()),
        (("node1: I do not reach myself", "node9: none of us"), ["node1", "node2", "node3"], ()),
        (OUTSIDE[:1], ["node1", "node2"], OUTSIDE[:1]),
        ((), ["node1"], ()),
    ],
)
def test_the_word_of_several_declared_others_is_a_reason_to_move(lines, nodes, said):
    assert move.outside(lines, nodes, "node1") == said


@pytest.mark.parametrize("view", [RUNS, BLOCKED, DOWN])
@pytest.mark.parametrize("own", [HERE, GONE, LEFT])
def test_hand_does_nothing_about_what_is_a_persons_or_what_pacemaker_is_at(view, own):
    assert orders(hand.judge(replace(view, hands_off="unmanaged"), own)) == ("refused", [])
    assert orders(hand.judge(replace(view, pending="Starting"), own)) == ("nothing", [])


UNIT = Unit(name="u", load="loaded", active="active", sub="running", pid=7, processes=(7, 8))
SILENT, WELL = Answer("silent", "no answer"), Answer("well", "200")


@pytest.mark.parametrize(
    ("view", "unit", "age", "expected"),
    [
        (RUNS, UNIT, 60, "would"),
        (RUNS, UNIT, 5, "nothing"),
        (RUNS, replace(UNIT, active="failed", pid=0), 60, "nothing"),
        (RUNS, replace(UNIT, active="deactivating"), 60, "nothing"),
        (View(id="r"), UNIT, 60, "nothing"),
        (BLOCKED, UNIT, 60, "would"),
        (replace(RUNS, pending="Stopping"), UNIT, 60, "nothing"),
        (replace(RUNS, hands_off="unmanaged"), UNIT, 60, "refused"),
    ],
)
def test_only_what_runs_here_and_is_pacemakers_is_asked_whether_it_hangs(view, unit, age, expected):
    assert kill.may(view, unit, age).result == expected


@pytest.mark.parametrize(
    ("rounds", "late", "expected"),
    [
        (((SILENT,),) * 3, 0.0, ("would", ["kill"])),
        (((SILENT, SILENT),) * 3, 0.1, ("would", ["kill"])),
        # One answer is enough: to either question, or the last time.
        (((SILENT, WELL),), 0.0, ("nothing", [])),
        (((SILENT,), (SILENT,), (WELL,)), 0.0, ("nothing", [])),
        # Who says no, or does not listen, does not hang.
        (((Answer("sick", "500"),),), 0.0, ("nothing", [])),
        (((Answer("refused", "nobody listens"),),), 0.0, ("nothing", [])),
        # Nor does anybody know on a machine that is late itself, or where there is nothing to ask.
        (((SILENT,),) * 3, 0.6, ("refused", [])),
        (((),) * 3, 0.0, ("refused", [])),
        ((), 0.0, ("refused", [])),
    ],
)
def test_kill(rounds, late, expected):
    assert orders(kill.judge(UNIT, Hang(rounds, late))) == expected


def local(*, active=("node1", "node2", "node3"), vip=RUNS, **more):
    names = ("node1", "node2", "node3")
    given = {
        "node": "node1",
        "quorate": True,
        "maintenance": False,
        "members": {name: Member(online=name in active) for name in names},
        "views": {"vip": replace(vip, id="vip")},
        "attributes": {},
    }
    return Local(**(given | more))


RED = Seen("down", ("haproxy hangs",))
GREEN = {"hakube-haproxy": "1", "hakube-servers": "1"}


@pytest.mark.parametrize(
    ("seen", "steers", "where", "expected"),
    [
        (RED, True, local(attributes={"node3": GREEN}), ("would", "node3")),
        (RED, True, local(attributes={"node2": GREEN, "node3": GREEN}), ("would", "node2")),
        (RED, True, local(attributes={"node2": {"hakube-haproxy": "0"}}), ("refused", None)),
        (
            RED,
            True,
            local(attributes={"node2": {**GREEN, "hakube-servers": "0"}}),
            ("refused", None),
        ),
        (RED, True, local(active=("node1",), attributes={"node2": GREEN}), ("refused", None)),
        (RED, False, local(), ("would", "node2")),
        (Seen("up", ("well",)), False, local(), ("nothing", None)),
        (Seen("unknown", ("nobody knows",)), False, local(), ("nothing", None)),
        (RED, False, local(vip=View(id="vip", elsewhere=("node2",))), ("nothing", None)),
        (RED, False, local(vip=BLOCKED), ("refused", None)),
        (RED, False, local(vip=replace(RUNS, hands_off="unmanaged")), ("refused", None)),
        (RED, False, local(vip=replace(RUNS, pending="Stopping")), ("nothing", None)),
    ],
)
def test_move(seen, steers, where, expected):
    found = move.judge(where, "vip", steers, seen)
    assert (found.result, found.orders[0].on if found.orders else None) == expected


@pytest.mark.parametrize(
    ("seen", "active", "declared", "expected"),
    [
        (RED, ("node1", "node2", "node3"), 3, "would"),
        (RED, ("node1", "node2"), 3, "refused"),
        # Four were declared: two of them are no majority.
        (RED, ("node1", "node2", "node3"), 4, "refused"),
        (Seen("up", ("well",)), ("node1", "node2", "node3"), 3, "nothing"),
    ],
)
def test_standby(seen, active, declared, expected):
    assert standby.judge(local(active=active), declared, seen).result == expected


def test_a_standby_is_taken_back_where_there_is_one():
    away = local(members={"node1": Member(online=True, standby=True)})
    assert orders(standby.back(away)) == ("would", ["back"])
    assert orders(standby.back(local())) == ("nothing", [])
    assert gate(away, "vip", undo=True) == ""
    for change in ({"quorate": False}, {"maintenance": True}):
        assert gate(local(members=away.members, **change), "vip", undo=True)


@pytest.mark.parametrize(
    ("node", "active", "devices", "expected"),
    [
        ("node3", ("node1", "node2"), "fence-node3", "would"),
        ("node3", ("node1", "node2", "node3"), "fence-node3", "nothing"),
        ("node3", ("node1", "node2"), "", "refused"),
        ("node3", ("node1",), "fence-node3", "refused"),
        ("node1", ("node1", "node2"), "fence-node1", "refused"),
        ("", ("node1", "node2"), "fence-node1", "refused"),
    ],
)
def test_fence(node, active, devices, expected):
    assert fence.judge(local(active=active), 3, node, devices).result == expected


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"quorate": False}, "no quorum"),
        ({"maintenance": True}, "the cluster is in maintenance"),
        ({"members": {"node1": Member(online=True, maintenance=True)}}, "node1 is in maintenance"),
        ({"members": {"node1": Member(online=True, standby=True)}}, "node1 is in standby"),
        ({"members": {"node1": Member()}}, "node1 is no member"),
        ({"vip": replace(RUNS, hands_off="vip is unmanaged")}, "vip is unmanaged"),
    ],
)
def test_no_rung_does_anything_where_nothing_is_to_be_done(change, said):
    why = gate(local(**change), "vip")
    assert said in why and bool(why) == bool(said)


@pytest.mark.parametrize(
    ("unit", "answers", "elsewhere", "cloned", "value"),
    [
        (UNIT, [WELL], (), False, "up"),
        (UNIT, [SILENT], (), False, "down"),
        (UNIT, [WELL, Answer("refused", "")], (), True, "down"),
        (UNIT, [], (), False, "unknown"),
        (replace(UNIT, active="failed", pid=0), [], (), False, "down"),
        (replace(UNIT, active="inactive", pid=0), [], ("node2",), False, "up"),
        (replace(UNIT, active="inactive", pid=0), [], ("node2",), True, "down"),
    ],
)
def test_what_is_seen_of_a_unit(unit, answers, elsewhere, cloned, value):
    assert probe.of_unit(unit, answers, elsewhere, cloned).value == value


@pytest.mark.parametrize(
    ("vip", "here", "value"),
    [
        (RUNS, True, "up"),
        (RUNS, False, "down"),
        (BLOCKED, True, "down"),
        (View(id="vip", elsewhere=("node2",)), False, "up"),
        (View(id="vip", elsewhere=("node2",)), True, "down"),
        (View(id="vip"), False, "down"),
    ],
)
def test_what_is_seen_of_the_vip(vip, here, value):
    assert probe.of_vip(local(vip=vip), "vip", here).value == value


def test_the_clusters_troubles_are_told_one_by_one():
    stuck = {"a": replace(BLOCKED, id="a"), "b": replace(DOWN, id="b"), "c": replace(RUNS, id="c")}
    seen = probe.of_cluster(local(active=("node1", "node2"), views=stuck))
    assert seen.value == "down"
    assert seen.lines == ("node3 is offline", "a is blocked here", "b failed here (start: error)")
    assert probe.of_cluster(local()).value == "up"


@pytest.mark.parametrize(
    ("unit", "stopped"),
    [
        (Unit(name="u", active="inactive"), True),
        (Unit(name="u", active="failed"), True),
        (Unit(name="u", active="failed", processes=(9,)), False),
        (Unit(name="u", active="deactivating", pid=9, processes=(9,)), False),
        (Unit(name="u", active=""), False),
    ],
)
def test_a_unit_is_stopped_only_where_nothing_of_it_is_left(unit, stopped):
    assert unit.stopped is stopped


def test_a_unit_that_systemd_is_about_to_start_again_is_failing():
    assert "goes on failing" in Unit(name="u", load="loaded", sub="auto-restart").failing
    assert "cannot be started" in Unit(name="u", load="not-found").failing
    assert Unit(name="u", load="loaded", active="failed", sub="failed").failing == ""
