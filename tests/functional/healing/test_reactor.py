"""The reactor's SLS, rendered by Salt's own reactor with what nobody should send."""

from pathlib import Path

import pytest
import salt.config
import salt.utils.reactor
from salt import _logging

from saltext_hakube.healing import hints

TAG = "salt/beacon/node1/hakube/report"
SLS = Path(__file__).parents[3] / "states" / "hakube" / "reactor" / "report.sls"
HOSTILE = [
    "x\nevil:\n  local.cmd.run:\n    - tgt: '*'\n    - args: [{cmd: touch /}]",
    "{{ salt['cmd.run']('touch /') }}",
    "!!python/object/apply:os.system ['true']",
    "*",
    "\0",
    "\ud800",
]


@pytest.fixture(scope="module")
def reactor(tmp_path_factory):
    """Salt's own, with our one reaction."""
    folder = tmp_path_factory.mktemp("master")
    (folder / "master").write_text(f"root_dir: {folder}\nuser: root\n")
    opts = salt.config.master_config(str(folder / "master"))
    opts["reactor"] = [{"salt/beacon/*/hakube/report": [str(SLS)]}]
    # Else what Salt keeps for a console, which never comes, is printed when Python ends.
    _logging.shutdown_temp_handler()
    found = salt.utils.reactor.Reactor(opts)
    yield found
    found.minion.destroy()


@pytest.fixture
def reactions(reactor, monkeypatch):
    """What the reactor would do about an event."""
    monkeypatch.setattr(hints, "_admission", hints.Admission())

    def react(tag, data):
        return reactor.reactions(tag, data, reactor.list_reactors(tag))

    return react


def report(value):
    looks = {"haproxy.process": {"value": "down", "why": value}}
    return {"id": value, "node": value, "cluster": value, value: [value], "looks": looks}


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_stands_in_an_event_stays_data(reactions, text):
    data = report(text)
    (chunk,) = reactions(TAG, data)
    assert (chunk["state"], chunk["fun"]) == ("runner", "hakube.observe")
    assert chunk["args"] == [{"tag": TAG}, {"data": data}]
    assert "tgt" not in chunk


@pytest.mark.parametrize(
    "tag",
    [
        "salt/beacon/a/b/hakube/report",
        "salt/beacon/*/hakube/report",
        f"{TAG}\n",
        "salt/beacon//hakube/report",
    ],
)
def test_a_tag_that_is_not_the_beacons_is_nothing(reactions, tag):
    assert reactions(tag, report("x")) == []


@pytest.mark.parametrize("data", [{"a": "x" * 1_000_000}, {str(i): [] for i in range(9999)}])
def test_what_is_too_large_is_nothing(reactions, data):
    assert reactions(TAG, data) == []


def test_the_same_again_is_nothing(reactions):
    assert len(reactions(TAG, report("x"))) == 1
    assert reactions(TAG, report("x")) == []
