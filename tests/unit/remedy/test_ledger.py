"""The ledger's lines: what is whole, and what is found where something is not."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.remedy import ledger
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.core.remedy.ledger import GENESIS, Broken, Head, Unwritable

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
).filter(lambda value: "inf" not in repr(value))
records = st.builds(
    Record,
    kind=st.sampled_from(["observed", "decided", "acted", "told"]),
    at=st.floats(0, 4e9),
    incident=texts,
    data=st.dictionaries(texts, plain, max_size=4),
)
writes = st.lists(st.lists(records, min_size=1, max_size=4), min_size=1, max_size=5)
WHY = "it hangs since 12:00; " * 20


def some(count, start=0):
    return [
        Record(kind="observed", at=1764012345.5 + i, incident=f"i-{i % 2}", data={"seq": i})
        for i in range(start, start + count)
    ]


def written(*batches):
    """The bytes of so many writes, where each of them ends, and the head."""
    data, ends, head = b"", [0], Head()
    for batch in batches:
        lines, head = ledger.encode(batch, "k8s", head)
        data += lines
        ends.append(len(data))
    return data, ends, head


@given(writes)
def test_what_was_written_is_read_again(batches):
    data, _, head = written(*batches)
    reading = ledger.read(data, "k8s")
    assert reading.damage is None
    assert reading.records == tuple(record for batch in batches for record in batch)
    assert (reading.head, reading.good) == (head, len(data))


def test_a_line_can_be_checked_with_any_json_and_sha256():
    data, _, head = written(some(1), some(2, 1))
    before = GENESIS
    for number, text in enumerate(data.decode().splitlines(), 1):
        line = json.loads(text)
        seal = line.pop("hash")
        canonical = json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(canonical.encode()).hexdigest() == seal
        assert (line["n"], line["prev"], line["cluster"]) == (number, before, "k8s")
        before = seal
    assert head == Head(3, before)


@given(writes, st.data())
def test_a_file_cut_at_any_byte_keeps_all_whole_lines_and_the_rest_is_torn(batches, data):
    whole, _, _ = written(*batches)
    cut = data.draw(st.integers(0, len(whole)))
    reading = ledger.read(whole[:cut], "k8s")
    kept = whole[:cut].count(b"\n")
    assert reading.records == tuple(record for batch in batches for record in batch)[:kept]
    assert reading.good == whole[:cut].rfind(b"\n") + 1
    assert (reading.damage is None) == (reading.good == cut)
    assert reading.damage is None or (reading.damage.torn, reading.damage.follow) == (True, 0)


@given(st.integers(0, 5), st.integers(1, 12), st.data())
def test_of_a_last_write_any_block_may_be_missing(kept, count, data):
    """A disk may write the later blocks of one write first; what is not there are zeros."""
    last = [Record(kind="acted", at=i, data={"why": WHY}) for i in range(count)]
    whole, ends, _ = written(*([record] for record in some(kept)), last)
    begin = ends[-2]
    torn = bytearray(whole[: data.draw(st.integers(begin, len(whole)))])
    for block in data.draw(st.sets(st.integers(begin // 512, len(torn) // 512))):
        for place in range(max(begin, block * 512), min(len(torn), block * 512 + 512)):
            torn[place] = 0
    reading = ledger.read(bytes(torn), "k8s")
    assert reading.records[:kept] == tuple(some(kept))
    assert reading.good >= begin
    assert reading.records[kept:] == tuple(last[: len(reading.records) - kept])


def test_zeros_before_whole_lines_of_the_same_write_are_torn():
    last = [Record(kind="acted", at=i, data={"why": WHY}) for i in range(4)]
    whole, ends, _ = written(some(2), last)
    torn = whole[: ends[1]] + bytes(512) + whole[ends[1] + 512 :]
    reading = ledger.read(torn, "k8s")
    assert reading.damage.torn
    assert reading.damage.follow == 3
    assert (reading.records, reading.after) == (tuple(some(2)), ())


def test_zeros_before_a_later_write_are_damage():
    whole, ends, _ = written(some(2), some(1, 2), some(2, 3))
    holed = whole[: ends[1]] + bytes(ends[2] - ends[1] - 1) + whole[ends[2] - 1 :]
    reading = ledger.read(holed, "k8s")
    assert not reading.damage.torn
    assert (reading.records, reading.after) == (tuple(some(2)), tuple(some(2, 3)))


@given(writes, st.data())
def test_a_bit_that_flips_anywhere_is_damage_at_its_line(batches, data):
    whole, _, _ = written(*batches)
    place = data.draw(st.integers(0, len(whole) - 1))
    flipped = bytearray(whole)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    line = whole[:place].count(b"\n")
    reading = ledger.read(bytes(flipped), "k8s")
    all_records = tuple(record for batch in batches for record in batch)
    assert reading.damage is not None
    assert (reading.damage.line, reading.damage.torn) == (line + 1, False)
    assert reading.records == all_records[:line]
    # A newline that is gone makes one line of two.
    assert reading.after in (all_records[line + 1 :], all_records[line + 2 :])


@pytest.mark.parametrize(
    ("order", "line", "why"),
    [
        ([1, 2, 3], 1, "it is number 2: those before it are missing"),
        ([0, 2, 3], 2, "it is number 3, and has to be 2"),
        ([0, 1, 1, 2], 3, "it is number 2, and has to be 3"),
        ([0, 2, 1, 3], 2, "it is number 3, and has to be 2"),
    ],
)
def test_a_line_taken_out_doubled_or_moved_is_found_and_told_in_one_line(order, line, why):
    data, _, _ = written(*([record] for record in some(4)))
    lines = data.splitlines(keepends=True)
    reading = ledger.read(b"".join(lines[i] for i in order), "k8s")
    assert (reading.damage.line, reading.damage.why) == (line, why)
    assert reading.damage.told().startswith(f"line {line} (byte {reading.good}): damaged ({why});")
    assert not reading.damage.torn


def test_a_line_written_anew_does_not_fit_the_next_one():
    data, ends, _ = written(some(1), some(1, 1), some(1, 2))
    other, _ = ledger.encode(some(1, 7), "k8s", ledger.read(data[: ends[1]], "k8s").head)
    reading = ledger.read(data[: ends[1]] + other + data[ends[2] :], "k8s")
    assert reading.damage.line == 3
    assert reading.damage.why == "it does not follow the line before it, number 2"


def test_the_line_of_another_cluster_is_none_of_ours():
    data, _ = ledger.encode(some(1), "other\n", Head())
    with pytest.raises(Broken, match=r"^it is of the cluster 'other\\n'$"):
        ledger.decode(data[:-1], "k8s")


def test_a_file_may_begin_with_a_snapshot_and_has_to_follow_the_one_before():
    _, _, head = written(some(3))
    lines, _ = ledger.encode([Record(kind="snapshot", at=1.0), *some(1)], "k8s", head)
    assert ledger.read(lines, "k8s").damage is None
    assert ledger.read(lines, "k8s", head).damage is None
    assert ledger.read(lines, "k8s", Head(3, GENESIS)).damage.line == 1


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (Record(kind="told", at=float("nan")), "a number in it is infinite, or none"),
        (Record(kind="told", at=1.0, data={"a": [{"b": float("inf")}]}), "infinite, or none"),
        (Record(kind="told", at=1.0, data={"a": object()}), "cannot be written"),
        (Record(kind="told", at=1.0, data={"a": "x" * ledger.LONGEST}), "is the most"),
    ],
)
def test_what_cannot_be_a_line_is_refused_in_one_line(record, why):
    with pytest.raises(Unwritable, match=why) as told:
        ledger.encode([record], "k8s", Head())
    assert "\n" not in str(told.value)


def test_bytes_that_were_no_text_do_not_keep_a_record_out():
    """As a reason typed on a terminal, or what a node's program printed."""
    record = Record(kind="told", at=1.0, data={"why\udcff": ["x\ud800y", {"z": None}]})
    data, _ = ledger.encode([record], "k8s", Head())
    assert ledger.read(data, "k8s").records[0].data == {"why?": ["x?y", {"z": None}]}


