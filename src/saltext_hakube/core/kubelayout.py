"""Where the packages of kubernetes keep their environment files, and how their variables are named.

contrib is what kubernetes/contrib's init/systemd began and RHEL 7 shipped, the document's names.
Fedora (package kubernetes1.32-systemd and its like) has the same files, but never a kubelet that
takes the API's address as a flag. Arch has one file for each component (kube-apiserver.env, ...)
and nothing that all of them read.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

CONTRIB = "contrib"
FEDORA = "fedora"
ARCH = "arch"
LayoutName = Literal["contrib", "fedora", "arch"]

CONFIG_VARIABLE = "KUBE_MASTER"
KUBELET_VARIABLE = "KUBELET_API_SERVER"

APISERVER = "apiserver"
CONTROLLER_MANAGER = "controller-manager"
SCHEDULER = "scheduler"
PROXY = "proxy"
KUBELET = "kubelet"


class Component(NamedTuple):
    """A component's own file, and the variable for whatever flags one likes."""

    name: str
    file: str
    arguments: str


class Layout(NamedTuple):
    """``config_file``: what all components read, if there is such a file."""

    config_file: str | None
    kubelet_file: str
    kubelet_flag: bool
    components: tuple[Component, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """All environment files."""
        config = (self.config_file,) if self.config_file else ()
        return (*config, *(component.file for component in self.components))

    def component(self, name: str) -> Component:
        """A component by its name."""
        return next(component for component in self.components if component.name == name)


def _components(path: str, prefix: str, suffix: str, apiserver: str) -> tuple[Component, ...]:
    file = f"{path}/{{}}{suffix}"
    return (
        Component(APISERVER, file.format(prefix + APISERVER), apiserver),
        Component(
            CONTROLLER_MANAGER,
            file.format(prefix + CONTROLLER_MANAGER),
            "KUBE_CONTROLLER_MANAGER_ARGS",
        ),
        Component(SCHEDULER, file.format(prefix + SCHEDULER), "KUBE_SCHEDULER_ARGS"),
        Component(PROXY, file.format(prefix + PROXY), "KUBE_PROXY_ARGS"),
        Component(KUBELET, file.format(KUBELET), "KUBELET_ARGS"),
    )


_FOLDER = "/etc/kubernetes"
_PLAIN = _components(_FOLDER, "", "", "KUBE_API_ARGS")
LAYOUTS: dict[str, Layout] = {
    CONTRIB: Layout(f"{_FOLDER}/config", f"{_FOLDER}/kubelet", True, _PLAIN),
    FEDORA: Layout(f"{_FOLDER}/config", f"{_FOLDER}/kubelet", False, _PLAIN),
    ARCH: Layout(
        None,
        f"{_FOLDER}/kubelet.env",
        False,
        _components(_FOLDER, "kube-", ".env", "KUBE_APISERVER_ARGS"),
    ),
}

# Kubeconfig files that are pointed at the VIP where they exist: those beside the environment
# files, and kubeadm's.
KUBECONFIGS = tuple(
    f"{_FOLDER}/{name}.{suffix}"
    for suffix in ("kubeconfig", "conf")
    for name in (KUBELET, CONTROLLER_MANAGER, SCHEDULER, PROXY)
)

# What tells one layout from another.
TELLING = tuple(f for layout in (CONTRIB, ARCH) for f in LAYOUTS[layout].files)


def found(system: str, present: Collection[str]) -> str:
    """The layout that a machine has. ``system``: Salt's grain os; ``present``: its files."""
    arch, plain = (any(f in present for f in LAYOUTS[name].files) for name in (ARCH, CONTRIB))
    if not plain and (arch or system == "Arch"):
        return ARCH
    return FEDORA if system == "Fedora" else CONTRIB
