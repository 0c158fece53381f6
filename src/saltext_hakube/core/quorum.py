"""What a split of the network would do to this cluster, judged before it is made."""

from __future__ import annotations

from saltext_hakube.core.cib.meaning import TRUE, duration, text
from saltext_hakube.core.properties import CHOICES, FENCING, WATCHDOG
from saltext_hakube.core.schema import Cluster, Pillar

PATH = "hakube:properties"
# What a node without quorum does that is safe: stop all, or, with a watchdog, reset itself too.
SAFE, SAFE_WITH_WATCHDOG = ("stop",), ("stop", "suicide", "fence")


def check(pillar: Pillar, problems: list[str]) -> list[str]:
    """The warnings; what must not be goes to ``problems``."""
    name = next((name for name in FENCING if name in pillar.properties), FENCING[0])
    enabled = text(pillar.properties.get(name, bool(pillar.devices))).lower() in TRUE
    watchdog = enabled and _watchdog(pillar)
    warnings = _check_count(pillar.cluster)
    if enabled and not pillar.devices and not watchdog:
        problems.append(
            f"{PATH}:{name}: true without a fence device, so nothing would ever start; declare "
            f"devices under hakube:fencing or {WATCHDOG[0]} (SBD with a watchdog), or leave it out"
        )
    elif pillar.devices and not enabled:
        warnings.append(f"{PATH}:{name}: false, so the fence devices are idle")
    if not pillar.devices:
        warnings += _check_fencing(pillar, watchdog, problems)
    if not pillar.devices or not enabled:
        warnings += _check_split(pillar, watchdog, problems)
    return warnings


def _watchdog(pillar: Pillar) -> bool:
    """Whether nodes reset themselves (SBD without a disk); 0 is off, -1 is SBD's own timeout."""
    given = [text(pillar.properties[name]) for name in WATCHDOG if name in pillar.properties]
    return any(
        value.startswith("-") or (duration(value).endswith("us") and duration(value) != "0us")
        for value in given
    )


def _check_count(cluster: Cluster) -> list[str]:
    count = len(cluster.nodes)
    if count < 3:
        return [f"hakube:cluster:nodes: {count} is fewer than the recommended 3 nodes"]
    if count % 2 == 0 and cluster.quorum_device is None:
        return [
            f"hakube:cluster:nodes: {count} nodes survive no more losses than {count - 1}; "
            "an odd number, or hakube:cluster:quorum_device, is better"
        ]
    return []


def _check_fencing(pillar: Pillar, watchdog: bool, problems: list[str]) -> list[str]:
    if pillar.fencing != "none":
        problems.append(
            f"hakube:fencing: {'missing' if pillar.fencing is None else 'empty'}; declare "
            "fence devices, or write `fencing: none` to accept a cluster without fencing"
        )
    if watchdog:
        return []
    return [
        "hakube:fencing: none, so a node that hangs cannot be switched off; "
        "it may keep the VIP for a while beside the new holder"
    ]


def _check_split(pillar: Pillar, watchdog: bool, problems: list[str]) -> list[str]:
    """Without fencing only the quorum keeps two nodes from holding the VIP at once."""
    cluster, splits = pillar.cluster, []
    if len(cluster.nodes) == 2 and cluster.quorum_device is None:
        splits.append("hakube:cluster:nodes: 2 nodes with neither fencing nor a quorum device")
    policy = text(pillar.properties.get("no-quorum-policy", "stop")).lower()
    if policy in CHOICES["no-quorum-policy"] and policy not in (
        SAFE_WITH_WATCHDOG if watchdog else SAFE
    ):
        splits.append(f"{PATH}:no-quorum-policy: {policy} without fencing")
    consequence = "after a split of the network both halves may hold the VIP"
    if cluster.accept_split_brain:
        return [f"{split}: {consequence}" for split in splits]
    problems += [
        f"{split}: {consequence}; declare fence devices under hakube:fencing, or write "
        "hakube:cluster:accept_split_brain: true"
        for split in splits
    ]
    return []
