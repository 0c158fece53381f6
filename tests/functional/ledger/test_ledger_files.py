"""The ledger's files on a real file system: power cuts, damage, full disks, other writers."""

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import ledger as lines
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.host import ledger, ledgerfiles, ledgerread

WHY = "it hangs since 12:00; " * 20


def some(*numbers):
    return [
        Record(kind="observed", at=1764012345.5 + n, incident=f"i-{n}", data={"seq": n, "why": WHY})
        for n in numbers
    ]


def snapshot(records):
    """As a state does, it has all that was there: the numbers of ``some``."""
    return Record(kind="snapshot", at=1.0, data={"seen": seen(records)})


def seen(records):
    found = []
    for record in records:
        if record.kind == "snapshot":
            found = list(record.data["seen"])
        elif record.kind == "observed":
            found.append(record.data["seq"])
    return found


def told(records):
    return [record.data for record in records if record.kind == "recovered"]


def hold(folder, **options):
    return ledger.hold(folder, "k8s", snapshot, **options)


def everything(folder):
    problems = []
    return list(ledgerread.read_all(folder, "k8s", problems.append)), problems


@contextlib.contextmanager
def folder_with(*writes):
    """A ledger (examples of hypothesis share no fixture), and its bytes after each write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "hakube", "k8s")
        contents = [b""]
        with hold(folder) as book:
            for write in writes:
                book.append(some(*write))
                contents.append(book.path.read_bytes())
        yield folder, contents


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "hakube" / "k8s"


# -- a power cut -----------------------------------------------------------------------------------


@given(st.integers(0, 3), st.integers(1, 6), st.data())
def test_a_power_cut_at_any_byte_of_a_write_costs_at_most_this_write(kept, count, data):
    before = list(range(kept))
    last = list(range(kept, kept + count))
    with folder_with(*([n] for n in before), last) as (folder, contents):
        whole, begin = contents[-1], len(contents[-2])
        torn = bytearray(whole[: data.draw(st.integers(begin, len(whole)))])
        for block in data.draw(st.sets(st.integers(begin // 512, len(torn) // 512))):
            for place in range(max(begin, block * 512), min(len(torn), block * 512 + 512)):
                torn[place] = 0
        path = folder / "ledger.jsonl"
        path.write_bytes(torn)
        with hold(folder) as book:
            found = seen(book.records)
            assert found[:kept] == before
            assert found[kept:] == last[: len(found) - kept]
            lost = [why for why in told(book.records) if why["what"] == "torn"]
            # A write of which nothing came to the disk is as if it had never begun.
            assert bool(lost or book.told) == (lines.read(bytes(torn), "k8s").damage is not None)
            book.append(some(99))
        assert lines.read(path.read_bytes(), "k8s").damage is None
        assert seen(ledgerread.read(folder, "k8s")[0]) == [*found, 99]


def test_what_was_torn_is_told_once_by_a_record(folder):
    with hold(folder) as book:
        book.append(some(1))
        book.append(some(2))
    path = folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes()[:-10])
    cut = len(path.read_bytes().splitlines()[1])
    with hold(folder) as book:
        (data,) = told(book.records)
        assert (data["what"], data["cut"]) == ("torn", cut)
        assert data["why"].startswith("line 2 (byte ")
        assert book.told == (f"{path}: {data['why']}",)
    with hold(folder) as book:
        assert len(told(book.records)) == 1
        assert book.told == ()


STEPS = ("write", "fsync", "ftruncate", "link", "replace", "unlink", "open", "fchmod", "fchown")


def dies_at(step, work):
    """Do the work in a process that dies at the given system call; whether it came so far."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def dying(call):
            def called(*args, **options):
                nonlocal count
                count += 1
                if count == step:
                    os._exit(9)
                return call(*args, **options)

            return called

        try:
            for name in STEPS:
                setattr(os, name, dying(getattr(os, name)))
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (0, 9)
    return code == 9


