"""What speaks against a rung, by what the reports tell; in words, empty where nothing does. Pure.

The node looks by itself again before it does anything (host.remedy).
"""

from __future__ import annotations

from collections.abc import Callable

from saltext_hakube.core.remedy.decision import Incident
from saltext_hakube.core.remedy.sight import Sight
from saltext_hakube.core.remedy.symptoms import dead, drifts
from saltext_hakube.core.remedy.words import KUBERNETES, SPOILED, USES, Component, Rung


def against(sight: Sight, incident: Incident, rung: Rung, component: Component, node: str) -> str:
    """Why the rung is not to be done for the component on the node."""
    return _RUNGS[rung](sight, incident, component, node)


def _probe(_sight: Sight, _incident: Incident, _component: Component, _node: str) -> str:
    return "each round asks the nodes anew"


def _files(sight: Sight, incident: Incident, component: Component, node: str) -> str:
    if not incident.node:
        return "the trouble is of no one node"
    if component == "eyes":
        return ""  # who is blind cannot tell of drift; the node looks before it does anything
    # What somebody else wrote into haproxy's file is no drift, and keeps it from starting all the
    # same: the node, asked to hand it over, refuses then; the last good file is what helps.
    spoiled = component == "haproxy" and any(
        it.rung == "hand" and it.node == node and SPOILED in it.why for it in incident.tried
    )
    if not spoiled and not drifts(sight, node, component):
        return f"the files of hakube on {node} are as applied"
    return ""


def _kill(sight: Sight, incident: Incident, component: Component, node: str) -> str:
    if component not in USES["kill"] or not incident.node:
        return f"{component} is no unit on one node"
    why = _needs(sight, component, node)
    if why:
        return why
    if component == "haproxy" and sight.value("haproxy.process", node) == "down":
        return "it does not run, so it does not hang"
    down = dead(sight, component, node)
    if not down:
        return "it answers"
    # How it is down, as hakube-probe says it: silent, refused, answered 500.
    how = [word for it in down for word in sight.evidence(it, node).get("how", ["silent"])]
    if "silent" not in how:
        return f"it does not hang: {', '.join(how)}"
    return ""


def _hand(sight: Sight, incident: Incident, component: Component, node: str) -> str:
    if component == "pacemaker":
        if sight.value("pacemaker.failures", "") != "down":
            return "no resource has failed"
        return ""
    if component == "vip":
        return ""
    if component not in USES["hand"] or not incident.node:
        return f"Pacemaker cannot mend {component} on one node"
    why = _needs(sight, component, node)
    if not why and not dead(sight, component, node):
        return "it lives"
    return why


def _move(sight: Sight, _incident: Incident, component: Component, node: str) -> str:
    if component not in USES["move"]:
        return f"the VIP does not follow {component}"
    if node not in sight.fresh or not sight.fresh[node].holder:
        return f"the VIP is not on {node}" if node else "nobody has the VIP"
    if not sight.well("haproxy") - {node}:
        return "no other node's haproxy is well"
    # Two owners, as by a router that answers for all, there would be elsewhere, too.
    if component == "vip" and sight.value("vip.address", node) != "down":
        return "" if "vip.request" in sight.down else "nobody says that the VIP is not reached"
    return ""


def _standby(_sight: Sight, incident: Incident, component: Component, _node: str) -> str:
    if not incident.node or component not in USES["standby"]:
        return "it would help nothing"
    return ""


def _fence(_sight: Sight, incident: Incident, component: Component, node: str) -> str:
    if component != "node":
        return f"{incident.node or 'every node'} answers"
    return "" if node else "no other node could do it"


def _needs(sight: Sight, component: Component, node: str) -> str:
    """What has to be well first."""
    if drifts(sight, node, component):
        return "its files are not right"
    if component in KUBERNETES - {"apiserver"} and sight.value("apiserver.livez", node) == "down":
        return "the node's apiserver comes first"
    return ""


_RUNGS: dict[Rung, Callable[[Sight, Incident, Component, str], str]] = {
    "probe": _probe,
    "files": _files,
    "kill": _kill,
    "hand": _hand,
    "move": _move,
    "standby": _standby,
    "fence": _fence,
}
