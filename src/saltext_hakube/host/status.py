"""What the running cluster says of itself."""

from __future__ import annotations

from saltext_hakube.core.status import FailCount, Status, read
from saltext_hakube.core.status import fail_counts as read_fail_counts
from saltext_hakube.host.run import run

MON = ["crm_mon", "--output-as=xml", "-1"]


def status(timeout: float = 30.0) -> Status | None:
    """The cluster's state as this node sees it; None where no cluster runs."""
    result = run(MON, ok=None, timeout=timeout)
    return read(result.stdout) if result.returncode == 0 else None


def fail_counts(timeout: float = 30.0) -> tuple[FailCount, ...]:
    """How often what has failed where, in the cluster that runs here."""
    # crm_mon prints times in the zone of whoever asks, without saying which.
    return read_fail_counts(run(MON, timeout=timeout, env={"TZ": "UTC0"}).stdout)
