"""How much a plan may disturb what runs, and the lines that refuse one which disturbs more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from saltext_hakube.core.cib.prediction import Action, Prediction, told

PATH = "hakube:safety"

# What takes an instance of a resource away for a moment or for good. A reload, a live migration
# and a changed role leave it running.
DISRUPTIVE = frozenset({"stop", "restart", "move"})


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a plan may do to what runs, ``hakube:safety``.

    ``min_apiservers``: instances of the apiserver that stay untouched; ``max_disruption``:
    instances of any resource that stop, restart or move, at most; ``allow_disruption``: no limits.
    """

    min_apiservers: Annotated[
        int, Meta(ge=0, le=1000, description="how many apiservers must stay up (0: no limit)")
    ] = 1
    max_disruption: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=1_000_000,
                description="how many instances of resources may stop, restart or move "
                "(without it: no limit)",
            ),
        ]
        | None
    ) = None
    allow_disruption: bool = False


def refusal(
    prediction: Prediction,
    limits: Limits,
    running: Mapping[str, Collection[str]],
    *,
    apiserver: str,
    haproxy: str = "",
    vip: str = "",
) -> list[str]:
    """Why a plan must not be carried out, with the remedy as the last line; empty if it may.

    ``running``: resource -> nodes where it runs now (``running.status``); ``apiserver``,
    ``haproxy``, ``vip``: ids of what the API stands on. The plan is judged as if all it disturbs
    were down at the same moment, which pacemaker may well do.
    """
    if limits.allow_disruption:
        return []
    problems = [
        # Clients reach an apiserver through haproxy, and haproxy at the VIP.
        *_apiservers(prediction, limits.min_apiservers, running, apiserver),
        *_apiservers(prediction, limits.min_apiservers, running, haproxy),
        *_vip(prediction, limits.min_apiservers, vip),
        *_all(prediction, limits.max_disruption),
    ]
    if not problems:
        return []
    return [
        *problems,
        "nothing was changed; make the change in smaller parts, or allow it for this run: "
        f"`allow_disruption: true`, an argument of the state and of hakube_pcs.apply, or "
        f"{PATH}:allow_disruption",
    ]


def disrupted(actions: Iterable[Action]) -> list[Action]:
    """The actions that take something away, for a moment or for good."""
    return [action for action in actions if action.kind in DISRUPTIVE]


def _vip(prediction: Prediction, minimum: int, name: str) -> Iterable[str]:
    stops = [it for it in prediction.actions if it.resource == name and it.kind == "stop"]
    if stops and minimum:
        yield (
            f"{PATH}:min_apiservers is {minimum}, and this would leave the API without its "
            f"address: {'; '.join(told(stops))}"
        )


def _apiservers(
    prediction: Prediction, minimum: int, where: Mapping[str, Collection[str]], name: str
) -> Iterable[str]:
    running = frozenset(where.get(name, ()))
    # What goes down anyway is not there to be kept, and no reason to refuse this plan.
    up = running - _touched(prediction.pending, name)
    left = up - _touched(prediction.actions, name)
    # A cluster that has less than the minimum (a first apply) must not lose what it has.
    if left == up or len(left) >= min(minimum, len(up)):
        return
    lines = told(action for action in disrupted(prediction.actions) if action.resource == name)
    yield (
        f"{PATH}:min_apiservers is {minimum}, and of the {len(up)} running instances of {name} "
        f"this would leave {len(left)} untouched: {'; '.join(lines)}"
    )


def _touched(actions: Iterable[Action], name: str) -> frozenset[str]:
    return frozenset(action.nodes[0] for action in disrupted(actions) if action.resource == name)


def _all(prediction: Prediction, maximum: int | None) -> Iterable[str]:
    found = disrupted(prediction.actions)
    if maximum is not None and len(found) > maximum:
        yield (
            f"{PATH}:max_disruption is {maximum}, and this would stop, restart or move "
            f"{len(found)} instances of resources: {'; '.join(told(found))}"
        )
