"""Plans against real CIB files: create, update in place, leave alone, and then nothing to do."""

import pytest

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
from saltext_hakube.core.errors import CommandError, ConfigError
from saltext_hakube.host import cib

VIP = Primitive(
    id="vip",
    agent="ocf:heartbeat:IPaddr2",
    options={"ip": "192.0.2.100"},
    operations=(Operation("monitor", {"interval": "10s", "timeout": "20s"}),),
)
HAPROXY = Primitive(
    id="haproxy",
    agent="systemd:haproxy",
    operations=(Operation("monitor", {"interval": "5s"}), Operation("start", {"timeout": "100s"})),
)
CLONE = Clone(id="haproxy-clone", member="haproxy", meta={"interleave": "true"})
ORDER = Order(id="o", first="vip", then="haproxy-clone", options={"kind": "Optional"})
COLOCATION = Colocation(
    id="c", resource="vip", with_resource="haproxy-clone", options={"score": "INFINITY"}
)
A, B = Primitive(id="a", agent="systemd:a"), Primitive(id="b", agent="systemd:b")
GROUP = Group(id="g", members=("a", "b"))
NO_FENCING = Property(id="stonith-enabled", value="false")
ALL = (COLOCATION, ORDER, CLONE, GROUP, A, B, HAPROXY, VIP, NO_FENCING)


def push(cib_file, *objects):
    return cib.push(cib_file.machine, lambda text: plan(objects, text), deadline=1)


def changed(done):
    return {change.id: change.action for change in done.changes}


def test_everything_is_created_at_once_and_pacemaker_finds_it_valid(cib_file):
    done = push(cib_file, *ALL)
    assert set(changed(done).values()) == {"create"}
    assert len(done.changes) == len(ALL)
    assert cib_file.verify() == ""


def test_a_second_plan_is_empty(cib_file):
    push(cib_file, *ALL)
    before = cib_file.text
    assert push(cib_file, *ALL).changes == ()
    assert cib_file.text == before


