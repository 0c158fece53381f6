"""Build of the distribution saltext-hakube; tool settings live in pyproject.toml."""

import pathlib
import re

from setuptools import find_packages, setup

HERE = pathlib.Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$',
    (HERE / "src/saltext_hakube/__init__.py").read_text(encoding="utf-8"),
    re.MULTILINE,
).group(1)

TESTS = [
    "pytest",
    "pytest-salt-factories",
    "pytest-xdist",
    "hypothesis",
    "ruff",
    "import-linter",
]

setup(
    name="saltext-hakube",
    version=VERSION,
    description="Salt extension: a highly available Kubernetes API (haproxy, VIP, Pacemaker)",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    classifiers=[
        "Environment :: Plugins",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Topic :: System :: Clustering",
        "Topic :: System :: Systems Administration",
    ],
    package_dir={"": "src"},
    packages=find_packages("src"),
    # The SLS tree lives at the top level (states/); src/saltext_hakube/tree is a link to it,
    # which wheel and sdist turn into files and an editable install follows.
    package_data={"saltext_hakube": ["tree/**/*", "agents/alert/*.sh"]},
    zip_safe=False,
    python_requires=">=3.10",
    install_requires=["salt>=3006", "pyyaml", "jinja2", "msgspec>=0.18"],
    extras_require={"tests": TESTS},
    # The entry point names a module: Salt joins its folder with modules/, states/, beacons/ ...
    entry_points={"salt.loader": ["saltext.hakube = saltext_hakube"]},
)
