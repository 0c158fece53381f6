"""What the running cluster says of itself."""

from __future__ import annotations

from saltext_hakube.core.status import Status, read
from saltext_hakube.host.run import run


def status(timeout: float = 30.0) -> Status | None:
    """The cluster's state as this node sees it; None where no cluster runs."""
    result = run(["crm_mon", "--output-as=xml", "-1"], ok=None, timeout=timeout)
    return read(result.stdout) if result.returncode == 0 else None
