"""The probes' times: real loops, in fractions of a second."""

from saltext_hakube.agents.probe.board import LONGEST, MOST, Board
from saltext_hakube.agents.probe.certificates import Certificates
from saltext_hakube.agents.probe.look import DOWN, UNKNOWN, UP, down, unknown, up


def test_a_probe_looks_again_and_again(loop, until):
    board, times = Board(loop), []

    def begin(done):
        times.append(loop.now())
        done(up())

    board.add("a", 0.1, 1, begin)
    until(lambda: len(times) == 4)
    assert times[-1] - times[0] >= 0.25
    assert board.look("a").value == UP
    assert board.seen["a"]["every"] == 0.1


def test_one_that_has_no_end_is_given_up_and_its_late_word_does_not_count(loop, until):
    board, words = Board(loop), []
    board.add("a", 0.2, 0.05, words.append)
    until(lambda: len(words) == 2)
    assert board.look("a") == unknown("the look had no end after 0.05 s")
    words[0](down("long ago"))
    assert board.look("a").value == UNKNOWN
    words[1](down("now"))
    assert board.look("a").value == DOWN


def test_one_that_fails_says_so_and_the_others_look(loop, until):
    """Certificates below a name that no system takes, as a component's argument may have it."""
    board = Board(loop)
    failing = Certificates(["/" + "x" * 300])
    board.add("a", 0.05, 1, lambda done: done(failing.look(0)))
    board.add("b", 0.05, 1, lambda done: done(up()))
    until(lambda: board.look("b").value == UP)
    assert board.look("a").value == UNKNOWN
    assert "File name too long" in board.look("a").why


def test_one_that_waits_for_its_time_can_be_hurried(loop, until):
    board, looked = Board(loop), []
    board.add("a", 1000, 1, lambda done: (looked.append(loop.now()), done(up())))
    until(lambda: looked)
    board.hurry("a")
    assert len(looked) == 2


def test_what_it_says_fits_into_a_report(loop):
    board = Board(loop)
    board.tell("a", 10, down("w" * 1000, files=["x" * 1000] * 100), 0.01)
    seen = board.seen["a"]
    assert len(seen["why"]) == LONGEST
    assert {len(line) for line in seen["evidence"]["files"]} == {LONGEST}
    assert len(seen["evidence"]["files"]) == MOST


def test_nothing_is_shown_before_the_first_look(loop):
    board = Board(loop)
    board.add("a", 1, 1, lambda done: None)
    assert board.seen == {}
    assert board.look("a").value == board.look("b").value == UNKNOWN
