"""The whole SLS tree, served by the extension itself to real Salt loaders."""

from pathlib import Path

import pytest
import yaml

EXAMPLES = Path(__file__).parents[3] / "pillar.example"


@pytest.fixture(scope="module")
def minion_config_overrides():
    """The running system is meant; nothing is applied to it, only rendered."""
    return {"hakube": {}, "fileserver_backend": ["roots", "hakube"]}


def example(name):
    """An example pillar."""
    return yaml.safe_load((EXAMPLES / f"{name}.sls").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def pillar_data():
    return example("minimal")


@pytest.fixture
def low(loaders):
    """Render SLS files as a minion with other grains would, called node1: the states in order."""
    # The loader of the modules has its own copy.
    copies = [loaders.opts["grains"], loaders.modules.pack["__grains__"]]
    kept = [dict(grains) for grains in copies]

    def render(sls="hakube", **grains):
        for copy in copies:
            copy.update({"nodename": "node1", **grains})
        return loaders.modules.state.show_low_sls(sls)

    yield render
    for copy, grains in zip(copies, kept, strict=True):
        copy.clear()
        copy.update(grains)


def grains(name, family, major):
    """The grains of an operating system."""
    return {"os": name, "os_family": family, "osmajorrelease": major, "cpuarch": "x86_64"}


def needed(low, identity):
    """Everything that has to succeed before this state runs."""
    states = {state["__id__"]: state for state in low}
    found, todo = set(), [identity]
    while todo:
        for requisite in states[todo.pop()].get("require", ()):
            ((kind, target),) = requisite.items()
            ids = [target]
            if kind == "sls":
                ids = [name for name, state in states.items() if state["__sls__"] == target]
                assert ids, f"{target} is required but has no states"
            assert set(ids) <= set(states)
            todo += set(ids) - found
            found |= set(ids)
    return found
