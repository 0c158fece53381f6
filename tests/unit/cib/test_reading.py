"""What is declared and what is read back are the same."""

from hypothesis import given
from hypothesis import strategies as st

from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.cib.objects import (
    Clone,
    Colocation,
    Group,
    Operation,
    Order,
    Primitive,
    Property,
)
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.cib.reading import objects

names = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)
# What pacemaker 2 prints as broken XML is refused (core.cib.xmltext).
values = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="&<>\"'"), max_size=12
)
seconds = st.integers(0, 3600).map(lambda number: f"{number}s")


@st.composite
def operation_lists(draw):
    found = draw(st.dictionaries(names, seconds, max_size=4))
    return tuple(Operation(name, {"interval": "0s", "timeout": t}) for name, t in found.items())


@st.composite
def clusters(draw):
    """Objects that refer to each other and to nothing else."""
    ids = draw(st.lists(names, min_size=1, max_size=8, unique=True))
    primitives = [
        Primitive(
            id=name,
            agent=draw(st.sampled_from(["systemd:unit@x:y", "ocf:heartbeat:IPaddr2", "lsb:d"])),
            options=draw(st.dictionaries(names, values, max_size=4)),
            meta=draw(st.dictionaries(names, values, max_size=3)),
            operations=draw(operation_lists()),
        )
        for name in ids
    ]
    inside = ids[: draw(st.integers(0, len(ids)))]
    groups = [Group(id="G", members=tuple(inside))] if inside else []
    clones = [
        Clone(id=f"{name}-CLONE", member=name, meta={"interleave": "true"})
        for name in ids[len(inside) :]
    ]
    related = st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(
        lambda it: it[0] != it[1]
    )
    pairs = draw(st.lists(related, unique=True)) if len(ids) > 1 else []
    orders = [Order(id=f"O-{a}-{b}", first=a, then=b) for a, b in pairs]
    colocations = [
        Colocation(id=f"C-{a}-{b}", resource=a, with_resource=b, options={"score": "5"})
        for a, b in pairs
    ]
    properties = draw(st.dictionaries(st.sampled_from(["P-a", "P-b"]), values, max_size=2))
    return [
        *primitives,
        *groups,
        *clones,
        *orders,
        *colocations,
        *(Property(id=name, value=value) for name, value in properties.items()),
    ]


def by_id(found):
    return {item.id: item for item in found}


@given(clusters())
def test_what_is_declared_is_read_back(declared):
    done = plan(declared, EMPTY)
    assert by_id(objects(done.after)) == by_id(declared)


@given(clusters())
def test_what_is_read_back_plans_nothing(declared):
    after = plan(declared, EMPTY).after
    assert plan(objects(after), after).changes == ()


@given(clusters(), clusters())
def test_one_cluster_becomes_another_in_one_plan(one, other):
    """What both declare takes the second one's meaning; what only the first has is foreign."""
    loose = [item for item in one if isinstance(item, (Primitive, Property))]
    done = plan(other, plan(loose, EMPTY).after)
    assert plan(other, done.after).changes == ()
    declared = by_id(other)
    foreign = {item.id: item for item in loose if item.id not in declared}
    assert by_id(objects(done.after)) == {**declared, **foreign}
