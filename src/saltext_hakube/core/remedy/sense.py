"""Whether what the pillar says of the healing can come about. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from saltext_hakube.core.remedy.policy import DEFAULT, ROUND, Heal
from saltext_hakube.core.remedy.words import USES, Component, Rung

PATH = "hakube:heal"


def check(heal: Heal, devices: bool, problems: list[str]) -> list[str]:
    """The warnings; what cannot work, or does harm, goes to ``problems``. ``devices``: whether
    there are fence devices."""
    budget, alone = heal.budget, heal.alone
    if budget.backoff > budget.longest:
        problems.append(
            f"{PATH}:budget:backoff: {budget.backoff:g} is more than longest "
            f"({budget.longest:g}), which would be all that is waited; raise longest, or lower it"
        )
    if alone.enabled and alone.after < 2 * ROUND:
        problems.append(
            f"{PATH}:alone:after: {alone.after:g} is too short; a master that is there asks every "
            f"{ROUND} s, and one late round would be its absence; expected {2 * ROUND} or more"
        )
    warnings = []
    for component, ladder in heal.rungs.items():
        problems += _wrong(component, ladder)
        warnings += _idle(component, ladder, devices)
    return warnings


def _wrong(component: Component, ladder: tuple[Rung, ...]) -> Iterator[str]:
    where = f"{PATH}:rungs:{component}"
    for rung in dict.fromkeys(ladder):
        if ladder.count(rung) > 1:
            yield f"{where}: {rung} stands twice; each rung is tried once, so leave one out"
        if component not in USES.get(rung, {component}):
            yield (
                f"{where}: {rung} can do nothing about it; leave it out ({rung} is for "
                f"{', '.join(sorted(USES[rung]))})"
            )


def _idle(component: Component, ladder: tuple[Rung, ...], devices: bool) -> Iterator[str]:
    where = f"{PATH}:rungs:{component}"
    if not ladder and DEFAULT[component]:
        yield (
            f"{where}: empty, so people are told and nothing is done; leave it out for the "
            f"default ({', '.join(DEFAULT[component])})"
        )
    if "probe" in ladder[1:] and ladder[0] != "probe":
        yield (
            f"{where}: probe comes too late to look before something is done; put it first, or "
            "leave it out (each round looks anyway)"
        )
    if "fence" in ladder and not devices:
        yield (
            f"{where}: fence needs a fence device, and hakube:fencing has none; declare one, or "
            "leave fence out"
        )
