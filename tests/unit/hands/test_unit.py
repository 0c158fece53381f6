"""Units of systemd, as remedies handle them: with a systemctl that says what the real one says."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from saltext_hakube.core.errors import CommandError
from saltext_hakube.host.remedy import unit


@pytest.fixture
def systemctl(tmp_path, monkeypatch):
    """Put one first in PATH that ends so. No systemd runs where these tests do."""

    def put(words: str, code: int) -> None:
        program = tmp_path / "systemctl"
        program.write_text(f"#!/bin/sh\necho '{words}' >&2\nexit {code}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return put


def test_of_a_unit_that_systemd_keeps_no_more_there_is_no_failure_to_forget(systemctl):
    """hakube-watch, or another repair, has reset it in between: then it is unloaded."""
    failed = "Failed to reset failed state of unit haproxy.service"
    systemctl(f"{failed}: Unit haproxy.service not loaded.", 1)
    unit.forget("haproxy")
    systemctl(f"{failed}: Connection timed out", 1)
    with pytest.raises(CommandError, match="timed out"):
        unit.forget("haproxy")


def test_the_processes_of_a_control_group_are_those_below_it_too():
    group = Path("/proc/self/cgroup").read_text().splitlines()[-1].rpartition(":")[2]
    if not any((root / group.lstrip("/") / "cgroup.procs").exists() for root in unit.ROOTS):
        pytest.skip("this process's control group is not to be seen here")
    assert os.getpid() in unit.processes(group)
    assert unit.processes("/no-such.slice/group") == ()


def test_a_control_group_that_comes_and_goes_below_is_no_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(unit, "ROOTS", (tmp_path,))
    (tmp_path / "cgroup.procs").write_text("17\n", encoding="ascii")
    deepest = tmp_path / "session" / "scope"
    over = threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            deepest.mkdir(parents=True)
            (deepest / "cgroup.procs").write_text("18\n", encoding="ascii")
            (deepest / "cgroup.procs").unlink()
            deepest.rmdir()
            deepest.parent.rmdir()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        found = {unit.processes("/") for _ in range(2000)}
    finally:
        over.set()
        other.join()
    assert found <= {(17,), (17, 18)}
