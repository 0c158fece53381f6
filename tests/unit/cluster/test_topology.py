"""The pillar as objects, and where pacemaker's own scheduler would run them."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from saltext_hakube.core.cib.document import EMPTY
from saltext_hakube.core.cib.objects import Primitive, Property
from saltext_hakube.core.cib.plan import plan
from saltext_hakube.core.cib.removal import Absent
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.declared import declared
from saltext_hakube.core.topology import absent, topology
from tests.lab.test_document import PILLAR as COMPARED

ROOT = Path(__file__).parents[3]
PILLAR = {
    "cluster": {
        "nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"},
        "password": "x",
    },
    "vip": {"address": "192.0.2.100"},
    "fencing": "none",
}
NODES = ("node1", "node2", "node3")


def objects(**pillar):
    config = resolve({**PILLAR, **pillar}, Facts(names=("node1",)))
    return {item.id: item for item in topology(config)}


def delayed(value):
    """A CIB with this transition-delay and nothing else."""
    return plan([Property(id="transition-delay", value=value)], EMPTY).after


def simulate(tmp_path, *words, **pillar):
    """Where crm_simulate would run everything, on three nodes with quorum."""
    path = tmp_path / "cib.xml"
    nodes = "".join(f'<node id="{n}" uname="node{n}" type="member"/>' for n in (1, 2, 3))
    text = plan(objects(**pillar).values(), EMPTY).after
    path.write_text(re.sub(r"<nodes ?/>", f"<nodes>{nodes}</nodes>", text))
    up = [word for name in NODES for word in ("--node-up", name)]
    command = ["crm_simulate", "--xml-file", path, "--quorum", "true", "--simulate", *up, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split("Revised Cluster Status:")[1]


def test_everything_runs_where_the_document_wants_it(tmp_path):
    status = simulate(tmp_path)
    assert len(re.findall(r"VIP-apiserver.*Started node[123]", status)) == 1
    assert status.count("Started: [ node1 node2 node3 ]") == 2
    (scheduler,) = re.findall(r"scheduler.*Started (node\d)", status)
    (controller,) = re.findall(r"controller\s.*Started (node\d)", status)
    assert scheduler == controller


def test_the_vip_leaves_a_node_that_goes(tmp_path):
    status = simulate(tmp_path, "--node-down", "node1")
    assert re.search(r"VIP-apiserver.*Started node[23]", status)


def test_declared_attributes_of_an_operation_go_over_the_defaults_one_by_one():
    resources = {
        "haproxy": {"operations": {"monitor": {"timeout": 7}, "reload": {"timeout": "9s"}}}
    }
    operations = {o.name: o.attributes for o in objects(resources=resources)["haproxy"].operations}
    assert operations["monitor"] == {"interval": "5s", "timeout": "7"}
    assert operations["reload"] == {"timeout": "9s"}
    assert operations["start"] == {"timeout": "100s"}


def test_a_unit_may_be_given_with_its_suffix():
    resources = {"scheduler": {"unit": "kube-scheduler.service"}}
    assert objects(resources=resources)["scheduler"].agent == "systemd:kube-scheduler"


def test_names_are_the_pillars_in_every_reference(tmp_path):
    resources = {
        "vip": {"name": "ip"},
        "haproxy": {"name": "lb"},
        "apiserver": {"name": "api", "group": "api-group"},
        "scheduler": {"name": "sched"},
        "controller": {"name": "kcm"},
        "controller_group": "masters",
    }
    status = simulate(tmp_path, resources=resources)
    for name in ("ip", "lb-clone", "api-group-clone", "masters"):
        assert name in status


def test_fence_devices_switch_fencing_on():
    device = {"agent": "fence_ipmilan", "options": {"ip": "192.0.2.201", "lanplus": True}}
    found = objects(fencing={"fence-node1": device})
    assert found["stonith-enabled"] == Property(id="stonith-enabled", value="true")
    assert isinstance(found["fence-node1"], Primitive)
    assert found["fence-node1"].agent == "stonith:fence_ipmilan"
    assert found["fence-node1"].options == {"ip": "192.0.2.201", "lanplus": "true"}


@pytest.mark.parametrize(
    ("vip", "options"),
    [
        ({"address": "192.0.2.100"}, {"ip": "192.0.2.100"}),
        (
            {"address": "192.0.2.100", "prefix": 24, "interface": "eth0"},
            {"ip": "192.0.2.100", "cidr_netmask": "24", "nic": "eth0"},
        ),
    ],
)
def test_the_vips_options_are_those_of_the_pillar(vip, options):
    assert objects(vip=vip)["VIP-apiserver"].options == options


def test_meta_attributes_of_clones_and_groups_are_the_pillars_beside_interleave():
    found = objects(
        resources={
            "haproxy": {"clone_meta": {"clone-max": 2}},
            "apiserver": {"clone_meta": {"interleave": False}, "group_meta": {"priority": 1}},
            "controller_group_meta": {"priority": 2},
        }
    )
    assert found["haproxy-clone"].meta == {"interleave": "true", "clone-max": "2"}
    assert found["apiserver-group-clone"].meta == {"interleave": "false"}
    assert found["apiserver-group"].meta == {"priority": "1"}
    assert found["controller-scheduler"].meta == {"resource-stickiness": "1", "priority": "2"}


def test_no_failure_bans_a_resource_for_good():
    found = objects()
    for name in ("VIP-apiserver", "haproxy", "apiserver", "scheduler", "controller"):
        assert re.fullmatch("[26]0s", found[name].meta["failure-timeout"])


@pytest.mark.parametrize(
    ("pillar", "gathers"),
    [
        ({}, False),
        ({"timing": "fast"}, True),
        ({"timing": "fast", "reflex": {"gather": False}}, False),
        ({"timing": "safe", "reflex": {"gather": True}}, True),
    ],
)
def test_pacemaker_gathers_news_for_a_moment_where_it_is_to_be_fast(pillar, gathers):
    found = objects(**pillar).get("transition-delay")
    assert (found and found.value) == ("50ms" if gathers else None)
    gone = Absent(Property, "transition-delay", value="50ms")
    assert (gone in absent(resolve({**PILLAR, **pillar}, Facts(names=("node1",))))) is not gathers
    own = objects(properties={"transition-delay": "1s"}, **pillar)
    assert own["transition-delay"].value == "1s"


@pytest.mark.parametrize("gather", [True, False])
@pytest.mark.parametrize("given", ["2s", None])
def test_a_delay_that_the_pillar_has_elsewhere_is_no_contradiction(gather, given):
    """It may have it there from before hakube spoke of it."""
    name, text = "transition-delay", delayed("1s")
    own = {"absent": {"properties": [name]}} if given is None else {}
    own = own or {"objects": {"properties": {name: given}}}
    pillar = {**PILLAR, **own, "reflex": {"gather": gather}}
    done = declared(pillar, Facts(names=("node1",))).plan(text)
    (change,) = [it for it in done.changes if it.id == name]
    assert change.details == {"value": ("1s", given)}


def test_a_delay_that_is_not_ours_stays_where_we_want_none():
    off = declared({**PILLAR, "reflex": {"gather": False}}, Facts(names=("node1",)))
    for value, gone in (("2s", False), ("50ms", True)):
        changes = off.plan(delayed(value)).changes
        assert any(it.id == "transition-delay" for it in changes) is gone, value


def test_fencing_under_its_newer_name_is_not_contradicted():
    found = objects(properties={"fencing-enabled": False})
    assert found["fencing-enabled"].value == "false"
    assert "stonith-enabled" not in found


def test_the_docs_pillar_for_the_documents_own_values_is_what_the_lab_compares():
    text = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(hakube:\n.*?)```", text, re.DOTALL)
    found = topology(resolve(yaml.safe_load(shown)["hakube"], Facts(names=("node1",))))
    assert found == topology(resolve(COMPARED, Facts(names=("node1",))))
