"""What people do by hand, with real Salt loaders, on a CIB file that stands for a cluster."""

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from salt.exceptions import CommandExecutionError

CIB = """<cib admin_epoch="0" epoch="7" num_updates="3" validate-with="pacemaker-3.0"
  crm_feature_set="3.0.14">
  <configuration>
    <crm_config/>
    <nodes>
      <node id="1" uname="node1"/>
      <node id="2" uname="node2"/>
      <node id="3" uname="node3"/>
    </nodes>
    <resources>
      <primitive id="single" class="ocf" provider="pacemaker" type="Dummy"/>
      <group id="web">
        <primitive id="first" class="ocf" provider="pacemaker" type="Dummy"/>
        <primitive id="second" class="ocf" provider="pacemaker" type="Dummy"/>
      </group>
      <clone id="all-clone">
        <primitive id="all" class="ocf" provider="pacemaker" type="Dummy"/>
      </clone>
    </resources>
    <constraints/>
  </configuration>
  <status/>
</cib>
"""


@pytest.fixture(scope="module")
def minion_config_overrides(machine_root):
    return {"id": "node1", "hakube": {"cib_file": str(machine_root / "cib.xml")}}


@pytest.fixture
def path(root):
    path = root / "cib.xml"
    path.write_text(CIB)
    return path


@pytest.fixture
def pcs(modules, path):
    """The functions, on three nodes and some resources; what they leave is valid."""
    yield modules.hakube_pcs
    if path.exists():
        verified = tool(path, "crm_verify", "--xml-file", path)
        # Resources without fencing are an error of the judge, and none of ours.
        assert "schema" not in verified.stderr
        assert tool(path, "cibadmin", "--query").returncode == 0


