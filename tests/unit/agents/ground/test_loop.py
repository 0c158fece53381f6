"""The loop of the programs: timers, descriptors, calls from elsewhere."""

import os
import signal
import threading
import time

import pytest

from saltext_hakube.agents.ground.loop import Loop


@pytest.fixture
def loop():
    made = Loop()
    made.after(10, lambda: pytest.fail("nobody stopped the loop"))
    return made


def test_calls_come_in_the_order_in_which_they_are_due_and_not_before(loop):
    came, begin = [], time.monotonic()
    loop.after(0.06, lambda: (came.append("late"), loop.stop()))
    loop.after(0.03, lambda: came.append("early"))
    loop.after(0.03, lambda: came.append("second"))
    loop.run()
    assert came == ["early", "second", "late"]
    assert time.monotonic() - begin >= 0.06


def test_a_cancelled_timer_never_calls(loop):
    came = []
    timer = loop.after(0.01, lambda: came.append("cancelled"))
    repeated = loop.every(0.01, lambda: came.append("repeated"))
    timer.cancel()
    loop.after(0.035, lambda: (repeated.cancel(), came.append("over")))
    loop.after(0.2, loop.stop)
    loop.run()
    assert came == ["repeated"] * (len(came) - 1) + ["over"]
    assert len(came) > 1


def test_what_was_missed_is_not_made_up_for(loop):
    came = []
    loop.every(0.01, lambda: came.append(loop.late))
    loop.after(0.05, lambda: time.sleep(0.5))
    loop.after(0.6, loop.stop)
    loop.run()
    assert len(came) < 30
    assert max(came) > 0.3


def test_a_descriptor_is_watched_until_it_is_forgotten(loop):
    reader, writer = os.pipe()
    came = []

    def read():
        came.append(os.read(reader, 1))
        loop.forget(reader)

    loop.watch(reader, read)
    os.write(writer, b"ab")
    loop.after(0.05, loop.stop)
    loop.run()
    assert came == [b"a"]
    loop.forget(reader)  # again is no error
    os.close(reader)
    os.close(writer)


def test_a_call_from_another_thread_wakes_it(loop):
    came = []
    thread = threading.Timer(
        0.05, lambda: loop.soon(lambda: (came.append(threading.get_ident()), loop.stop()))
    )
    thread.start()
    loop.run()
    assert came == [threading.get_ident()]


def test_a_signal_is_a_call_in_the_loop(loop):
    before = signal.getsignal(signal.SIGUSR1)
    loop.on_signal(signal.SIGUSR1, loop.stop)
    loop.after(0.01, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    loop.run()
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("by", ["a descriptor", "a timer"])
def test_what_there_is_to_read_is_read_before_a_timer_calls(loop, by):
    """Who acts in a timer counts on what the kernel has told by then."""
    news, tell = os.pipe()
    reader, writer = os.pipe()
    came = []

    def act():
        came.append("act")
        loop.stop()

    def told():
        loop.forget(reader)
        os.write(tell, b"a")
        loop.after(0, act)

    loop.watch(news, lambda: came.append(os.read(news, 1)))
    if by == "a descriptor":
        loop.watch(reader, told)
        os.write(writer, b"a")
    else:  # both are due at once
        loop.after(0, lambda: os.write(tell, b"a"))
        loop.after(0, act)
        time.sleep(0.01)
    loop.run()
    assert came == [b"a", "act"]
    for descriptor in (news, tell, reader, writer):
        os.close(descriptor)


def test_an_error_in_a_call_ends_it(loop):
    loop.after(0, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.run()
