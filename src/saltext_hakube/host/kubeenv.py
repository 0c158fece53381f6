"""The environment files of the kubernetes components on a machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from saltext_hakube.core import kubernetes
from saltext_hakube.core.errors import Refused
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


def replacing(
    machine: Machine, file: str, old: str, new: str
) -> tuple[bytes | None, Callable[[], None]]:
    """The file's bytes (None: there is none), and what writes the new text in their place."""
    path = machine.path(file)
    before = files.read(path)
    content = new.encode(errors="surrogateescape")
    if before is not None and before != old.encode(errors="surrogateescape"):
        raise Refused(f"{file} was changed by somebody meanwhile; apply again")
    return before, partial(files.write, path, content)
