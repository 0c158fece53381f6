"""One lab for all tests of the cluster: fresh machines, applied to once."""

import os
from pathlib import Path

import pytest
import yaml

from tests.lab import Lab

MINIMAL = Path(__file__).parents[2] / "pillar.example/minimal.sls"


class Applied:
    """A lab, and `state.apply hakube` on it as a person calls it."""

    secret = "tr0ub4dor-and-3"

    def __init__(self, lab):
        self.lab = lab
        self.formed = False

    def write_pillar(self, cluster=None, **others):
        """The minimal example, with a password that can be looked for and these changes."""
        data = yaml.safe_load(MINIMAL.read_text())
        data["hakube"] |= others
        data["hakube"]["cluster"] |= {"password": self.secret, **(cluster or {})}
        self.lab.write_pillar(yaml.safe_dump(data, sort_keys=False))

    def __call__(self, target="node[123]", *words, timeout=420):
        """Apply; every state's return by minion and id. The fourth machine is for later."""
        result = {}
        for minion, states in self.lab.salt(
            target, "state.apply", "hakube", *words, timeout=timeout
        ).items():
            assert isinstance(states, dict), f"{minion}: {states}"
            result[minion] = {state["__id__"]: state for state in states.values()}
        return result


def failed(states):
    """The comments of the states that failed."""
    return {name: s["comment"] for name, s in states.items() if s["result"] is False}


def changed(states):
    """The changes of the states that made some."""
    return {name: s["changes"] for name, s in states.items() if s["changes"]}


@pytest.fixture(scope="session")
def apply():
    """Fresh machines with nothing of the cluster on them, and how to apply to them."""
    suite = os.environ.get("HAKUBE_LAB_SUITE", "bookworm")
    with Lab.up(f"apply-{os.getpid()}", nodes=4, suite=suite) as lab:
        yield Applied(lab)


@pytest.fixture(scope="session")
def applied(apply):
    """The same, formed: by the tests before, else now."""
    if not apply.formed:
        apply.write_pillar({"peers_timeout": 150})
        for states in apply().values():
            assert failed(states) == {}
        apply.formed = True
    return apply.lab
