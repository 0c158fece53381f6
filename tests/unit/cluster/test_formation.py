"""Who does what on the way to one cluster: a truth table of machines and what they show."""

import pytest
from msgspec import structs

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.corosync import Corosync, Member
from saltext_hakube.core.errors import Refused
from saltext_hakube.core.formation import Kind, peer_problem, steps, warnings
from saltext_hakube.core.membership import Observed, Service
from saltext_hakube.core.timing import Totem

ADDRESSES = {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"}
UP = Service(active=True, enabled=True)
SAMPLE = Corosync("debian", (Member("node1", ("127.0.0.1",)),))
SAFE = Totem(token=3000, token_coefficient=0, consensus=3600)


def config(node="node1", nodes=ADDRESSES, timing=None, **cluster):
    pillar = {
        **({"timing": timing} if timing else {}),
        "cluster": {"name": "kube", "nodes": dict(nodes), "password": "x", **cluster},
        "vip": {"address": "192.0.2.100"},
        "fencing": "none",
    }
    return resolve(pillar, Facts(names=(node,)))


def conf(*names, name="kube", **options):
    options = {"totem": SAFE, **options}
    return Corosync(name, tuple(Member(n, (ADDRESSES[n],)) for n in names), **options)


def member(*names, online=None, **options):
    """A machine that is a running part of a cluster of these nodes."""
    return Observed(
        corosync=conf(*names),
        password_right=True,
        pcsd=UP,
        stack=UP,
        known=frozenset(names),
        online=frozenset(names if online is None else online),
        quorate=True,
        **options,
    )


def kinds(node, observed, **options):
    return [step.kind.value for step in steps(config(node, **options), observed)]


FRESH = ["password", "pcsd", "peers"]
JOINING = ["enable", "start", "await_quorum"]


def test_the_first_node_of_the_pillar_sets_up_and_the_others_wait_for_it():
    assert kinds("node1", Observed()) == [*FRESH, "setup", *JOINING]
    assert kinds("node2", Observed()) == [*FRESH, "await_setup", *JOINING]
    assert kinds("node3", Observed()) == [*FRESH, "await_setup", *JOINING]


def test_first_is_who_stands_first_in_the_pillar_whatever_the_names():
    turned = dict(reversed(ADDRESSES.items()))
    assert "setup" in kinds("node3", Observed(), nodes=turned)
    assert "await_setup" in kinds("node1", Observed(), nodes=turned)


def test_debians_sample_cluster_is_replaced_also_where_its_node_has_a_name_of_the_pillar():
    assert kinds("node1", Observed(corosync=SAMPLE)) == [*FRESH, "drop_sample", "setup", *JOINING]
    assert "drop_sample" in kinds("node2", Observed(corosync=SAMPLE))


def test_nothing_of_the_cluster_is_touched_before_the_peers_have_answered():
    for node in ADDRESSES:
        plan = kinds(node, Observed(corosync=SAMPLE))
        assert plan.index("peers") < plan.index("drop_sample")
        assert set(plan[: plan.index("peers")]) <= {"password", "pcsd"}


def test_a_single_node_waits_for_nobody():
    assert "peers" not in kinds("node1", Observed(), nodes={"node1": "192.0.2.11"})


def test_a_running_member_has_nothing_to_do():
    for node in ADDRESSES:
        assert kinds(node, member(*ADDRESSES)) == []


def test_nor_has_it_while_another_member_is_down():
    seen = member(*ADDRESSES, online=["node1", "node2"])
    assert kinds("node1", seen) == []
    assert warnings(config("node1"), seen) == ("offline: node3; apply there when it is back",)


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (Service(active=False, enabled=True), ["start", "await_quorum"]),
        (Service(active=True, enabled=False), ["enable"]),
        (Service(), ["enable", "start", "await_quorum"]),
    ],
)
def test_a_member_whose_cluster_is_down_or_not_enabled_is_started(stack, expected):
    seen = member(*ADDRESSES)
    online = seen.online if stack.active else frozenset()
    seen = structs.replace(seen, stack=stack, online=online, quorate=stack.active)
    assert kinds("node2", seen) == expected


def test_a_member_without_quorum_waits_for_it():
    seen = member(*ADDRESSES, online=["node1"])
    seen = structs.replace(seen, quorate=False)
    assert kinds("node1", seen) == ["await_quorum"]


def test_a_changed_password_is_set_and_nothing_else_is_done():
    seen = member(*ADDRESSES)
    seen = structs.replace(seen, password_right=False)
    assert kinds("node1", seen) == ["password"]


def test_a_later_node_is_added_by_the_first_member_and_never_set_up():
    assert kinds("node1", member("node1", "node2")) == ["add"]
    assert kinds("node2", member("node1", "node2")) == []
    assert "node3: not yet in the cluster; node1 adds it" in warnings(
        config("node2"), member("node1", "node2")
    )
    assert steps(config("node1"), member("node1", "node2"))[0].nodes == ("node3",)


