"""The cluster's turn: never two owners, the last goes last, the dead make room."""

import itertools
import multiprocessing
import subprocess
import time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from saltext_hakube.core.cib import turn as core
from saltext_hakube.core.errors import Conflict, HakubeError, TimedOut
from saltext_hakube.host import turn

WORDS = {"lease": 60.0, "since": "2026-01-01T00:00:00Z"}


class Process:
    """What host.turn does, a step at a time, with a clock of its own."""

    numbers = itertools.count()

    def __init__(self, last, offset):
        self.last, self.offset = last, offset
        self.until = None  # its own belief, by its own clock
        self.alive = True
        self.ask()

    def ask(self):
        """Want the turn, as if for the first time."""
        self.seen, self.read, self.spoke, self.until = {}, None, None, None
        self.be_new()

    def be_new(self):
        """A token is one stay in the CIB: what was swept away never comes back as it was."""
        token = f"t{next(self.numbers)}"
        self.claim = core.Claim(owner=f"of-{token}", token=token, last=self.last, **WORDS)


class Turns(RuleBasedStateMachine):
    """Several owners, crashes, freezes between a look and the write, any clocks."""

    @initialize(
        each=st.lists(st.tuples(st.booleans(), st.floats(-1e6, 1e6)), min_size=2, max_size=3)
    )
    def begin(self, each):
        self.time, self.entries = 0.0, ()
        self.processes = [Process(*one) for one in each]

    def living(self, which):
        alive = [process for process in self.processes if process.alive]
        return alive[which % len(alive)]

    def clock(self, process):
        return self.time + process.offset

    @rule(seconds=st.sampled_from([9.0, 25.0, 45.0, 62.0]))
    def time_goes_by(self, seconds):
        self.time += seconds

    @rule(which=st.integers(0, 5))
    def look(self, which):
        process = self.living(which)
        if process.until is not None:
            return  # it has taken it, and only renews
        now = self.clock(process)
        if core.mine_in(process.claim, self.entries) is None:
            process.be_new()
        process.seen = core.look(self.entries, process.seen, now)
        process.read = (self.entries, now)

    @rule(which=st.integers(0, 5))
    def write(self, which):
        """Compare-and-swap of what was planned at the look, however long ago that was."""
        process = self.living(which)
        if process.read is None:
            return
        (entries, at), process.read = process.read, None
        wanted = core.step(process.claim, entries, process.seen, at)
        # Each write has a serial or an entry that was not there before: equal means unchanged.
        if entries != self.entries or wanted == entries:
            return
        self.entries, process.spoke = wanted, self.time
        if core.mine_in(process.claim, wanted).holds:
            if process.last:
                assert not [p.claim.owner for p in self.processes if self.is_first(p)]
            process.until = at + process.claim.lease

    @rule(which=st.integers(0, 5))
    def look_and_write(self, which):
        self.look(which)
        self.write(which)

    def is_first(self, process):
        """Whether it waits, has lately said so, and is none of those that go last."""
        mine = core.mine_in(process.claim, self.entries)
        waits = mine is not None and not mine.holds and not mine.last
        return waits and self.time - process.spoke <= core.WAITING

    @rule(which=st.integers(0, 5))
    def renew(self, which):
        process = self.living(which)
        if process.until is None:
            return
        wanted = core.renewed(process.claim, self.entries)
        if wanted is None:
            process.ask()  # it was told that it has lost it
        else:
            self.entries = wanted
            process.until = self.clock(process) + process.claim.lease

    @rule(which=st.integers(0, 5))
    def release(self, which):
        process = self.living(which)
        if process.until is not None:
            self.entries = core.without(self.entries, [process.claim.token])
            process.ask()

    @rule(which=st.integers(0, 5))
    def crash_and_start_anew(self, which):
        """Its entry stays; what it was doing to its node may go on as long as it believes."""
        process = self.living(which)
        process.alive = False
        self.processes.append(Process(process.last, -process.offset))

    @invariant()
    def one_at_most_believes_that_it_has_the_turn(self):
        believers = [
            p.claim.owner
            for p in getattr(self, "processes", [])
            if p.until is not None and self.clock(p) < p.until
        ]
        assert len(believers) <= 1

    def teardown(self):
        """Whoever lives gets it in the end, whatever happened before."""
        left = [p for p in getattr(self, "processes", []) if p.alive]
        for process in left:
            process.be_new()
        for _ in range(40 * len(left)):
            self.time += 5
            for process in list(left):
                now = self.clock(process)
                process.seen = core.look(self.entries, process.seen, now)
                self.entries = core.step(process.claim, self.entries, process.seen, now)
                if core.mine_in(process.claim, self.entries).holds:
                    self.entries = core.without(self.entries, [process.claim.token])
                    left.remove(process)
        assert left == []


TestTurns = Turns.TestCase
TestTurns.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)


def entry(token, **changed):
    return core.Entry(owner=f"n{token}", token=token, **{**WORDS, **changed})


def test_whoever_was_seen_to_speak_is_alive_whatever_the_clocks_say():
    old, new = entry("a", holds=True, serial=1), entry("a", holds=True, serial=2)
    seen = core.look((old,), {}, 1000.0)
    assert not core.dead(old, seen, 1060.0)
    assert core.dead(old, seen, 1062.0)
    seen = core.look((new,), seen, 1062.0)
    assert not core.dead(new, seen, 1100.0)


def test_the_last_waits_for_a_waiter_and_takes_the_turn_when_that_one_is_dead():
    mine = core.Claim(owner="n1", token="b", last=True, **WORDS)
    other = entry("a", lease=core.WAITING)
    assert core.before(mine, (other,), {other: 0.0}, 1.0) == other
    taken = core.step(mine, (other,), {other: 0.0}, core.WAITING + 1)
    assert [(item.owner, item.holds) for item in taken] == [("n1", True)]


