"""Whatever a minion sends or answers: it is refused or taken, and raises nothing else."""

import json
import os

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from saltext_hakube.core.remedy import decide, ledger, older, story
from saltext_hakube.core.remedy.decision import Action, Cluster, Record, State
from saltext_hakube.core.remedy.fold import Unreadable, fold, snapshot
from saltext_hakube.healing import fleet, heard, hints, late, seen, wishes
from saltext_hakube.healing.ask import Answer
from tests.unit.healing.world import World, cluster
from tests.unit.remedy.stage import hung_apiserver

MANY = settings(
    max_examples=int(os.environ.get("HAKUBE_EXAMPLES", "150")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

words = st.text(max_size=8) | st.sampled_from(
    ["a\nb", "*", "\ud800", "\0", "../x", "x" * 400, "node1", "up", "down", "{{ 1 }}", "etcd.x"]
)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | words
    | st.binary(max_size=4)
)
plain = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(words | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)
NODE = World().report("node1", news=[{"kind": "node", "at": 1.0}], alone=[])


@st.composite
def reports(draw):
    """A report of which something is something else."""
    data = json.loads(json.dumps(NODE))
    for _ in range(draw(st.integers(0, 3))):
        place, key = data, None
        while isinstance(place, dict) and place:
            key = draw(st.sampled_from(sorted(place, key=str)))
            if not isinstance(place[key], dict) or draw(st.booleans()):
                break
            place = place[key]
        if isinstance(place, dict):
            place[draw(st.just(key) | words)] = draw(plain)
    return data


anything = reports() | plain


@MANY
@given(tag=st.just("salt/beacon/node1.example/hakube/report") | words, data=anything)
def test_the_reactor_takes_or_leaves_an_event(tmp_path_factory, tag, data):
    opts = {"cachedir": str(tmp_path_factory.getbasetemp())}
    assert hints.worth(opts, tag, data) in (True, False)


@MANY
@given(data=anything)
def test_an_event_sets_off_no_more_than_a_question(opts, world, data):
    world.jobs.clear()
    told = fleet.observe(opts, "salt/beacon/node1.example/hakube/report", data)
    assert told["ran"] in (True, False)
    assert {function for _, function, _ in world.jobs} <= {"hakube_heal.report"}
    assert all(set(who) <= {f"node{n}.example" for n in (1, 2, 3)} for who, _, _ in world.jobs)


@MANY
@given(value=anything, good=st.booleans())
def test_an_answer_is_a_report_or_silence(value, good):
    answer = Answer(value, good)
    found = heard.report_of(answer, "k8s", "node1")
    if found is None:
        step = decide.silent(cluster(), State(), "node1", 1e9, heard.instead_of(answer))
    else:
        assert (found.cluster, found.node) == ("k8s", "node1")
        step = decide.heard(cluster(), State(), found, 1e9)
    kept(step.records)
    decided = decide.decide(cluster(), step.state, 1e9)
    kept((*step.records, *decided.records))
    odd = heard.unread_of(answer)
    assert all("\n" not in line and len(line) <= 60 for line in odd)
    value, why = heard.witness_of(answer)
    assert value in ("up", "down", "unknown") and "\n" not in why


ACTION = Action(
    incident="apiserver-node2-1",
    node="node2",
    component="apiserver",
    rung="kill",
    deadline=30.0,
    why="",
)


def kept(records):
    """They can be written, and say the same when they are read."""
    lines, _ = ledger.encode(records, "k8s", ledger.Head())
    read = ledger.read(lines, "k8s").records
    assert len(read) == len(records)
    try:
        before = msgspec.json.encode(fold(records), order="sorted")
    except UnicodeEncodeError:  # halves of letters, which no JSON has: nor has an answer
        return
    assert msgspec.json.encode(fold(read), order="sorted") == before


@MANY
@given(value=anything, late_=st.booleans())
def test_what_came_of_an_action_can_be_kept_and_told(value, late_):
    stage = hung_apiserver()
    acting = next(n for n, it in enumerate(stage.records) if it.kind == "acting")
    before = stage.records[: acting + 1]
    state, now = fold(before), before[-1].at + 1
    if late_:
        lost = decide.ended(state, ACTION, None, now)
        before, state = [*before, *lost.records], lost.state
    said = heard.result_of(Answer(value, True))
    if said is None:
        return
    step = (decide.late if late_ else decide.ended)(state, ACTION, said, now + 1)
    (record,) = step.records
    assert record.data["result"] in ("done", "nothing", "refused", "failed")
    kept((*before, record))
    assert all("\n" not in line for line in story.explain([*before, record], ACTION.incident))


KINDS = sorted({it.kind for it in hung_apiserver().records} | {"snapshot", "late", "witnessed"})
RECORDS = {it.kind: it for it in hung_apiserver().records}
RECORDS["snapshot"] = snapshot(hung_apiserver().state, 1e9)


@st.composite
def odd_records(draw):
    kind = draw(st.sampled_from(KINDS))
    data = dict(RECORDS[kind].data) if kind in RECORDS else {}
    for key in draw(st.lists(st.sampled_from(sorted(data) or ["x"]) | words, max_size=3)):
        data[key] = draw(plain)
    if draw(st.booleans()) and data:
        del data[draw(st.sampled_from(sorted(data)))]
    return Record(kind=kind, at=draw(st.floats(0, 1e10)), incident=ACTION.incident, data=data)


@MANY
@given(record=odd_records())
def test_a_record_of_another_version_is_read_or_refused(record):
    records = [*hung_apiserver().records, record]
    try:
        state = fold(records)
    except Unreadable as error:
        assert "\n" not in str(error)
        return
    decide.decide(cluster(), state, state.clock + 1)


@MANY
@given(data=plain)
@example(data={"name": "k8s", "nodes": {"a": "b"}, "policy": {"mode": 10**400}})
def test_what_is_no_policy_raises_nothing_else(data):
    try:
        found, dropped = older.read(data, Cluster)
    except msgspec.ValidationError:
        return
    assert isinstance(found, Cluster)
    assert all("\n" not in line for line in dropped)


@pytest.mark.parametrize("name", [late.FILE, seen.FILE, "wishes/1.json"])
@MANY
@given(text=st.binary(max_size=40) | anything.map(lambda it: repr(it).encode(errors="replace")))
def test_what_lies_in_the_masters_own_files_stops_nothing(tmp_path_factory, name, text):
    folder = tmp_path_factory.mktemp("k8s", numbered=True)
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(text)
    late.waiting(folder), seen.read(folder), wishes.waiting(folder)
