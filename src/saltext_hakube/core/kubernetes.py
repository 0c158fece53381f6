"""Which flags in the kubernetes environment files point at the VIP, by layout and version.

The document sets two variables: ``KUBE_MASTER`` in /etc/kubernetes/config, which scheduler and
controller-manager read, and ``KUBELET_API_SERVER`` in /etc/kubernetes/kubelet. Where a component's
own arguments hold the same flag, that one would count, so it is set, too.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, NamedTuple, Protocol

from msgspec import Meta, Struct
from msgspec.structs import replace

from saltext_hakube.core import envfile, envflags, kubelayout
from saltext_hakube.core.kubelayout import (
    ARCH,
    CONTRIB,
    CONTROLLER_MANAGER,
    KUBELET,
    LAYOUTS,
    PROXY,
    SCHEDULER,
    Layout,
    LayoutName,
)
from saltext_hakube.core.values import FilePath

# `kubelet --api-servers` was deprecated by 1.4 and removed in 1.8 (kubernetes-anywhere#463); a
# kubelet that gets an unknown flag does not start.
NO_KUBELET_FLAG = (1, 8)
# The apiserver's plain http port: serving stopped in 1.20 (kubernetes/kubernetes#95856).
NO_INSECURE_PORT = (1, 20)

# Scheduler, controller-manager and kube-proxy take --master; the kubelet never did.
MASTER = "master"
API_SERVERS = "api_servers"

Version = Annotated[
    str,
    Meta(
        pattern=r"^v?[0-9]+\.[0-9]+(\.[0-9]+)?([-+][0-9A-Za-z.+-]+)?\Z",
        description='a Kubernetes version in quotes, such as "1.20" or "1.32.1" (without quotes '
        "YAML reads 1.20 as the number 1.2)",
    ),
]

# What systemd accepts as the name of an environment variable (env_name_is_valid).
Variable = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*\Z",
        description="a variable's name: letters, digits and '_'",
    ),
]


class Kubernetes(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pillar's part ``hakube:kubernetes``.

    ``version``: without it, that of the installed programs; without these, the files are written as
    the document has them. ``layout``: without it, what the machine looks like. Files and variables
    that are not given are the layout's (``filled``).
    """

    version: Version | None = None
    layout: LayoutName | None = None
    config_file: FilePath | None = None
    config_variable: Variable | None = None
    kubelet_file: FilePath | None = None
    kubelet_variable: Variable | None = None
    kubeconfigs: (
        Annotated[tuple[FilePath, ...], Meta(description="a list of kubeconfig files")] | None
    ) = None
    certificate_authority: FilePath | None = None
    remove_obsolete: bool = False
    restart: bool = True

    @property
    def files(self) -> Layout:
        """The files and variables of the layout."""
        return LAYOUTS[self.layout or CONTRIB]


class Frontends(Protocol):
    """What is needed of ``hakube:haproxy``: where haproxy listens on the VIP."""

    insecure: bool
    insecure_port: int
    secure_port: int


class Versions(NamedTuple):
    """Of the kubelet, and of all else; None where nobody knows."""

    kubelet: str | None = None
    others: str | None = None


UNKNOWN = Versions()


class Wish(NamedTuple):
    """A flag that a variable of a file is to hold."""

    file: str
    variable: str
    flag: str
    value: str


def filled(options: Kubernetes, system: str = "", present: Collection[str] = ()) -> Kubernetes:
    """With every name that the pillar leaves out. ``system``: Salt's grain os; ``present``: which
    of the files that tell one layout from another are on this machine."""
    name = options.layout or kubelayout.found(system, present)
    layout = LAYOUTS[name]
    return replace(
        options,
        layout=name,
        config_file=options.config_file or layout.config_file,
        config_variable=options.config_variable or kubelayout.CONFIG_VARIABLE,
        kubelet_file=options.kubelet_file or layout.kubelet_file,
        kubelet_variable=options.kubelet_variable or kubelayout.KUBELET_VARIABLE,
    )


