"""One action at a time, whoever asks; and an end to each."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from saltext_hakube.core.errors import ConfigError, HakubeError, Refused, TimedOut
from saltext_hakube.core.remedy.task import task
from saltext_hakube.host.remedy import claim
from saltext_hakube.host.remedy.deadline import Deadline, hard

TASK = task(rung="kill", component="apiserver", incident="hakube-7", deadline=30)
HOLD = """
import sys, time
from pathlib import Path
from saltext_hakube.host.remedy.claim import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_action_is_refused_while_the_first_goes_on_and_told_what_that_is(tmp_path):
    claim.note(TASK, tmp_path)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        with (
            pytest.raises(Refused, match=r"kill for apiserver \(hakube-7\)"),
            claim.alone(tmp_path),
        ):
            pass
        claim.forget(tmp_path)
        assert claim.last(tmp_path), "an action that goes on keeps its claim"
    finally:
        other.kill()
        other.wait()
    claim.forget(tmp_path)
    assert claim.last(tmp_path) is None
    # One that was killed in its midst holds nobody up.
    with claim.alone(tmp_path):
        pass


def test_an_action_settles_whoever_asks_for_the_next_one(tmp_path):
    assert claim.fresh(claim.last(tmp_path), claim.now(), 10) == ""
    claim.note(TASK, tmp_path)
    said = claim.last(tmp_path)
    assert "hakube-7" in claim.fresh(said, said.clock + 9.9, 10)
    assert claim.fresh(said, said.clock + 10, 10) == ""
    # A clock before the claim is another boot's.
    assert claim.fresh(said, said.clock - 1, 10) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '{"incident": 1}', "\x00\xff"])
def test_a_claim_that_cannot_be_read_is_none(tmp_path, text):
    (tmp_path / claim.CLAIM).write_text(text)
    assert claim.last(tmp_path) is None


def test_what_does_not_end_is_ended_also_where_errors_are_swallowed():
    began = time.monotonic()
    with pytest.raises(TimedOut, match="was ended"), hard(Deadline(-1.5)):  # 2 s of grace
        while time.monotonic() < began + 30:
            try:
                time.sleep(30)
            except (HakubeError, OSError):
                continue
    assert time.monotonic() - began < 15
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_ends_in_time_leaves_no_alarm_behind_and_a_thread_has_none():
    with hard(Deadline(30)):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    seen = []

    def other():
        with hard(Deadline(30)):
            seen.append(signal.getitimer(signal.ITIMER_REAL))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(30)
    assert seen == [(0.0, 0.0)]


def test_no_step_begins_after_the_deadline():
    over = Deadline(0)
    with pytest.raises(TimedOut, match="deadline of 0 s"):
        over.most(5)
    assert over.wait(lambda: False) is False
    assert Deadline(10).most(3) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rung": "reboot"}, "rung"),
        ({"component": "etcd"}, "component"),
        ({"incident": ""}, "incident"),
        ({"incident": "a\nb"}, "incident"),
        ({"incident": "a" * 301}, "incident"),
        ({"deadline": 0}, "deadline"),
        ({"deadline": 601}, "deadline"),
        ({"evidence": {"token": ["a\nb"]}}, "evidence"),
        ({"evidence": ["token"]}, "evidence"),
    ],
)
def test_a_wrong_argument_is_told(change, said):
    given = {"rung": "kill", "component": "apiserver", "incident": "i", "deadline": 30}
    with pytest.raises(ConfigError, match=said):
        task(**(given | change))
