"""What each state of hakube's tree does, in a few words, in the order in which they run."""

from __future__ import annotations

STATES = {
    "hakube-pillar": "the pillar is read, every key of it checked",
    "hakube-install-packages": "haproxy, Pacemaker, Corosync, pcs installed",
    "hakube-install-units": "haproxy, Kubernetes: left to Pacemaker",
    "hakube-sysctl-vip": "haproxy may bind to the VIP everywhere",
    "hakube-haproxy-config": "haproxy: the API's frontend and backend",
    "hakube-kubeenv-files": "Kubernetes' own files point at the VIP",
    "hakube-cluster-formed": "one cluster formed of the three, started",
    "hakube-resources-managed": "VIP, haproxy, apiserver, ... run in it",
}


def told(identity: str) -> str:
    """A state in words; one that is new here by its id."""
    return STATES.get(identity, identity)


def after(done: set[str]) -> str:
    """What a machine is busy with that has done these."""
    return next((words for name, words in STATES.items() if name not in done), "its last states")
