"""The demonstration where no machines can boot: folders stand for them, a file for the cluster.

Each "machine" is a run of salt-call with `hakube: {root: DIR, cib_file: FILE}` (host/machine.py).
What is written is then tried out: by haproxy itself on loopback, by Pacemaker's own simulator.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.demo import loopback, results, words
from tests.demo.screen import DemoError, Screen
from tests.lab.process import run

CHECKOUT = Path(__file__).resolve().parents[2]
MINIMAL = CHECKOUT / "pillar.example/minimal.sls"
MACHINES = ("node1", "node2", "node3")
PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"

#: Program -> Debian package. Without them nothing can be applied, only planned.
PROGRAMS = {"haproxy": "haproxy", "cibadmin": "pacemaker-cli-utils", "openssl": "openssl"}

_MINION = """\
id: {name}
root_dir: {folder}/{name}/salt
file_client: local
fileserver_backend: [roots, hakube]
file_roots: {{base: [{folder}/states]}}
pillar_roots: {{base: [{folder}/pillar]}}
enable_fqdns_grains: False
hakube: {{root: {folder}/{name}/root, cib_file: {folder}/cib.xml}}
"""


class Machines:
    """Three folders, each with a minion's configuration."""

    def __init__(self, folder: Path, venv: Path) -> None:
        self.folder = folder
        self._salt_call = venv / "bin/salt-call"
        for name in MACHINES:
            for made in (f"{name}/conf", f"{name}/root", "states", "pillar"):
                (folder / made).mkdir(parents=True, exist_ok=True)
            text = _MINION.format(name=name, folder=folder)
            (folder / name / "conf/minion").write_text(text)
        (folder / "pillar/top.sls").write_text("base: {'*': [hakube]}\n")
        shutil.copy(MINIMAL, folder / "pillar/hakube.sls")

    def root(self, name: str) -> Path:
        return self.folder / name / "root"

    @property
    def cib(self) -> Path:
        return self.folder / "cib.xml"

    def call(self, name: str, *words: str) -> Any:
        """What salt-call returned on this machine."""
        configuration = ["--local", "--config-dir", self.folder / name / "conf"]
        done = run(
            [self._salt_call, *configuration, "--out=json", "--log-level=critical", *words],
            timeout=120,
            check=False,
            env={**os.environ, "PATH": PATH},
        )
        try:
            return json.loads(done.stdout)["local"]
        except (ValueError, KeyError, TypeError):
            raise DemoError(f"salt-call on {name} gave no answer: {done.stderr}") from None

    def apply(self, screen: Screen, *more: str) -> dict[str, Any]:
        """One after the other; what each returned."""
        returns = {}
        for name in MACHINES:
            start = time.monotonic()
            screen.now(f"salt-call state.apply hakube on {name}")
            returns[name] = self.call(name, "state.apply", "hakube", *more)
            screen.took(f"salt-call state.apply hakube, as {name}", time.monotonic() - start)
        return returns


def story(screen: Screen, reason: str) -> None:
    """All of it; nothing is left at the end."""
    began = time.monotonic()
    screen.plain(f"No machines are booted here: {reason}.")
    screen.plain("Folders stand for three machines, and a file for their cluster's configuration.")
    venv = prepare(screen)
    with tempfile.TemporaryDirectory(prefix="hakube-demo-") as scratch:
        machines = Machines(Path(scratch), venv)
        lacking = [name for name in PROGRAMS if not shutil.which(name, path=PATH)]
        if lacking:
            plan_only(screen, machines, lacking)
        else:
            whole(screen, machines)
    screen.plain(f"\nDone: all of it took {time.monotonic() - began:.0f} s. Nothing of it is left.")


def prepare(screen: Screen) -> Path:
    """The virtual environment with Salt and the extension: this one, or the one of the tests."""
    own = Path(sys.prefix)
    if (own / "bin/salt-call").exists() and find_spec("saltext_hakube"):
        return own
    screen.step("Salt and the extension in a virtual environment (tests/prepare)")
    start = time.monotonic()
    screen.now("set it up")
    told = run([CHECKOUT / "tests/prepare"], timeout=1800).stderr.strip()
    for line in told.splitlines():
        screen.line(line)
    screen.took("set it up" if told else "all is there", time.monotonic() - start)
    return CHECKOUT / (os.environ.get("VENV") or ".venv")


def plan_only(screen: Screen, machines: Machines, lacking: list[str]) -> None:
    """Without haproxy and Pacemaker's tools: what would be done."""
    packages = " ".join(sorted({PROGRAMS[name] for name in lacking}))
    screen.step(
        "salt-call state.apply hakube test=True, as node1",
        f"{', '.join(lacking)} cannot be run here, so nothing can be checked and nothing is "
        f"applied; this is what would be. For all of it: apt-get install {packages}",
    )
    states = machines.call("node1", "state.apply", "hakube", "test=True")
    results.summary(screen, {"node1": states})
    for state in states.values():
        if state["changes"]:
            screen.line(f"{words.told(state['__id__'])}: {', '.join(state['changes'])}")


