"""What the doctor makes of the minions' answers."""

import pytest

from saltext_hakube.core.diagnosis import nodes, versions

SAME = {"extension": "0.1.0", "salt": "3008.3", "python": "3.11.2"}
INSTALL = (
    "install the wheel of version 0.1.0 on it as the README says (the extension is on no package "
    "index), then restart salt-minion"
)


@pytest.mark.parametrize(
    ("answers", "problems"),
    [
        ({"a": SAME}, []),
        ({}, ["a: no answer within 5 s; is the machine up, its salt-minion running?"]),
        (
            {"a": "'hakube.version' is not available."},
            [f"a: lacks the extension ('hakube.version' is not available.); {INSTALL}"],
        ),
        (
            {"a": {**SAME, "extension": "0.0.9"}},
            [f"a: has version 0.0.9 of the extension, the master has 0.1.0; {INSTALL}"],
        ),
        ({"a": {**SAME, "salt": "3006.9"}}, []),
    ],
)
def test_a_minion_without_the_masters_version_of_the_extension_is_a_problem(answers, problems):
    assert versions(["a"], answers, "0.1.0", 5) == problems


def test_every_minion_that_was_asked_is_looked_at():
    answers = {"b": SAME, "d": {**SAME, "extension": "2"}}
    found = versions(["a", "b", "c", "d"], answers, "0.1.0", 5)
    assert [line.partition(":")[0] for line in found] == ["a", "c", "d"]


def config(node, *declared):
    """The part of hakube.config that matters: who I am, who there is (name or (name, minion))."""
    pairs = [(name, None) if isinstance(name, str) else name for name in declared]
    return {"node": node, "nodes": [{"name": name, "minion": minion} for name, minion in pairs]}


@pytest.mark.parametrize(
    ("answers", "problems"),
    [
        ({}, []),
        ({"a": config("n1", "n1")}, []),
        ({"a": config("n1", "n1", "n2"), "b": config("n2", "n1", "n2")}, []),
        (
            {"a": config("n1", "n1", "n2")},
            [
                "hakube:cluster:nodes:n2: none of the minions that answered is this node; start "
                "or add it, or give the node `minion: ID`"
            ],
        ),
        (
            {"a": config("n1", "n1", ("n2", "ghost"))},
            [
                "hakube:cluster:nodes:n2:minion: the master knows no minion ghost; accept its key "
                "(`salt-key`) or correct the name"
            ],
        ),
        (
            {"a": config("n1", "n1", ("n2", "b"))},
            [
                "hakube:cluster:nodes:n2: none of the minions that answered is this node; start "
                "or add it, or give the node `minion: ID`"
            ],
        ),
        (
            {"a": "ERROR: hakube:vip: missing; x\nhakube:fencing: empty; y"},
            ["a: hakube:vip: missing; x", "a: hakube:fencing: empty; y"],
        ),
    ],
)
def test_a_node_that_no_minion_is_and_a_wrong_pillar_are_problems(answers, problems):
    assert nodes(answers, minions=["a", "b"]) == problems
