"""Corosync's timing: whose numbers stay, and which node changes it, when."""

import itertools

import pytest
from msgspec import structs

from saltext_hakube.core.corosync import Corosync, Member, Running, parse, running
from saltext_hakube.core.formation import Kind, steps, warnings
from saltext_hakube.core.membership import Service
from saltext_hakube.core.timing import Totem
from saltext_hakube.core.totem import way

from .test_formation import ADDRESSES, SAFE, config, kinds, member

FAST = Totem(token=1000, token_coefficient=0, consensus=1200)
OWN = Totem(token=5000)
NONE = Totem()
NUMBERS = {SAFE: Running(3000, 3600), FAST: Running(1000, 1200)}

CMAP = """\
runtime.config.totem.consensus (u32) = 3600
runtime.config.totem.hold (u32) = 561
runtime.config.totem.interface.0.knet_ping_timeout (u32) = 1500
runtime.config.totem.token (u32) = 3650
runtime.config.totem.token_retransmit (u32) = 714
"""


def seen(file=SAFE, online=None, others=None, **options):
    """A node of three with this in its file, which corosync works with, and in the others'."""
    found = member(*ADDRESSES, online=online)
    conf = structs.replace(found.corosync, totem=file)
    other = structs.replace(conf, totem=file if others is None else others)
    options = {"totem": NUMBERS.get(file), "others": {"node2": other, "node3": other}, **options}
    return structs.replace(found, corosync=conf, **options)


def working(file, token, consensus):
    """Corosync works with these numbers, whatever its file says."""
    return structs.replace(seen(file), totem=Running(token, consensus))


def told(node, observed, **pillar):
    return " ".join(warnings(config(node, **pillar), observed))


FAST_PILLAR = {"timing": "fast"}


def test_what_the_file_says_of_timing_is_read():
    text = "totem {\n  token: 3000\n  consensus: 3600\n  interface {\n    token: 7\n  }\n}\n"
    assert parse(text).totem == Totem(token=3000, consensus=3600)
    assert parse("totem {\n  token: soon\n  cluster_name: a\n}\n").totem == NONE


def test_what_corosync_works_with_is_read_out_of_its_map():
    assert running(CMAP) == Running(3650, 3600)
    assert running("") is None


@pytest.mark.parametrize(
    ("there", "pillar", "set_"),
    [
        (NONE, {}, True),  # as pcs or a person has left it
        (SAFE, {}, False),
        (FAST, {}, True),  # the pillar said fast once, and does not any more
        (OWN, {}, False),
        (Totem(token=3000), {}, False),  # not all of a profile: somebody's
        (SAFE, {"timing": "fast"}, True),
        (OWN, {"timing": "fast"}, True),
        (OWN, {"timing": "safe"}, True),
        (OWN, {"totem": {"consensus": 9000}}, True),
    ],
)
def test_numbers_that_are_none_of_ours_stay_unless_the_pillar_speaks_of_them(there, pillar, set_):
    assert kinds("node1", seen(there), **pillar) == (["totem"] if set_ else [])


def test_numbers_that_stay_are_told_with_what_to_write():
    for node in ADDRESSES:
        line = told(node, seen(OWN))
        assert "none of hakube's and stays: token 5000; write hakube:timing" in line
        assert "token 3000, token_coefficient 0, consensus 3600" in line
    assert told("node1", seen()) == ""


def test_the_step_says_what_is_set_and_what_was_there():
    (step,) = steps(config(timing="fast"), seen())
    assert (step.kind, step.nodes) == (Kind.TOTEM, ("node2", "node3"))
    assert step.told == (
        "set corosync's timing in ms: token 1000, token_coefficient 0, consensus 1200 "
        "(it was token 3000, token_coefficient 0, consensus 3600)"
    )
    assert "(it was its own defaults)" in steps(config(), seen(NONE))[0].told


def test_one_node_changes_it_and_the_others_say_who():
    assert kinds("node1", seen(), **FAST_PILLAR) == ["totem"]
    for node in ("node2", "node3"):
        assert kinds(node, seen(), **FAST_PILLAR) == []
        assert "here is token 3000" in told(node, seen(), **FAST_PILLAR)
        assert "; node1 sets token 1000" in told(node, seen(), **FAST_PILLAR)


def test_a_node_that_a_change_has_missed_is_told_once_more_though_the_first_has_it():
    assert kinds("node1", seen(others=FAST)) == ["totem"]
    assert "(not all nodes have it)" in steps(config(), seen(others=FAST))[0].told