def whole(screen: Screen, machines: Machines) -> None:
    """Apply, look, apply again, try out."""
    authority = loopback.Authority(machines.folder / "pki")
    for name in MACHINES:
        # Each machine has its cluster's certificate authority before hakube comes.
        authority.install(machines.root(name) / "etc/kubernetes/pki/ca.crt")
    screen.step(
        "salt-call state.apply hakube, as each of the three",
        f"With {MINIMAL.parent.name}/{MINIMAL.name} as the pillar. No packages are installed, no "
        "unit and no kernel setting is touched, no corosync runs: that takes real machines.",
    )
    results.summary(screen, machines.apply(screen))
    written(screen, machines)
    objects(screen, machines)
    screen.step("The same again", "What is as declared is left alone.")
    results.unchanged(screen, machines.apply(screen))
    places(screen, machines)
    loopback.try_out(screen, machines.root("node1"), machines.folder, authority)


def _of_nobody(content: bytes, machine: str) -> bytes:
    """Without the machine's name where it stands for itself, and without the digest of that."""
    named = content.replace(f'"node": "{machine}"'.encode(), b'"node": ""')
    return re.sub(rb"(?<=HAKUBE_BUILD=)\w+", b"", named)


def written(screen: Screen, machines: Machines) -> None:
    """The files, which are the same on all three, but where a node's own name stands in them."""
    screen.step("What was written on each machine")
    root = machines.root("node1")
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if not path.is_file() or name.name == "ca.crt":
            continue
        content = path.read_bytes()
        for other in MACHINES[1:]:
            there = (machines.root(other) / name).read_bytes()
            if _of_nobody(there, other) != _of_nobody(content, "node1"):
                raise DemoError(f"/{name} on {other} is not that of node1")
        if path.suffix == ".pyz":
            screen.line(f"/{name}, a program")
            continue
        lines = content.decode().splitlines()
        shown = lines if len(lines) <= 3 else _telling(lines)
        many = f", {len(lines)} lines" + (", among them" if shown else "")
        screen.line(f"/{name}" + (many if len(lines) > 3 else ""))
        if not shown:
            continue
        screen.line("\n".join(f"    {line.strip()}" for line in shown))


def _telling(lines: list[str]) -> list[str]:
    """Of haproxy.cfg: where it listens, and where it sends clients."""
    return [line for line in lines if line.split()[:1] in (["bind"], ["server"])]


def objects(screen: Screen, machines: Machines) -> None:
    """The cluster's objects."""
    screen.step(
        "What stands in the cluster's configuration",
        "One machine put it there in one piece, the others found nothing left to do.",
    )
    kinds: dict[str, list[str]] = {}
    for item in machines.call("node1", "hakube_pcs.show"):
        kinds.setdefault(item["type"].lower(), []).append(item["id"])
    screen.table([(kind, ", ".join(ids)) for kind, ids in kinds.items()])


def places(screen: Screen, machines: Machines) -> None:
    """Pacemaker's scheduler decides on this very file."""
    screen.step(
        "Where Pacemaker would run it (crm_simulate)",
        "Its own scheduler, with this configuration and three machines that are up; then with the "
        "VIP's machine gone.",
    )
    first = simulate(machines.cib, MACHINES)
    screen.table([(name, ", ".join(nodes)) for name, nodes in first.items()])
    (place,) = first.get("VIP-apiserver") or ("",)
    if not all(first.values()) or not place:
        raise DemoError("not all of it would run")
    screen.line(f"Without {place}:")
    second = simulate(machines.cib, [name for name in MACHINES if name != place])
    screen.table([(name, ", ".join(nodes)) for name, nodes in second.items()])
    if not all(second.values()) or place in second["VIP-apiserver"]:
        raise DemoError(f"without {place} not all of it would run")


def simulate(cib: Path, online: Iterable[str]) -> dict[str, list[str]]:
    """On which machines crm_simulate would have each resource."""
    nodes = [word for name in online for word in ("--node-up", name)]
    done = run(
        [
            *["crm_simulate", "--output-as=xml", "--simulate", "--quorum", "true"],
            *["--xml-file", cib, *nodes],
        ],
        env={**os.environ, "PATH": PATH},
    )
    outcome = ElementTree.fromstring(done.stdout).find("revised_cluster_status/resources")
    if outcome is None:
        raise DemoError(f"crm_simulate tells no outcome: {done.stdout} {done.stderr}")
    found: dict[str, list[str]] = {}
    for resource in outcome.iter("resource"):
        places = found.setdefault(resource.get("id", ""), [])
        places += sorted(node.get("name", "") for node in resource.iter("node"))
    return found
