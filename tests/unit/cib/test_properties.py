"""From any declared cluster to any other: what is meant and no more, as pacemaker's tools see."""

import subprocess

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from saltext_hakube.core.cib import declaration
from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.cib.export import export
from saltext_hakube.core.cib.kinds import BY_TYPE
from saltext_hakube.core.cib.objects import NodeValues, PairSet, Primitive, Template
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.cib.reading import objects
from saltext_hakube.core.cib.removal import Absent
from saltext_hakube.core.reading import read
from saltext_hakube.host import cib

from .strategies import NODES, clusters

RULED = (Primitive, Template)
START = EMPTY.replace("pacemaker-3.0", "pacemaker-3.9").replace(
    "<nodes/>",
    "<nodes>" + "".join(f'<node id="{n[-1]}" uname="{n}"/>' for n in NODES) + "</nodes>",
)
# Each of these starts processes of pacemaker's.
judged = settings(
    max_examples=max(settings().max_examples // 2, 10),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def gone(before, after):
    """What the first cluster has and the second has not, to be declared absent."""
    return [
        Absent(kind, name, tuple(item.attributes), tuple(item.utilization))
        if kind is NodeValues
        else Absent(kind, name)
        for (kind, name), item in before.items()
        if (kind, name) not in after
    ]


def strict(before, after):
    """The second cluster, in which what the first has by a rule is spoken of: by a list of sets.

    A mapping says what holds always, and leaves alone what holds by a rule.
    """
    result = {}
    for key, item in after.items():
        parts = {}
        for part in ("options", "meta", "utilization"):
            given, was = getattr(item, part, None), getattr(before.get(key), part, None)
            if isinstance(was, tuple) and isinstance(given, dict) and key[0] in RULED:
                parts[part] = (PairSet(values=given),) if given else ()
        result[key] = structs.replace(item, **parts)
    return result


def means(text, wanted):
    """Whether the CIB means what is wanted, and nothing else, seen from both sides."""
    other = plan(wanted.values(), START).after
    assert plan(wanted.values(), text).changes == ()
    assert plan(objects(text), other).changes == ()


def verified(text, tmp_path):
    """crm_verify finds nothing that is wrong."""
    path = tmp_path / "verified.xml"
    path.write_text(text)
    done = subprocess.run(
        ["crm_verify", "--xml-file", path, "-V"], capture_output=True, text=True, check=False
    )
    # A set that orders a resource against itself, or a template alone, is worth a warning only.
    assert done.returncode == 0, done.stderr


@judged
@given(clusters(), clusters())
def test_any_cluster_becomes_any_other_and_nothing_else(cib_file, one, other):
    cib_file.path.write_text(START)
    cib.push(cib_file.machine, lambda text: plan(one.values(), text), deadline=1)
    means(cib_file.text, one)
    other, absent = strict(one, other), gone(one, other)
    cib.push(cib_file.machine, lambda text: plan(other.values(), text, absent), deadline=1)
    again = plan(other.values(), cib_file.text, absent)
    assert again.changes == ()
    verified(cib_file.text, cib_file.path.parent)
    left = {kind for kind, name in one if kind is NodeValues and (kind, name) in other}
    if not left:  # values of nodes are owned one by one
        means(cib_file.text, other)


@judged
@given(clusters(), clusters())
def test_a_purge_leaves_what_is_declared_and_nothing_else(cib_file, one, other):
    cib_file.path.write_text(plan(one.values(), START).after)
    other = strict(one, other)
    kinds = [kind for kind in BY_TYPE if kind is not NodeValues]
    absent = [item for item in gone(one, other) if item.kind is NodeValues]
    done = cib.push(
        cib_file.machine, lambda text: plan(other.values(), text, absent, kinds), deadline=1
    )
    assert plan(other.values(), done.after, absent, kinds).changes == ()
    if not any(kind is NodeValues for kind, name in one if (kind, name) in other):
        means(cib_file.text, other)


@given(clusters())
def test_an_exported_cluster_changes_nothing_where_it_comes_from(one):
    text = plan(one.values(), START).after
    declared = read(export(text), declaration.Objects, "hakube:objects")
    assert plan(declared.listed(), text).changes == ()
    everything = export(text, secrets=True, administrative=True)
    declared = read(everything, declaration.Objects, "hakube:objects")
    means(text, {(type(item), item.id): item for item in declared.listed()})


@given(clusters(), st.data())
def test_what_is_not_declared_stays_byte_for_byte(one, data):
    """Of a cluster some objects are declared with other values; the others are not touched."""
    text = plan(one.values(), START).after
    chosen = data.draw(st.lists(st.sampled_from(sorted(one, key=str)), unique=True))
    done = plan([one[key] for key in chosen], text)
    assert done.changes == ()
    assert done.after == text
