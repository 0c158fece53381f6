"""Wheels of Salt and of all it needs.

Made once and cached: some of it comes as source only, and pip inside an image sees neither the
machine's package index nor the certificates to trust it. Where the image has the same Python as the
machine, the wheels are made on the machine. Else they are made in a throw-away tree on the image,
with a compiler, the machine's apt sources, its network and its certificates.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.lab import cache
from tests.lab.layers import run_in
from tests.lab.prerequisites import apt_options, mirrors
from tests.lab.process import Progress, run, silent

#: Debian's own Python; never the one of a virtual environment around us.
PYTHON = "/usr/bin/python3"

#: What the extension needs besides Salt.
BESIDES = ["pyyaml", "jinja2", "msgspec"]

_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
_CERTIFICATE_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_PASSED_ON = ("PIP_INDEX_URL", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")


def wheels(version: str, base: Path, suite: str, *, progress: Progress = silent) -> Path:
    """The cached folder with wheels of this Salt for the Python of this image.

    The package index decides which release a version such as 3008.* is: once, then it stays.
    """
    python = _python(base)
    requirements = [f"salt=={version}", *BESIDES]
    # The sdists of 3006's time do not build with newer setuptools, and pip builds with the newest.
    constraints = ["setuptools<69"] if version.startswith("3006") else []

    def build(folder: Path) -> None:
        (folder / "constraints").write_text("".join(f"{line}\n" for line in constraints))
        if python == _python(Path("/")):
            _on_the_machine(folder, requirements)
        else:
            _in_the_image(folder, requirements, base, suite)

    kind = f"wheels-salt-{version.strip('.*')}"
    return cache.entry(kind, [requirements, constraints, python], build, progress=progress)


def _python(root: Path) -> str:
    """python3.11, for instance: what Debian's python3 is a link to."""
    return (root / PYTHON.lstrip("/")).readlink().name


def _on_the_machine(folder: Path, requirements: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="hakube-") as venv:
        run([PYTHON, "-m", "venv", venv], timeout=120)
        run(
            [Path(venv, "bin/pip"), *_pip_wheel(folder), *requirements],
            env={**os.environ, "PIP_CONSTRAINT": str(folder / "constraints")},
            timeout=1200,
        )


def _in_the_image(folder: Path, requirements: list[str], base: Path, suite: str) -> None:
    etc = folder / "throw-away/etc"
    (etc / "apt/apt.conf.d").mkdir(parents=True)
    (etc / "apt/sources.list").write_text("\n".join(mirrors(suite)) + "\n")
    (etc / "apt/apt.conf.d/99machine").write_text("".join(f"{it};\n" for it in apt_options()))
    shutil.copy("/etc/resolv.conf", etc / "resolv.conf")
    given = next((os.environ[it] for it in _CERTIFICATE_VARIABLES if os.environ.get(it)), "")
    shutil.copy(given or _CERTIFICATES, folder / "certificates")
    environment = {name: os.environ[name] for name in _PASSED_ON if os.environ.get(name)}
    environment |= dict.fromkeys(_CERTIFICATE_VARIABLES, "/mnt/certificates")
    script = f"""
        apt-get -qq update
        apt-get -qq install --no-install-recommends gcc libc6-dev python3-dev
        {PYTHON} -m venv /venv
        /venv/bin/pip "$@"
    """
    run_in(
        [base],
        etc.parent,
        ["sh", "-euc", script, "wheels", *map(str, _pip_wheel(Path("/mnt"))), *requirements],
        seen=folder,
        env={**environment, "PIP_CONSTRAINT": "/mnt/constraints"},
        timeout=1800,
    )
    shutil.rmtree(etc.parent)


def _pip_wheel(folder: Path) -> list[str | Path]:
    # Without PEP 517 pip lets an sdist without pyproject.toml run a setup.py that wants `wheel`.
    return ["wheel", "--quiet", "--use-pep517", "--wheel-dir", folder]
