"""Waits while a cluster is formed or changed. Each has an end and says what it waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import TimedOut
from saltext_hakube.host import pcsd

# How long to pause between two looks. Seconds.
PAUSE = 1.0


def wait(there: Callable[[], bool], timeout: float, failure: str) -> None:
    """Until it is there. Raises TimedOut with ``failure`` when ``timeout`` (seconds) is over."""
    deadline = time.monotonic() + timeout
    while not there():
        if time.monotonic() > deadline:
            raise TimedOut(failure)
        time.sleep(PAUSE)


def for_pcsd(addresses: Mapping[str, str], config: Config, failure: str) -> None:
    """Until pcsd answers at all of them, which are nodes' addresses by name."""
    silent = list(addresses)
    deadline = time.monotonic() + config.cluster.peers_timeout
    while silent := [name for name in silent if not pcsd.answers(addresses[name])]:
        if time.monotonic() > deadline:
            raise TimedOut(
                f"pcsd on {', '.join(silent)} did not answer within "
                f"{config.cluster.peers_timeout} s (hakube:cluster:peers_timeout), so {failure}"
            )
        time.sleep(PAUSE)
