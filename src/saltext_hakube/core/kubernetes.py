"""Which variables of the kubernetes environment files point at the VIP, by Kubernetes version.

The document sets two: ``KUBE_MASTER`` in /etc/kubernetes/config, which scheduler and
controller-manager read, and ``KUBELET_API_SERVER`` in /etc/kubernetes/kubelet.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from saltext_hakube.core.values import FilePath

# `kubelet --api-servers` was deprecated by 1.4 and removed in 1.8 (kubernetes-anywhere#463); a
# kubelet that gets an unknown flag does not start.
NO_KUBELET_FLAG = (1, 8)
# The apiserver's plain http port: serving stopped in 1.20 (kubernetes/kubernetes#95856).
NO_INSECURE_PORT = (1, 20)

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

    ``version``: without it, the files are written as the document has them.
    """

    version: Version | None = None
    config_file: FilePath = "/etc/kubernetes/config"
    config_variable: Variable = "KUBE_MASTER"
    kubelet_file: FilePath = "/etc/kubernetes/kubelet"
    kubelet_variable: Variable = "KUBELET_API_SERVER"


class Frontends(Protocol):
    """What is needed of ``hakube:haproxy``: where haproxy listens on the VIP."""

    insecure: bool
    insecure_port: int
    secure_port: int


def url(address: str, frontends: Frontends) -> str:
    """Where clients reach the API: the document's plain http only where the pillar asks for it."""
    host = f"[{address}]" if ipaddress.ip_address(address).version == 6 else address
    if frontends.insecure:
        return f"http://{host}:{frontends.insecure_port}"
    return f"https://{host}:{frontends.secure_port}"


def variables(options: Kubernetes, url: str) -> dict[str, dict[str, str]]:
    """The variables that point at ``url``, by file."""
    wanted = {options.config_file: {options.config_variable: f"--master={url}"}}
    if not _at_least(options, NO_KUBELET_FLAG):
        kubelet = wanted.setdefault(options.kubelet_file, {})
        kubelet[options.kubelet_variable] = f"--api_servers={url}"
    return wanted


def obsolete(options: Kubernetes) -> dict[str, tuple[str, ...]]:
    """The variables, by file, that hold flags which this version's programs refuse."""
    if _at_least(options, NO_KUBELET_FLAG):
        return {options.kubelet_file: (options.kubelet_variable,)}
    return {}


def problems(options: Kubernetes, insecure: bool) -> list[str]:
    """What cannot work, one line each, with the pillar's path and the remedy."""
    found = []
    if insecure and _at_least(options, NO_INSECURE_PORT):
        found.append(
            f"hakube:haproxy:insecure: Kubernetes {options.version} serves no plain http (since "
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


def warnings(options: Kubernetes) -> list[str]:
    """What a person should know though it may be right, one line each."""
    if options.version is not None:
        return []
    return [
        f"hakube:kubernetes:version: not given, so {options.kubelet_variable} is written as for "
        "Kubernetes before 1.8; a later kubelet whose unit uses it refuses to start: give the "
        'version, such as "1.32"'
    ]


def _at_least(options: Kubernetes, version: tuple[int, int]) -> bool:
    """Whether the pillar's version is this one or later; without a version it is not."""
    if options.version is None:
        return False
    found = re.match(r"v?(\d+)\.(\d+)", options.version)
    return found is not None and (int(found[1]), int(found[2])) >= version
