"""What the pillar says of the healing and cannot come about; words in the wrong place."""

import pytest

from saltext_hakube.core.config import resolve
from saltext_hakube.core.errors import ConfigError

from .pillars import FENCED, GOOD, changed
from .test_config import NODE1

MODES = "expected one of none, observe, act"
KEYS = (
    "expected a mapping with the keys mode, fall, rise, reassert, settle, patience, storm, budget, "
    "alone, rungs, webhook, returner"
)
BAD = [
    ({"heal": "act"}, f"hakube:heal: text is wrong; {KEYS}; did you mean heal: {{mode: act}}?"),
    ({"heal": False}, f"hakube:heal: False is wrong; {KEYS}; did you mean heal: {{mode: none}}?"),
    ({"heal": "mode=act"}, f"hakube:heal: text is wrong; {KEYS}"),
    (
        {"heal:mode": False},
        f"hakube:heal:mode: False is wrong; {MODES} (YAML reads off as false; write none)",
    ),
    (
        {"heal:mode": True},
        f"hakube:heal:mode: True is wrong; {MODES} (YAML reads yes, no, on, off so; write words "
        "in quotes)",
    ),
    (
        {"heal:webhook": "https://a.example.com/ x"},
        "hakube:heal:webhook: the value (not shown) is wrong; expected an address that begins "
        "with http:// or https:// (there is a blank in it)",
    ),
    (
        {"heal:webhook": "a.example.com/ x"},
        "hakube:heal:webhook: the value (not shown) is wrong; expected an address that begins "
        "with http:// or https://",
    ),
    (
        {"heal:budget": {"backoff": 700, "longest": 600}},
        "hakube:heal:budget:backoff: 700 is more than longest (600), which would be all that is "
        "waited; raise longest, or lower it",
    ),
    (
        {"heal:alone": {"after": 2}},
        "hakube:heal:alone:after: 2 is too short; a master that is there asks every 15 s, and one "
        "late round would be its absence; expected 30 or more",
    ),
    (
        {"heal:rungs": {"haproxy": ["probe", "hand", "hand"]}},
        "hakube:heal:rungs:haproxy: hand stands twice; each rung is tried once, so leave one out",
    ),
    (
        {"heal:rungs": {"scheduler": ["probe", "move"]}},
        "hakube:heal:rungs:scheduler: move can do nothing about it; leave it out (move is for "
        "haproxy, vip)",
    ),
]


@pytest.mark.parametrize(("changes", "line"), BAD)
def test_what_cannot_be_meant_is_one_line(changes, line):
    with pytest.raises(ConfigError) as caught:
        resolve(changed(changes), NODE1)
    assert caught.value.problems == (line,)


def warned(changes, base):
    before = resolve(base, NODE1).warnings
    return [it for it in resolve(changed(changes, base), NODE1).warnings if it not in before]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"heal:rungs": {"haproxy": []}},
            "hakube:heal:rungs:haproxy: empty, so people are told and nothing is done; leave it "
            "out for the default (probe, files, kill, hand, move)",
        ),
        (
            {"heal:rungs": {"vip": ["hand", "probe"]}},
            "hakube:heal:rungs:vip: probe comes too late to look before something is done; put it "
            "first, or leave it out (each round looks anyway)",
        ),
        (
            {"heal:rungs": {"node": ["fence"]}},
            "hakube:heal:rungs:node: fence needs a fence device, and hakube:fencing has none; "
            "declare one, or leave fence out",
        ),
        (
            {"properties": {"transition-dely": "2s"}},
            "hakube:properties:transition-dely: pacemaker has no such property, and would not say "
            "so; did you mean transition-delay?",
        ),
    ],
)
def test_what_is_of_no_use_is_a_warning(changes, line):
    assert warned(changes, GOOD) == [line]


@pytest.mark.parametrize(
    "changes",
    [
        {"heal:rungs": {"node": ["fence"], "disk": [], "haproxy": ["probe", "kill", "standby"]}},
        {"heal:alone": {"enabled": False, "after": 2}},
        {"heal": {"mode": "act", "budget": {"backoff": 600}, "alone": {"after": 30}}},
        {"properties": {"my-own-mark": "x", "transition-delay": "2s", "hacluster": "1"}},
    ],
)
def test_what_can_be_meant_is_not_spoken_of(changes):
    assert warned(changes, FENCED) == []
