"""Pacemaker's alert agent: run as Pacemaker runs it, with all the shells that may be sh."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from saltext_hakube.core import alert
from saltext_hakube.core.cib.alerts import edit_alert
from saltext_hakube.core.cib.document import Cib
from saltext_hakube.host.program import agent

SHELLS = [it for it in ("dash", "bash", "busybox", "ksh", "mksh") if shutil.which(it)]
CIB = (
    '<cib validate-with="pacemaker-3.0"><configuration><crm_config/><nodes/><resources/>'
    "<constraints/></configuration><status/></cib>"
)


@pytest.fixture(params=SHELLS)
def tell(request, tmp_path):
    """Let the agent tell this; what is in the spool then."""
    program = tmp_path / "hakube-alert"
    program.write_bytes(agent())
    spool = tmp_path / "spool"
    spool.mkdir()
    shell = [request.param, *(["ash"] if request.param == "busybox" else [])]

    def run(**said):
        given = {f"CRM_alert_{name}": text for name, text in said.items()}
        environment = {"PATH": os.environ["PATH"], "CRM_alert_recipient": str(spool), **given}
        done = subprocess.run(
            [*shell, program], env=environment, capture_output=True, timeout=30, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        return sorted(spool.iterdir())

    run.spool = spool
    return run


def test_each_alert_is_one_file_for_root_and_the_group(tell):
    [path] = tell(
        kind="resource",
        node="node1",
        rsc="VIP-apiserver",
        task="monitor",
        rc="7",
        target_rc="0",
        desc="not running",
        timestamp_epoch="1780000000",
        timestamp_usec="1234",
    )
    assert path.suffix == ".json"
    assert path.stat().st_mode & 0o777 == 0o640
    assert json.loads(path.read_text()) == {
        "at": 1780000000.001234,
        "kind": "resource",
        "node": "node1",
        "resource": "VIP-apiserver",
        "task": "monitor",
        "rc": "7",
        "target_rc": "0",
        "desc": "not running",
    }
    assert len(tell(kind="node", node="node2", desc="lost")) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('say "no" \\n', "say  no   n"),
        ("one\ntwo\tthree\x01", "one two three "),
        ("$(id) `id` * %s", "$(id) `id` * %s"),
        ("größer", "größer"),
        ("x" * 20_000, "x" * 1000),
        ("", ""),
    ],
)
def test_whatever_it_is_told_is_json(tell, text, told):
    [path] = tell(kind="resource", desc=text)
    assert json.loads(path.read_text())["desc"] == told


@pytest.mark.parametrize("odd", [{}, {"timestamp_epoch": "x", "timestamp_usec": "-1"}])
def test_without_pacemakers_time_it_takes_its_own(tell, odd):
    [path] = tell(kind="node", **odd)
    assert json.loads(path.read_text())["at"] > 1_700_000_000


def test_what_nobody_reads_has_an_end(tell):
    for number in range(220):
        (tell.spool / f"{number}-1.json").write_text("{}")
    assert len(tell(kind="node")) == 220
    for path in list(tell.spool.iterdir())[:100]:
        path.unlink()
    assert len(tell(kind="node")) == 121


def test_without_a_spool_it_says_nothing(tell):
    tell.spool.rmdir()
    with pytest.raises(FileNotFoundError):
        tell(kind="node")
    assert not tell.spool.exists()


def test_the_cluster_gets_it_and_loses_it():
    cib = Cib.parse(CIB)
    assert [it.action for it in edit_alert(cib, alert.alert())] == ["create"]
    text = cib.text()
    assert f'path="{alert.PROGRAM}"' in text
    assert all(f"<select_{kind}" in text for kind in ("fencing", "nodes", "resources"))
    assert list(edit_alert(Cib.parse(text), alert.alert())) == []
    assert alert.absent().id == alert.NAME


def test_it_needs_no_program_but_those_that_it_names():
    words = Path("src/saltext_hakube/agents/alert/alert.sh").read_text().split()
    assert not {"sed", "awk", "python3", "cat", "jq"} & set(words)
