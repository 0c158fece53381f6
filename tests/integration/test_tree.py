"""state.apply hakube on a real minion: nothing copied anywhere, nothing wrong gets through."""

import subprocess


def results(returned):
    """The states of a run by their id."""
    assert isinstance(returned, dict), returned
    return {state["__id__"]: state for state in returned.values()}


def test_the_minimal_example_is_planned_and_nothing_is_touched(salt, minion, pillar, minimal, root):
    pillar(minimal)
    told = salt.run("state.apply", "hakube", "test=True", minion_tgt=minion.id)
    assert told.returncode == 0
    states = results(told.data)
    assert [name for name, state in states.items() if state["result"] is False] == []
    assert {name for name, state in states.items() if state["changes"]} == {
        "hakube-restart",
        "hakube-sysctl-vip",
        "hakube-haproxy-config",
        "hakube-watch",
        "hakube-guard",
        "hakube-kubeenv-files",
        "hakube-resources-managed",
    }
    assert states["hakube-pillar"]["comment"] == "This minion is node1 in the cluster hakube"
    assert list(root.iterdir()) == []
    assert minimal["cluster"]["password"] not in told.stdout + told.stderr


def test_what_was_applied_is_applied_once_and_can_be_taken_back(client, pillar, minimal, root):
    pillar({**minimal, "haproxy": {"verify": "none"}})
    empty = subprocess.run(["cibadmin", "--empty"], capture_output=True, check=True)
    (root / "cib.xml").write_bytes(empty.stdout)
    first = results(client.cmd("node1", "state.apply", ["hakube"])["node1"])
    assert {name: state["comment"] for name, state in first.items() if not state["result"]} == {}
    assert "VIP-apiserver" in first["hakube-resources-managed"]["changes"]
    again = results(client.cmd("node1", "state.apply", ["hakube"])["node1"])
    assert {name: state["changes"] for name, state in again.items() if state["changes"]} == {}
    clean = results(client.cmd("node1", "state.apply", ["hakube.clean"])["node1"])
    assert {name: state["comment"] for name, state in clean.items() if not state["result"]} == {}
    left = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert {path for path in left if path.startswith("etc/")} == {
        "etc/kubernetes/config",
        "etc/kubernetes/kubelet",
    }
    assert (root / "etc/kubernetes/config").read_text() == ""


def test_a_users_own_file_wins_over_ours(salt, master, minion, pillar, minimal):
    pillar(minimal)
    ours = salt.run("state.show_low_sls", "hakube.sysctl", minion_tgt=minion.id)
    assert [state["__id__"] for state in ours.data] == ["hakube-sysctl-vip"]
    with master.state_tree.base.temp_file("hakube/sysctl.sls", "mine: {test.nop: []}"):
        theirs = salt.run("state.show_low_sls", "hakube.sysctl", minion_tgt=minion.id)
    assert [state["__id__"] for state in theirs.data] == ["mine"]


def test_the_tree_is_listed_in_every_environment_of_the_master(client):
    for environment in ("base", "prod"):
        files = client.cmd("node1", "cp.list_master", [environment])["node1"]
        assert {"hakube/init.sls", "hakube/clean.sls"} <= set(files)
        assert client.cmd("node1", "cp.list_master_dirs", [environment])["node1"] == [
            "hakube",
            "hakube/reactor",
        ]
    assert client.cmd("node1", "cp.list_master", ["nowhere"])["node1"] == []


def test_a_file_comes_over_whole_and_nothing_outside_of_the_tree_does(client):
    text = client.cmd("node1", "cp.get_file_str", ["salt://hakube/init.sls"])["node1"]
    assert text.startswith("{#-")
    assert text.endswith("{%- endif %}\n")
    for path in ("hakube/../../pyproject.toml", "hakube", "hakube/missing.sls"):
        assert not client.cmd("node1", "cp.get_file_str", [f"salt://{path}"])["node1"]
    found = client.cmd("node1", "cp.hash_file", ["salt://hakube/init.sls"])["node1"]
    assert found["hash_type"] == "sha256"
    assert len(found["hsum"]) == 64


def test_people_read_the_documentation_with_sys_doc(client):
    docs = client.cmd("node1", "sys.doc", ["hakube"])["node1"]
    assert {"hakube.config", "hakube.problems", "hakube.version"} <= set(docs)
    assert "CLI Example:" in docs["hakube.config"]
    states = client.cmd("node1", "sys.state_doc", ["hakube_pcs"])["node1"]
    assert {"hakube_pcs.managed", "hakube_pcs.cluster_formed"} <= set(states)
