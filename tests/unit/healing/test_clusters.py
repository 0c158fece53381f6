"""Which clusters the minions' pillars declare, and who belongs to them."""

import pytest

from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.remedy.policy import Heal
from saltext_hakube.healing import clusters

NODES = {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"}


def pillar(nodes=None, name="k8s", heal=None):
    cluster = {"name": name, "nodes": nodes or NODES, "password": "secret"}
    return {"cluster": cluster, "vip": "192.0.2.10"} | ({"heal": heal} if heal else {})


def gathered(times=None, /, **pillars):
    """``times``: minion -> when the master rendered its pillar."""
    return clusters.gather(
        {name.replace("_", "."): data for name, data in pillars.items()}, 5.0, (times or {}).get
    )


def test_three_pillars_that_agree_are_one_cluster():
    known = gathered(**dict.fromkeys(NODES, pillar(heal={"mode": "act"})))
    assert known.clusters["k8s"].nodes == {name: name for name in NODES}
    assert known.clusters["k8s"].policy == Heal(mode="act")
    assert known.minions["node2"] == clusters.Place("k8s", "node2")
    assert not known.faults
    assert known.at == 5.0


def test_a_node_is_a_minion_by_its_id_or_what_the_pillar_says():
    nodes = NODES | {"node3": {"addresses": ["192.0.2.13"], "minion": "m3"}}
    known = gathered(node1_example=pillar(nodes), node2=pillar(nodes), m3=pillar(nodes))
    assert known.clusters["k8s"].nodes == {
        "node1": "node1.example",
        "node2": "node2",
        "node3": "m3",
    }


def test_a_node_whose_minion_has_no_pillar_yet_belongs_to_the_cluster():
    assert gathered(node1=pillar()).clusters["k8s"].nodes == {name: name for name in NODES}


def test_a_minion_that_is_none_of_the_nodes_says_nothing_of_the_cluster():
    known = gathered(node1=pillar(), monitor=pillar(heal={"mode": "act"}))
    assert known.clusters["k8s"].policy.mode == "none"
    assert "monitor" not in known.minions
    assert "minion: monitor" in known.notes[0]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (pillar(NODES | {"node4": "192.0.2.14"}), "has other nodes"),
        (pillar(heal={"mode": "act"}), "has another hakube:heal"),
    ],
)
def test_pillars_that_disagree_are_one_line_and_no_cluster(other, why):
    known = gathered(node1=pillar(), node2=other, a=pillar({"a": "192.0.2.1"}, name="other"))
    assert list(known.clusters) == ["other"]
    assert why in known.faults["k8s"]
    assert "node1 and node2" in known.faults["k8s"]
    assert "\n" not in known.faults["k8s"]
    assert known.of("node1") is None


ACT, LOOK = pillar(heal={"mode": "act"}), pillar(heal={"mode": "observe"})
FOUR = NODES | {"node4": "192.0.2.14"}
OLD = {"node1": 20, "node2": 30, "node3": 10}


def test_a_node_that_is_off_with_an_old_pillar_does_not_stop_the_others():
    known = gathered(OLD, node1=ACT, node2=ACT, node3=LOOK)
    assert known.clusters["k8s"].policy.mode == "act"
    assert set(known.clusters["k8s"].nodes) == set(NODES)
    assert known.of("node3") is not None
    assert not known.faults
    (note,) = known.notes
    assert "node3" in note and "refresh_pillar" in note


def test_a_node_that_was_added_or_taken_out_counts_as_most_have_it():
    new = pillar(FOUR, heal={"mode": "act"})
    known = gathered(node1=new, node2=new, node3=ACT, node4=new)
    assert set(known.clusters["k8s"].nodes) == set(FOUR)
    assert not known.faults
    two = pillar({name: NODES[name] for name in ("node1", "node2")}, heal={"mode": "act"})
    known = gathered(node1=two, node2=two, node3=ACT)
    assert set(known.clusters["k8s"].nodes) == {"node1", "node2"}
    assert known.of("node3") is None and "node3" not in known.keys
    assert not known.faults


def test_where_no_pillar_is_that_of_most_the_newest_counts():
    for newest, mode in (("node1", "act"), ("node2", "observe")):
        known = gathered({"node1": 5, "node2": 5} | {newest: 6}, node1=ACT, node2=LOOK)
        assert known.clusters["k8s"].policy.mode == mode
        assert not known.faults
    for times in ({}, {"node1": 5}, {"node1": 5, "node2": 5}):
        assert "disagree" in gathered(times, node1=ACT, node2=LOOK).faults["k8s"]


def test_who_was_just_told_to_do_less_has_all_do_less():
    """A person is about to change it, node by node."""
    assert gathered(OLD, node1=ACT, node2=LOOK, node3=ACT).clusters["k8s"].policy.mode == "observe"
    assert gathered(OLD, node1=LOOK, node2=ACT, node3=LOOK).clusters["k8s"].policy.mode == "observe"


def test_a_pillar_that_cannot_be_read_does_not_stop_most():
    wrong = pillar(heal={"mode": "on"})
    known = gathered(node1=ACT, node2=ACT, node3=wrong)
    assert known.clusters["k8s"].policy.mode == "act"
    assert not known.faults
    assert any("node3: hakube:heal:mode" in note for note in known.notes)
    assert "k8s" in gathered(node1=ACT, node2=wrong, node3=wrong).faults


def test_two_clusters_of_one_name_are_told_apart_by_nobody_however_many_one_has():
    both = dict.fromkeys(NODES, ACT) | {"a": pillar({"a": "192.0.2.1"})}
    assert "two clusters need two names" in gathered(**both).faults["k8s"]
    same = {f"{name}_x": ACT for name in NODES} | {"node1_y": LOOK}
    assert "are both node node1" in gathered(**same).faults["k8s"]


def test_two_clusters_of_one_name_are_told_apart_by_nobody():
    known = gathered(node1=pillar(), a=pillar({"a": "192.0.2.1"}))
    assert not known.clusters
    assert "two clusters need two names" in known.faults["k8s"]


def test_two_minions_that_are_one_node_are_an_error():
    known = gathered(node1_a=pillar(), node1_b=pillar())
    assert "are both node node1" in known.faults["k8s"]
    assert not known.clusters


def test_a_minion_of_two_clusters_is_an_error_of_both():
    here = {"node1": "192.0.2.11", "x": {"addresses": ["192.0.2.9"], "minion": "node2"}}
    known = gathered(node1=pillar(here), node2=pillar({"node2": "192.0.2.2"}, name="other"))
    assert not known.clusters
    assert set(known.faults) == {"k8s", "other"}


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (pillar(heal={"mode": "on"}), "k8s", "node1: hakube:heal:mode"),
        (pillar(heal={"moed": "act"}), "k8s", "node1: hakube:heal:moed"),
        ({"cluster": {"name": "k8s"}}, "k8s", "node1: hakube:cluster"),
        ("text", "", "node1: hakube"),
        ({"cluster": [1]}, "", "node1: hakube:cluster"),
    ],
)
def test_a_wrong_pillar_is_a_line_that_names_the_place(data, name, why):
    known = gathered(node1=data, node2=pillar())
    assert known.faults[name].startswith(why)
    assert (name == "k8s") == ("k8s" not in known.clusters)


def test_a_cluster_that_is_not_there_is_told_with_those_that_are():
    known = gathered(**dict.fromkeys(NODES, pillar()))
    with pytest.raises(ConfigError, match="no cluster 'x'; this master knows: k8s"):
        clusters.chosen(known, "x")
    assert clusters.chosen(known, None) == clusters.chosen(known, ["k8s"])
