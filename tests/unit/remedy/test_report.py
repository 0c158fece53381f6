"""A report comes from another machine: what is none is refused, in one line."""

import pytest

from saltext_hakube.core.remedy import fold, ledger, report
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.report import LONGEST, Refused
from tests.unit.remedy.stage import Stage

LOOK = {"value": "down", "why": "x", "since": 1.0}
ALONE = {"rung": "files", "component": "files", "result": "done"}


def plain(**changes):
    return {**report.plain(Stage().report("node1")), **changes}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf"), -1e12, 1e300, 2**70])
@pytest.mark.parametrize(
    "where",
    [
        lambda number: {"at": number},
        lambda number: {"looks": {"vip.owner": {**LOOK, "since": number}}},
        lambda number: {"news": [{"kind": "node", "at": number}]},
        lambda number: {"alone": [{**ALONE, "at": number}]},
    ],
)
def test_a_time_that_is_none_is_refused(where, number):
    """JSON has no form of it, so no ledger that has it could be read again."""
    with pytest.raises(Refused, match="no report"):
        report.read(plain(**where(number)))


def test_what_a_later_version_says_more_is_left_out_and_the_rest_counts():
    looks = {"vip.owner": LOOK, "etcd.members": LOOK, "x" * 200: LOOK}
    data = plain(looks=looks, **{"mo\nod": "good"}, beacon="it is off")
    found = report.read(data)
    assert set(found.looks) == {"vip.owner"}
    assert report.unread(data) == ("etcd.members", "mo od", "x" * 57 + "...")
    assert report.unread(plain(beacon="")) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"looks": {"etcd.members": {"value": "sideways"}}},
        {"looks": {"a b\nc": LOOK}},
        {"looks": {"etcd.members": {**LOOK, "evidence": {"x": ["y" * 400]}}}},
        {"looks": {f"a{n}": {**LOOK, "evidence": {"x": ["y" * 300] * 50}} for n in range(20)}},
    ],
)
def test_what_is_not_known_is_held_to_the_same_bounds(changes):
    with pytest.raises(Refused, match="no report"):
        report.read(plain(**changes))


def test_one_that_is_huge_is_refused():
    evidence = {f"kind{n}": ["x" * 300] * 50 for n in range(20)}
    with pytest.raises(Refused, match=rf"\d+ bytes; {LONGEST} are the most"):
        report.read(plain(looks={"vip.owner": {**LOOK, "evidence": evidence}}))


def test_the_largest_ones_of_nine_nodes_make_a_state_that_the_ledger_takes():
    evidence = {f"kind{n}": ["x" * 300] * 50 for n in range(16)}
    data = plain(looks={"vip.owner": {**LOOK, "evidence": evidence}})
    found = report.read(data)
    assert len(str(data)) > LONGEST * 0.9
    records = [
        Record(kind="observed", at=1.0, data={**report.plain(found), "node": f"node{n}"})
        for n in range(9)
    ]
    snapshot = fold.snapshot(fold.fold(records), 1.0)
    lines, _ = ledger.encode([*records, snapshot], "k8s", ledger.Head())
    assert fold.fold(ledger.read(lines, "k8s").records) == fold.fold([snapshot])