def tool(path, *argv):
    return subprocess.run(
        argv,
        env={**os.environ, "CIB_file": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def simulated(path, *words):
    """What the scheduler does with the file's cluster, all of whose nodes are there."""
    online = [word for node in ("node1", "node2", "node3") for word in ("-u", node)]
    done = tool(path, "crm_simulate", "-x", path, *online, "-q", "true", "-S", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def soon(**lifetime):
    return (datetime.now(timezone.utc) + timedelta(**lifetime)).strftime("%Y-%m-%dT%H:%M")


# -- one name, three files ----------------------------------------------------------------------


def test_functions_of_three_files_are_called_by_one_name(modules):
    for name in ("show", "plan", "apply", "standby", "cleanup", "move", "moves"):
        assert f"hakube_pcs.{name}" in modules
    for file in ("admin", "moves"):
        assert f"hakube_pcs_{file}.moves" not in modules


def test_salt_call_documents_all_of_them_together(tmp_path):
    words = ["--local", "--config-dir", tmp_path, "--out=yaml", "sys.doc", "hakube_pcs"]
    (tmp_path / "minion").write_text(f"root_dir: {tmp_path}\nlog_file: {tmp_path}/log\n")
    done = subprocess.run(
        [Path(sys.executable).with_name("salt-call"), *words],
        capture_output=True,
        text=True,
        check=True,
    )
    found = yaml.safe_load(done.stdout)["local"]
    assert {"hakube_pcs.show", "hakube_pcs.standby", "hakube_pcs.moves"} <= set(found)


# -- standby and maintenance --------------------------------------------------------------------


def test_a_node_goes_into_standby_once_and_comes_out_once(pcs, path):
    assert pcs.standby("node2") == {
        "changed": True,
        "comment": "node2 is in standby",
        "before": False,
        "after": True,
        "problems": [],
    }
    # Pacemaker's own tool sees it.
    seen = tool(path, "crm_attribute", "-N", "node2", "-n", "standby", "-G", "-q")
    assert seen.stdout.strip() == "on"
    again = pcs.standby("node2")
    assert (again["changed"], again["comment"]) == (False, "node2 is in standby already")
    assert pcs.unstandby("node2")["changed"] is True
    assert pcs.unstandby("node2")["changed"] is False
    assert 'name="standby"' not in path.read_text()


def test_without_a_name_it_is_the_node_of_this_minion(pcs):
    assert pcs.standby()["comment"] == "node1 is in standby"


def test_what_crm_standby_set_is_taken_back(pcs, path):
    tool(path, "crm_attribute", "-N", "node3", "-n", "standby", "-v", "true", "-l", "forever")
    assert 'name="standby"' in path.read_text()
    assert pcs.standby("node3")["changed"] is False
    assert pcs.unstandby("node3")["changed"] is True
    assert 'name="standby"' not in path.read_text()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({}, "The cluster"),
        ({"node": "node2"}, "node2"),
        ({"resource": "web"}, "web"),
        ({"resource": "all-clone"}, "all-clone"),
        ({"resource": "first"}, "first"),
    ],
)
def test_maintenance_of_cluster_node_and_resource_goes_on_and_off(pcs, path, words, what):
    before = path.read_text()
    assert pcs.maintenance_off(**words)["changed"] is False
    assert path.read_text() == before
    on = pcs.maintenance_on(**words)
    assert (on["changed"], on["before"], on["after"]) == (True, False, True)
    assert on["comment"] == f"{what} is in maintenance"
    assert pcs.maintenance_on(**words)["changed"] is False
    assert "maintenance" in simulated(path).lower() or "unmanaged" in simulated(path)
    assert pcs.maintenance_off(**words)["after"] is False
    assert "maintenance" not in path.read_text()


def test_maintenance_of_two_things_at_once_is_refused(pcs):
    with pytest.raises(CommandExecutionError, match="expected one of them"):
        pcs.maintenance_on(node="node1", resource="web")


# -- moves and bans -----------------------------------------------------------------------------


def test_a_move_ends_by_itself_and_is_made_once(pcs, path):
    done = pcs.move("single", "node2", lifetime="2h")
    (made,) = done["after"]
    assert done["changed"] is True
    assert done["before"] == []
    assert made["id"] == "cli-prefer-single"
    assert (made["kind"], made["node"], made["expired"]) == ("move", "node2", False)
    assert made["end"][:16] in (soon(hours=2), soon(hours=2, seconds=-20))
    assert pcs.moves() == done["after"]
    text = path.read_text()
    assert pcs.move("single", "node2", lifetime="PT2H")["changed"] is False
    assert path.read_text() == text


def test_a_move_is_of_an_hour_where_nothing_is_said(pcs):
    (made,) = pcs.move("web", "node3")["after"]
    assert made["end"][:16] in (soon(hours=1), soon(hours=1, seconds=-20))


def test_a_second_move_takes_the_place_of_the_first(pcs):
    pcs.move("single", "node2")
    for node, lifetime in (("node3", "1h"), ("node3", "3h")):
        done = pcs.move("single", node, lifetime=lifetime)
        assert done["changed"] is True
        (left,) = done["after"]
        assert left["node"] == "node3"


def test_a_move_lifts_the_ban_from_the_same_node_and_no_other(pcs):
    pcs.ban("single", "node2")
    pcs.ban("single", "node3")
    left = pcs.move("single", "node2")["after"]
    assert [item["id"] for item in left] == ["cli-ban-single-on-node3", "cli-prefer-single"]


def test_a_ban_holds_until_it_is_cleared_and_gets_a_lifetime_in_place(pcs):
    (made,) = pcs.ban("all-clone", "node1")["after"]
    assert made == {
        "id": "cli-ban-all-clone-on-node1",
        "kind": "ban",
        "resource": "all-clone",
        "node": "node1",
        "end": None,
        "expired": False,
    }
    assert pcs.ban("all-clone", "node1")["changed"] is False
    # crm_resource refuses this one: "Invalid configuration".
    (made,) = pcs.ban("all-clone", "node1", lifetime=600)["after"]
    assert made["end"] is not None
    cleared = pcs.clear("all-clone")
    assert (cleared["changed"], cleared["after"]) == (True, [])
    assert cleared["comment"] == "Removed: cli-ban-all-clone-on-node1"
    assert pcs.clear("all-clone")["changed"] is False


def test_what_crm_resource_made_is_known_and_cleared_and_the_other_way_round(pcs, path):
    crm = ("crm_resource", "--resource", "web")
    tool(path, *crm, "--ban", "--node", "node1", "--lifetime", "PT1H")
    tool(path, *crm, "--ban", "--node", "node2")
    found = pcs.moves("web")
    assert [(item["node"], item["end"] is None) for item in found] == [
        ("node1", False),
        ("node2", True),
    ]
    assert pcs.ban("web", "node1", lifetime="1h")["changed"] is False
    assert pcs.clear("web", node="node1")["after"] == found[1:]
    pcs.move("web", "node3")
    assert tool(path, *crm, "--clear").returncode == 0
    assert pcs.moves() == []


def test_only_what_is_over_is_cleared_where_that_is_asked(pcs, path):
    pcs.ban("web", "node1", lifetime="2h")
    pcs.ban("single", "node1", lifetime="2h")
    end = pcs.moves("web")[0]["end"].replace("T", " ")
    path.write_text(path.read_text().replace(end, "2020-02-29 10:00:00 +01:00", 1))
    over = pcs.moves("web")[0]
    assert (over["end"], over["expired"]) == ("2020-02-29T09:00:00Z", True)
    done = pcs.clear(expired=True)
    assert over in done["before"]
    assert [item["resource"] for item in done["after"]] == ["single"]
    assert pcs.moves() == done["after"]


def test_to_clear_everything_is_not_said_by_saying_nothing(pcs):
    with pytest.raises(CommandExecutionError, match="resource: missing"):
        pcs.clear()


def test_pacemakers_scheduler_obeys_and_the_move_ends(pcs, path):
    """Judged by crm_simulate, today and after the end."""

    def placed(**later):
        at = (datetime.now(timezone.utc) + timedelta(**later)).strftime("%Y-%m-%d %H:%M:%SZ")
        revised = simulated(path, "-t", at).partition("Revised Cluster Status")[2]
        return next(line for line in revised.splitlines() if "* single" in line)

    tool(path, "crm_attribute", "-t", "crm_config", "-n", "stonith-enabled", "-v", "false")
    before = placed()
    assert "Started" in before
    others = [node for node in ("node1", "node2", "node3") if node not in before]
    pcs.move("single", others[0], lifetime="1h")
    assert others[0] in placed()
    assert placed(hours=2) == before


# -- what is asked for and cannot be --------------------------------------------------------------


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(pcs, path, modules):
    would = [
        (pcs.standby("node2", test=True), "node2 would be put in standby"),
        (pcs.maintenance_on(test=True), "The cluster would be put in maintenance"),
        (pcs.move("single", "node1", test=True), "single would be moved to node1"),
        (pcs.ban("single", "node1", test=True), "single would be banned from node1"),
    ]
    for done, comment in would:
        assert (done["changed"], done["comment"]) == (None, comment)
        assert done["before"] != done["after"]
    assert path.read_text() == CIB
    assert pcs.unstandby("node2", test=True)["changed"] is False


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("standby", "nod2"),
            "node nod2: the cluster has none of this name; did you mean node2? "
            "(there is node1, node2, node3)",
        ),
        (
            ("move", "sinlge", "node1"),
            "resource sinlge: the cluster has none of this name; did you mean single? "
            "(there is all, all-clone, first, second, single, web)",
        ),
        (("ban", "single", "x"), "node x: the cluster has none of this name (there is node1, "),
        (("moves", "x"), "resource x: the cluster has none"),
        (("clear", "x"), "resource x: the cluster has none"),
        (("maintenance_on", 7), "node 7: the cluster has none"),
        (("move", "all", "node1"), "it is in the clone all-clone"),
        (("ban", "all", "node1"), "name all-clone"),
        (("move", "all-clone", "node1"), "a clone runs on several nodes"),
        (("move", "single", "node1", "soon"), "lifetime: soon is no duration"),
        (("move", "single", "node1", None), "lifetime: None is no duration"),
        (("move", "single", "node1", "0s"), "lifetime: 0s is out of range"),
        (("ban", "single", "node1", "P400D"), "lifetime: P400D is out of range"),
        (("cleanup",), "cleanup needs a running cluster"),
        (("failcounts",), "the list of fail counts needs a running cluster"),
    ],
)
def test_what_cannot_be_is_one_line(pcs, path, words, line):
    with pytest.raises(CommandExecutionError) as error:
        getattr(pcs, words[0])(*words[1:])
    assert str(error.value).startswith(line) or line in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_text() == CIB


@pytest.mark.parametrize("wait", [-1, 1.5, True, "a", 3601])
def test_a_wait_has_an_end(pcs, wait):
    with pytest.raises(CommandExecutionError, match=r"wait: .* expected whole seconds, 0 to 3600"):
        pcs.standby("node1", wait=wait)


def test_a_file_that_is_missing_is_said_and_not_made(pcs, path):
    path.unlink()
    for call in (pcs.moves, pcs.standby, lambda: pcs.move("single", "node1")):
        with pytest.raises(CommandExecutionError, match=r"there is no .*cib.xml"):
            call()
    assert not path.exists()