def test_entries_are_written_and_read_back_and_leave_nothing_behind(cib_file):
    plain = cib_file.text
    entries = (entry("a", holds=True, serial=7), entry("b", last=True, lease=12.5))
    written = core.edit(plain, entries)
    assert core.entries(written.after) == entries
    assert core.edit(written.after, entries).changes == ()
    assert core.SET not in core.edit(written.after, ()).after
    cib_file.load(written.after)
    assert core.SET not in cib_file.verify()


def test_pacemaker_has_no_word_about_the_entries(cib_file):
    def words():
        argv = ["crm_verify", "--xml-file", cib_file.path, "-VVVV"]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, sorted((done.stdout + done.stderr).splitlines())

    before = words()
    cib_file.load(core.edit(cib_file.text, (entry("a", holds=True), entry("b"))).after)
    assert words() == before


def test_a_turn_that_is_taken_is_shown_renewed_and_given_back(cib_file):
    with turn.take(cib_file.machine, "n1", lease=30, wait=1) as mine:
        (shown,) = turn.show(cib_file.machine)
        assert (shown.owner, shown.holds, shown.serial) == ("n1", True, 1)
        mine.renew()
        assert turn.show(cib_file.machine)[0].serial == 2
        assert 29 < mine.left <= 30
        mine.check(20)
        with pytest.raises(Conflict, match="did not renew"):
            mine.check(31)
    assert turn.show(cib_file.machine) == ()
    assert core.SET not in cib_file.text


def test_who_waits_too_long_is_told_who_has_it_and_how_to_drop_it(cib_file):
    turn.take(cib_file.machine, "n1", lease=60, wait=1)
    with pytest.raises(TimedOut, match=r"n2 .* within 1 s: n1 has had it since 2.*turn_drop"):
        turn.take(cib_file.machine, "n2", lease=60, wait=1)
    assert [item.owner for item in turn.show(cib_file.machine)] == ["n1"]


def test_a_dropped_owner_learns_it_at_its_next_step(cib_file):
    mine = turn.take(cib_file.machine, "n1", lease=60, wait=1)
    assert [item.owner for item in turn.drop(cib_file.machine)] == ["n1"]
    assert turn.drop(cib_file.machine) == ()
    other = turn.take(cib_file.machine, "n2", lease=60, wait=1)
    with pytest.raises(Conflict, match=r"taken from n1.*now n2 has had it"):
        mine.renew()
    assert mine.left <= 0
    mine.release()
    assert [item.owner for item in turn.show(cib_file.machine)] == ["n2"]
    other.release()


def test_the_dead_owners_turn_is_taken_after_its_lease(cib_file):
    turn.take(cib_file.machine, "n1", lease=2, wait=1)  # and never heard of again
    begin = time.monotonic()
    with turn.take(cib_file.machine, "n2", lease=30, wait=20):
        assert time.monotonic() - begin >= 2
        assert [item.owner for item in turn.show(cib_file.machine)] == ["n2"]


def test_an_error_inside_is_told_and_the_turn_given_back(cib_file):
    with pytest.raises(ZeroDivisionError), turn.take(cib_file.machine, "n1", lease=30, wait=1):
        print(1 / 0)
    assert turn.show(cib_file.machine) == ()


def test_stand_back_lets_those_come_who_are_later(cib_file):
    begin = time.monotonic()
    with turn.take(cib_file.machine, "n1", lease=30, wait=10, last=True, stand_back=1.5):
        assert time.monotonic() - begin >= 1.5


@pytest.mark.parametrize("owner", ["", "a b", "a=b c", "ü"])
def test_a_name_that_an_entry_cannot_hold_is_refused(cib_file, owner):
    with pytest.raises(HakubeError, match="is no name for an owner"):
        turn.take(cib_file.machine, owner, lease=30, wait=1)


def test_an_entry_that_makes_no_sense_is_an_error_that_says_how_to_go_on(cib_file):
    text = core.edit(cib_file.text, (entry("a"),)).after.replace("serial=1", "serial=x")
    cib_file.load(text)
    with pytest.raises(HakubeError, match=r"makes no sense.*cibadmin --delete"):
        turn.show(cib_file.machine)


def _contend(machine, name, last, log):
    with turn.take(machine, name, lease=30, wait=60, last=last):
        log.put((name, "in", time.monotonic()))
        time.sleep(0.05)
        log.put((name, "out", time.monotonic()))


def test_processes_that_contend_have_it_one_after_the_other_and_the_last_is_last(cib_file):
    context = multiprocessing.get_context("fork")
    log = context.Queue()
    names = ["vip", "n1", "n2", "n3"]
    made = [
        context.Process(target=_contend, args=(cib_file.machine, name, name == "vip", log))
        for name in names
    ]
    with turn.take(cib_file.machine, "all", lease=60, wait=1):
        for process in made:
            process.start()
        deadline = time.monotonic() + 30
        while len(turn.show(cib_file.machine)) <= len(names) and time.monotonic() < deadline:
            time.sleep(0.1)
    events = sorted((log.get(timeout=60) for _ in range(2 * len(names))), key=lambda e: e[2])
    for process in made:
        process.join(timeout=10)
    assert [process.exitcode for process in made] == [0] * len(names)
    order = [name for name, what, _at in events if what == "in"]
    assert [name for name, _what, _at in events] == [name for name in order for _ in range(2)]
    assert sorted(order) == sorted(names)
    assert order[-1] == "vip"
    assert turn.show(cib_file.machine) == ()
