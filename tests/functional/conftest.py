"""Real Salt loaders on a folder that stands for ``/``.

Making the loaders takes two seconds, so they live as long as a test file; ``root`` is emptied
for each test. A test file that needs another minion overrides ``minion_config_overrides`` or
``pillar_data`` with a fixture of its own (module scope). One test gets another pillar, and
loaders of its own, with ``@pytest.mark.parametrize("pillar_data", [...], indirect=True)``.
"""

import json
import shutil

import pytest
from salt import _logging
from saltfactories.utils import random_string
from saltfactories.utils.functional import Loaders


@pytest.fixture(scope="session")
def salt_factories_config(tmp_path_factory):
    return {"root_dir": tmp_path_factory.mktemp("salt")}


@pytest.fixture(scope="module")
def machine_root(tmp_path_factory):
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="module")
def minion_config_overrides(machine_root):
    """Minion configuration on top of the defaults; ``hakube: {}`` means the running system."""
    return {"hakube": {"root": str(machine_root), "cib_file": str(machine_root / "cib.xml")}}


@pytest.fixture(scope="module")
def pillar_data(request):
    """The minion's whole pillar."""
    return getattr(request, "param", {})


@pytest.fixture(scope="module")
def loaders(salt_factories, minion_config_overrides, pillar_data):
    minion = salt_factories.salt_minion_daemon(
        random_string("functional-"),
        overrides={"file_client": "local", **minion_config_overrides},
    )
    with (
        minion.pillar_tree.base.temp_file("top.sls", "base: {'*': [data]}"),
        minion.pillar_tree.base.temp_file("data.sls", json.dumps(pillar_data)),
    ):
        # Else what Salt keeps for a console, which never comes, is printed when Python ends.
        _logging.shutdown_temp_handler()
        yield Loaders(minion.config.copy())


@pytest.fixture
def modules(loaders):
    return loaders.modules


@pytest.fixture
def states(loaders):
    return loaders.states


@pytest.fixture
def root(machine_root):
    """The folder that stands for ``/``, empty."""
    for entry in machine_root.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return machine_root
