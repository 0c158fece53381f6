"""hakube.reflex: one answer out of what both daemons left, however they fare."""

import json
import time

import pytest

from saltext_hakube.core import guard, watch

WATCH = {
    "verdict": {"value": "green", "why": "it answers", "since": 1.0},
    "eyes": {"address": {"ip": "192.0.2.100", "here": True, "since": 1.0}},
    "actions": [],
}
GUARD = {"quorate": True, "members": 3, "trouble": "", "since": 1.0, "gave_up": None, "actions": []}


@pytest.fixture
def leave(root):
    """Let a daemon have left this, so many seconds ago."""

    def write(ours, seen, ago=0.0):
        path = root / ours.sample[1:]
        path.parent.mkdir(parents=True, exist_ok=True)
        clock = time.clock_gettime(time.CLOCK_BOOTTIME) - ago
        path.write_text(json.dumps({"format": 1, "interval": 1.0, "clock": clock, **seen}))

    return write


def test_both_are_told(modules, leave):
    leave(watch.DAEMON, WATCH)
    leave(guard.DAEMON, GUARD)
    told = modules.hakube.reflex()
    assert told["problems"] == []
    assert told["verdict"]["value"] == "green"
    assert told["holder"] is True
    assert told["sees"]["cluster"]["members"] == 3


def test_who_does_not_run_or_is_late_is_a_line_and_no_more(modules, leave):
    told = modules.hakube.reflex()
    assert told["holder"] is None
    assert [line.split(" ")[0] for line in told["problems"]] == ["hakube-watch", "hakube-guard"]
    leave(watch.DAEMON, WATCH)
    leave(guard.DAEMON, GUARD, ago=60.0)
    told = modules.hakube.reflex()
    assert told["verdict"]["value"] == "green"
    assert told["problems"] == [
        "hakube-guard has not looked for 60 s: it hangs, or was killed "
        "(`journalctl -u hakube-guard`)"
    ]


def test_what_was_left_before_the_machine_began_is_old(modules, leave):
    """Where /run outlives that, the clock of what was left may be ahead of this one's."""
    leave(watch.DAEMON, WATCH, ago=-3600.0)
    told = modules.hakube.reflex()
    assert told["verdict"]["value"] == "unknown"
    assert "before this machine started" in told["problems"][0]
