"""The environment files of the kubernetes components on a machine."""

from __future__ import annotations

from saltext_hakube.core import kubernetes
from saltext_hakube.core.kubernetes import Kubernetes
from saltext_hakube.host import files
from saltext_hakube.host.machine import Machine


def text(machine: Machine, file: str) -> str:
    """The file's text; empty where there is none. Any byte survives."""
    return (files.read(machine.path(file)) or b"").decode(errors="surrogateescape")


def texts(machine: Machine, options: Kubernetes) -> dict[str, str]:
    """The environment files that hold anything, by name."""
    found = {file: text(machine, file) for file in kubernetes.env_files(options)}
    return {file: text for file, text in found.items() if text}
