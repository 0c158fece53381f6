"""Salt and the extension in a node: from wheels, without any network."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.lab import cache, saltwheels
from tests.lab.layers import run_in
from tests.lab.process import LabError, Progress, run, silent
from tests.lab.saltwheels import PYTHON

CHECKOUT = Path(__file__).resolve().parents[2]

#: Where Salt lives in a node, as the project's packages do it.
VENV = "/opt/salt"


def salt_version() -> str:
    """Which Salt the lab runs: $HAKUBE_SALT, as pip's == takes it."""
    return os.environ.get("HAKUBE_SALT") or "3008.*"


def salt_layer(base: Path, suite: str, *, progress: Progress = silent) -> Path:
    """The layer on *base*, an image of *suite*, with Salt in its virtual environment."""
    version = salt_version()
    wheels = saltwheels.wheels(version, base, suite, progress=progress)
    names = " ".join(["salt", *saltwheels.BESIDES])
    script = f"""
        {PYTHON} -m venv {VENV}
        {VENV}/bin/pip --quiet install --no-index --find-links /mnt {names}
        ln -s {VENV}/bin/salt* /usr/local/bin/
        rm -rf /root/.cache /tmp/*
    """

    def build(folder: Path) -> None:
        run_in([base], folder, ["sh", "-euc", script], seen=wheels, timeout=600)

    inputs = [base.name, wheels.name, script]
    return cache.entry(f"salt-{version.strip('.*')}", inputs, build, progress=progress)


def build_extension(folder: Path) -> Path:
    """Build the checkout's own wheel into *folder* and return it.

    From a copy: setuptools leaves build/ and an egg-info in the tree it builds from, two labs may
    build at once, and somebody may be editing it.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="hakube-") as scratch:
        source = Path(scratch, "source")
        source.mkdir()
        for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "src", "states"):
            path = CHECKOUT / name
            if path.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
                shutil.copytree(path, source / name, symlinks=True, ignore=ignored)
            elif path.exists():
                shutil.copy(path, source / name)
        venv = _build_tools()
        run(
            [
                *[venv / "bin/pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"],
                *["--no-index", "--wheel-dir", folder, source],
            ],
            timeout=120,
        )
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise LabError(f"the checkout's wheel did not come out of its build: {folder} has {wheels}")
    return wheels[0]


def _build_tools() -> Path:
    """A cached virtual environment with setuptools and wheel: the inner loop needs no network."""

    def build(folder: Path) -> None:
        run([PYTHON, "-m", "venv", folder], timeout=120)
        run(
            [folder / "bin/python", "-m", "pip", "--quiet", "install", "setuptools>=64", "wheel"],
            timeout=300,
        )
        # The folder is renamed once it is whole, so scripts must not name it.
        pip = folder / "bin/pip"
        pip.write_text('#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n')

    return cache.entry("build-tools", ["setuptools>=64", "wheel"], build, progress=silent)


#: What installs the extension's wheel that is given as $1.
INSTALL = f'{VENV}/bin/pip --quiet install --no-index --no-deps --force-reinstall "$1"'


def extension_layer(layers: list[Path], wheel: Path, upper: Path) -> None:
    """Install the extension's wheel into *upper*, a layer on *layers*."""
    command = ["sh", "-euc", INSTALL, "install", f"/mnt/{wheel.name}"]
    run_in(layers, upper, command, seen=wheel.parent, timeout=120)
