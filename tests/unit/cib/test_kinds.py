"""What pacemaker's schema refuses is told in words, of what is about to be written and no more."""

import pytest

from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.config import Facts
from saltext_hakube.core.declared import given
from saltext_hakube.core.errors import ConfigError

DUMMY = {"agent": "ocf:pacemaker:Dummy"}
BASE = {
    "properties": {"stonith-enabled": False},
    "primitives": {"a": DUMMY, "f": {"agent": "stonith:fence_apc"}},
}
NODE = {"attribute": "rack", "operation": "eq", "value": "r1"}
IMAGE = {"options": {"image": "x"}}


def declared(**objects):
    return given({**BASE, **objects}, None, None, None, Facts())


def location(**parts):
    return {"locations": {"new": {"resource": "a", **parts}}}


def ruled(**rule):
    return location(rules=[{"score": 5, **rule}])


def bundle(**parts):
    return {"bundles": {"new": {**IMAGE, **parts}}}


@pytest.mark.parametrize(
    ("objects", "line"),
    [
        (location(node="n"), "it needs a score for the node, such as 100, INFINITY or -INFINITY"),
        (location(node="n", options={"score": "red"}), "score: 'red' is wrong; expected a whole"),
        (location(node="n", options={"score": 1.5}), "score: '1.5' is wrong; expected a whole"),
        (location(node="n", options={"score": "infinity"}), "score: 'infinity' is wrong; expected"),
        (location(rules=[{"expression": NODE}]), "each of its rules needs a score"),
        (
            location(rules=[{"expression": NODE, "score": 1}], options={"score": 1}),
            "its score stands in the rule, not in the options",
        ),
        (ruled(expression={**NODE, "operation": "is"}), "operation: 'is' is wrong; expected one"),
        (ruled(expression={"attribute": "x"}), "the expression needs operation"),
        (ruled(expression={**NODE, "valeu": 1}), "the expression's 'valeu' is unknown; allowed"),
        (ruled(date={"operation": "gt"}), "the date_expression needs start for gt"),
        (ruled(date={"operation": "date_spec"}), "the date_expression needs a date_spec"),
        (ruled(all=[{"expression": NODE}, {"operation": {}}]), "the op_expression needs name"),
        (bundle(options={}), "the podman needs image"),
        (bundle(options={"image": "x", "replicas": "many"}), "replicas: 'many' is wrong; expected"),
        (bundle(ports=[{}]), "the port-mapping needs port or range"),
        (bundle(storage=[{"source-dir": "/x"}]), "the storage-mapping needs target-dir"),
        (bundle(network={"port": 1}), "the network's 'port' is unknown; allowed here"),
        (bundle(member="a"), "a in it needs network: ip-range-start or control-port"),
        ({"groups": {"new": {"members": ["a", "a"]}}}, "its member a stands there twice"),
        (
            {"fencing_levels": {"new": {"index": 10, "devices": ["f"], "target": "n"}}},
            "index: 10 is wrong; expected 1 to 9",
        ),
        (
            {
                "acl_roles": {
                    "new": {"permissions": [{"kind": "read", "xpath": "/", "attribute": 1}]}
                }
            },
            "a permission's attribute belongs to an object-type",
        ),
        (
            {"ruled_resource_defaults": {"new": {"rule": {"resource": {"x": 1}}, "values": {}}}},
            "the rsc_expression's 'x' is unknown; allowed here: class, provider, type",
        ),
    ],
)
def test_what_the_schema_refuses_is_one_line_before_the_push(cib_file, objects, line):
    with pytest.raises(ConfigError) as error:
        declared(**objects).plan(cib_file.text)
    (key,) = objects
    assert str(error.value).startswith(f"objects:{key}:new: {line}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "objects",
    [
        location(node="n", options={"score": "+INFINITY"}),
        ruled(expression=NODE),
        ruled(date={"operation": "in_range", "end": "2030-01-01"}),
        ruled(date={"operation": "date_spec"}, date_spec={"hours": "0-5"}),
        ruled(any=[{"expression": NODE}, {"expression": {**NODE, "operation": "defined"}}]),
        bundle(
            member="a",
            network={"ip-range-start": "192.0.2.1", "host-netmask": 24},
            ports=[{"port": 80, "internal-port": 8080}, {"range": "1-2"}],
            storage=[{"source-dir": "/x", "target-dir": "/y", "options": "rw"}],
        ),
        {"acl_roles": {"new": {"permissions": [{"kind": "read", "object-type": "node"}]}}},
    ],
)
def test_what_the_schema_takes_is_taken(cib_file, objects):
    wanted = declared(**objects)
    cib_file.load(wanted.plan(cib_file.text).after)
    assert cib_file.verify() == ""
    assert wanted.plan(cib_file.text).changes == ()


def test_what_stands_there_is_not_judged():
    odd = """<rsc_location id="new" rsc="a"><rule id="r"><expression id="e" attribute="rack"
      operation="is" value="r1"/></rule></rsc_location>"""
    there = plan(declared().objects, EMPTY).after
    assert "<constraints />" in there
    there = there.replace("<constraints />", f"<constraints>{odd}</constraints>")
    same = {"expression": {**NODE, "operation": "is"}}
    assert declared(**location(rules=[same])).plan(there).changes == ()


# -- where it is declared, and whose the limits are ------------------------------------------------


def test_arguments_are_named_without_the_pillar():
    with pytest.raises(ConfigError, match=r"^objects:orders:o:frist: unknown key; did you mean"):
        given({"orders": {"o": {"frist": "a"}}}, None, None, None, Facts())
    with pytest.raises(ConfigError, match=r"^absent:groups:0: 'a b' is wrong"):
        given(None, {"groups": ["a b"]}, None, None, Facts())
    with pytest.raises(ConfigError, match=r"^purge:0: 'x' is wrong"):
        given(None, None, ["x"], None, Facts())


def test_limits_and_waits_are_those_of_the_pillar():
    nodes = {f"node{number}": f"192.0.2.1{number}" for number in (1, 2, 3)}
    pillar = {
        "cluster": {"nodes": nodes, "password": "x", "settle_timeout": 7},
        "vip": {"address": "192.0.2.100"},
        "fencing": "none",
        "resources": {"apiserver": {"name": "api"}},
        "safety": {"max_disruption": 2},
    }
    facts = Facts(names=("node1",))
    wanted = given({"groups": {"g": {"members": ["a"]}}}, None, None, pillar, facts)
    assert [item.id for item in wanted.objects] == ["g"]
    assert (wanted.settle_timeout, wanted.api.apiserver) == (7, "api")
    assert wanted.limits.max_disruption == 2


@pytest.mark.parametrize(
    ("names", "left"),
    [
        ({"attributes": ["x"]}, {"utilization": "x"}),
        ({"utilization": ["x"]}, {"attribute": "x"}),
        (["x"], {}),
    ],
)
def test_a_nodes_values_go_by_kind_or_both_at_once(names, left):
    nodes = '<nodes><node id="1" uname="n"/></nodes>'
    text = EMPTY.replace("<nodes/>", nodes)
    assert nodes in text
    values = {"attributes": {"x": 1}, "utilization": {"x": 1}}
    there = given({"nodes": {"n": values}}, None, None, None, Facts()).plan(text).after
    after = given(None, {"nodes": {"n": names}}, None, None, Facts()).plan(there)
    assert len(after.changes) == 1
    for kind, tag in (("attribute", "instance_attributes"), ("utilization", "utilization")):
        assert (f"<{tag}" in after.after) is (kind in left)
