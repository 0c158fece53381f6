"""What systemd's words mean for a haproxy whose main process ended."""

import pytest

from saltext_hakube.agents.watch.units import Unit, job, returns, unit

DEAD = 42


@pytest.mark.parametrize(
    ("sub", "pid", "job", "expected"),
    [
        ("auto-restart", 0, "", True),
        ("auto-restart-queued", 0, "", True),
        ("start-pre", 0, "", True),
        ("start", 43, "start", True),
        ("running", 43, "", True),
        ("reload", 43, "", True),
        ("failed-before-auto-restart", 0, "", True),
        ("dead", 0, "", False),
        ("failed", 0, "", False),
        ("exited", 0, "", False),
        ("stop-sigterm", 0, "stop", False),
        ("final-sigterm", 0, "stop", False),
        # A person restarts it: one job, which stops it first.
        ("stop-sigterm", 0, "restart", True),
        ("dead", 0, "start", True),
        ("dead", 0, "try-restart", True),
        # After a crash what is left is ended; whether it is started again is not said yet.
        ("stop-sigterm", 0, "", None),
        ("final-sigkill", 0, "", None),
        # systemd has yet to hear of the death; or it said nothing.
        ("running", DEAD, "", None),
        ("", 0, "", None),
    ],
)
def test_whether_systemd_starts_it_again(sub, pid, job, expected):
    assert returns(Unit("loaded", "", sub, pid), job, DEAD) is expected


def test_its_properties_are_read_in_any_order():
    text = (
        "MainPID=480\nResult=success\nLoadState=loaded\nActiveState=active\nSubState=running\nJob="
    )
    assert unit(text) == Unit("loaded", "active", "running", 480, False)
    assert unit("Job=123\nMainPID=x").job
    assert unit("").told == "unknown"
    assert unit(text).told == "active/running"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3911 haproxy.service restart running\n", "restart"),
        (" 17 haproxy.service stop  waiting", "stop"),
        ("", ""),
        ("No jobs running.\n", ""),
    ],
)
def test_the_job_is_read(text, expected):
    assert job(text) == expected
