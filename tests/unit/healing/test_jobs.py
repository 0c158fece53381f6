"""What Salt does on a node, as the minion's own files tell it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
import salt.payload

from saltext_hakube import jobs


@pytest.fixture
def minion(tmp_path):
    """A process that is Salt's, as far as its command line tells, and the folder of its jobs."""
    (tmp_path / "proc").mkdir()
    command = [sys.executable, "-c", "import time; time.sleep(60)", "salt-minion"]
    with subprocess.Popen(command) as process:
        shown = Path(f"/proc/{process.pid}/cmdline")
        while b"salt-minion" not in shown.read_bytes():  # a program that just begins has none yet
            time.sleep(0.01)
        yield tmp_path, process.pid
        process.kill()


def write(minion, fun, arg, jid="20261130190000000000"):
    folder, pid = minion
    job = {"fun": fun, "jid": jid, "pid": pid, "arg": arg, "tgt": "*", "user": "root"}
    (folder / "proc" / jid).write_bytes(salt.payload.dumps(job))
    return jobs.state_run({"cachedir": str(folder)})


@pytest.mark.parametrize(
    ("fun", "arg", "told"),
    [
        ("state.apply", [], "state.apply"),
        ("state.highstate", [{"__kwarg__": True, "test": True}], "state.highstate"),
        ("state.apply", ["hakube.haproxy"], "state.apply hakube.haproxy"),
        ("state.sls", [["hakube", "web"]], "state.sls hakube,web"),
        ("state.sls", [{"__kwarg__": True, "mods": "hakube"}], "state.sls hakube"),
        ("state.sls_id", ["run", "hakube.cluster"], "state.sls_id run hakube.cluster"),
        ("state.single", ["file.managed", {"__kwarg__": True, "name": "/x"}], "state.single"),
        ("state.template_str", ["a: b\n"], "state.template_str"),
        ("state.apply", [7, None], "state.apply"),
        ("state.apply", "text", "state.apply"),
        ("state.apply", ["a\nb" * 200], "state.apply"),
    ],
)
def test_a_run_of_states_is_told_with_what_is_run(minion, fun, arg, told):
    assert write(minion, fun, arg) == f"{told} (20261130190000000000)"


@pytest.mark.parametrize("fun", ["test.ping", "saltutil.refresh_pillar", None])
def test_any_other_job_is_none(minion, fun):
    assert write(minion, fun, []) == ""


def test_a_job_whose_process_is_gone_is_none(minion):
    folder, pid = minion
    assert write((folder, 2**22), "state.apply", []) == ""
    assert write((folder, pid), "state.apply", [], jid="20261130190000000001")