def at_each_step(folder, work):
    """A copy of the folder for each system call at which the work was ended."""
    for step in range(1, 200):
        shutil.copytree(folder, copy := folder.with_name(f"step{step}"))
        if not dies_at(step, lambda copy=copy: work(copy)):
            assert step > 3
            return
        yield copy
    raise AssertionError("it never ends")


def test_a_process_that_dies_at_any_step_of_a_rotation_loses_nothing(folder, monkeypatch):
    monkeypatch.setattr(ledgerfiles, "LIMIT", 3000)
    with hold(folder) as book:
        book.append(some(1, 2))
        book.append(some(3))

    def rotate(copy):
        with hold(copy) as book:
            book.append(some(4, 5))

    for copy in at_each_step(folder, rotate):
        with hold(copy) as book:
            assert seen(book.records)[:3] == [1, 2, 3]
            assert book.told == () or told(book.records)
            book.append(some(6))
        records, problems = everything(copy)
        assert problems == []
        assert [n for n in seen(r for r in records if r.kind != "snapshot") if n < 4] == [1, 2, 3]
        assert not (copy / "ledger.jsonl.new").exists()
        assert {path.stat().st_nlink for path in copy.iterdir()} == {1}


def test_a_process_that_dies_while_it_mends_leaves_what_can_be_mended(folder):
    with hold(folder) as book:
        for n in range(4):
            book.append(some(n))
    path = folder / "ledger.jsonl"
    damaged = path.read_bytes().replace(b'"seq":1,', b'"seq":7,')
    path.write_bytes(damaged)

    def mend(copy):
        with hold(copy):
            pass

    for copy in at_each_step(folder, mend):
        with hold(copy) as book:
            assert seen(book.records) == [0, 2, 3]
            assert told(book.records)[0]["what"] == "damaged"
        assert [old.read_bytes() for old in copy.glob("ledger-*")] == [damaged]


APPENDING = """
import sys
from pathlib import Path
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.host import ledger, ledgerfiles
ledgerfiles.LIMIT = 20_000
def snapshot(records):
    return Record(kind="snapshot", at=1.0, data={"last": last(records)})
def last(records):
    return records[-1].data.get("last", records[-1].data.get("seq"))
with ledger.hold(Path(sys.argv[1]), "k8s", snapshot) as book:
    n = last(book.records) + 1 if book.records else 0
    while True:
        book.append([Record(kind="observed", at=1.0, data={"seq": n})])
        print(n, flush=True)
        n += 1
"""


