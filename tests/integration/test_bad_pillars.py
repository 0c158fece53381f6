"""Twenty wrong pillars through a real state.apply: one clear line each, and nothing changed."""

import copy

import pytest

# The path that the line begins with, and what has to change in the minimal pillar.
BAD = {
    "hakube:clusterr": {"clusterr": {}},
    "hakube:vip:adress": {"vip": {"address": "192.0.2.100", "adress": "192.0.2.100"}},
    "hakube:cluster:password": {"cluster:password": None},
    "hakube:cluster:nodes": {"cluster:nodes": ["node1", "node2", "node3"]},
    "hakube:cluster:nodes:node2": {"cluster:nodes:node2": "node2.example.com"},
    "hakube:cluster:peers_timeout": {"cluster:peers_timeout": True},
    "hakube:vip:address": {"vip:address": "198.51.100.7"},
    "hakube:vip:prefix": {"vip:prefix": 64},
    "hakube:vip:interface": {"vip:interface": "eth0/1"},
    "hakube:fencing": {"fencing": {}},
    "hakube:fencing:ipmi:agent": {"fencing": {"ipmi": {}}},
    "hakube:apiserver:servers": {"apiserver": {"servers": []}},
    "hakube:apiserver:servers:0:node": {"apiserver": {"servers": [{"node": "node9"}]}},
    "hakube:apiserver:port": {"apiserver": {"port": "6443"}},
    "hakube:haproxy:secure_port": {"haproxy": {"secure_port": 70000}},
    "hakube:haproxy:insecure": {"haproxy": {"insecure": True}, "kubernetes": {"version": "1.20"}},
    "hakube:resources:scheduler:name": {"resources": {"scheduler": {"name": "haproxy"}}},
    "hakube:resources:orders:kind": {"resources": {"orders": {"kind": "maybe"}}},
    "hakube:properties:no-quorum-policy": {"properties": {"no-quorum-policy": "ignore"}},
    "hakube:properties:stonith-enabled": {"properties": {"stonith-enabled": True}},
}


def changed(data, changes):
    data = copy.deepcopy(data)
    for path, value in changes.items():
        *parents, last = path.split(":")
        place = data
        for parent in parents:
            place = place[parent]
        place[last] = value
    return data


def test_there_are_twenty():
    assert len(BAD) == 20


@pytest.mark.parametrize("path", BAD)
def test_a_wrong_pillar_is_one_clear_line_and_nothing_changes(client, pillar, minimal, root, path):
    pillar(changed(minimal, BAD[path]))
    (state,) = client.cmd("node1", "state.apply", ["hakube"])["node1"].values()
    assert (state["__id__"], state["result"], state["changes"]) == ("hakube-pillar", False, {})
    (line,) = state["comment"].splitlines()
    assert line.startswith(f"{path}: ")
    assert minimal["cluster"]["password"] not in line
    assert list(root.iterdir()) == []


def test_what_a_person_sees_is_the_line_and_no_traceback(salt, client, minion, pillar, minimal):
    pillar(changed(minimal, BAD["hakube:vip:adress"]))
    assert client.cmd("node1", "saltutil.refresh_pillar", kwarg={"wait": True}) == {"node1": True}
    line = (
        "hakube:vip:adress: unknown key; did you mean address? allowed here: address, prefix, "
        "interface"
    )
    command = minion.salt_call_cli(timeout=60)
    level = "--log-level=warning"  # Salt's default; salt-factories would show less
    for told in (
        salt.run("--out=highstate", level, "state.apply", "hakube", minion_tgt=minion.id),
        command.run("--out=highstate", level, "state.apply", "hakube"),
        salt.run("--out=nested", level, "hakube.config", minion_tgt=minion.id),
        command.run("--out=nested", level, "hakube.config"),
    ):
        assert told.returncode == 1
        assert line in told.stdout + told.stderr
        assert "Traceback" not in told.stdout + told.stderr
        assert "CLI Example" not in told.stdout + told.stderr


def test_no_pillar_at_all_says_where_to_start(client, pillar, root):
    pillar(None)
    (state,) = client.cmd("node1", "state.apply", ["hakube"])["node1"].values()
    assert state["comment"] == (
        "hakube: this minion has no such pillar; give it one (pillar.example/minimal.sls is a "
        "start), then saltutil.refresh_pillar"
    )
    assert list(root.iterdir()) == []


def test_a_pillar_that_was_not_rendered_says_so(client, pillar, master, salt):
    pillar(None)
    tree = master.pillar_tree.base.write_path
    (tree / "data.sls").write_text("hakube:\n\tvip: {address: 192.0.2.100}\n")
    assert client.cmd("node1", "saltutil.refresh_pillar", kwarg={"wait": True}) == {"node1": True}
    (line,) = client.cmd("node1", "hakube.problems")["node1"]
    assert line.startswith("hakube: the pillar was not rendered: Rendering SLS 'data' failed")
    assert line.endswith("; mend the SLS, then saltutil.refresh_pillar")
    told = salt.run("hakube.config", minion_tgt="node1")
    assert line in told.stdout + told.stderr


def test_a_pillar_with_another_key_names_the_key(client, pillar, master):
    pillar(None)
    (master.pillar_tree.base.write_path / "data.sls").write_text("Hakube: {vip: {}}\n")
    assert client.cmd("node1", "saltutil.refresh_pillar", kwarg={"wait": True}) == {"node1": True}
    assert client.cmd("node1", "hakube.problems")["node1"] == [
        "hakube: this minion has no such pillar, but Hakube; write it hakube"
    ]


def test_a_pillar_can_be_checked_before_it_is_put_in_place(client, pillar, minimal):
    pillar(None)
    without = changed(minimal, {})
    del without["cluster"]["password"]
    found = client.cmd("node1", "hakube.config", kwarg={"pillar": without})["node1"]
    assert found["url"] == "https://192.0.2.100:6443"
    assert found["cluster"]["password"] == "********"
    bad = changed(without, {"vip:address": "192.0.2.11"})
    (line,) = client.cmd("node1", "hakube.problems", kwarg={"pillar": bad})["node1"]
    assert line.startswith("hakube:vip:address: 192.0.2.11 is the own address of node1")
