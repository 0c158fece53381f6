"""What Pacemaker says of a resource: against its own tools, and what they cannot tell."""

import os
import subprocess
import xml.etree.ElementTree as ET

import pytest

from saltext_hakube.agents.ground.history import (
    BUSY,
    NOTHING,
    STARTED,
    STOP_FAILED,
    STOPPED,
    STOPPING,
    UNCLEAR,
)
from saltext_hakube.agents.ground.pacemaker import (
    CLEAN_UP,
    FAIL,
    GIVES_UP,
    Missing,
    Unreadable,
    command,
    view,
)

CIB = """\
<cib admin_epoch="0" epoch="7" num_updates="0" validate-with="pacemaker-3.0" have-quorum="1"
     crm_feature_set="3.16.1" dc-uuid="1">
  <configuration>
    <crm_config>
      <cluster_property_set id="options">
        <nvpair id="options-fencing" name="stonith-enabled" value="false"/>
      </cluster_property_set>
      {properties}
    </crm_config>
    <nodes><node id="1" uname="node1">{attributes}</node><node id="2" uname="node2"/></nodes>
    <resources>{before}{opened}
      <primitive id="VIP" {given}>
        {own}
      </primitive>
    {closed}</resources>
    <constraints/>
    <rsc_defaults>{defaults}</rsc_defaults>
  </configuration>
  <status>
    <node_state id="1" uname="node1" in_ccm="true" crmd="online" join="member" expected="member">
      {transient}
      <lrm id="1"><lrm_resources>
        <lrm_resource id="VIP" class="ocf" provider="heartbeat" type="IPaddr2">
          {history}
        </lrm_resource>
      </lrm_resources></lrm>
    </node_state>
  </status>
</cib>
"""
TYPE = 'class="ocf" provider="heartbeat" type="IPaddr2"'
ACTION = """<lrm_rsc_op id="VIP_{slot}_{ms}" operation_key="VIP_{kind}_{ms}" operation="{kind}"
  transition-key="{magic}" transition-magic="{status}:{code};{magic}" on_node="node1"
  crm_feature_set="3.16.1" call-id="{call}" rc-code="{code}" op-status="{status}" interval="{ms}"
  last-rc-change="1795536045" exec-time="1" queue-time="0" op-digest="{digest}"/>"""


def action(kind, call, code=0, status=0, *, interval=0, slot=None):
    return ACTION.format(
        slot=slot or ("last" if interval == 0 else kind),
        kind=kind,
        call=call,
        code=code,
        status=status,
        ms=interval,
        magic="4:1:0:47ebe6d6-d0a7-4938-b59f-9164d9c750f6",
        digest="f2317cad3d54cec5d7d7aa7d0bf35cf8",
    )


START = action("start", 6)


def pending(kind, interval=0):
    return action(kind, -1, 193, -1, interval=interval)


def cib(**parts):
    names = ("properties", "attributes", "before", "opened", "own", "closed", "defaults")
    empty = dict.fromkeys((*names, "transient"), "")
    return CIB.format(**{**empty, "given": TYPE, "history": START, **parts})


def pair(name, value, key):
    return f'<nvpair id="{key}-{name}" name="{name}" value="{value}"/>'


def options(tag, key, inside="", **values):
    pairs = "".join(pair(n.replace("_", "-"), v, key) for n, v in values.items())
    return f'<{tag} id="{key}">{inside}{pairs}</{tag}>'


def meta(key, inside="", **values):
    return options("meta_attributes", key, inside, **values)


def properties(**values):
    return options("cluster_property_set", "more", **values)


