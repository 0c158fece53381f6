"""As many new connections a second as the set-up carries for a minute without a failure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench.traffic.client import Client
from tests.lab import LabError

MOST = 500.0
# The generator must keep its own time as well, else it has not opened what it should.
LATE = 1.0
_LADDER = (25.0, 50.0, 75.0, 100.0, 150.0, 200.0, 250.0, 300.0, 400.0, MOST)


def carried(told: dict[str, Any], rate: float) -> str:
    """What is against saying that this rate was carried; nothing: an empty text."""
    requests = told["requests"]
    against = []
    if requests["failed"]:
        against.append(f"{requests['failed']} requests failed ({requests['reasons']})")
    if told["broken"]:
        against.append(f"{len(told['broken'])} watches broke ({told['broken'][0]['why']})")
    if told["deaf"]:
        against.append(f"{len(told['deaf'])} watches hear nothing")
    if told["writes"]["failed"]:
        against.append(f"{told['writes']['failed']} writes failed")
    # The last ones may be under way.
    if requests["unsent"] or requests["answered"] < 0.97 * rate * requests["seconds"] - rate:
        against.append(f"{requests['answered']} answered in {requests['seconds']} s")
    if requests["late"] > LATE:
        against.append(f"opened up to {requests['late']} s late")
    return "; ".join(against)


def hold(client: Client, rate: float, seconds: float) -> dict[str, Any]:
    """This rate for so long: what happened, with the rate and what is against it."""
    client.rate(rate)
    client.take()
    time.sleep(seconds)
    told = client.take()
    return {"rate": rate, "against": carried(told, rate), **_short(told)}


def search(
    client: Client, seconds: float, probe: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """The highest rate of a ladder that holds for *seconds*; what it looked like there.

    Short probes find where it ends, then the rate below is held, and at a failure the next lower.
    Raises LabError where not even the lowest is carried.
    """
    best = 0
    for step, rate in enumerate(_LADDER):
        told = hold(client, rate, probe)
        say(f"{rate:g} a second for {probe:g} s: {told['against'] or 'carried'}")
        if told["against"]:
            client.rate(0)
            client.settled()
            break
        best = step
    for step in range(best, -1, -1):
        told = hold(client, _LADDER[step], seconds)
        say(f"{told['rate']:g} a second for {seconds:g} s: {told['against'] or 'carried'}")
        if not told["against"]:
            return told
        client.rate(0)
        client.settled()
    raise LabError(f"the set-up does not carry {_LADDER[0]:g} new connections a second")


def _short(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "requests": told["requests"],
        "writes": told["writes"],
        "broken": len(told["broken"]),
        "deaf": len(told["deaf"]),
    }
