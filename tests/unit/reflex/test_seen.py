"""One answer out of what the two daemons left."""

from saltext_hakube.core.seen import together

WATCH = {
    "verdict": {"value": "red", "why": "no answer for 0.6 s", "since": 1800000000.5},
    "eyes": {
        "path": {"problem": "timed out", "since": 1800000000.0},
        "address": {"ip": "192.0.2.100", "here": True, "since": 1799999999.0},
        "attribute": None,
    },
    "actions": [{"at": 1800000002.0, "what": "set hakube-haproxy=0", "why": "no answer"}],
}
GUARD = {
    "stack": {"corosync": {"alive": True}},
    "quorate": True,
    "members": 3,
    "trouble": "",
    "since": 1800000001.0,
    "address": {"here": True, "since": 1.0},
    "gave_up": {"at": 1800000001.0, "why": "corosync is dead"},
    "actions": [{"at": 1800000001.0, "what": "gave up the address", "why": "corosync is dead"}],
}


FILE = "haproxy is down, and /etc/haproxy/haproxy.cfg is not good: parsing [...:104] : garbage"


def test_a_file_that_keeps_haproxy_down_is_a_problem():
    assert both({**WATCH, "file": FILE}, GUARD)["problems"] == [FILE]
    assert both({**WATCH, "file": FILE}, "no guard")["problems"] == ["no guard", FILE]
    assert both({**WATCH, "file": ""}, GUARD)["problems"] == []


def both(watch, guard):
    return together({"hakube-watch": watch, "hakube-guard": guard})


def test_the_verdict_and_what_led_to_it_are_told_with_times_that_people_read():
    told = both(WATCH, GUARD)
    assert told["verdict"]["since"] == "2027-01-15T08:00:00.500Z"
    assert told["holder"] is True
    assert told["sees"]["path"] == {"problem": "timed out", "since": "2027-01-15T08:00:00.000Z"}
    assert told["sees"]["attribute"] is None
    assert told["sees"]["cluster"]["members"] == 3
    assert told["gave_up"]["at"] == "2027-01-15T08:00:01.000Z"
    assert told["problems"] == []


def test_what_both_did_stands_in_the_order_of_time_with_who_did_it():
    assert [one["who"] for one in both(WATCH, GUARD)["did"]] == ["hakube-guard", "hakube-watch"]


def test_a_daemon_that_does_not_run_is_a_problem_and_the_other_is_told():
    told = both("hakube-watch does not run", GUARD)
    assert told["problems"] == ["hakube-watch does not run"]
    assert told["verdict"]["value"] == "unknown"
    assert told["holder"] is True
    assert told["sees"]["cluster"]["quorate"] is True
    told = both(WATCH, "hakube-guard does not run")
    assert told["sees"]["cluster"] is None
    assert told["verdict"]["value"] == "red"


def test_without_either_nothing_is_made_up():
    told = both("none", "none")
    assert told["holder"] is None
    assert told["did"] == []
    assert told["problems"] == ["none", "none"]


def test_only_the_last_actions_are_told():
    many = [{"at": float(n), "what": "w", "why": "y"} for n in range(40)]
    assert len(both({**WATCH, "actions": many}, GUARD)["did"]) == 20
