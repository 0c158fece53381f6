"""What corosync's tools and its file say."""

import pytest

from saltext_hakube.agents.guard.quorum import Quorum, Reader
from saltext_hakube.agents.guard.totem import Totem, configured, running

# As corosync-quorumtool 3.1.7 prints it.
SHOWN = """\
Quorum information
------------------
Date:             Tue Nov 24 16:06:20 2026
Quorum provider:  corosync_votequorum
Nodes:            {nodes}
Node ID:          1
Ring ID:          {ring}
Quorate:          {quorate}

Votequorum information
----------------------
Expected votes:   3
Highest expected: 3
Total votes:      3
Quorum:           2 {blocked}
Flags:            {flags}

Membership information
----------------------
    Nodeid      Votes Name
         1          1 node1 (local)
         2          1 Quorate: no

"""
WHOLE = SHOWN.format(nodes=3, ring="1.d", quorate="Yes", blocked="", flags="Quorate")
ALONE = SHOWN.format(nodes=1, ring="1.11", quorate="No", blocked="Activity blocked", flags="")


def read(text):
    reader = Reader()
    return [found for found in map(reader.line, text.splitlines()) if found]


def test_each_change_is_told_once():
    assert read(WHOLE + ALONE) == [Quorum(True, 3, "1.d"), Quorum(False, 1, "1.11")]


def test_it_is_told_before_the_list_of_nodes_has_come():
    head = WHOLE[: WHOLE.index("\nVotequorum")]
    assert read(head) == [Quorum(True, 3, "1.d")]


@pytest.mark.parametrize("text", ["", "Quorate:", "Quorate: perhaps", "Cannot initialize QUORUM"])
def test_what_says_nothing_of_the_quorum_is_passed_over(text):
    assert read(text) == []


def test_other_words_around_it_do_no_harm():
    assert read("Quorate: No\n") == [Quorum(False, 0, "")]


RUNNING = """\
runtime.config.totem.consensus (u32) = {consensus}
runtime.config.totem.interface.0.knet_ping_timeout (u32) = 1825
runtime.config.totem.token (u32) = {token}
runtime.config.totem.token_retransmit (u32) = 869
runtime.config.totem.token_warning (u32) = 75
"""


def test_what_corosync_runs_with_is_read():
    assert running(RUNNING.format(token=3650, consensus=4380)) == Totem(3.65, 4.38)


@pytest.mark.parametrize("text", ["", RUNNING.format(token=0, consensus=4380), "Can't get key"])
def test_what_is_not_said_is_not_known(text):
    assert running(text) is None


@pytest.mark.parametrize(
    ("given", "nodes", "expected"),
    [
        ("", 1, (3.0, 3.6)),
        ("", 3, (3.65, 4.38)),
        ("token: 1000\n", 3, (1.65, 1.98)),
        ("token: 1000\n    token_coefficient: 0\n    consensus: 1200\n", 3, (1.0, 1.2)),
        ("# token: 9000\n    token:2000", 2, (2.0, 2.4)),
    ],
)
def test_corosync_would_make_of_its_file(given, nodes, expected):
    node = "    node {\n        ring0_addr: 192.0.2.1\n        token: 7\n    }\n"
    text = f"totem {{\n    version: 2\n    {given}\n}}\nnodelist {{\n{node * nodes}}}\n"
    assert configured(text) == pytest.approx(expected)
