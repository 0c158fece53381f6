"""Only what is declared changes, and it changes once: cases in which it was otherwise."""

import pytest

from saltext_hakube.core.cib import export
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.core.cib.pairs import plain_values
from saltext_hakube.core.cib.running import runs, status
from saltext_hakube.core.config import Facts
from saltext_hakube.core.declared import given
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.values import MASKED

DUMMY = {"agent": "ocf:pacemaker:Dummy"}
RULE = {"expression": {"attribute": "rack", "operation": "eq", "value": "r1"}}
OFF = (
    '<cluster_property_set id="cib-bootstrap-options"><nvpair id="off" name="stonith-enabled" '
    'value="false"/>{}</cluster_property_set>'
)


def primitive(name, inside="", agent='class="ocf" provider="pacemaker" type="Dummy"'):
    return f'<primitive id="{name}" {agent}>{inside}</primitive>'


def cib(resources="", constraints="", *, properties="", more="", schema="pacemaker-3.5"):
    return (
        f'<cib crm_feature_set="3.0.14" admin_epoch="0" epoch="1" num_updates="0" '
        f'validate-with="{schema}"><configuration><crm_config>{OFF.format(properties)}'
        f'</crm_config><nodes><node id="1" uname="n1"/></nodes><resources>{resources}</resources>'
        f"<constraints>{constraints}</constraints>{more}</configuration><status/></cib>"
    )


def plan(text, absent=None, **objects):
    return given(objects, absent, None, None, Facts()).plan(text)


def after(cib_file, text, **objects):
    """The CIB after the plan, which pacemaker takes and after which nothing is left to do."""
    wanted = given(objects, None, None, None, Facts())
    found = wanted.plan(text).after
    cib_file.load(found)
    assert wanted.plan(found).told() == {}
    return Cib.parse(found)


SHARED = primitive(
    "a",
    '<instance_attributes id="s"><nvpair id="s-x" name="x" value="1"/></instance_attributes>'
    '<operations id="os"><op id="o" name="monitor" interval="10s"/></operations>',
) + primitive("b", '<instance_attributes id-ref="s"/><operations id-ref="os"/>')


def test_who_borrowed_what_is_changed_keeps_what_it_had(cib_file):
    wanted = {**DUMMY, "options": {"x": 2}, "operations": {"monitor": {"interval": "30s"}}}
    found = after(cib_file, cib(SHARED), primitives={"a": wanted})
    other = found.resource("b")
    assert plain_values(found, other, "instance_attributes") == {"x": "1"}
    assert [op.attrib["interval"] for op in other.iter("op")] == ["10s"]


def test_who_borrowed_a_rule_that_is_changed_keeps_it(cib_file):
    lent = (
        '<rsc_location id="l1" rsc="a"><rule id="r" score="5"><expression id="e" attribute="rack"'
        ' operation="eq" value="old"/></rule></rsc_location>'
        '<rsc_location id="l2" rsc="b"><rule id-ref="r"/></rsc_location>'
    )
    wanted = {"l1": {"resource": "a", "rules": [{"score": 5, **RULE}]}}
    found = after(cib_file, cib(primitive("a") + primitive("b"), lent), locations=wanted)
    assert found.ids["l2"].find("rule/expression").attrib["value"] == "old"


def test_a_masked_value_is_the_one_that_is_there_or_an_error():
    bundle = '<bundle id="b"><podman image="i" run-command="run --password=x"/></bundle>'
    secret = '<nvpair id="p" name="my-password" value="x"/>'
    alert = (
        '<alerts><alert id="al" path="/x"><recipient id="r" value="https://h/?token=x"/></alert>'
        "</alerts>"
    )
    text = cib(bundle, properties=secret, more=alert)
    exported = export.export(text)
    assert exported["properties"]["my-password"] == MASKED
    assert exported["bundles"]["b"]["options"]["run-command"] == MASKED
    assert exported["alerts"]["al"]["recipients"]["r"]["value"] == MASKED
    assert plan(text, **exported).changes == ()
    changed = {**exported["bundles"]["b"]["options"], "image": "j"}
    found = plan(text, bundles={"b": {"options": changed}}).after
    assert 'run-command="run --password=x"' in found
    for kind in ("properties", "bundles", "alerts"):
        with pytest.raises(ConfigError, match="is masked, and the cluster has none to keep"):
            plan(cib(), **{kind: exported[kind]})


def test_a_masked_permission_is_that_in_its_place():
    roles = {"r": {"permissions": [{"kind": "read", "xpath": path} for path in ("//a", "//b")]}}
    text = plan(cib(), acl_roles=roles).after
    masked = {"kind": "read", "xpath": MASKED}
    assert plan(text, acl_roles={"r": {"permissions": [masked, masked]}}).changes == ()
    three = [masked, {"kind": "deny", "xpath": "//c"}, masked]
    with pytest.raises(ConfigError, match="xpath is masked"):
        plan(text, acl_roles={"r": {"permissions": three}})


def test_what_was_a_fence_device_shows_no_secret_when_it_is_something_else():
    device = primitive(
        "f",
        '<instance_attributes id="i"><nvpair id="n" name="session_id" value="x1y2"/>'
        "</instance_attributes>",
        agent='class="stonith" type="fence_x"',
    )
    assert "x1y2" not in str(plan(cib(device), primitives={"f": DUMMY}).told())


def test_two_sets_of_defaults_by_one_rule_are_two(cib_file):
    sets = {
        "one": {"rule": RULE, "values": {"resource-stickiness": 1}},
        "two": {"rule": RULE, "values": {"migration-threshold": 2}},
    }
    text = plan(cib(schema="pacemaker-3.9"), ruled_resource_defaults={"two": sets["two"]}).after
    found = after(cib_file, text, ruled_resource_defaults=sets)
    assert {"one", "two"} <= found.ids.keys()