def versions(options: Kubernetes, installed: Versions = UNKNOWN) -> Versions:
    """What the pillar says, else what is installed."""
    if options.version is not None:
        return Versions(options.version, options.version)
    return Versions(installed.kubelet or installed.others, installed.others or installed.kubelet)


def env_files(options: Kubernetes) -> tuple[str, ...]:
    """All environment files of the components, each once."""
    own = (options.config_file, options.kubelet_file)
    return tuple(dict.fromkeys(name for name in (*own, *options.files.files) if name))


def url(address: str, frontends: Frontends) -> str:
    """Where clients reach the API: the document's plain http only where the pillar asks for it."""
    if frontends.insecure:
        return f"http://{_host(address)}:{frontends.insecure_port}"
    return secure_url(address, frontends)


def secure_url(address: str, frontends: Frontends) -> str:
    """Where clients with credentials reach the API."""
    return f"https://{_host(address)}:{frontends.secure_port}"


def _host(address: str) -> str:
    return f"[{address}]" if ipaddress.ip_address(address).version == 6 else address


def wishes(
    options: Kubernetes, url: str, versions: Versions, texts: Mapping[str, str]
) -> list[Wish]:
    """The flags that point at ``url``. ``texts``: the environment files that there are."""
    options = filled(options)
    found = []
    if options.config_file:
        found.append(Wish(options.config_file, options.config_variable, MASTER, url))
    found += _present(options, texts, MASTER, url, (CONTROLLER_MANAGER, SCHEDULER, PROXY))
    if kubelet_flag(options, versions):
        found.append(Wish(options.kubelet_file, options.kubelet_variable, API_SERVERS, url))
        found += _present(options, texts, API_SERVERS, url, (KUBELET,))
    return list(dict.fromkeys(found))


def kubelet_flag(options: Kubernetes, versions: Versions) -> bool:
    """Whether the kubelet gets the API's address as a flag."""
    if versions.kubelet is not None:
        return not at_least(versions.kubelet, NO_KUBELET_FLAG) and options.layout != ARCH
    return options.files.kubelet_flag


def _present(
    options: Kubernetes, texts: Mapping[str, str], flag: str, url: str, names: Collection[str]
) -> Iterator[Wish]:
    """The same for each variable of these components that holds the flag already."""
    for component in options.files.components:
        if component.name in names:
            text = texts.get(component.file, "")
            for variable in envfile.values(text):
                if envflags.has(text, variable, flag):
                    yield Wish(component.file, variable, flag, url)


def problems(options: Kubernetes, insecure: bool, versions: Versions = UNKNOWN) -> list[str]:
    """What cannot work, one line each, with the pillar's path and the remedy."""
    found = []
    options = filled(options)
    version = options.version or versions.others
    if insecure and at_least(version, NO_INSECURE_PORT):
        found.append(
            f"hakube:haproxy:insecure: Kubernetes {version} serves no plain http (since "
            "1.20); leave insecure out, clients use the secure frontend with TLS"
        )
    if (options.config_file, options.config_variable) == (
        options.kubelet_file,
        options.kubelet_variable,
    ):
        found.append(
            f"hakube:kubernetes:kubelet_variable: {options.kubelet_variable} is also the "
            "config_variable in the same file; give one of them another name or file"
        )
    return found


def warnings(options: Kubernetes, versions: Versions) -> list[str]:
    """What a person should know though it may be right, one line each."""
    if versions.kubelet is not None or not kubelet_flag(options, versions):
        return []
    return [
        f"hakube:kubernetes:version: not given, and no kubernetes program is installed that tells "
        f"its own, so {filled(options).kubelet_variable} is written as for Kubernetes before 1.8; "
        "a later kubelet whose unit uses it refuses to start: give the version, such as "
        '"1.32"'
    ]


def at_least(version: str | None, least: tuple[int, int]) -> bool:
    """Whether a version is this one or later; one that nobody knows is not."""
    found = re.match(r"v?(\d+)\.(\d+)", version or "")
    return found is not None and (int(found[1]), int(found[2])) >= least
