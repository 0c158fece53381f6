"""Whether corosync and Pacemaker live, and whether corosync hangs: real processes and sockets."""

import gc
import itertools
import os
import socket
import subprocess
from pathlib import Path

import pytest

from saltext_hakube.agents.ground.loop import Loop
from saltext_hakube.agents.guard import pulse
from saltext_hakube.agents.guard.pulse import Pulse
from saltext_hakube.agents.guard.stack import CONTROLLER, COROSYNC, Stack, processes


@pytest.fixture
def loop():
    made = Loop()
    made.after(30, lambda: pytest.fail("nobody stopped the loop"))
    return made


def until(loop, there):
    """Let the loop run until it is so."""

    def look():
        if there():
            loop.stop()

    timer = loop.every(0.01, look)
    loop.run()
    timer.cancel()


def appear(proc, pid, comm, state="S (sleeping)", nspid=""):
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "comm").write_text(f"{comm}\n")
    status = f"Name:\t{comm}\nState:\t{state}\nPid:\t{pid}\nNSpid:\t{nspid or pid}\n"
    (proc / str(pid) / "status").write_text(status)


def test_the_processes_are_found_by_their_names(tmp_path):
    appear(tmp_path, 1, "systemd")
    appear(tmp_path, 192, "corosync")
    appear(tmp_path, 201, "pacemakerd")
    appear(tmp_path, 206, "pacemaker-execd")
    appear(tmp_path, 209, "pacemaker-contr")
    (tmp_path / "uptime").write_text("1")
    (tmp_path / "210").mkdir()  # it ended while we looked
    assert processes(str(tmp_path)) == {COROSYNC: 192, CONTROLLER: 209}


@pytest.mark.parametrize(
    "other", [{"state": "Z (zombie)"}, {"state": "X (dead)"}, {"nspid": "192\t7"}]
)
def test_neither_the_dead_nor_those_of_a_container_count(tmp_path, other):
    appear(tmp_path, 192, "corosync", **other)
    assert processes(str(tmp_path)) == {}


def test_the_kernel_keeps_this_much_of_the_controllers_name(tmp_path):
    script = tmp_path / "pacemaker-controld"
    script.write_text("#!/bin/sh\necho begun\nread nothing\n")
    script.chmod(0o755)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([script], **pipes) as started:
        started.stdout.readline()
        comm = Path(f"/proc/{started.pid}/comm").read_bytes().strip()
        started.stdin.close()
    assert comm == CONTROLLER


def test_a_death_is_told_at_once_and_so_is_who_takes_its_place(loop, tmp_path):
    seen = []
    stack = Stack(loop, lambda: seen.append((stack.corosync, stack.controller)), str(tmp_path))
    sleeps = [subprocess.Popen(["sleep", "60"]) for _ in range(3)]
    corosync, controller, successor = (one.pid for one in sleeps)
    try:
        appear(tmp_path, corosync, "corosync")
        appear(tmp_path, controller, "pacemaker-contr")
        stack.look()
        assert seen == [(corosync, controller)]
        (tmp_path / str(corosync)).rename(tmp_path / "gone")
        appear(tmp_path, successor, "corosync")
        sleeps[0].kill()
        until(loop, lambda: len(seen) >= 3)
        assert seen[1:] == [(None, controller), (successor, controller)]
    finally:
        for one in sleeps:
            one.kill()
            one.wait()


# -- pulse ---------------------------------------------------------------------------------------

numbers = itertools.count()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(pulse, "EVERY", 0.02)
    # This machine may be slow: a moment in which nobody calls us must not look like a hang.
    monkeypatch.setattr(pulse, "HANGS", 1.0)
    monkeypatch.setattr(pulse, "ASLEEP", 20.0)


@pytest.fixture
def door():
    """A socket that stands for corosync's, and how many have come to it."""
    name = f"\0hakube-test-{os.getpid()}-{next(numbers)}".encode().ljust(108, b"\0")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(name)
        listening.listen(1)
        yield name, listening


def answer(loop, listening, came):
    def come():
        guest, _ = listening.accept()
        with guest:
            came.append(guest.recv(100))
            guest.send(b"who are you?")

    loop.watch(listening.fileno(), come)


def test_who_answers_does_not_hang_and_who_stops_to_does(loop, door, quick):
    name, listening = door
    came, told, began = [], [], loop.now()
    seen = Pulse(loop, lambda: told.append(seen.hangs_since), name)
    answer(loop, listening, came)
    seen.start()
    until(loop, lambda: len(came) > 3)
    assert came[0] == pulse.REQUEST
    assert told == []
    loop.forget(listening.fileno())
    until(loop, lambda: told)
    assert began < told[0] <= loop.now() - pulse.HANGS
    answer(loop, listening, came)
    until(loop, lambda: len(told) > 1)
    assert told[1] is None
    seen.stop()