def test_a_set_that_is_borrowed_as_a_whole_is_no_declared_one(cib_file):
    more = (
        '<rsc_defaults><meta_attributes id="m"><rule id="r" boolean-op="and" score="0">'
        '<expression id="e" attribute="rack" operation="eq" value="r1"/></rule>'
        '<nvpair id="n" name="priority" value="1"/></meta_attributes></rsc_defaults>'
        '<op_defaults><meta_attributes id-ref="m"/></op_defaults>'
    )
    wanted = {"mine": {"rule": RULE, "values": {"timeout": "20s"}}}
    assert "mine" in after(cib_file, cib(more=more), ruled_operation_defaults=wanted).ids


def test_defaults_that_one_set_borrows_of_another_are_removed_in_both():
    more = (
        '<rsc_defaults><meta_attributes id="m"><nvpair id="n" name="priority" value="1"/>'
        '</meta_attributes><meta_attributes id-ref="m"/></rsc_defaults>'
    )
    text = cib(primitive("a"), more=more)
    assert "priority" not in plan(text, {"resource_defaults": ["priority"]}).after


def test_a_level_takes_the_place_of_none_that_is_declared_itself(cib_file):
    devices = "".join(primitive(f, agent='class="stonith" type="fence_x"') for f in ("f1", "f2"))
    more = (
        '<fencing-topology><fencing-level id="old" target="n1" index="1" devices="f1"/>'
        "</fencing-topology>"
    )
    levels = {
        "new": {"target": "n1", "index": 1, "devices": ["f1"]},
        "old": {"target": "n1", "index": 3, "devices": ["f2"]},
    }
    found = after(cib_file, cib(devices, more=more), fencing_levels=levels)
    assert {"old", "new"} <= found.ids.keys()
    levels["old"]["index"] = 1
    with pytest.raises(ConfigError, match="another declared level has the same target and index"):
        plan(cib(devices), fencing_levels=levels)


@pytest.mark.parametrize("schema", ["pacemaker-2.0", "pacemaker-3.5", "pacemaker-3.9"])
def test_roles_and_truths_are_written_as_the_schema_wants_them(cib_file, schema):
    operation = {"name": "monitor", "attributes": {"interval": 9, "role": "Promoted"}}
    text = cib(primitive("a") + primitive("b"), schema=schema)
    after(
        cib_file,
        text,
        primitives={"c": {**DUMMY, "operations": [operation]}},
        orders={"o": {"first": "a", "then": "b", "options": {"symmetrical": "yes"}}},
        colocations={
            "s": {
                "options": {"score": 5},
                "sets": [
                    {"members": ["a"], "options": {"role": "Promoted"}},
                    {"members": ["b"], "options": {"role": "Started", "sequential": "no"}},
                ],
            }
        },
        locations={"l": {"resource": "a", "rules": [{"score": 5, "role": "Promoted", **RULE}]}},
    )


def test_a_location_by_a_rule_is_found_by_its_rule_whatever_its_score_and_id(cib_file):
    text = cib(
        primitive("a"),
        '<rsc_location id="location-a" rsc="a"><rule id="r" score="5"><expression id="e" '
        'attribute="rack" operation="eq" value="r1"/></rule></rsc_location>',
    )
    wanted = {"mine": {"resource": "a", "rules": [{"score": 9, **RULE}]}}
    found = after(cib_file, text, locations=wanted)
    assert [rule.attrib["score"] for rule in found.configuration.iter("rule")] == ["9"]


def test_what_a_constraint_is_on_does_not_stand_in_its_options():
    order = {"first": "a", "then": "b", "options": {"first": "c"}}
    with pytest.raises(ConfigError, match="its first does not stand in the options"):
        plan(cib("".join(primitive(name) for name in "abc")), orders={"o": order})


def test_an_empty_agent_is_none():
    with pytest.raises(ConfigError, match="objects:primitives:a: it needs either an agent or"):
        plan(cib(primitive("a")), primitives={"a": {"agent": ""}})


def test_what_is_declared_is_not_removed_because_of_something_else():
    text = cib(f'<group id="g">{primitive("m")}</group>{primitive("a")}')
    with pytest.raises(ConfigError, match="objects:orders:o: g is removed"):
        plan(text, {"primitives": ["m"]}, orders={"o": {"first": "g", "then": "a"}})


def test_an_option_of_two_names_is_declared_by_one_of_them():
    with pytest.raises(ConfigError, match="fencing-enabled: it has two names, and the other is al"):
        plan(cib(), properties={"stonith-enabled": True, "fencing-enabled": False})


def test_what_runs_in_a_bundle_that_stays_is_stopped_before_it_is_removed():
    inside = '<podman image="i"/><network control-port="1"/>' + primitive("m")
    text = cib(f'<bundle id="b">{inside}</bundle>')
    assert plan(text, {"primitives": ["m"]}).stops == ("m",)
    assert plan(text, {"primitives": ["m"], "bundles": ["b"]}).stops == ("b",)


BUNDLE = """
<cib><configuration/><status><node_state uname="n1" in_ccm="true" crmd="online"><lrm>
<lrm_resources><lrm_resource id="web-podman-0"><lrm_rsc_op operation="start" rc-code="0"
op-status="0" call-id="1"/></lrm_resource></lrm_resources></lrm></node_state></status></cib>
"""


def test_a_bundle_runs_where_its_containers_do():
    running = status(BUNDLE).running
    assert runs(running, "web") == {"n1"}
    assert runs(running, "we") == runs(running, "web-podman") == frozenset()
