"""salt-call --local on a machine without a master: one file of configuration and a pillar."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from .conftest import example


@pytest.fixture
def salt_call(tmp_path):
    """Run salt-call on a folder that stands for the machine; what it returned."""
    root, pillar = tmp_path / "machine", tmp_path / "pillar"
    root.mkdir()
    pillar.mkdir()
    (pillar / "top.sls").write_text("base: {'*': [data]}")
    (pillar / "data.sls").write_text(json.dumps(example("minimal")))
    settings = {
        "id": "node1",
        "root_dir": str(tmp_path),
        "file_roots": {"base": [str(tmp_path / "srv")]},
        "pillar_roots": {"base": [str(pillar)]},
        "fileserver_backend": ["roots", "hakube"],
        "hakube": {"root": str(root), "cib_file": str(root / "cib.xml")},
    }
    (tmp_path / "minion").write_text(yaml.safe_dump(settings))

    def run(*arguments):
        program = Path(sys.executable).with_name("salt-call")
        command = [program, "--local", "-c", tmp_path, "--out=json", "-l", "critical", *arguments]
        told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert told.returncode == 0, told.stderr
        assert list(root.iterdir()) == []
        return json.loads(told.stdout)["local"]

    return run


def test_the_tree_is_found_and_planned_without_a_master(salt_call):
    states = salt_call("state.apply", "hakube", "test=True")
    assert {state["__id__"] for state in states.values() if state["result"] is None} == {
        "hakube-restart",
        "hakube-sysctl-vip",
        "hakube-haproxy-config",
        "hakube-watch",
        "hakube-guard",
        "hakube-kubeenv-files",
        "hakube-resources-managed",
    }
    assert all(state["result"] is not False for state in states.values())


def test_the_configuration_is_shown_without_the_password(salt_call):
    found = salt_call("hakube.config")
    assert found["node"] == "node1"
    assert found["live"] is False
    assert found["cluster"]["password"] == "********"
