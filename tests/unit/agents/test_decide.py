"""Which sessions hakube-watch closes: truth tables and properties of the pure decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.agents.watch import decide
from saltext_hakube.agents.watch.answers import Server, Session, Workers
from saltext_hakube.agents.watch.decide import CALM, FAILED, LONG, OldWorker, Past, Scope

SCOPE = Scope(frozenset({"api"}), frozenset({"api-unchecked"}))
WORKERS = Workers(20, (10, 11))
UP = ("UP", "L4OK")
DOWN = ("DOWN", "L4TOUT")
NAMES = ("one", "two", "three")


def servers(*states, backend="api", sessions=0):
    """Servers of one backend, each in a state: its status, and how its last check ended."""
    return [
        Server(backend, name, f"192.0.2.{number}:6443", status, check, sessions)
        for number, (name, (status, check)) in enumerate(zip(NAMES, states, strict=False), 1)
    ]


def unchecked(sessions=2):
    return servers(*[("no check", "")] * 3, backend="api-unchecked", sessions=sessions)


def old(pid=10, *sessions):
    """An old worker with these sessions: backend and server of each."""
    table = {(s.backend, s.name): s.address for s in [*servers(UP, UP, UP), *unchecked()]}
    return OldWorker(pid, table, [Session(f"0x{n}", *where) for n, where in enumerate(sessions)])


EVERYWHERE = [(backend, name) for backend in ("api", "api-unchecked") for name in NAMES]


@pytest.mark.parametrize(
    ("states", "dead"),
    [
        ((UP, UP, UP), []),
        ((DOWN, UP, UP), [1]),
        ((DOWN, DOWN, UP), [1, 2]),
        ((DOWN, DOWN, DOWN), []),
        ((DOWN,), []),
        # One that is on its way down, or that no check has found up, is no proof of a way.
        ((DOWN, ("UP 1/2", "L4TOUT"), ("UP 1/3", "L4OK")), []),
        ((DOWN, ("UP", "INI"), ("UP", "")), []),
        ((DOWN, ("no check", ""), ("NOLB", "L7OKC")), []),
        # One that comes back has passed its last check.
        ((("DOWN 1/2", "L7OK"), UP, UP), []),
        ((("DOWN 1/2", "L4TOUT"), UP, UP), [1]),
        # No failure: the administrator's word, the server's own, an agent's, a name not found.
        ((("MAINT", "L4TOUT"), UP, UP), []),
        ((("MAINT (via api/two)", "L4TOUT"), UP, UP), []),
        ((("MAINT (resolution)", ""), UP, UP), []),
        ((("DRAIN", "L4TOUT"), UP, UP), []),
        ((("NOLB", "L7OKC"), UP, UP), []),
        ((("DOWN (agent)", "L7OK"), UP, UP), []),
        ((("DOWN", "SOCKERR"), UP, UP), []),
        ((("DOWN", "INI"), UP, UP), []),
    ],
)
def test_dead_is_who_failed_its_check_while_another_passes_it(states, dead):
    found = decide.dead(servers(*states), SCOPE)
    assert sorted(found) == [f"192.0.2.{number}:6443" for number in dead]


@pytest.mark.parametrize("check", sorted(FAILED))
def test_every_failed_check_counts(check):
    assert decide.dead(servers(("DOWN", check), UP), SCOPE)


def test_an_address_that_another_checked_backend_finds_alive_is_not_dead():
    scope = Scope(frozenset({"api", "web"}), frozenset())
    both = servers(DOWN, UP) + servers(UP, UP, backend="web")
    assert decide.dead(both, scope) == {}


def test_an_address_that_several_servers_may_share_is_never_dead():
    nameless = [server._replace(address="") for server in servers(DOWN, UP)]
    assert decide.dead(nameless, SCOPE) == {}


def test_the_reason_names_server_check_and_the_others():
    (why,) = decide.dead(servers(DOWN, UP, UP), SCOPE).values()
    assert why == "api/one is DOWN (L4TOUT), 2 others are UP"


def test_old_workers_and_the_unchecked_copy_lose_the_sessions_on_a_dead_address():
    seen = servers(DOWN, UP, UP, sessions=5) + unchecked()
    why = decide.dead(seen, SCOPE)
    olds = [old(10, *EVERYWHERE), old(11, ("api", "two"))]
    copy, worker = decide.decide(why, seen, WORKERS, olds, SCOPE)
    assert (copy.pid, copy.old) == (20, False)
    assert copy.commands == ("shutdown sessions server api-unchecked/one",)
    assert (worker.pid, worker.old) == (10, True)
    # By name alone: haproxy refuses `shutdown sessions server` of a proxy that is stopped.
    assert worker.commands == ("shutdown session 0x0", "shutdown session 0x3")
    assert worker.what == "2 sessions of the old worker 10 on 192.0.2.1:6443"
    assert worker.why == "api/one is DOWN (L4TOUT), 2 others are UP"


def test_an_old_worker_is_taken_at_its_own_word_where_a_server_is():
    # Of the same name, but elsewhere: what the new checks say is not said of this one.
    table = {("api", "one"): "198.51.100.1:6443", ("api", "other"): "192.0.2.1:6443"}
    sessions = [Session("0xa", "api", "one"), Session("0xb", "api", "other")]
    seen = servers(DOWN, UP)
    (close,) = decide.decide(
        decide.dead(seen, SCOPE), seen, WORKERS, [OldWorker(10, table, sessions)], SCOPE
    )
    assert close.commands == ("shutdown session 0xb",)


def test_a_server_that_was_taken_away_keeps_its_sessions():
    table = {("api", "gone"): "192.0.2.9:6443"}
    seen = servers(DOWN, UP)
    worker = OldWorker(10, table, [Session("0xa", "api", "gone")])
    assert decide.decide(decide.dead(seen, SCOPE), seen, WORKERS, [worker], SCOPE) == []


def test_backends_of_others_are_left_alone():
    foreign = servers(("no check", ""), backend="foreign", sessions=3)
    seen = servers(DOWN, UP) + foreign
    worker = OldWorker(
        10, {("foreign", "one"): "192.0.2.1:6443"}, [Session("0xa", "foreign", "one")]
    )
    assert decide.decide(decide.dead(seen, SCOPE), seen, WORKERS, [worker], SCOPE) == []


def test_a_copy_without_sessions_needs_no_command():
    seen = servers(DOWN, UP) + unchecked(sessions=0)
    assert decide.decide(decide.dead(seen, SCOPE), seen, WORKERS, [], SCOPE) == []


@pytest.mark.parametrize(("number", "texts"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_many_sessions_are_several_questions(number, texts):
    commands = tuple(f"shutdown session 0x{n:x}" for n in range(number))
    close = decide.Close(10, True, "a", commands, "", "")
    found = decide.questions(close, through_master=True)
    assert len(found) == texts
    told = [command for text in found for command in text.split(";")]
    assert told == [f"@!10 {command}" for command in commands]
    assert all(len(text) < 16000 for text in found)
    assert decide.questions(close, through_master=False)[0].startswith("shutdown session 0x0")


def look(pictures, step=0.25):
    """What counted as dead after each look."""
    past, counted = Past(), []
    for number, states in enumerate(pictures):
        past, why = decide.settled(past, servers(*states), SCOPE, 100 + number * step)
        counted.append(sorted(why))
    return counted


ONE = ["192.0.2.1:6443"]
FALLING = ("UP 1/2", "L4TOUT")


@pytest.mark.parametrize(
    ("pictures", "counted"),
    [
        # It counts half a second after it was first seen.
        ([(UP, UP, UP), *[(DOWN, UP, UP)] * 4], [[], [], [], ONE, ONE]),
        # A failure common to all never does.
        (
            [(DOWN, UP, UP), (DOWN, FALLING, UP), (DOWN, FALLING, UP), (DOWN, DOWN, UP)]
            + [(DOWN, DOWN, FALLING)] * 3
            + [(DOWN, DOWN, DOWN)] * 8,
            [[]] * 15,
        ),
        # It was not dead while nobody was known to be up, however long nothing had changed.
        (
            [*[(DOWN, DOWN, ("UP", "INI"))] * 4, *[(DOWN, DOWN, UP)] * 3],
            [[], [], [], [], [], [], [*ONE, "192.0.2.2:6443"]],
        ),
        # Back up: nothing counts any more.
        ([*[(DOWN, UP)] * 3, (("DOWN 1/2", "L4OK"), UP), (UP, UP)], [[], [], ONE, [], []]),
    ],
)
def test_a_dead_address_counts_once_nothing_changes(pictures, counted):
    assert look(pictures) == counted


def test_a_server_that_keeps_falling_does_not_hold_up_for_ever():
    counted = look([(DOWN, FALLING, UP), (DOWN, UP, UP)] * 20)
    first = counted.index(ONE)
    assert first * 0.25 == LONG
    assert all(found == ONE for found in counted[first:])


STATES = st.sampled_from(
    [
        UP,
        DOWN,
        FALLING,
        ("DOWN 1/2", "L4OK"),
        ("MAINT", ""),
        ("DRAIN", "L4OK"),
        ("NOLB", "L7OKC"),
        ("no check", ""),
        ("UP", "INI"),
    ]
)
PICTURES = st.tuples(STATES, STATES, STATES)


@given(states=PICTURES, copies=st.integers(0, 3), olds=st.lists(st.sampled_from(EVERYWHERE)))
def test_whatever_is_seen_only_sessions_on_a_failed_server_beside_one_that_is_up_are_closed(
    states, copies, olds
):
    seen = servers(*states, sessions=1) + unchecked(copies)
    closes = decide.decide(
        decide.dead(seen, SCOPE), seen, WORKERS, [old(10, *olds), old(11)], SCOPE
    )
    failed = {f"192.0.2.{number}:6443" for number, state in enumerate(states, 1) if state == DOWN}
    expected = failed if UP in states else set()
    assert {close.address for close in closes} <= expected
    told = [command for close in closes if close.old for command in close.commands]
    table = old().table
    assert len(told) == len(set(told)) == sum(table[where] in expected for where in olds)
    # The current worker closes what it checks itself.
    assert not any("api/" in command for close in closes for command in close.commands)


@given(st.lists(st.tuples(PICTURES, st.floats(0.01, 3)), max_size=40))
def test_whatever_comes_after_whatever_counts_only_after_its_time(pictures):
    past, now, since = Past(), 0.0, {}
    for states, pause in pictures:
        now += pause
        seen = servers(*states)
        past, counted = decide.settled(past, seen, SCOPE, now)
        why = decide.dead(seen, SCOPE)
        since = {address: since.get(address, now) for address in why}
        assert counted.keys() <= why.keys()
        assert all(now - since[address] >= CALM for address in counted)
        assert {address for address in why if now - since[address] >= LONG} <= counted.keys()
