"""What crm_mon's XML says: as Pacemaker 2.1.5 prints it."""

from saltext_hakube.core.status import Status, read

XML = """<pacemaker-result api-version="2.25" request="crm_mon --output-as=xml -1">
  <summary>
    <stack type="corosync"/>
    <current_dc present="true" version="2.1.5" name="node1" id="1" with_quorum="true"/>
  </summary>
  <nodes>
    <node name="node1" id="1" online="true" pending="false"/>
    <node name="node2" id="2" online="true" pending="true"/>
    <node name="node3" id="3" online="false" pending="false"/>
  </nodes>
  <resources>
    <clone id="haproxy-clone">
      <resource id="haproxy" role="Started"><node name="node1" id="1"/></resource>
      <resource id="haproxy:1" role="Started"><node name="node2" id="2"/></resource>
    </clone>
    <resource id="scheduler" role="Stopped"/>
  </resources>
  <failures>
    <failure op_key="haproxy_monitor_5000" node="node1" exitstatus="not running"
      exitreason="failed" task="monitor" interval="5000" status="complete"/>
    <failure op_key="scheduler_start_0" node="node2" exitstatus="error"
      exitreason="" task="start" interval="0" status="Timed Out"/>
  </failures>
</pacemaker-result>"""


def test_members_are_those_that_are_online_and_done_with_joining():
    seen = read(XML)
    assert (seen.dc, seen.quorate) == ("node1", True)
    assert seen.online == {"node1"}


def test_a_clones_instances_are_one_resource():
    assert read(XML).running == {"haproxy": ("node1", "node2"), "scheduler": ()}


def test_what_has_instances_is_told_from_what_runs_once():
    assert read(XML).cloned == {"haproxy"}


def test_a_resource_that_died_and_runs_again_is_mended_and_one_that_did_not_start_is_not():
    seen = read(XML)
    assert [(f.resource, seen.mended(f)) for f in seen.failures] == [
        ("haproxy", True),
        ("scheduler", False),
    ]


def test_a_failure_is_told_with_node_reason_and_remedy():
    line = read(XML).failures[1].told()
    assert line.startswith("scheduler failed to start on node2: error, Timed Out; mend the cause")
    assert "then `salt-call hakube_pcs.cleanup scheduler`" in line


def test_without_a_dc_nobody_is_a_member():
    text = XML.replace('present="true"', 'present="false"')
    assert read(text) == Status()
