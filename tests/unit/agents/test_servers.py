"""Whether this haproxy has a server up: what counts, and for how long it must be so."""

import pytest

from saltext_hakube.agents.watch.answers import Server
from saltext_hakube.agents.watch.servers import (
    IDLE,
    NONE,
    SILENT,
    STEADY,
    UNSEEN,
    UP,
    Servers,
    idle,
    look,
)

OURS = frozenset({"api"})


def servers(*states, backend="api"):
    return [Server(backend, str(n), f"192.0.2.{n}:1", *state) for n, state in enumerate(states)]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (None, SILENT),
        ([], UNSEEN),
        (servers(("UP", "L7OK"), ("DOWN", "L4CON")), UP),
        (servers(("UP", "L4OK"), backend="other"), UNSEEN),
        (servers(("DOWN", "L4CON"), ("DOWN", "L4TOUT")), NONE),
        (servers(("MAINT", "L4OK"), ("NOLB", "L7OKC")), NONE),
        # On its way down it still serves.
        (servers(("UP 1/2", "L4TOUT"), ("DOWN", "L4TOUT")), UP),
        # Before its first check a server is up by haproxy's word only: what was known stays.
        (servers(("UP", "INI"), ("DOWN", "L4CON")), NONE),
    ],
)
def test_states(seen, expected):
    assert look(Servers(NONE, 0.0, "0"), seen, OURS, 10.0).state == expected


def test_where_no_backend_of_ours_is_known_all_checked_servers_count():
    seen = [*servers(("UP", "L4OK"), backend="a"), *servers(("no check", ""), backend="b")]
    assert look(Servers(), seen, frozenset(), 10.0).state == UP
    assert look(Servers(), seen[1:], frozenset(), 10.0).state == UNSEEN


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (servers(("UP", "L4OK")), "1"),
        (servers(("DOWN", "L4CON")), "0"),
        (None, "0"),
        ([], ""),
    ],
)
def test_the_cluster_is_told_what_was_so_for_a_second(seen, told):
    first = look(Servers(told="before"), seen, OURS, 10.0)
    since = first.since
    assert look(first, seen, OURS, since + STEADY - 0.01).told in ("before", told)
    assert look(first, seen, OURS, 10.0 + STEADY).told == told


def test_what_changes_in_between_starts_anew():
    past = look(Servers(UP, 0.0, "1"), servers(("DOWN", "L4CON")), OURS, 10.0)
    past = look(past, servers(("UP", "L4OK")), OURS, 10.5)
    past = look(past, servers(("DOWN", "L4CON")), OURS, 11.0)
    assert look(past, servers(("DOWN", "L4CON")), OURS, 11.9).told == "1"
    assert look(past, servers(("DOWN", "L4CON")), OURS, 12.0).told == "0"


def test_only_a_haproxy_that_says_so_itself_is_idle_and_only_after_five_seconds():
    assert not idle(Servers(NONE, 10.0), 10.0 + IDLE - 0.01)
    assert idle(Servers(NONE, 10.0), 10.0 + IDLE)
    for state in (UP, SILENT, UNSEEN):
        assert not idle(Servers(state, 10.0), 100.0)
