"""What reports say of a component beside one probe's value: whose files drifted, whether it is
dead, on which nodes it failed. Pure.
"""

from __future__ import annotations

import re

from saltext_hakube.core.remedy.sight import Sight
from saltext_hakube.core.remedy.words import KUBERNETES, Component


def failing(sight: Sight) -> list[str]:
    """The declared nodes on which Pacemaker names failures (``resource@node ...``), in order.

    What follows on a line is why, in the words of a resource agent, which may name anybody.
    """
    found = set()
    for lines in sight.evidence("pacemaker.failures", "").values():
        for line in lines:
            found |= set(re.findall(r"^[^\s@]+@([A-Za-z0-9_.:-]+)", line))
    return sorted(found & sight.cluster.nodes.keys())


def drifts(sight: Sight, node: str, component: Component) -> bool:
    """Whether files that the component needs are not as applied."""
    if sight.value("files.drift", node) != "down":
        return False
    return concerns(sight.evidence("files.drift", node), component)


def concerns(evidence: dict[str, list[str]], component: Component) -> bool:
    """Whether these files are the component's: Kubernetes' have its name in their path, all others
    are haproxy's."""
    paths = evidence.get("files", [])
    if component == "files" or not paths:
        return True
    return any(
        ("kube" in path.replace("hakube", "")) == (component in KUBERNETES) for path in paths
    )


def dead(sight: Sight, component: Component, node: str) -> list[str]:
    """The probes by which the node says that its unit is dead or hangs: it serves nobody there."""
    return [it for it in _DEAD.get(component, ()) if sight.value(it, node) == "down"]


#: Probes that say a unit is dead or hangs. haproxy without a server, and an apiserver that is not
#: ready, live: what ails them is elsewhere.
_DEAD: dict[Component, tuple[str, ...]] = {
    "haproxy": ("haproxy.process", "haproxy.stats", "haproxy.request"),
    "apiserver": ("apiserver.livez",),
    "scheduler": ("scheduler.health",),
    "controller-manager": ("controller-manager.health",),
}