def test_a_file_that_corosync_has_not_read_is_read():
    assert kinds("node1", working(SAFE, 1000, 1200)) == ["totem"]
    assert kinds("node1", working(SAFE, 3000, 3600)) == []
    assert "node1 sets token 3000" in told("node2", working(SAFE, 1000, 1200))


def test_what_each_node_adds_to_the_token_is_no_difference():
    own = {"totem": {"token": 3000, "token_coefficient": 650, "consensus": 4380}}
    file = Totem(**own["totem"])
    assert kinds("node1", working(file, 3650, 4380), **own) == []
    assert kinds("node1", working(file, 3000, 4380), **own) == ["totem"]


@pytest.mark.parametrize(
    ("change", "name"),
    [({"online": ["node1", "node2"]}, "node3"), ({"silent": frozenset({"node2"})}, "node2")],
)
def test_while_a_node_would_not_be_told_none_is(change, name):
    """pcs writes the files of those that answer, reloads none, and the next start splits them."""
    observed = seen(**change)
    assert kinds("node1", observed, **FAST_PILLAR) == []
    assert f"apply again when {name} is back" in told("node1", observed, **FAST_PILLAR)


def test_a_pcs_that_cannot_is_told_with_what_to_do_by_hand():
    observed = seen(updates=False)
    assert kinds("node1", observed, **FAST_PILLAR) == []
    line = told("node1", observed, **FAST_PILLAR)
    assert "pcs is older than 0.10.8" in line
    assert "`pcs cluster sync` and `pcs cluster reload corosync`" in line


def test_whoever_is_first_of_those_that_live_speaks():
    observed = seen(online=["node2", "node3"])
    assert kinds("node2", observed, **FAST_PILLAR) == []  # node1 would not be told
    assert "when node1 is back" in told("node2", observed, **FAST_PILLAR)
    assert "when node1 is back" in told("node3", observed, **FAST_PILLAR)
    assert "node2 sets" not in told("node3", observed, **FAST_PILLAR)


def test_a_first_node_that_is_to_be_started_plans_it_at_once():
    """It would find itself with something left to do after the start otherwise."""
    down = seen(online=[], stack=Service(enabled=True), quorate=False, totem=None)
    assert kinds("node1", down, **FAST_PILLAR) == ["start", "await_quorum", "totem"]
    assert kinds("node2", down, **FAST_PILLAR) == ["start", "await_quorum"]


def test_a_node_is_added_after_the_change_so_that_it_gets_the_changed_file():
    two = structs.replace(member("node1", "node2"), totem=NUMBERS[SAFE])
    assert kinds("node1", two, **FAST_PILLAR) == ["totem", "add"]


def test_a_cluster_without_a_file_or_a_sample_is_set_up_with_it_and_no_step_more():
    sample = Corosync("debian", (Member("node1", ("127.0.0.1",)),))
    fresh = structs.replace(member(), corosync=sample)
    assert "totem" not in kinds("node1", fresh, **FAST_PILLAR)


def file(token, coefficient=0, consensus=None):
    consensus = consensus or -(-token * 6 // 5)
    return Totem(token=token, token_coefficient=coefficient, consensus=consensus)


@pytest.mark.parametrize(
    ("before", "target", "tokens"),
    [
        (3000, file(1000), [2330, 1570, 1190, 1000]),
        (1000, file(3000), [1190, 1570, 2330, 3000]),
        (3000, file(3000), [3000]),
        (3650, file(3000), [3000]),
        (1650, file(3000), [2490, 3000]),
        (1000, file(5000, 650), [1190, 1570, 2330, 3850, 5000]),  # 5650 with three nodes
    ],
)
def test_a_token_changes_in_steps_in_which_no_link_is_pinged_too_late(before, target, tokens):
    steps = way(Running(before, 9), target, seen().corosync)
    assert [step.token for step in steps] == tokens
    assert steps[-1] == target
    works = [before, *(step.token for step in steps[:-1]), tokens[-1] + target.token_coefficient]
    for pair in itertools.pairwise(works):
        assert max(pair) / 4 + 200 < min(pair) / 2
    assert all(step.consensus >= 1.2 * step.token for step in steps)


def test_with_a_token_that_is_too_short_for_that_the_steps_are_many_but_end():
    steps = way(Running(0, 9), file(1000), seen().corosync)
    assert steps[-1].token == 1000
    assert len(steps) < 50


def test_a_change_that_was_cut_short_half_way_is_ended():
    assert kinds("node1", seen(file(1570))) == ["totem"]
    assert kinds("node1", seen(file(1571))) == []