SAFE = {
    "as it is": {},
    "switched off": {"properties": properties(maintenance_mode="false")},
    "its own word over the group's": {
        "own": meta("o", is_managed="true"),
        "opened": '<group id="g">' + meta("g-meta", is_managed="false"),
        "closed": "</group>",
    },
    "its own word over the defaults": {
        "own": meta("o", is_managed="true"),
        "defaults": meta("d", is_managed="false"),
    },
    "another node": {"attributes": options("instance_attributes", "n", standby="on")},
}
HANDS_OFF = {
    "the cluster's maintenance": {"properties": properties(maintenance_mode="true")},
    "in other words": {"properties": properties(maintenance_mode="Yes")},
    "the node's": {"attributes": options("instance_attributes", "n", maintenance="true")},
    "its own": {"own": meta("o", maintenance="true")},
    "its template's": {
        "before": f'<template id="t" {TYPE}>{meta("t-meta", is_managed="false")}</template>',
        "given": 'template="t"',
    },
    "its group's": {
        "opened": '<group id="g">' + meta("g-meta", is_managed="false"),
        "closed": "</group>",
    },
    "unmanaged": {"own": meta("o", is_managed="false")},
    "unmanaged by default": {"defaults": meta("d", is_managed="false")},
    "a set that stands for another one": {
        "before": f'<primitive id="other" {TYPE}>{meta("there", is_managed="false")}</primitive>',
        "own": '<meta_attributes id-ref="there"/>',
    },
    "the default's maintenance": {"defaults": meta("d", maintenance="true")},
}