def test_who_adds_is_a_member_that_is_online():
    seen = member("node1", "node2", online=["node2"])
    assert kinds("node2", seen) == ["add"]


def test_a_new_node_that_stands_first_in_the_pillar_is_added_too():
    """It waits instead of setting up: what its peers show says so, and then it is a member."""
    assert kinds("node2", member("node2", "node3")) == ["add"]
    assert peer_problem(config("node1"), "node2", conf("node2", "node3")) is None
    assert kinds("node1", member(*ADDRESSES)) == []


def test_pcs_is_authenticated_with_members_that_it_does_not_know():
    seen = member(*ADDRESSES)
    seen = structs.replace(seen, known=frozenset({"node1"}))
    assert [(step.kind, step.nodes) for step in steps(config(), seen)] == [
        (Kind.AUTHENTICATE, ("node2", "node3"))
    ]


def test_a_member_of_another_cluster_is_refused_with_the_remedy():
    seen = Observed(corosync=Corosync("other", (Member("db1", ("192.0.2.50",)),)))
    with pytest.raises(Refused, match=r"in the cluster other \(db1\).*pcs cluster destroy"):
        steps(config("node1"), seen)


def test_another_cluster_is_refused_even_if_it_has_a_node_of_our_name():
    db = (Member("node1", ("192.0.2.11",)), Member("db2", ("192.0.2.52",)))
    with pytest.raises(Refused, match=r"in the cluster db \(node1, db2\)"):
        steps(config("node1"), Observed(corosync=Corosync("db", db)))


def test_a_name_in_other_letters_is_to_be_corrected_in_the_pillar_and_nothing_destroyed():
    nodes = {"Node1": "192.0.2.11", "node2": "192.0.2.12"}
    seen = Observed(corosync=conf("node1", "node2"))
    with pytest.raises(Refused) as error:
        steps(config("Node1", nodes, accept_split_brain=True), seen)
    assert "write these names, in these letters, into hakube:cluster" in str(error.value)
    assert "destroy" not in str(error.value)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, None),
        (SAMPLE, None),
        (conf("node2", "node3"), None),
        (conf("node1", "node2", "node3"), "pcs cluster node remove node1"),
        (Corosync("db", (Member("db1", ("192.0.2.51",)),)), "not that of the pillar"),
    ],
    ids=["nothing", "the sample", "lacks this node", "names this node", "another"],
)
def test_no_cluster_is_set_up_over_one_that_a_peer_is_in(found, expected):
    problem = peer_problem(config("node1"), "node2", found)
    assert problem is None if expected is None else expected in problem
    assert "force" not in str(problem)


def test_units_that_run_are_stopped_only_when_the_peers_have_answered():
    running = structs.replace(Observed(), units=("kube-apiserver",))
    plan = kinds("node1", running)
    assert plan.index("peers") < plan.index("release") < plan.index("setup")
    assert kinds("node1", structs.replace(member(*ADDRESSES), units=("kube-apiserver",))) == []


def test_a_member_that_is_down_and_unknown_to_pcs_is_warned_of_and_stops_nothing():
    seen = structs.replace(
        member(*ADDRESSES, online=["node1", "node2"]),
        known=frozenset({"node1"}),
        silent=frozenset({"node3"}),
    )
    assert [step.nodes for step in steps(config(), seen)] == [("node2",)]
    assert any("pcsd on node3 does not answer" in line for line in warnings(config(), seen))


def test_a_quorum_device_is_added_once_by_one():
    device = {"quorum_device": {"host": "qnetd"}}
    assert kinds("node1", member(*ADDRESSES), **device) == ["device"]
    assert kinds("node2", member(*ADDRESSES), **device) == []
    seen = structs.replace(member(*ADDRESSES), corosync=conf(*ADDRESSES, device=True))
    assert kinds("node1", seen, **device) == []
    assert "device" in kinds("node1", Observed(), **device)


def test_what_differs_and_is_not_ours_to_change_is_warned_of():
    other = Corosync(
        "oldname",
        (Member("node1", ("192.0.2.99",)), Member("node2", ("192.0.2.12",)), Member("x", ("::1",))),
    )
    ours = Corosync("kube", other.members)
    seen = member("node1", "node2")
    told = " ".join(
        line
        for found in (other, ours)
        for line in warnings(config("node1"), structs.replace(seen, corosync=found))
    )
    assert "the running cluster is called oldname" in told
    assert "hakube:cluster:nodes:node1: corosync uses 192.0.2.99" in told
    assert "x is in the cluster but not in hakube:cluster:nodes" in told
