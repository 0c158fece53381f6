"""What attrd_updater says, word for word as Pacemaker 2.1.5 said it on three nodes."""

import pytest

from saltext_hakube.agents.watch.attribute import most_others_have_one, values

ALL = """\
name="hakube-haproxy" host="node3" value="1"
name="hakube-haproxy" host="node1" value="0"
name="hakube-haproxy" host="node2" value=""
"""
MISSING = "attrd_updater: Could not query value of nope: attribute does not exist\n"
NO_ATTRD = "Could not connect to attrd: Connection refused\n"


@pytest.mark.parametrize(
    ("code", "output", "errors", "expected"),
    [
        (0, ALL, "", {"node3": "1", "node1": "0"}),
        (78, "", MISSING, {}),
        (0, "", "", {}),
        (102, "", NO_ATTRD, None),
        (None, "", "", None),
    ],
)
def test_values(code, output, errors, expected):
    assert values(code, output, errors) == expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a": "0", "b": "1", "c": "1"}, True),
        ({"a": "0", "b": "1"}, True),
        ({"a": "0", "b": "1", "c": "0"}, False),
        ({"b": "1", "c": "1", "d": "0"}, True),
        ({"a": "0", "b": "1", "c": "1", "d": "0", "e": "0"}, False),
        # A node by itself compares with nobody; its own word does not count.
        ({"a": "1"}, False),
        ({}, False),
    ],
)
def test_more_than_half_of_the_other_nodes_that_say_something(found, expected):
    assert most_others_have_one(found, "a") is expected
