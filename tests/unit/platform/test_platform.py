"""Which packages come from where, by operating system."""

import pytest

from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.errors import ConfigError
from saltext_hakube.core.platform import System
from tests.unit.config.pillars import FENCED, GOOD, changed

BASE = ("haproxy", "pacemaker", "corosync", "pcs")
REDHAT = (*BASE, "resource-agents")
DEBIAN = (*BASE, "pacemaker-cli-utils", "resource-agents")
UBUNTU = (*BASE, "pacemaker-cli-utils", "resource-agents-base")

SYSTEMS = [
    (
        System("RedHat", "RedHat", 8),
        REDHAT,
        ("fence-agents-all",),
        "rhel-8-for-x86_64-highavailability-rpms",
    ),
    (
        System("RedHat", "RedHat", 10, "aarch64"),
        REDHAT,
        ("fence-agents-all",),
        "rhel-10-for-aarch64-highavailability-rpms",
    ),
    (System("Rocky", "RedHat", 8), REDHAT, ("fence-agents-all",), "ha"),
    (System("Rocky", "RedHat", 9), REDHAT, ("fence-agents-all",), "highavailability"),
    (System("AlmaLinux", "RedHat", 8), REDHAT, ("fence-agents-all",), "ha"),
    (System("AlmaLinux", "RedHat", 10), REDHAT, ("fence-agents-all",), "highavailability"),
    (System("CentOS Stream", "RedHat", 9), REDHAT, ("fence-agents-all",), "highavailability"),
    (System("OEL", "RedHat", 9), REDHAT, ("fence-agents-all",), "ol9_addons"),
    (System("Fedora", "RedHat", 42), REDHAT, ("fence-agents-all",), None),
    (System("Debian", "Debian", 11), DEBIAN, ("fence-agents",), None),
    (System("Debian", "Debian", 12), DEBIAN, ("fence-agents",), None),
    (System("Debian", "Debian", 13), DEBIAN, ("fence-agents-all",), None),
    (System("Ubuntu", "Debian", 22), UBUNTU, ("fence-agents-base", "fence-agents-extra"), None),
    (System("Ubuntu", "Debian", 24), UBUNTU, ("fence-agents-base", "fence-agents-extra"), None),
]


def platform(system, pillar):
    return resolve(pillar, Facts(names=("node1",), system=system)).platform


@pytest.mark.parametrize(("system", "base", "fence", "repository"), SYSTEMS)
def test_each_system_has_its_packages_and_repository(system, base, fence, repository):
    unfenced = platform(system, GOOD)
    assert (unfenced.packages, unfenced.repository) == (base, repository)
    assert platform(system, FENCED).packages == (*base, *fence)


@pytest.mark.parametrize("system", [row[0] for row in SYSTEMS[::5]])
def test_a_quorum_device_needs_its_package(system):
    device = changed({"cluster:quorum_device": {"host": "witness"}})
    assert set(platform(system, device).packages) - set(platform(system, GOOD).packages) == {
        "corosync-qdevice"
    }


def test_the_pillar_says_otherwise():
    mine = changed(
        {"install": {"packages": ["mine"], "repository": "my-ha", "manage": False}}, FENCED
    )
    found = platform(System("Rocky", "RedHat", 9), mine)
    assert (found.packages, found.repository, found.manage) == (("mine",), "my-ha", False)


def test_the_word_none_switches_the_repository_off():
    pillar = changed({"install": {"repository": "none"}}, FENCED)
    assert platform(System("Rocky", "RedHat", 9), pillar).repository is None


def test_a_system_without_known_packages_needs_them_from_the_pillar():
    suse = System("SUSE", "Suse", 15)
    with pytest.raises(ConfigError) as caught:
        platform(suse, GOOD)
    assert caught.value.problems == (
        "hakube:install:packages: missing; the packages of SUSE are not known, only those of the "
        "families RedHat and Debian: list them, or write hakube:install:manage: false",
    )
    assert platform(suse, changed({"install": {"packages": ["mine"]}})).packages == ("mine",)
    assert not platform(suse, changed({"install": {"manage": False}})).manage
