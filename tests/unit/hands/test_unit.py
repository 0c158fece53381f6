"""Units of systemd, as remedies handle them: with a systemctl that says what the real one says."""

from __future__ import annotations

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