def pacemaker_leaves_it(text, folder):
    """Whether Pacemaker itself would leave the resource alone, by crm_mon."""
    path = folder / "cib.xml"
    path.write_text(text, encoding="utf-8")
    told = subprocess.run(
        ["crm_mon", "--output-as=xml", "--inactive", "-1"],
        env={**os.environ, "CIB_file": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    root = ET.fromstring(told.stdout)
    (resource,) = root.iterfind("resources//resource[@id='VIP']")
    node = root.find("nodes/node[@name='node1']")
    return resource.get("managed") == "false" or node.get("maintenance") == "true"


@pytest.mark.parametrize("case", [pytest.param(it, id=key) for key, it in SAFE.items()])
def test_what_pacemaker_manages_is_no_reason_to_keep_hands_off(case, tmp_path):
    seen = view(cib(**case), "node1", "VIP")
    assert (seen.hands_off, seen.maintenance, seen.managed) == ("", False, True)
    assert not pacemaker_leaves_it(cib(**case), tmp_path)


@pytest.mark.parametrize("case", [pytest.param(it, id=key) for key, it in HANDS_OFF.items()])
def test_what_pacemaker_leaves_alone_is_left_alone(case, tmp_path):
    seen = view(cib(**case), "node1", "VIP")
    assert seen.hands_off
    assert seen.maintenance or not seen.managed
    assert pacemaker_leaves_it(cib(**case), tmp_path)


DATE = '<date_expression id="e" operation="gt" start="2099-01-01"/>'
RULE = f'<rule id="r" score="INFINITY">{DATE}</rule>'


@pytest.mark.parametrize(
    ("case", "hands_off"),
    [
        # A rule: in force where that is maintenance, and not where it would end it.
        ({"own": meta("o", RULE, maintenance="true")}, True),
        ({"own": meta("o", RULE, is_managed="false")}, True),
        ({"own": meta("o", RULE, is_managed="true"), "defaults": meta("d", is_managed="0")}, True),
        ({"properties": options("cluster_property_set", "p", RULE, maintenance_mode="1")}, True),
        # A property of Pacemaker 2, whatever the resource says itself.
        ({"properties": properties(is_managed_default="false")}, True),
        # An attribute that lasts until the node's next start.
        (
            {
                "transient": '<transient_attributes id="1">'
                + options("instance_attributes", "t", maintenance="true")
                + "</transient_attributes>"
            },
            True,
        ),
    ],
)
def test_what_might_be_maintenance_counts_as_it(case, hands_off):
    assert bool(view(cib(**case), "node1", "VIP").hands_off) is hands_off


def test_the_maintenance_of_another_node_is_none_of_this_one():
    text = cib(attributes=options("instance_attributes", "n", maintenance="true"))
    assert view(text, "node1", "VIP").hands_off == "node1 has maintenance=true"
    assert view(text, "node2", "VIP").hands_off == ""


@pytest.mark.parametrize(
    ("case", "policy"),
    [
        ({}, "stop"),
        ({"properties": properties(no_quorum_policy="freeze")}, "freeze"),
        ({"properties": properties(no_quorum_policy="demote")}, "demote"),
        # A rule decides: then Pacemaker may also stop, and it may not.
        (
            {"properties": options("cluster_property_set", "p", RULE, no_quorum_policy="ignore")},
            "ignore",
        ),
        (
            {"properties": options("cluster_property_set", "p", RULE, no_quorum_policy="suicide")},
            "suicide",
        ),
    ],
)
def test_what_a_node_without_quorum_does(case, policy):
    assert view(cib(**case), "node1", "VIP").policy == policy
    assert (policy in GIVES_UP) == (policy not in ("freeze", "ignore"))


# As Pacemaker 2.1.5 wrote them, one look after the other through a start and a reported failure.
MONITOR = action("monitor", 7, interval=10000)
FAILED = action("asyncmon", 8, 1) + action("asyncmon", 8, 1, slot="last_failure")
FAILURE = action("asyncmon", 8, 1, slot="last_failure")


@pytest.mark.parametrize(
    ("history", "state"),
    [
        ("", NOTHING),
        (action("monitor", 5, 7), STOPPED),
        (action("monitor", 5, 0), STARTED),  # found running by the first look
        (pending("start"), BUSY),
        (START, STARTED),
        (START + pending("monitor", 10000), STARTED),
        (START + MONITOR, STARTED),
        (FAILED + MONITOR, UNCLEAR),
        (pending("stop") + MONITOR + FAILURE, STOPPING),
        (action("stop", 9) + MONITOR + FAILURE, STOPPED),
        (pending("start") + MONITOR + FAILURE, BUSY),
        (action("start", 10) + pending("monitor", 10000) + FAILURE, STARTED),
        (action("start", 10) + action("monitor", 11, interval=10000) + FAILURE, STARTED),
        # Pacemaker knows that it is gone, or could not do what it wanted.
        (START + action("monitor", 12, 7, interval=10000), UNCLEAR),
        # Under the number of the monitor that went well.
        (START + MONITOR + action("monitor", 7, 7, 4, interval=10000, slot="f"), UNCLEAR),
        (action("stop", 9, 1, 4) + MONITOR, STOP_FAILED),
        (action("stop", 9, 1) + MONITOR + action("stop", 9, 1, slot="last_failure"), STOP_FAILED),
        (action("start", 9, 1, 2), UNCLEAR),
        (action("start", 9, 0, 4), UNCLEAR),
        (action("stop", 9, 0, 4), UNCLEAR),
    ],
)
def test_the_history_ends_with_it_running_or_not(history, state):
    assert view(cib(history=history), "node1", "VIP").last.state == state


def test_nothing_is_known_of_a_node_or_a_resource_without_history():
    assert view(cib(), "node2", "VIP").last.state == NOTHING
    assert (
        view(cib().replace('have-quorum="1"', 'have-quorum="0"'), "node1", "VIP").quorate is False
    )


STOP_FAILS = action("stop", 9, 1) + action("stop", 9, 1, slot="last_failure")
AGAINST = {
    "no member": ({}, "node1 is no member just now"),
    "about to leave": (
        {
            "transient": '<transient_attributes id="1">'
            + options("instance_attributes", "t", shutdown="1795536310")
            + "</transient_attributes>"
        },
        "node1 has shutdown=1795536310",
    ),
    "not wanted": ({"own": meta("o", target_role="Stopped")}, "VIP has target-role=Stopped"),
    "nothing is wanted": (
        {"properties": properties(stop_all_resources="true")},
        "the cluster has stop-all-resources=true",
    ),
    "cloned": (
        {"opened": '<clone id="c">', "closed": "</clone>"},
        "VIP is no primitive, alone or in a group",
    ),
    "a word that nobody knows": (
        {"own": meta("o", maintenance="perhaps")},
        "VIP has maintenance=perhaps",
    ),
    "set elsewhere": (
        {"own": '<meta_attributes id-ref="nowhere"/>'},
        "VIP has values that are set elsewhere",
    ),
}


@pytest.mark.parametrize("name", AGAINST)
@pytest.mark.parametrize("history", [START, STOP_FAILS])
def test_pacemaker_hears_nothing_while_something_speaks_against_it(name, history):
    case, why = AGAINST[name]
    text = cib(**case, history=history)
    if name == "no member":
        text = text.replace('join="member"', 'join="down"')
    seen = view(text, "node1", "VIP")
    assert (seen.against, seen.hears) == (why, "")
    # All but a person's wish to keep it as it is.
    assert bool(seen.hands_off) == (name in ("a word that nobody knows", "set elsewhere"))
    assert seen.member == (name not in ("no member", "about to leave"))
    assert seen.wanted == (name not in ("not wanted", "nothing is wanted"))


@pytest.mark.parametrize(
    ("history", "hears"), [(START, FAIL), (STOP_FAILS, CLEAN_UP), (action("stop", 9), "")]
)
def test_pacemaker_hears_what_it_does_not_know(history, hears):
    assert view(cib(history=history), "node1", "VIP").hears == hears


def has(ip, inside="", key="i"):
    return options("instance_attributes", key, inside, ip=ip)


def templated(ip):
    return f'<template id="t" {TYPE}>{has(ip, key="t-i")}</template>'


WATCHED, OTHER_ONE = "192.0.2.100", "192.0.2.101"
ELSEWHERE = {
    "its own": {"own": has(OTHER_ONE)},
    "a template's": {"before": templated(OTHER_ONE), "given": 'template="t"'},
    "its group's": {"opened": '<group id="g">' + has(OTHER_ONE), "closed": "</group>"},
    "a set that stands for another one": {
        "before": f'<primitive id="other" {TYPE}>{has(OTHER_ONE, key="there")}</primitive>',
        "own": '<instance_attributes id-ref="there"/>',
    },
    "a rule's, or not": {"own": has(OTHER_ONE, RULE) + has(WATCHED, key="j")},
    "no address": {"own": has("vip.example.org")},
}
THE_SAME = {
    "its own": {"own": has(WATCHED)},
    "nobody says": {},
    "its own over a template's": {
        "before": templated(OTHER_ONE),
        "given": 'template="t"',
        "own": has(WATCHED),
    },
}


@pytest.mark.parametrize("case", [pytest.param(it, id=key) for key, it in ELSEWHERE.items()])
@pytest.mark.parametrize("history", [START, STOP_FAILS])
def test_an_address_that_is_not_the_clusters_is_nothing_to_tell(case, history):
    seen = view(cib(**case, history=history), "node1", "VIP", WATCHED)
    assert (seen.elsewhere, seen.hears, seen.hands_off) == (True, "", "")
    assert seen.against == "the cluster has another address for it"
    assert view(cib(**case, history=history), "node1", "VIP").hears  # as nobody asks


@pytest.mark.parametrize("case", [pytest.param(it, id=key) for key, it in THE_SAME.items()])
def test_an_address_that_is_the_clusters_is_one_to_tell_of(case):
    seen = view(cib(**case), "node1", "VIP", WATCHED)
    assert (seen.elsewhere, seen.against, seen.hears) == (False, "", FAIL)


def test_an_ipv6_address_is_the_same_however_it_is_written():
    text = cib(own=has("2001:DB8:0:0::0100"))
    assert not view(text, "node1", "VIP", "2001:db8::100").elsewhere


def test_parameters_that_are_set_elsewhere_keep_pacemaker_from_being_told():
    text = cib(own='<instance_attributes id-ref="nowhere"/>')
    seen = view(text, "node1", "VIP", WATCHED)
    assert (seen.against, seen.hands_off) == ("VIP has values that are set elsewhere", "")


def stops(inside="", **values):
    given = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in values.items())
    return f'<operations><op id="stop" name="stop" interval="0"{given}>{inside}</op></operations>'


def of_the_template(inside, own=""):
    template = f'<template id="t" {TYPE}>{inside}</template>'
    return {"before": template, "given": 'template="t"', "own": own}


NOT, DO = {"record_pending": "false"}, {"record_pending": "true"}
OTHER = '<operations><op id="other" name="{}" interval="0" timeout="9s"/></operations>'
SILENT = {
    "the operation's own": {"own": stops(**NOT)},
    "its meta attribute": {"own": stops(meta("om", **NOT))},
    "its own over its meta attribute": {"own": stops(meta("om", **DO), **NOT)},
    "by default": {"op_defaults": meta("od", **NOT)},
    "by default, as its own says something else": {
        "own": stops(timeout="9s"),
        "op_defaults": meta("od", **NOT),
    },
    "the template's": of_the_template(stops(**NOT)),
    "the template's, with another one of its own": of_the_template(
        stops(**NOT), OTHER.format("start")
    ),
    "operations that stand for another one's": {
        "before": f'<primitive id="other-one" {TYPE}>'
        + stops(**NOT).replace("<operations>", '<operations id="there">')
        + "</primitive>",
        "own": '<operations id-ref="there"/>',
    },
}
WRITTEN_DOWN = {
    "as it is": {},
    "said once more": {"own": stops(**DO)},
    "its own over its meta attribute": {"own": stops(meta("om", **NOT), **DO)},
    "its own over the default": {"own": stops(**DO), "op_defaults": meta("od", **NOT)},
    "its meta attribute over the default": {
        "own": stops(meta("om", **DO)),
        "op_defaults": meta("od", **NOT),
    },
    "its own over the template's": of_the_template(stops(**NOT), OTHER.format("stop")),
    "another operation": {"own": stops(**NOT).replace("stop", "start")},
    "default of resources": {"defaults": meta("d", **NOT)},
}


def written_down(text, folder):
    """Whether Pacemaker itself would write a stop down, by the graph of crm_simulate."""
    (folder / "cib.xml").write_text(text, encoding="utf-8")
    command = ["crm_simulate", "-x", folder / "cib.xml", "-S", "-G", folder / "graph.xml"]
    subprocess.run(command, capture_output=True, timeout=60, check=True)
    (stop,) = ET.parse(folder / "graph.xml").iterfind(".//rsc_op[@operation='stop']/attributes")
    return stop.get("CRM_meta_record_pending", "true") == "true"


def recorded(op_defaults="", own="", **parts):
    """The CIB, and the same where the VIP is to be stopped."""
    texts = [cib(own=one + own, **parts) for one in ("", meta("stop-it", target_role="Stopped"))]
    more = f"<constraints/><op_defaults>{op_defaults}</op_defaults>"
    return [text.replace("<constraints/>", more) for text in texts]


@pytest.mark.parametrize("case", [pytest.param(it, id=key) for key, it in SILENT.items()])
def test_a_stop_that_nobody_could_see_is_a_reason_to_hand_over_nothing(case, tmp_path):
    text, stopping = recorded(**case)
    assert not written_down(stopping, tmp_path)
    seen = view(text, "node1", "VIP")
    assert seen.against == "a stop of VIP is not written down before it is done (record-pending)"
    assert (seen.hears, seen.hands_off) == ("", "")


@pytest.mark.parametrize("case", [pytest.param(it, id=key) for key, it in WRITTEN_DOWN.items()])
def test_a_stop_that_is_written_down_is_no_reason(case, tmp_path):
    text, stopping = recorded(**case)
    assert written_down(stopping, tmp_path)
    seen = view(text, "node1", "VIP")
    assert (seen.against, seen.hears) == ("", FAIL)


@pytest.mark.parametrize(
    "case",
    [
        {"op_defaults": meta("od", RULE, **NOT)},
        {"op_defaults": '<meta_attributes id-ref="nowhere"/>'},
        {"own": stops(record_pending="perhaps")},
    ],
)
def test_a_stop_that_may_not_be_written_down_is_a_reason(case):
    assert "record-pending" in view(recorded(**case)[0], "node1", "VIP").against


def test_a_clone_has_hands_off_too():
    case = {"opened": f'<clone id="c">{meta("m", is_managed="false")}', "closed": "</clone>"}
    assert view(cib(**case), "node1", "VIP").hands_off == "VIP has is-managed=false"


def test_how_pacemaker_hears_it():
    told = command(CLEAN_UP, "node1", "VIP")
    assert told == ("crm_resource", "--cleanup", "-r", "VIP", "-N", "node1")


@pytest.mark.parametrize("text", ["", "<cib", "<status/>", b"\xff\xfe", "<cib/>"])
def test_what_is_no_cib_is_told(text):
    with pytest.raises(Unreadable):
        view(text, "node1", "VIP")


def test_a_resource_that_is_not_there_is_told():
    with pytest.raises(Missing, match="no resource other"):
        view(cib(), "node1", "other")
