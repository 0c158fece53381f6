"""Programs with a deadline, followed programs, deaths: real ones."""

import os
import signal
import subprocess
import threading
import time

import pytest

from saltext_hakube.agents.ground import process
from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.ground.process import Death, follow, run


@pytest.fixture
def loop():
    made = Loop()
    made.after(20, lambda: pytest.fail("nobody stopped the loop"))
    return made


def ended(loop, argv, **options):
    came = []
    run(loop, argv, lambda end: (came.append(end), loop.stop()), **options)
    loop.run()
    return came[0]


def test_a_program_that_ended_well_is_told_with_its_output(loop):
    end = ended(loop, ["sh", "-c", "echo out; echo err >&2"])
    assert (end.code, end.output, end.errors, end.told) == (0, "out\n", "err\n", "")


def test_one_that_failed_is_told_by_its_last_line(loop):
    end = ended(loop, ["sh", "-c", "echo first >&2; echo last >&2; exit 3"])
    assert end.told == "sh ended with 3 (last)"


def test_one_that_takes_too_long_is_ended(loop):
    begin = time.monotonic()
    end = ended(loop, ["sleep", "60"], deadline=0.2)
    assert (end.code, end.told) == (None, "sleep: had not ended after 0.2 s")
    assert time.monotonic() - begin < 15


def test_one_that_is_not_there_is_told(loop):
    end = ended(loop, ["/there/is/none"])
    assert (end.code, end.told) == (None, "/there/is/none: No such file or directory")


def test_a_large_output_arrives_whole(loop):
    end = ended(loop, ["sh", "-c", "yes | head -c 3000000"])
    assert len(end.output) == 3_000_000


@pytest.mark.parametrize("line", [None, lambda text: None])
def test_one_that_never_ends_to_talk_keeps_nobody_from_anything(loop, line):
    came, ticks = [], []
    loop.every(0.02, lambda: ticks.append(1))
    argv = ["yes"]
    child = process.Child(loop, argv, lambda end: (came.append(end), loop.stop()), 3.0, line)
    # The loop cannot be asked to end what blocks it.
    watchdog = threading.Timer(10, lambda: os.kill(child.pid, signal.SIGKILL))
    watchdog.start()
    loop.run()
    watchdog.cancel()
    assert came[0].told == "yes: had not ended after 3 s"
    assert len(ticks) > 10


def test_a_program_is_over_when_it_ended_whoever_else_holds_its_output(loop):
    begin = time.monotonic()
    end = ended(loop, ["sh", "-c", "sleep 12 & echo $!"])
    os.kill(int(end.output), signal.SIGKILL)
    assert end.code == 0
    assert time.monotonic() - begin < 10


def test_a_followed_program_is_told_line_by_line_and_at_its_end(loop):
    came = []
    script = "echo one; echo two; sleep 0.05; printf three"
    follow(loop, ["sh", "-c", script], came.append, lambda end: (came.append(end), loop.stop()))
    loop.run()
    assert came[:2] == ["one", "two"]
    assert (came[2].code, came[2].output) == (0, "three")


def gone(pid):
    try:
        os.kill(pid, 0)  # a dead one that nobody waited for can be sent one
    except ProcessLookupError:
        return True
    return False


def stop_when(loop, condition):
    loop.every(0.01, lambda: loop.stop() if condition() else None)


def test_a_cancelled_program_goes_and_nobody_is_told(loop):
    child = run(loop, ["sleep", "60"], lambda end: pytest.fail("told"))
    child.cancel()
    stop_when(loop, lambda: gone(child.pid))
    loop.run()


def test_one_that_cannot_be_killed_is_told_and_waited_for_when_it_ends(loop, monkeypatch):
    # Stands for a process that waits for a disk: there is no disk here that hangs.
    monkeypatch.setattr(process.Child, "_kill", lambda child: None)
    told = []
    begin = time.monotonic()
    child = run(loop, ["sleep", "60"], lambda end: (told.append(end), loop.stop()), 0.1)
    loop.run()
    assert told[0].told == "sleep: had not ended after 0.1 s, and not when it was killed"
    assert time.monotonic() - begin < 15
    os.kill(child.pid, signal.SIGKILL)
    stop_when(loop, lambda: gone(child.pid))
    loop.run()
    assert len(told) == 1


@pytest.mark.parametrize("pidfd", [True, False])
def test_the_death_of_a_process_is_told_once(loop, monkeypatch, pidfd):
    if not pidfd:  # as on a kernel before 5.3

        def refuse(pid):
            raise OSError(38, "Function not implemented")

        monkeypatch.setattr(process.os, "pidfd_open", refuse)
    # Not a child of ours, which would stay in the table until it is waited for.
    script = "sleep 60 >/dev/null 2>&1 & echo $!"
    pid = int(subprocess.run(["sh", "-c", script], check=True, stdout=subprocess.PIPE).stdout)
    came = []
    # Some more looks at one that is dead: it is told once.
    Death(loop, pid, lambda: (came.append(loop.now()), loop.after(0.3, loop.stop)))
    loop.after(0.05, lambda: came.append("before") if not came else pytest.fail("too early"))
    loop.after(0.1, lambda: os.kill(pid, signal.SIGKILL))
    loop.run()
    assert len(came) == 2


def test_the_death_of_one_that_is_gone_is_told_too(loop):
    ended_already = subprocess.Popen(["true"])
    ended_already.wait()
    Death(loop, ended_already.pid, loop.stop)
    loop.run()


def test_one_that_has_ended_can_be_cancelled_still(loop):
    child = run(loop, ["true"], lambda end: loop.stop())
    loop.run()
    child.cancel()
    child.cancel()


def test_of_a_line_without_an_end_no_more_is_kept_than_its_last_part(loop):
    script = "head -c 1000000 /dev/zero; echo last; exec sleep 60"
    came = []
    child = follow(loop, ["sh", "-c", script], lambda line: (came.append(line), loop.stop()), None)
    loop.run()
    child.cancel()
    assert came[0].endswith("last")
    assert len(came[0]) < 2 * process.LINE + 100
