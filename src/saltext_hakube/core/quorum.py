"""What a split of the network would do to this cluster, judged before it is made."""

from __future__ import annotations

from saltext_hakube.core.schema import Cluster, Pillar

# The spellings of pacemaker's crm_str_to_boolean().
TRUE = ("true", "on", "yes", "y", "1")
FALSE = ("false", "off", "no", "n", "0")


def check(pillar: Pillar, problems: list[str]) -> list[str]:
    """The warnings; what must not be goes to ``problems``."""
    path = "hakube:properties:stonith-enabled"
    enabled = str(pillar.properties.get("stonith-enabled", bool(pillar.devices))).lower()
    warnings = _check_count(pillar.cluster)
    if enabled in TRUE and not pillar.devices:
        problems.append(
            f"{path}: true without a fence device, so nothing would ever start; "
            "declare devices under hakube:fencing or leave it out"
        )
    elif enabled not in (*TRUE, *FALSE):
        problems.append(f"{path}: {enabled!r} is wrong; expected true or false")
    elif pillar.devices and enabled in FALSE:
        warnings.append(f"{path}: false, so the fence devices are idle")
    if not pillar.devices:
        warnings += _check_fencing(pillar, problems)
    if not pillar.devices or enabled in FALSE:
        warnings += _check_split(pillar, problems)
    return warnings


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


def _check_fencing(pillar: Pillar, problems: list[str]) -> list[str]:
    if pillar.fencing != "none":
        problems.append(
            f"hakube:fencing: {'missing' if pillar.fencing is None else 'empty'}; declare "
            "fence devices, or write `fencing: none` to accept a cluster without fencing"
        )
    return [
        "hakube:fencing: none, so a node that hangs cannot be switched off; "
        "it may keep the VIP for a while beside the new holder"
    ]


def _check_split(pillar: Pillar, problems: list[str]) -> list[str]:
    """Without fencing only the quorum keeps two nodes from holding the VIP at once."""
    cluster, splits = pillar.cluster, []
    if len(cluster.nodes) == 2 and cluster.quorum_device is None:
        splits.append("hakube:cluster:nodes: 2 nodes with neither fencing nor a quorum device")
    policy = pillar.properties.get("no-quorum-policy", "stop")
    if policy != "stop":
        splits.append(f"hakube:properties:no-quorum-policy: {policy} without fencing")
    consequence = "after a split of the network both halves may hold the VIP"
    if cluster.accept_split_brain:
        return [f"{split}: {consequence}" for split in splits]
    problems += [
        f"{split}: {consequence}; declare fence devices under hakube:fencing, or write "
        "hakube:cluster:accept_split_brain: true"
        for split in splits
    ]
    return []