def test_data_nested_without_end_is_refused_and_so_is_a_line_of_it():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(Unwritable):
        ledger.encode([Record(kind="told", at=1.0, data={"a": deep})], "k8s", Head())
    text = b'{"at":1.0,"data":{"a":' + b"[" * 100_000
    line = text + b',"hash":"' + hashlib.sha256(text + b"}").hexdigest().encode() + b'"}'
    with pytest.raises(Broken, match="cannot be read"):
        ledger.decode(line, "k8s")


def test_a_line_of_a_later_version_is_whole():
    body = {"at": 1.0, "batch": 1, "cluster": "k8s", "kind": "dreamt", "n": 1, "prev": GENESIS}
    text = json.dumps({**body, "zeal": 1}, separators=(",", ":")).encode()
    seal = hashlib.sha256(text).hexdigest()
    reading = ledger.read(text[:-1] + b',"hash":"%s"}\n' % seal.encode(), "k8s")
    assert (reading.damage, reading.records[0].kind) == (None, "dreamt")


def test_the_state_is_made_of_the_last_snapshot_and_what_came_after():
    snapshot = Record(kind="snapshot", at=9.0)
    assert ledger.since_snapshot([*some(2), snapshot, *some(1)]) == (snapshot, *some(1))
    assert ledger.since_snapshot(some(2)) == tuple(some(2))
