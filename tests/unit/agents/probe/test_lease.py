"""Whether somebody renews a lease, by our own clock."""

import json

import pytest

from saltext_hakube.agents.probe.answer import ANSWERED, SILENT, Answer
from saltext_hakube.agents.probe.lease import SHORTEST, TIMES, Follow, Lease, read
from saltext_hakube.agents.probe.look import DOWN, UNKNOWN, UP

NOON = 1_780_000_000.0  # 2026-05-28T20:26:40Z
LIMIT = SHORTEST * TIMES


def answer(renewed="2026-05-28T20:26:40.000000Z", holder="node2_x", duration=15):
    spec = {"holderIdentity": holder, "renewTime": renewed, "leaseDurationSeconds": duration}
    return Answer(ANSWERED, 200, json.dumps({"spec": spec}).encode())


def test_it_is_read():
    assert read(answer().body) == Lease("node2_x", "2026-05-28T20:26:40.000000Z", 15)
    assert read(b'{"spec": {"holderIdentity": null}}') == Lease("", "", 15)
    for body in (b"", b"[]", b"{}", b'{"spec": 1}'):
        assert read(body) is None


def test_one_that_is_renewed_is_up_and_one_that_is_not_is_down():
    follow = Follow()
    assert follow.look(answer(), 0, NOON).value == UP
    assert follow.look(answer("2026-05-28T20:26:42Z"), 5, NOON).value == UP
    assert follow.look(answer("2026-05-28T20:26:42Z"), 5 + LIMIT - 1, NOON).value == UP
    look = follow.look(answer("2026-05-28T20:26:42Z"), 5 + LIMIT, NOON)
    assert (look.value, look.why) == (DOWN, "node2_x has not renewed it for 30 s")
    assert follow.look(answer("2026-05-28T20:28:00Z", "node3_y"), 45, NOON).value == UP


@pytest.mark.parametrize(
    ("duration", "limit"),
    [
        *((15, 30), (60, 120)),
        *((odd, 30) for odd in (1, 0, -5, 1e12, 10**400, True, "60", None, [])),
        *((float(odd), 30) for odd in ("nan", "inf")),
    ],
)
def test_it_has_twice_the_time_that_it_lasts_whatever_stands_there(duration, limit):
    follow = Follow()
    lease = answer(duration=duration)
    assert follow.look(lease, 0, NOON).value == UP
    assert follow.look(lease, limit - 1, NOON).value == UP
    assert follow.look(lease, limit, NOON).value == DOWN


@pytest.mark.parametrize("clock", [NOON + 3600, NOON - 3600])
def test_another_machines_clock_is_not_believed(clock):
    follow = Follow()
    assert follow.look(answer(), 0, clock).value == UNKNOWN
    assert follow.look(answer("2026-05-28T20:26:42Z"), 5, clock).value == UP
    follow = Follow()
    follow.look(answer(), 0, clock)
    assert follow.look(answer(), LIMIT, clock).value == DOWN


def test_one_that_nobody_holds_has_its_time_to_be_taken():
    follow = Follow()
    follow.look(answer(), 0, NOON)
    assert follow.look(answer(holder=""), 5, NOON).value == UP
    look = follow.look(answer(holder=""), 5 + LIMIT, NOON)
    assert (look.value, look.why) == (DOWN, "nobody holds it since 30 s at least")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Answer(SILENT, why="did not answer within 1.5 s"), "the API did not answer"),
        (Answer(ANSWERED, 404), "no such lease"),
        (Answer(ANSWERED, 403), "the API answers 403"),
        (Answer(ANSWERED, 200, b"{"), "no lease"),
    ],
)
def test_an_api_that_does_not_say_is_none_of_its_holders_fault(found, words):
    look = Follow().look(found, 0, NOON)
    assert look.value == UNKNOWN
    assert words in look.why
