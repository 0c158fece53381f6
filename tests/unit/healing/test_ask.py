"""Jobs for minions. The master's client is a stand-in; a real one is in tests/integration."""

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.remedy import seal
from saltext_hakube.healing import ask

KEY = seal.key("x" * 8)


class Client:
    """A job of which node1's answer comes by an event, and node2's never; the job cache is of a
    returner that is down."""

    def __init__(self):
        self.opts = {"master_job_cache": "mysql"}
        self.event = self
        self.returners = {"mysql.get_jid": self.down}

    @staticmethod
    def down(_jid):
        raise RuntimeError("(2002, 'no connection')")

    def run_job(self, minions, _function, kwarg, **_more):
        self.nonce = kwarg["nonce"]
        return {"jid": "20261130190000000000", "minions": minions}

    def get_event(self, **_more):
        sealed = seal.seal({"value": "up"}, KEY, self.nonce, "node1")
        return {"id": "node1", "return": sealed}


def question():
    return ask._Question(Client(), {"node1": KEY, "node2": KEY}, ["node1", "node2"])


def test_a_job_cache_that_is_down_takes_away_no_answer_that_came(caplog):
    found = question().ask({"function": "report"}, 0.3, None, None)
    assert found == {"node1": ask.Answer({"value": "up"}, True)}
    assert "the job cache could not be read: (2002" in caplog.text


def test_whether_an_answer_came_late_nobody_knows_then():
    with pytest.raises(HakubeError, match="the job cache could not be read"):
        question().come("node1")
