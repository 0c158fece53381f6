"""What Pacemaker hears when the node that gave the address up is back in the cluster."""

import pytest

from saltext_hakube.agents.guard import handover
from saltext_hakube.agents.guard.handover import HandOver
from tests.unit.agents.ground.test_pacemaker import (
    START,
    STOP_FAILS,
    action,
    cib,
    has,
    pending,
    properties,
)

FAIL = "crm_resource --fail -r VIP -N node1"
CLEAN_UP = "crm_resource --cleanup -r VIP -N node1"
STOP_FAILED_HERE = "a stop of VIP failed here, and the address is not here"
MAINTENANCE = properties(maintenance_mode="true")


@pytest.fixture
def ask(loop, until, monkeypatch):
    """Ask, and give the answer."""
    monkeypatch.setattr(handover, "FRESH", 60.0)  # this machine may be slow
    answers = []

    def asked(*, absent=True):
        made = HandOver(
            loop,
            "node1",
            "VIP",
            "192.0.2.100",
            absent=lambda: absent,
            answered=lambda *answer: answers.append(answer),
        )
        made.ask()
        assert until(lambda: answers)
        return answers.pop()

    return asked


@pytest.mark.parametrize(
    ("text", "answer", "told"),
    [
        (cib(history=START), (True, "told Pacemaker of VIP", ""), [FAIL]),
        (cib(history=STOP_FAILS), (True, "cleaned up VIP", STOP_FAILED_HERE), [CLEAN_UP]),
        # Pacemaker has not seen how the stop ends yet, or is about to do something else.
        (cib(history=pending("stop")), (False, "", ""), []),
        (cib(history=pending("start") + STOP_FAILS), (False, "", ""), []),
        (cib(history=""), (False, "", ""), []),
        (cib(history=action("stop", 9)), (True, "", ""), []),
        # The cluster's is another address by now: this one is rightly not here.
        (cib(own=has("192.0.2.101"), history=START), (True, "", ""), []),
        # A person's business.
        (cib(history=STOP_FAILS, properties=MAINTENANCE), (True, "", ""), []),
        # It is no member again yet.
        (cib(history=STOP_FAILS).replace('join="member"', 'join="down"'), (False, "", ""), []),
        (cib(history=STOP_FAILS).replace('quorum="1"', 'quorum="0"'), (False, "", ""), []),
        ("", (False, "", ""), []),
    ],
)
def test_pacemaker_hears_what_it_does_not_know(cluster, ask, text, answer, told):
    cluster.cib = text
    assert ask() == answer
    assert cluster.told == told


@pytest.mark.parametrize("history", [START, STOP_FAILS])
def test_an_address_that_is_back_in_the_last_moment_needs_nobody_told(cluster, ask, history):
    cluster.cib = cib(history=history)
    assert ask(absent=False) == (True, "", "")
    assert cluster.told == []


def test_what_fails_is_not_all(cluster, ask):
    cluster.cib, cluster.problem = cib(history=STOP_FAILS), "no cluster"
    assert ask() == (False, "", "")
    assert cluster.told == [CLEAN_UP]


def test_an_answer_that_grew_old_is_of_no_use(cluster, ask, monkeypatch):
    """The daemon, or the machine, was stopped since: Pacemaker may have done anything."""
    cluster.cib = cib(history=START)
    view, clock = handover.view, handover.clock

    def late(*words):
        monkeypatch.setattr(handover, "clock", lambda: clock() + 3600)
        return view(*words)

    monkeypatch.setattr(handover, "view", late)
    assert ask() == (False, "", "")
    assert cluster.told == []


def test_who_asks_again_hears_one_answer(cluster, loop, until):
    cluster.cib = cib(history=action("stop", 9))
    answers = []
    made = HandOver(
        loop,
        "node1",
        "VIP",
        "192.0.2.100",
        absent=lambda: True,
        answered=lambda *answer: answers.append(answer),
    )
    for _ in range(3):
        made.ask()
    assert until(lambda: answers)
    assert not until(lambda: len(answers) > 1, 0.5)
