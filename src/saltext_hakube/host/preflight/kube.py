"""How the Kubernetes components are started here: by a unit, or by kubelet out of a manifest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from saltext_hakube.core.config import Config
from saltext_hakube.core.errors import HakubeError
from saltext_hakube.core.haproxy import unit as units
from saltext_hakube.core.preflight import words
from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import Program
from saltext_hakube.core.preflight.x509 import Certificate, from_pem
from saltext_hakube.host.files import read
from saltext_hakube.host.haproxy import unit as files
from saltext_hakube.host.machine import Machine
from saltext_hakube.host.run import run

MANIFESTS = "/etc/kubernetes/manifests"
KUBEADM = "/etc/kubernetes/pki/apiserver.crt"
VERSION = 10.0  # seconds; a program of 100 MB that has not run yet


def components(config: Config) -> dict[str, str]:
    """The units by the names of their programs."""
    names = config.resources
    return {
        "kube-apiserver": names.apiserver.unit,
        "kube-controller-manager": names.controller.unit,
        "kube-scheduler": names.scheduler.unit,
        "kubelet": "kubelet",
    }


def manifests(config: Config, machine: Machine) -> dict[str, str]:
    """The static pods of components that Pacemaker is to manage, by unit."""
    paths = {unit: f"{MANIFESTS}/{name}.yaml" for name, unit in components(config).items()}
    return {unit: path for unit, path in paths.items() if machine.path(path).exists()}


def programs(config: Config, machine: Machine) -> dict[str, Program | Unseen]:
    """How each component is started, and which version it is. A kubelet need not be there."""
    named = components(config)
    with ThreadPoolExecutor(len(named)) as pool:
        told = pool.map(lambda item: _program(*item, machine), named.items())
        found = dict(zip(named, told, strict=True))
    if isinstance(found["kubelet"], Unseen):
        del found["kubelet"]
    return found


def _program(name: str, unit: str, machine: Machine) -> Program | Unseen:
    path = f"{MANIFESTS}/{name}.yaml"
    text = files.text(machine.path(path))
    if text is not None:
        found = words.manifest_version(text)
        version = found or Unseen(f"{path} names no version")
        return Program(path, words.manifest_flags(text), version)
    texts = list(files.unit_texts(machine, unit))
    argv = units.command(texts, lambda file: files.text(machine.path(file)))
    if not argv:
        return Unseen(f"no unit {unit} on this machine")
    return Program(
        f"unit {unit}", words.flags(argv[1:]), _version(argv[0], machine), _proxies(texts, machine)
    )


def certificates(program: Program, machine: Machine) -> dict[str, Certificate | Unseen]:
    """The certificate that the apiserver is told to serve, by file."""
    file = program.flags.get("tls-cert-file", KUBEADM)
    content = read(machine.path(file))
    if content is None:
        return {}
    try:
        return {file: from_pem(content.decode("ascii", "replace"))}
    except HakubeError as error:
        return {file: Unseen(f"{file} {error}")}


def _version(program: str, machine: Machine) -> tuple[int, int] | Unseen:
    if not machine.live:
        return Unseen("a folder stands for the machine")
    try:
        told = run([program, "--version"], timeout=VERSION).stdout
    except HakubeError as error:
        return Unseen(str(error))
    return words.version(told) or Unseen(f"{Path(program).name} --version tells {told.strip()!r}")


def _proxies(texts: list[str], machine: Machine) -> dict[str, str]:
    """The variables that speak of a proxy."""
    found = units.environment(texts, lambda file: files.text(machine.path(file)))
    return {name: value for name, value in found.items() if name.upper().endswith("_PROXY")}
