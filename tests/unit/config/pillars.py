"""Pillars for the tests: a good one, and a way to change one place of it."""

import copy

PASSWORD = "not-for-eyes"
FENCE_PASSWORD = "hidden-from-all"

GOOD = {
    "cluster": {
        "nodes": {"node1": "192.0.2.11", "node2": "192.0.2.12", "node3": "192.0.2.13"},
        "password": PASSWORD,
    },
    "vip": {"address": "192.0.2.100"},
    "fencing": "none",
    # Without a version there is one more warning.
    "kubernetes": {"version": "1.7"},
}

FENCED = {
    **GOOD,
    "fencing": {
        f"fence-node{number}": {
            "agent": "fence_ipmilan",
            "options": {"ip": f"192.0.2.2{number}", "passwd": FENCE_PASSWORD},
        }
        for number in (1, 2, 3)
    },
}

ABSENT = object()


def changed(changes, base=GOOD):
    """The pillar with values at paths such as ``cluster:nodes:node1``; ABSENT removes the key."""
    pillar = copy.deepcopy(base)
    for path, value in changes.items():
        *parents, last = path.split(":")
        place = pillar
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is ABSENT:
            del place[last]
        else:
            place[last] = value
    return pillar
