"""What differs between operating systems: packages and where they come from."""

from __future__ import annotations

import msgspec

from saltext_hakube.core.schema import Pillar

# pcs brings pcsd. On the RHEL family crm_simulate, crm_diff and crm_verify are in
# pacemaker-cli, which pacemaker needs anyway.
COMMON = ("haproxy", "pacemaker", "corosync", "pcs")
REDHAT = (*COMMON, "resource-agents")
DEBIAN = (*COMMON, "pacemaker-cli-utils", "resource-agents")
# Ubuntu split its agents with 22.04; IPaddr2 is in the base part.
UBUNTU = (*COMMON, "pacemaker-cli-utils", "resource-agents-base")

DEVICE = ("corosync-qdevice",)
NONE = "none"  # the word by which the pillar says that no repository is to be enabled
FAMILIES = ("RedHat", "Debian")


class System(msgspec.Struct, frozen=True):
    """The operating system: Salt's grains os, os_family, osmajorrelease and cpuarch."""

    name: str = ""
    family: str = ""
    major: int = 0
    cpu: str = "x86_64"


class Platform(msgspec.Struct, frozen=True):
    """What to install on a node.

    ``manage``: whether to install anything. ``repository``: the id of the yum/dnf repository
    (the HA channel) to enable for it, if any.
    """

    manage: bool
    packages: tuple[str, ...]
    repository: str | None


def platform(system: System, pillar: Pillar, problems: list[str]) -> Platform:
    """What the system needs for the declared cluster, or what the pillar says in its place."""
    install = pillar.install
    packages = install.packages
    if install.manage and packages is None and system.family not in ("", *FAMILIES):
        problems.append(
            f"hakube:install:packages: missing; the packages of {system.name} are not known, only "
            f"those of the families {' and '.join(FAMILIES)}: list them, or write "
            "hakube:install:manage: false"
        )
    if packages is None:
        packages = _base(system)
        packages += _fence(system) if pillar.devices else ()
        packages += DEVICE if pillar.cluster.quorum_device else ()
    repository = install.repository or _repository(system)
    return Platform(install.manage, packages, None if repository == NONE else repository)


def _base(system: System) -> tuple[str, ...]:
    if system.family == "RedHat":
        return REDHAT
    return UBUNTU if system.name == "Ubuntu" else DEBIAN


def _fence(system: System) -> tuple[str, ...]:
    """All fence agents: which package holds one differs from release to release."""
    if system.name == "Ubuntu":
        return ("fence-agents-base", "fence-agents-extra")
    if system.family == "RedHat" or (system.name == "Debian" and system.major >= 13):
        return ("fence-agents-all",)
    return ("fence-agents",)


def _repository(system: System) -> str | None:
    """The High Availability channel: known to these systems but off until it is enabled.

    Ids: Red Hat's documentation of the High Availability Add-On; the repository files of Rocky,
    AlmaLinux and CentOS Stream, which were renamed with release 9; Oracle's addons channel.
    Fedora has the packages in its only repository.
    """
    if system.name == "RedHat":
        return f"rhel-{system.major}-for-{system.cpu}-highavailability-rpms"
    if system.name in ("Rocky", "AlmaLinux", "CentOS", "CentOS Stream"):
        return "ha" if system.major < 9 else "highavailability"
    if system.name == "OEL":
        return f"ol{system.major}_addons"
    return None
