"""The runners of a real master."""

import shutil
import time
from pathlib import Path

import pytest
import yaml

import saltext_hakube


@pytest.fixture
def ghost(master):
    """A minion that the master has accepted, but that is not there."""
    keys = Path(master.config["pki_dir"]) / "minions"
    shutil.copy(keys / "node1", keys / "ghost")
    yield "ghost"
    (keys / "ghost").unlink()


def test_master_config_prints_the_file_that_the_master_needs(salt_run, master):
    told = salt_run.run("--out=txt", "hakube.master_config")
    assert yaml.safe_load(told.stdout)["fileserver_backend"] == ["roots", "hakube"]
    main = master.config["conf_file"]
    assert f"# WARNING: this list replaces fileserver_backend in {main}" in told.stdout


def test_the_doctor_finds_every_minion_and_what_it_lacks(salt_run, minion, pillar, minimal, ghost):
    pillar({**minimal, "cluster": {**minimal["cluster"], "nodes": {"node1": "192.0.2.11"}}})
    started = time.monotonic()
    told = salt_run.run("hakube.doctor", "timeout=15")
    assert time.monotonic() - started < 60
    assert told.data["minions"]["node1"]["extension"] == saltext_hakube.__version__
    assert told.data["problems"] == [
        "ghost: no answer within 15 s; is the machine up, its salt-minion running?"
    ]
    assert told.returncode == told.data["retcode"] == 1


def test_the_doctor_finds_nodes_that_are_no_minions(salt_run, minion, pillar, minimal):
    nodes = {**minimal["cluster"]["nodes"], "node3": {"addresses": ["192.0.2.13"], "minion": "x"}}
    pillar({**minimal, "cluster": {**minimal["cluster"], "nodes": nodes}})
    told = salt_run.run("hakube.doctor", minion.id, "timeout=10")
    assert [line.partition(" ")[0] for line in told.data["problems"]] == [
        "hakube:cluster:nodes:node2:",
        "hakube:cluster:nodes:node3:minion:",
    ]


def test_the_doctor_says_nothing_where_all_is_well(salt_run, minion, pillar, minimal):
    pillar({**minimal, "cluster": {**minimal["cluster"], "nodes": {"node1": "192.0.2.11"}}})
    told = salt_run.run("hakube.doctor", minion.id)
    assert told.data["problems"] == []
    assert told.returncode == 0


def test_the_doctor_asks_nobody_where_nobody_matches(salt_run):
    told = salt_run.run("hakube.doctor", "nobody*")
    assert told.data["problems"] == ["no minion matches nobody*; see `salt-key --list accepted`"]


def test_the_doctor_says_that_a_pillar_was_not_rendered(salt_run, minion, pillar, master):
    pillar(None)
    sls = master.pillar_tree.base.write_path / "data.sls"
    sls.write_text("hakube:\n\tvip: {address: 192.0.2.100}\n")
    told = salt_run.run("hakube.doctor", minion.id, "timeout=10")
    (line,) = (it for it in told.data["problems"] if minion.id in it)
    assert "hakube: the pillar was not rendered: Rendering SLS 'data' failed" in line