def test_a_writer_that_is_killed_at_any_moment_has_kept_all_that_it_told(folder):
    kept = -1
    for _ in range(4):
        command = [sys.executable, "-c", APPENDING, folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            numbers = [int(process.stdout.readline()) for _ in range(60)]
            process.send_signal(signal.SIGKILL)
            numbers += [int(line) for line in process.stdout if line.endswith("\n")]
        # One may have been kept that was not told any more.
        assert numbers[0] in (kept + 1, kept + 2)
        kept = numbers[-1]
    records, problems = everything(folder)
    assert problems == []
    assert seen_seq(records)[: kept + 1] == list(range(kept + 1))


def seen_seq(records):
    return [record.data["seq"] for record in records if record.kind == "observed"]


# -- damage ----------------------------------------------------------------------------------------


@given(st.integers(1, 5), st.data())
def test_a_bit_that_flips_costs_one_line_and_the_file_is_kept_as_it_is(count, data):
    with folder_with(*([n] for n in range(count))) as (folder, contents):
        flipped = bytearray(contents[-1])
        place = data.draw(st.integers(0, len(flipped) - 1))
        flipped[place] ^= 1 << data.draw(st.integers(0, 7))
        path = folder / "ledger.jsonl"
        path.write_bytes(flipped)
        line = contents[-1][:place].count(b"\n")
        lost = {line, line + 1} if contents[-1][place : place + 1] == b"\n" else {line}
        with hold(folder) as book:
            assert seen(book.records) == [n for n in range(count) if n not in lost]
            assert told(book.records)[0]["what"] == "damaged"
            assert (folder / told(book.records)[0]["aside"]).read_bytes() == flipped
            (problem,) = book.told
            assert f": line {line + 1} (byte " in problem
            book.append(some(99))
        records, problems = everything(folder)
        assert len(problems) == 1
        assert seen_seq(records) == [n for n in (*range(count), 99) if n not in lost]


@given(st.integers(0, 4), st.data())
def test_a_file_of_which_any_part_became_something_else_is_never_an_end(count, data):
    with folder_with(*([n] for n in range(count))) as (folder, contents):
        place = data.draw(st.integers(0, len(contents[-1])))
        junk = data.draw(st.binary(max_size=600))
        path = folder / "ledger.jsonl"
        path.write_bytes(contents[-1][:place] + junk + contents[-1][place + len(junk) :])
        with hold(folder) as book:
            whole = contents[-1][:place].count(b"\n")
            assert seen(book.records)[:whole] == list(range(whole))
            book.append(some(99))
        records, _ = ledgerread.read(folder, "k8s")
        assert seen(records)[-1] == 99


def test_a_file_that_is_gone_or_empty_goes_on_from_the_one_before(folder, monkeypatch):
    monkeypatch.setattr(ledgerfiles, "LIMIT", 2000)
    with hold(folder) as book:
        for n in range(5):
            book.append(some(n))
        known = seen(book.records)
    path = folder / "ledger.jsonl"
    in_it = [n for n in known if n not in seen(lines.read(older(folder)[-1], "k8s").records)]
    for lose in (path.unlink, lambda: path.write_bytes(b"")):
        lose()
        with hold(folder) as book:
            assert seen(book.records) == [n for n in known if n not in in_it]
            assert told(book.records)[-1]["what"] == "missing"
            assert len(book.told) == 1


def older(folder):
    return [path.read_bytes() for path in sorted(folder.glob("ledger-*"))]


def test_a_first_line_that_is_damaged_leaves_the_state_of_the_file_before(folder, monkeypatch):
    monkeypatch.setattr(ledgerfiles, "LIMIT", 2000)
    with hold(folder) as book:
        for n in range(5):
            book.append(some(n))
    path = folder / "ledger.jsonl"
    path.write_bytes(b"#" + path.read_bytes()[1:])
    before = seen(lines.read(older(folder)[-1], "k8s").records)
    with hold(folder) as book:
        assert seen(book.records)[: len(before)] == before
        assert told(book.records)[0]["what"] == "damaged"


def test_a_file_that_is_taken_out_of_the_middle_is_told(folder, monkeypatch):
    monkeypatch.setattr(ledgerfiles, "LIMIT", 2000)
    with hold(folder) as book:
        for n in range(12):
            book.append(some(n))
    assert everything(folder)[1] == []
    (folder / "ledger-0002.jsonl").unlink()
    assert everything(folder)[1] == [
        f"{folder}/ledger-0003.jsonl: something is missing before it: its first line is not the "
        "next"
    ]


def test_an_old_file_that_was_cut_is_told(folder, monkeypatch):
    monkeypatch.setattr(ledgerfiles, "LIMIT", 2000)
    with hold(folder) as book:
        for n in range(6):
            book.append(some(n))
    path = folder / "ledger-0001.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    (problem,) = everything(folder)[1]
    assert problem.startswith(f"{path}: line 2 (byte ")


def test_a_file_longer_than_ours_get_is_set_aside_and_never_cut(folder, monkeypatch):
    with hold(folder) as book:
        book.append(some(1))
    path = folder / "ledger.jsonl"
    monkeypatch.setattr(ledgerfiles, "MOST", path.stat().st_size + 100)
    path.write_bytes(path.read_bytes() + b"x" * 1000)
    with hold(folder) as book:
        assert seen(book.records) == [1]
        assert told(book.records)[0]["what"] == "damaged"
        assert [len(old) for old in older(folder)] == [
            path.stat().st_size * 0 + len(older(folder)[0])
        ]
        assert older(folder)[0].endswith(b"x" * 1000)


# -- rotation --------------------------------------------------------------------------------------


def test_full_files_are_set_aside_and_the_newest_seven_are_kept(folder, monkeypatch):
    monkeypatch.setattr(ledgerfiles, "LIMIT", 4000)
    with hold(folder) as book:
        for n in range(60):
            book.append(some(n))
            assert book.path.stat().st_size <= 4000
        assert seen(book.records) == list(range(60))
    names = sorted(path.name for path in folder.glob("ledger-*"))
    assert len(names) == 7
    assert names[0] > "ledger-0001.jsonl"
    records, problems = everything(folder)
    assert problems == []
    assert records[0].kind == "snapshot"
    assert seen(records) == list(range(60))
    with hold(folder) as book:
        assert seen(book.records) == list(range(60))
        assert book.records[0].kind == "snapshot"


def test_who_reads_while_another_writes_and_rotates_sees_nothing_torn(folder, monkeypatch):
    command = [sys.executable, "-c", APPENDING, folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        end = time.monotonic() + 120  # the disk may have others to serve
        last = 0
        while last < 300 and time.monotonic() < end:
            records, problems = everything(folder)
            found = seen_seq(records)
            assert problems == []
            assert found == list(range(found[0], found[-1] + 1))
            assert found[-1] >= last
            last = found[-1]
            assert ledgerread.read(folder, "k8s")[1] == ()
        process.kill()
    assert last >= 300


# -- a full disk -----------------------------------------------------------------------------------

FILLING = """
import sys
from pathlib import Path
from saltext_hakube.core.remedy.decision import Record
from saltext_hakube.host import ledger, ledgerfiles
folder = Path(sys.argv[1])
book = ledger.hold(folder / "k8s", "k8s", lambda records: Record(kind="snapshot", at=1.0))
kept = 0
try:
    while True:
        book.append([Record(kind="observed", at=1.0, data={"seq": kept, "why": "x" * 700})] * 5)
        kept += 5
except ledgerfiles.Full as error:
    assert "\\n" not in str(error)
    print(kept, error, flush=True)
before = book.path.read_bytes()
assert len(before.splitlines()) == kept, (kept, len(before.splitlines()))
for filler in folder.glob("filler"):
    filler.unlink()
book.append([Record(kind="observed", at=1.0, data={"seq": kept})])
assert book.path.read_bytes().startswith(before)
book.close()
with ledger.hold(folder / "k8s", "k8s", lambda records: Record(kind="snapshot", at=1.0)) as book:
    assert len(book.records) == kept + 1
    assert book.told == ()
print("whole", flush=True)
"""


def test_on_a_full_disk_what_is_there_stays_whole_and_it_goes_on_when_there_is_room(tmp_path):
    """A real one, of 400 kB, in a mount namespace of its own."""
    script = (
        f"mount -t tmpfs -o size=400k hakube {tmp_path} && "
        f"head -c 100000 /dev/zero > {tmp_path}/filler && "
        f'exec "$1" -c "$2" {tmp_path}'
    )
    spaces = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user", "--map-root-user"]
    command = ["unshare", *spaces, "sh", "-c", script, "sh", sys.executable, FILLING]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode and ("unshare:" in done.stderr or "mount:" in done.stderr):
        pytest.skip(f"no file system of our own: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    first, last = done.stdout.splitlines()
    assert first.endswith(f"cannot write {tmp_path}/k8s/ledger.jsonl: No space left on device")
    assert int(first.split()[0]) > 0
    assert last == "whole"


def test_at_the_limit_of_a_files_size_the_half_of_a_write_is_taken_back(folder):
    """The kernel writes a part, then refuses: so a disk is that becomes full in the midst."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, -1))\n"
    filling = limited + FILLING.replace(
        "for filler in", "resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))\nfor filler in"
    )
    command = [sys.executable, "-c", filling, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("ledger.jsonl: File too large\nwhole\n")


# -- who may write ---------------------------------------------------------------------------------


def test_a_second_writer_is_told_who_has_it(folder):
    with hold(folder, owner="salt-run\nhakube.reconcile"):
        with pytest.raises(ledgerfiles.Busy) as error:
            hold(folder)
        text = (
            rf"{folder}/ledger.jsonl is written by salt-run hakube.reconcile (pid {os.getpid()}, "
        )
        assert str(error.value).startswith(text)
        with pytest.raises(ledgerfiles.Busy, match=r"did not give it back within 0\.1 s"):
            hold(folder, wait=0.1)
    with hold(folder, wait=0.1):
        pass


def test_a_writer_that_was_killed_holds_nobody_up(folder):
    command = [sys.executable, "-c", APPENDING, folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        with pytest.raises(ledgerfiles.Busy):
            hold(folder)
        process.kill()
    with hold(folder, wait=5):
        pass


def test_only_the_owner_may_read_and_write(folder):
    with hold(folder) as book:
        book.append(some(1))
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()}
    assert modes == {"ledger.jsonl": 0o600, "ledger.lock": 0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700


def test_a_file_that_others_may_read_becomes_its_owners_only(folder):
    with hold(folder) as book:
        book.append(some(1))
    (folder / "ledger.jsonl").chmod(0o644)
    with hold(folder):
        assert stat.S_IMODE((folder / "ledger.jsonl").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_writes_belongs_to_the_folders_owner(folder):
    folder.mkdir(parents=True)
    os.chown(folder, 4321, 1234)
    with hold(folder) as book:
        book.append(some(1))
        assert {(p.stat().st_uid, p.stat().st_gid) for p in folder.iterdir()} == {(4321, 1234)}


def test_a_link_or_a_pipe_in_its_place_is_refused_in_one_line(folder, tmp_path):
    folder.mkdir(parents=True)
    path = folder / "ledger.jsonl"
    (tmp_path / "other").write_bytes(b"precious")
    path.symlink_to(tmp_path / "other")
    with pytest.raises(HakubeError, match="cannot open"):
        hold(folder)
    assert (tmp_path / "other").read_bytes() == b"precious"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(HakubeError, match="is no regular file"):
        hold(folder)


def test_nothing_is_written_to_a_file_that_another_program_changed(folder):
    with hold(folder) as book:
        book.append(some(1))
        with book.path.open("ab") as file:
            file.write(b"something")
        with pytest.raises(HakubeError, match="was changed or removed by another program"):
            book.append(some(2))
        book.path.unlink()
        with pytest.raises(HakubeError, match="was changed or removed by another program"):
            book.append(some(2))


def test_after_a_disk_that_fails_nothing_is_written_until_it_is_opened_anew(folder, monkeypatch):
    """A mock: no disk here fails when asked to."""

    def failing(_descriptor):
        raise OSError(5, "Input/output error")

    with hold(folder) as book:
        book.append(some(1))
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", failing)
            with pytest.raises(HakubeError, match="Input/output error"):
                book.append(some(2))
        with pytest.raises(HakubeError, match="has to be opened anew: Input/output error"):
            book.append(some(3))
    with hold(folder) as book:
        assert seen(book.records) == [1]


def test_what_cannot_be_written_changes_nothing(folder, monkeypatch):
    monkeypatch.setattr(ledgerfiles, "LIMIT", 4000)
    with hold(folder) as book:
        book.append(some(1))
        with pytest.raises(lines.Unwritable, match="cannot be written at once"):
            book.append(some(*range(20)))
        with pytest.raises(lines.Unwritable):
            book.append([*some(2), Record(kind="told", at=1.0, data={"a": float("nan")})])
        book.append(some(3))
        assert seen(book.records) == [1, 3]
    with hold(folder) as book:
        assert seen(book.records) == [1, 3]


def test_a_closed_ledger_says_so(folder):
    book = hold(folder)
    book.close()
    book.close()
    with pytest.raises(HakubeError, match="is closed"):
        book.append(some(1))


def test_of_a_cluster_without_a_ledger_there_is_nothing_to_read(folder):
    assert ledgerread.read(folder, "k8s") == ((), ())
    assert everything(folder) == ([], [])
    assert not folder.exists()
