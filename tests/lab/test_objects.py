"""Objects on a real cluster: foreseen, refused, applied, removed after a stop, exported."""

import concurrent.futures
import json
import os

import pytest

from saltext_hakube.core import status
from tests.lab import Lab, bare, missing
from tests.lab.wheels import CHECKOUT

REASON = missing()
pytestmark = [pytest.mark.lab, pytest.mark.skipif(REASON is not None, reason=REASON or "")]

DUMMY = {"agent": "ocf:pacemaker:Dummy", "operations": {"monitor": {"interval": "10s"}}}
OBJECTS = {
    "primitives": {"one": DUMMY, "two": DUMMY, "many": DUMMY},
    "groups": {"pair": {"members": ["one", "two"]}},
    "clones": {"many-clone": {"member": "many", "meta": {"interleave": True}}},
    "orders": {"pair-after-many": {"first": "many-clone", "then": "pair"}},
    "locations": {
        "pair-on-node2": {
            "resource": "pair",
            "rules": [
                {
                    "score": 100,
                    "expression": {"attribute": "#uname", "operation": "eq", "value": "node2"},
                }
            ],
        }
    },
}


@pytest.fixture(scope="module")
def lab():
    suite = os.environ.get("HAKUBE_LAB_SUITE", "bookworm")
    name = f"objects-{os.getpid()}"
    with Lab.up(name, suite=suite, installed=True, kube="none", salt=False) as found:
        bare.form(found)
        found.environment = bare.bring_code(found)
        for node in found.nodes:
            node.copy_in(CHECKOUT / "tests/lab/engine.py", "/root/engine.py")
        yield found


def engine(lab, what, node=0, **asked):
    """What the engine says on a node."""
    given = json.dumps({"do": what, **asked})
    done = lab.nodes[node].run(
        ["python3", "/root/engine.py"], input=given, env=lab.environment, timeout=180
    )
    return json.loads(done.stdout)


def seen(lab):
    return status.read(lab.nodes[0].run("crm_mon --output-as=xml -1").stdout)


def test_all_three_nodes_apply_at_once_and_what_was_foreseen_comes_true(lab):
    foreseen = engine(lab, "plan", objects=OBJECTS)
    assert "one starts on node2" in foreseen["predicted"]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        said = list(pool.map(lambda n: engine(lab, "apply", n, objects=OBJECTS), range(3)))
    assert [one["wrong"] for one in said] == [[], [], []]
    assert sorted(len(one["changes"]) for one in said) == [0, 0, 7]
    running = seen(lab).running
    assert running["one"] == running["two"] == ("node2",)
    assert sorted(running["many"]) == ["node1", "node2", "node3"]
    assert engine(lab, "plan", objects=OBJECTS)["changes"] == {}


def test_a_change_that_disturbs_too_much_is_refused_with_its_list_unless_it_is_allowed(lab):
    moved = {"locations": {"pair-not-on-node2": {"resource": "pair", "node": "node2"}}}
    moved["locations"]["pair-not-on-node2"]["options"] = {"score": "-INFINITY"}
    limits = {"max_disruption": 1}
    epoch = lab.nodes[0].run("cibadmin --query --local").stdout.split(' epoch="')[1].split('"')[0]
    said = engine(lab, "apply", objects=moved, safety=limits)
    assert "hakube:safety:max_disruption is 1" in said["error"]
    assert "one moves from node2 to" in said["error"]
    assert f' epoch="{epoch}"' in lab.nodes[0].run("cibadmin --query --local").stdout
    said = engine(lab, "apply", objects=moved, safety={**limits, "allow_disruption": True})
    assert said["wrong"] == []
    assert seen(lab).running["one"] != ("node2",)
    engine(lab, "apply", absent={"locations": list(moved["locations"])})


def test_what_an_administrator_set_stays(lab):
    lab.nodes[0].run("crm_resource --resource pair --meta --set-parameter target-role -v Stopped")
    lab.nodes[0].run("crm_resource --resource many-clone --ban --node node3")
    lab.nodes[0].run("crm_resource --wait --timeout=60s", timeout=75)
    assert engine(lab, "apply", objects=OBJECTS)["changes"] == {}
    assert "one" not in {name for name, nodes in seen(lab).running.items() if nodes}
    lab.nodes[0].run("crm_resource --resource pair --meta --delete-parameter target-role")
    lab.nodes[0].run("crm_resource --resource many-clone --clear")


def test_an_exported_cluster_plans_nothing_on_the_cluster_it_comes_from(lab):
    exported = engine(lab, "export")
    assert set(OBJECTS["primitives"]) == set(exported["primitives"])
    assert engine(lab, "plan", 1, objects=exported)["changes"] == {}


def test_a_start_that_fails_is_told_with_node_reason_and_remedy(lab):
    # A state file in a folder that is not there: the agent itself says so.
    broken = {"primitives": {"broken": {**DUMMY, "options": {"state": "/nowhere/at/all"}}}}
    said = engine(lab, "apply", objects=broken)
    assert said["changes"] == {"broken": "create"}
    assert any("broken failed to" in line and "node" in line for line in said["wrong"])
    assert all("crm_resource" in line or "pcs" in line for line in said["wrong"])
    engine(lab, "apply", absent={"primitives": ["broken"]})


def test_what_is_removed_is_stopped_first_with_what_speaks_of_it(lab):
    absent = {"primitives": ["one", "many"]}
    said = engine(lab, "apply", absent=absent)
    assert said["wrong"] == []
    gone = {"one", "many", "many-clone", "pair-after-many"}
    assert {name for name, action in said["changes"].items() if action == "remove"} == gone
    assert seen(lab).running.keys() == {"two"}
    log = lab.nodes[0].run("cat /var/log/pacemaker/pacemaker.log", check=False).stdout
    # That of a test before had failed, and pacemaker may be at its fail count still.
    orphans = [line for line in log.lower().splitlines() if "orphan" in line]
    assert [line for line in orphans if "broken" not in line] == []
    for node in lab.nodes:
        left = node.run("ls /run/Dummy-one.state /run/Dummy-many.state", check=False).stdout
        assert left == ""


def test_what_does_not_stop_is_not_removed(lab):
    engine(lab, "apply", objects={"primitives": {"kept": DUMMY}})
    lab.nodes[0].run("crm_resource --resource kept --meta --set-parameter is-managed -v false")
    said = engine(lab, "apply", absent={"primitives": ["kept"]})
    assert "kept still runs on" in said["error"]
    assert "unmanaged" in said["error"]
    assert seen(lab).running["kept"]
