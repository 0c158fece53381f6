"""A change of haproxy.cfg on three nodes at once: on one after the other, or on none."""

import json
import threading

import pytest

from tests.lab import missing
from tests.lab.conftest import changed, failed
from tests.lab.test_apply import NODES, PATIENCE, holders, ready

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

CONFIG = "/etc/haproxy/haproxy.cfg"


class Asking:
    """A client that asks all the time, each time anew, while the block runs."""

    def __init__(self, lab):
        self.lab = lab
        self.unanswered = []
        self.times = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self):
        assert ready(self.lab, tries=60) == "ok"
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join(30)

    def _ask(self):
        while not self._over.wait(0.2) and self.times < 1500:
            answer = ready(self.lab, patience=PATIENCE)
            self.times += 1
            if answer != "ok":
                self.unanswered.append(answer)


def haproxy_states(applied):
    """What the state of haproxy's file returned on each node, applied to all at once.

    Without the SLS: its preflight finds a wrong authority before anything is changed.
    """
    words = ["hakube_haproxy.config_managed", "hakube-haproxy-config"]
    returns = applied.salt("node[123]", "state.single", *words, timeout=240)
    assert sorted(returns) == NODES, json.dumps(returns)
    found = {}
    for minion, states in returns.items():
        assert isinstance(states, dict), states
        found[minion] = {state["__id__"]: state for state in states.values()}
    return found


def files(applied):
    return [node.read(CONFIG) for node in applied.nodes[:3]]


def one_tried_and_two_did_not(returns):
    told = [states["hakube-haproxy-config"]["comment"] for states in returns.values()]
    assert all(states["hakube-haproxy-config"]["result"] is False for states in returns.values())
    tried = [text for text in told if "does not serve with it; the old file was put back" in text]
    spared = [text for text in told if "has made this change to haproxy and taken it back" in text]
    assert (len(tried), len(spared)) == (1, 2), told
    return tried[0]


def test_a_wrong_port_reaches_one_node_and_is_taken_back_there(applied, apply):
    before = files(applied)
    apply.write_pillar(apiserver={"port": 6999})
    with Asking(applied) as client:
        returns = haproxy_states(applied)
    told = one_tried_and_two_did_not(returns)
    assert "no server is up in kube-apiservers-secure" in told
    assert files(applied) == before
    # The VIP's holder goes last, so nobody noticed.
    assert client.times > 10
    assert client.unanswered == []


def test_a_wrong_authority_likewise(applied, apply):
    before = files(applied)
    for node in applied.nodes[:3]:
        node.run(
            "test -e /root/other.crt || openssl req -x509 -newkey rsa:2048 -nodes -days 2 "
            "-subj /CN=other -keyout /root/other.key -out /root/other.crt 2>/dev/null",
            timeout=60,
        )
        node.run("cp /root/other.crt /etc/kubernetes/pki/other.crt")
    apply.write_pillar(haproxy={"ca_file": "/etc/kubernetes/pki/other.crt"})
    told = one_tried_and_two_did_not(haproxy_states(applied))
    assert "secure-node" in told
    assert files(applied) == before


def test_a_right_change_goes_round_and_what_was_refused_is_forgotten(applied, apply):
    apply.write_pillar(haproxy={"timeouts": {"client": "50m"}})
    (holder,) = holders(applied)
    with Asking(applied) as client:
        returns = haproxy_states(applied)
    for states in returns.values():
        assert failed(states) == {}
        assert "was reloaded" in states["hakube-haproxy-config"]["comment"]
    ends = {name: end(states["hakube-haproxy-config"]) for name, states in returns.items()}
    assert max(ends, key=ends.get) == holder.name
    assert client.unanswered == []
    assert "hakube-refused" not in applied.nodes[0].run("cibadmin --query").stdout
    for states in haproxy_states(applied).values():
        assert changed(states) == {}


def end(state):
    """When a state ended, by its machine's clock: all have the same."""
    hours, minutes, seconds = state["start_time"].split(":")
    start = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    return start + float(state["duration"]) / 1000