def test_a_question_that_was_under_way_while_the_machine_slept_is_no_sign_of_a_hang(
    loop, door, monkeypatch
):
    name, _ = door
    now, told = [100.0], []
    monkeypatch.setattr(loop, "now", lambda: now[0])
    seen = Pulse(loop, lambda: told.append(1), name)
    seen.start()
    seen._known = True
    seen._look()
    now[0] += pulse.EVERY + pulse.HANGS - 0.5  # asked just before a sleep of 2 s
    seen._look()
    assert told == []
    # One that really hangs is found all the same.
    for _ in range(3):
        now[0] += pulse.EVERY
        seen._look()
    assert told == [1]
    seen.stop()


@pytest.fixture
def crowd(door):
    """Others who knock and wait, until the queue at the door is full."""
    others = []
    while True:
        others.append(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        others[-1].setblocking(False)
        try:
            others[-1].connect(door[0])
        except BlockingIOError:
            break
    yield others
    for one in others:
        one.close()


def test_who_only_just_got_to_a_door_with_a_queue_has_not_waited_for_an_answer_yet(
    loop, door, crowd, monkeypatch
):
    name, listening = door
    now, told = [100.0], []
    monkeypatch.setattr(loop, "now", lambda: now[0])
    seen = Pulse(loop, lambda: told.append(1), name)
    seen.start()
    seen._known = True
    for _ in range(2):
        seen._look()
        now[0] += pulse.EVERY
    for _ in crowd[:-1]:  # it turns: all who wait are let in
        listening.accept()[0].close()
    seen._look()
    assert told == []
    # Not let in, it waits for an answer as long as any other.
    for _ in range(2):
        now[0] += pulse.EVERY
        seen._look()
    assert told == [1]
    seen.stop()


def test_a_door_with_a_queue_that_nobody_lets_in_is_a_hang(loop, door, crowd, quick):
    told = []
    seen = Pulse(loop, lambda: told.append(seen.hangs_since), door[0])
    seen.start()
    seen._known = True
    gc.collect()
    begin, open_ = loop.now(), len(list(Path("/proc/self/fd").iterdir()))
    until(loop, lambda: told)
    assert told[0] is not None
    assert loop.now() - begin >= pulse.HANGS
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_  # none is kept
    seen.stop()


def test_a_door_that_is_shut_meanwhile_is_no_hang(loop, door, crowd, monkeypatch):
    name, listening = door
    now, told = [100.0], []
    monkeypatch.setattr(loop, "now", lambda: now[0])
    seen = Pulse(loop, lambda: told.append(1), name)
    seen.start()
    seen._known = True
    seen._look()
    listening.close()
    for _ in range(3):
        now[0] += pulse.EVERY
        seen._look()
    assert told == []
    seen.stop()


def test_without_a_descriptor_left_it_says_nothing(loop, door, monkeypatch):
    def refuse(*_words):
        raise OSError(24, "Too many open files")

    told = []
    seen = Pulse(loop, lambda: told.append(1), door[0])
    monkeypatch.setattr(pulse.socket, "socket", refuse)
    seen.start()
    seen._look()
    assert told == []
    seen.stop()


def test_who_never_answered_is_not_said_to_hang(loop, door, quick):
    name, _ = door
    told = []
    seen = Pulse(loop, lambda: told.append(1), name)
    seen.start()
    end = loop.now() + 1.5 * pulse.HANGS
    until(loop, lambda: loop.now() > end)
    assert (told, seen.hangs_since) == ([], None)
    seen.stop()


def test_a_door_that_is_not_there_is_no_hang(loop, quick):
    told = []
    seen = Pulse(loop, lambda: told.append(1), b"\0hakube-there-is-none".ljust(108, b"\0"))
    seen.start()
    end = loop.now() + 1.5 * pulse.HANGS
    until(loop, lambda: loop.now() > end)
    assert told == []
    seen.stop()


def test_a_machine_that_slept_is_no_hang(loop, door, quick, monkeypatch):
    name, listening = door
    came, told = [], []
    seen = Pulse(loop, lambda: told.append(1), name)
    answer(loop, listening, came)
    seen.start()
    until(loop, lambda: came)
    loop.forget(listening.fileno())
    asked = loop.now()
    until(loop, lambda: loop.now() > asked + 0.05)
    monkeypatch.setattr(loop, "now", lambda: Loop.now() + 60)
    seen._look()
    assert told == []
    seen.stop()