@pytest.mark.parametrize(
    ("changed_object", "details"),
    [
        (
            Primitive(id="vip", agent=VIP.agent, options={"ip": "192.0.2.101"}),
            {"option ip": ("192.0.2.100", "192.0.2.101")},
        ),
        (
            Primitive(id="vip", agent=VIP.agent, options={"nic": "eth0"}),
            {"option ip": ("192.0.2.100", None), "option nic": (None, "eth0")},
        ),
        (Primitive(id="vip", agent="systemd:vip"), {"agent": (VIP.agent, "systemd:vip")}),
        (Clone(id="haproxy-clone", member="haproxy"), {"meta interleave": ("true", None)}),
        (Group(id="g", members=("b", "a")), {"members": ("a b", "b a")}),
        (Group(id="g", members=("a",)), {"members": ("a b", "a")}),
        (
            Order(id="o", first="vip", then="haproxy-clone", options={"symmetrical": "false"}),
            {"kind": ("Optional", "Mandatory"), "symmetrical": ("true", "false")},
        ),
        (
            Colocation(id="other", resource="vip", with_resource="haproxy-clone"),
            {"score": ("INFINITY", None)},
        ),
        (Property(id="stonith-enabled", value="true"), {"value": ("false", "true")}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else "",
)
def test_an_object_that_differs_is_changed_in_place(cib_file, changed_object, details):
    push(cib_file, *ALL)
    done = push(cib_file, changed_object)
    assert [change.action for change in done.changes] == ["update"]
    assert {k: done.changes[0].details[k] for k in details} == details
    assert push(cib_file, changed_object).changes == ()
    # With fencing switched on and no device pacemaker complains of that, rightly.
    assert cib_file.verify() == "" or isinstance(changed_object, Property)


def test_an_operation_with_a_new_interval_is_the_same_operation(cib_file):
    push(cib_file, VIP)
    slower = Primitive(
        id="vip",
        agent=VIP.agent,
        options=VIP.options,
        operations=(Operation("monitor", {"interval": "1min", "timeout": "20s"}),),
    )
    done = push(cib_file, slower)
    assert done.changes[0].details == {
        "operation monitor 1min": ("interval=10s timeout=20s", "interval=1min timeout=20s")
    }
    assert cib_file.text.count("<op ") == 1


def test_spelling_and_order_are_no_difference(cib_file):
    cib_file.load(
        EMPTY.replace('epoch="0"', 'epoch="1"', 1).replace(
            "<resources/>",
            """<resources><primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2">
            <operations><op timeout="20000ms" name="monitor" interval="10" id="x"/></operations>
            <instance_attributes id="i"><nvpair value="192.0.2.100" name="ip" id="n"/>
            </instance_attributes><meta_attributes id="empty"/></primitive></resources>""",
        )
    )
    assert plan([VIP], cib_file.text).changes == ()


def test_what_an_administrator_set_stays(cib_file):
    push(cib_file, *ALL)
    push(
        cib_file,
        Primitive(
            id="vip",
            agent=VIP.agent,
            options=VIP.options,
            operations=VIP.operations,
            meta={"target-role": "Stopped", "is-managed": "false", "maintenance": "true"},
        ),
    )
    assert push(cib_file, *ALL).changes == ()
    assert 'name="target-role" value="Stopped"' in cib_file.text


def test_a_declared_target_role_is_taken_at_its_word(cib_file):
    push(cib_file, A)
    stopped = Primitive(id="a", agent=A.agent, meta={"target-role": "Stopped"})
    assert changed(push(cib_file, stopped)) == {"a": "update"}


def test_foreign_objects_survive_untouched(cib_file):
    foreign = """<primitive id="theirs" class="ocf" provider="pacemaker" type="Dummy">
      <instance_attributes id="theirs-rules" score="5">
        <rule id="theirs-rule" score="0" boolean-op="and">
          <expression id="theirs-e" attribute="#uname" operation="eq" value="node1"/></rule>
        <nvpair id="theirs-state" name="state" value="/tmp/x"/></instance_attributes>
      <utilization id="theirs-u"><nvpair id="theirs-cpu" name="cpu" value="1"/></utilization>
      </primitive>"""
    constraint = '<rsc_location id="cli-ban-theirs" rsc="theirs" node="node1" score="-INFINITY"/>'
    cib_file.load(
        cib_file.text.replace("<resources/>", f"<resources>{foreign}</resources>").replace(
            "<constraints/>", f"<constraints>{constraint}</constraints>"
        )
    )
    push(cib_file, *ALL)
    for part in ("theirs-rule", "theirs-cpu", "cli-ban-theirs", "#uname"):
        assert part in cib_file.text
    assert cib_file.verify() == ""


def test_an_order_by_another_id_is_the_same_order(cib_file):
    push(cib_file, *ALL)
    renamed = Order(id="another-id", first="vip", then="haproxy-clone", options=ORDER.options)
    assert push(cib_file, renamed).changes == ()
    assert cib_file.text.count("<rsc_order") == 1


def test_an_existing_primitive_is_cloned_where_it_is(cib_file):
    push(cib_file, HAPROXY)
    assert changed(push(cib_file, HAPROXY, CLONE)) == {"haproxy-clone": "create"}
    assert cib_file.text.count('<primitive id="haproxy"') == 1


@pytest.mark.parametrize(
    ("objects", "line"),
    [
        ([CLONE], "clone haproxy-clone: its member haproxy is not in the cluster"),
        ([GROUP, A], "group g: its member b is not a primitive of the cluster"),
        ([ORDER, VIP], "order o: its then haproxy-clone is no resource of the cluster"),
        ([COLOCATION], "colocation c: its rsc vip is no resource of the cluster"),
        (
            [A, Clone(id="a", member="a")],
            "clone a: the id is already that of primitive a",
        ),
        (
            [HAPROXY, CLONE, Clone(id="second", member="haproxy")],
            "clone second: haproxy is already in the clone haproxy-clone; take it out first, or "
            "declare haproxy under another name",
        ),
        (
            [Primitive(id="a", agent="nonsense")],
            "primitive a: 'nonsense' is no resource agent; expected ocf:PROVIDER:TYPE, "
            "systemd:UNIT, stonith:TYPE",
        ),
    ],
)
def test_a_reference_to_nothing_is_told_before_anything_is_pushed(cib_file, objects, line):
    before = cib_file.text
    with pytest.raises(ConfigError) as error:
        push(cib_file, *objects)
    assert str(error.value) == line
    assert cib_file.text == before


def test_a_password_is_never_told(cib_file):
    device = Primitive(
        id="fence-node1",
        agent="stonith:fence_ipmilan",
        options={"ip": "192.0.2.201", "password": "s3cret", "pcmk_host_list": "node1"},
    )
    done = push(cib_file, device)
    assert "s3cret" in cib_file.text
    assert "s3cret" not in str(done.told())
    other = Primitive(id=device.id, agent=device.agent, options={"password": "0ther"})
    told = str(push(cib_file, other).told())
    assert "0ther" not in told
    assert "option password" in told


def configured(cib_file, section, xml):
    cib_file.load(cib_file.text.replace(f"<{section}/>", f"<{section}>{xml}</{section}>"))


def test_of_several_sets_the_one_that_wins_is_judged_and_edited(cib_file):
    configured(
        cib_file,
        "resources",
        """<primitive id="vip" class="ocf" provider="heartbeat" type="IPaddr2">
        <instance_attributes id="low" score="1"><nvpair id="l" name="nic" value="eth0"/>
        </instance_attributes><instance_attributes id="high" score="10">
        <nvpair id="h" name="ip" value="192.0.2.9"/></instance_attributes></primitive>""",
    )
    done = push(cib_file, Primitive(id="vip", agent=VIP.agent, options=VIP.options))
    assert done.changes[0].details == {
        "option ip": ("192.0.2.9", "192.0.2.100"),
        "option nic": ("eth0", None),
    }


def test_of_several_property_sets_the_bootstrap_set_counts_and_one_with_a_rule_does_not(cib_file):
    configured(
        cib_file,
        "crm_config",
        """<cluster_property_set id="ruled" score="9"><rule id="r" score="INFINITY">
        <date_expression id="d" operation="gt" start="2099-01-01"/></rule>
        <nvpair id="n1" name="stonith-enabled" value="true"/></cluster_property_set>
        <cluster_property_set id="other" score="5">
        <nvpair id="n2" name="stonith-enabled" value="true"/></cluster_property_set>
        <cluster_property_set id="cib-bootstrap-options">
        <nvpair id="n3" name="stonith-enabled" value="false"/></cluster_property_set>""",
    )
    assert push(cib_file, NO_FENCING).changes == ()
    done = push(cib_file, Property(id="stonith-enabled", value="true"))
    assert 'id="n3" name="stonith-enabled" value="true"' in cib_file.text
    assert len(done.changes) == 1


def test_a_property_under_its_other_name_is_the_same_property(cib_file):
    configured(
        cib_file,
        "crm_config",
        """<cluster_property_set id="cib-bootstrap-options">
        <nvpair id="n" name="fencing-enabled" value="off"/></cluster_property_set>""",
    )
    assert push(cib_file, NO_FENCING).changes == ()


def test_a_second_order_between_the_same_resources_is_somebody_elses(cib_file):
    push(cib_file, *ALL)
    configured_twice = cib_file.text.replace(
        "<constraints>",
        '<constraints><rsc_order id="twin" first="vip" then="haproxy-clone" kind="Mandatory"/>',
    )
    cib_file.load(configured_twice)
    assert push(cib_file, ORDER).changes == ()
    other = Order(id="mine", first="vip", then="haproxy-clone", options={"kind": "Serialize"})
    assert changed(push(cib_file, other)) == {"twin": "update"}


def test_what_pacemaker_takes_for_granted_is_no_difference(cib_file):
    push(cib_file, *ALL)
    cib_file.load(
        cib_file.text.replace(
            'with-rsc="haproxy-clone"', 'with-rsc="haproxy-clone" rsc-role="Started"'
        )
    )
    assert push(cib_file, COLOCATION).changes == ()


def test_a_primitive_out_of_a_template_is_declared_by_itself_from_then_on(cib_file):
    configured(
        cib_file,
        "resources",
        """<template id="t" class="ocf" provider="heartbeat" type="Dummy"/>
        <primitive id="a" template="t"/>""",
    )
    done = push(cib_file, A)
    assert done.changes[0].details == {"agent": ("template t", "systemd:a")}
    assert cib_file.verify() == "" or "STONITH" in cib_file.verify()


def test_operations_of_one_name_and_interval_are_each_told(cib_file):
    configured(
        cib_file,
        "resources",
        """<primitive id="a" class="systemd" type="a"><operations>
        <op id="1a" name="monitor" interval="10s" timeout="5s"/>
        <op id="1b" name="monitor" interval="10s" timeout="9s" role="Stopped"/>
        </operations></primitive>""".replace('"1', '"op1'),
    )
    done = push(cib_file, A)
    assert len(done.changes[0].details) == 2


def test_an_error_of_pacemaker_is_told_without_the_cib_that_it_prints(cib_file):
    device = Primitive(id="f", agent="stonith:fence_x", options={"passwd": "s3cret"})
    unknown = Operation("monitor", {"interval": "10s", "requires": "the moon"})
    with pytest.raises(CommandError) as error:
        push(cib_file, device, Primitive(id="a", agent="systemd:a", operations=(unknown,)))
    assert "s3cret" not in str(error.value)
    assert "schema" in str(error.value)
    assert "s3cret" not in cib_file.text


def test_of_a_fence_device_only_options_known_to_be_harmless_are_told(cib_file):
    options = {"apikey": "hidden-1", "hexadecimal_kg": "hidden-2", "ip": "192.0.2.201"}
    done = push(cib_file, Primitive(id="f", agent="stonith:fence_x", options=options))
    told = done.told()["f"]
    assert told["option ip"] == "192.0.2.201"
    assert "hidden" not in str(told)
