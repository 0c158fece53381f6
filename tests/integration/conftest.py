"""One real master and one real minion, with the extension, for all tests of this folder.

The minion's configuration has ``hakube: {root: ..., cib_file: ...}``, so nothing that is applied
touches this machine. Its pillar is what a test writes with ``pillar``.
"""

import contextlib
import json
import shutil
import tempfile
from pathlib import Path

import psutil
import pytest
import yaml
from salt import _logging
from salt.client import get_local_client

EXAMPLES = Path(__file__).parents[2] / "pillar.example"
START = 180  # seconds; a machine with other work to do needs them


@pytest.fixture(scope="session")
def salt_factories_config():
    # Salt's sockets live below it, and the name of a unix socket has at most 107 characters.
    folder = tempfile.mkdtemp(prefix="hakube-")
    yield {"root_dir": folder}
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(daemon):
    """The daemon, while it runs.

    salt-factories starts one anew that does not come up in time, and leaves its children behind.
    """
    try:
        with daemon.started():
            yield
    finally:
        own = f"--config-dir={daemon.config_dir}"
        for process in psutil.process_iter(["cmdline"]):
            if own in (process.info["cmdline"] or ()):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()


@pytest.fixture(scope="session")
def master(salt_factories):
    overrides = {
        "fileserver_backend": ["roots", "hakube"],
        "reactor": [{"salt/beacon/*/hakube/report": ["salt://hakube/reactor/report.sls"]}],
    }
    daemon = salt_factories.salt_master_daemon("master", overrides=overrides, start_timeout=START)
    with running(daemon):
        # Else what Salt keeps for a console, which never comes, is printed when Python ends.
        _logging.shutdown_temp_handler()
        yield daemon


@pytest.fixture(scope="session")
def machine_root(tmp_path_factory):
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="session")
def minion(master, machine_root):
    overrides = {
        "hakube": {"root": str(machine_root), "cib_file": str(machine_root / "cib.xml")},
        # salt-factories sets 0.05, with which the minion is busy with itself.
        "loop_interval": 1,
    }
    daemon = master.salt_minion_daemon("node1", overrides=overrides, start_timeout=START)
    with running(daemon):
        yield daemon


@pytest.fixture
def root(machine_root):
    """The folder that stands for the minion's ``/``, empty."""
    for entry in machine_root.iterdir():
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    return machine_root


@pytest.fixture(scope="session")
def minimal():
    """The pillar that users begin with."""
    return yaml.safe_load((EXAMPLES / "minimal.sls").read_text(encoding="utf-8"))["hakube"]


@pytest.fixture
def pillar(master, minion):
    """Give the minion a pillar: what stands under ``hakube``."""
    tree = master.pillar_tree.base.write_path
    (tree / "top.sls").write_text("base: {'*': [data]}")

    def write(data):
        (tree / "data.sls").write_text(json.dumps({"hakube": data} if data is not None else {}))

    yield write
    for name in ("top.sls", "data.sls"):
        (tree / name).unlink(missing_ok=True)


@pytest.fixture(scope="session")
def salt(master, minion):
    """The command ``salt``, as people use it."""
    return master.salt_cli(timeout=60)


@pytest.fixture(scope="session")
def client(master, minion):
    """The same without the start of a process."""
    # Salt's own 5 s, and 10 to hear that a job still runs, are too few on a busy machine.
    with get_local_client(mopts={**master.config, "timeout": 60}) as found:
        yield found


@pytest.fixture(scope="session")
def salt_run(master, minion):
    return master.salt_run_cli(timeout=60)
