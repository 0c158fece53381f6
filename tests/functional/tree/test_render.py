"""The tree, rendered by Salt for every operating system: packages, functions, order."""

import pytest

from saltext_hakube.core import alert, topology
from saltext_hakube.core.cib.objects import Location
from saltext_hakube.core.config import Facts, resolve

from .conftest import example, grains, needed

BASE = ["haproxy", "pacemaker", "corosync", "pcs"]
REDHAT = [*BASE, "resource-agents"]
DEBIAN = [*BASE, "pacemaker-cli-utils", "resource-agents"]
UBUNTU = [*BASE, "pacemaker-cli-utils", "resource-agents-base"]
RHEL = "rhel-{}-for-x86_64-highavailability-rpms"

# os, os_family, osmajorrelease -> packages, repository
SYSTEMS = {
    ("RedHat", "RedHat", 8): (REDHAT, RHEL.format(8)),
    ("RedHat", "RedHat", 9): (REDHAT, RHEL.format(9)),
    ("RedHat", "RedHat", 10): (REDHAT, RHEL.format(10)),
    ("Rocky", "RedHat", 8): (REDHAT, "ha"),
    ("Rocky", "RedHat", 9): (REDHAT, "highavailability"),
    ("AlmaLinux", "RedHat", 9): (REDHAT, "highavailability"),
    ("CentOS Stream", "RedHat", 9): (REDHAT, "highavailability"),
    ("OEL", "RedHat", 9): (REDHAT, "ol9_addons"),
    ("Fedora", "RedHat", 42): (REDHAT, None),
    ("Debian", "Debian", 11): (DEBIAN, None),
    ("Debian", "Debian", 12): (DEBIAN, None),
    ("Debian", "Debian", 13): (DEBIAN, None),
    ("Ubuntu", "Debian", 22): (UBUNTU, None),
    ("Ubuntu", "Debian", 24): (UBUNTU, None),
}

ORDER = [
    "hakube-pillar",
    "hakube-preflight",
    "hakube-install-packages",
    "hakube-install-units",
    "hakube-restart",
    "hakube-sysctl-vip",
    "hakube-haproxy-config",
    "hakube-watch",
    "hakube-guard",
    "hakube-kubeenv-files",
    "hakube-cluster-formed",
    "hakube-resources-managed",
    # Without the healing, which is the default, nothing of it is there.
    "hakube-probe-absent",
    "hakube-beacon-absent",
]
SUBJECTS = (
    *("pillar", "preflight", "install", "restart", "sysctl", "haproxy", "watch", "guard"),
    *("probe", "beacon", "kubeenv", "cluster", "resources", "clean"),
)
DEBIAN_12 = grains("Debian", "Debian", 12)


@pytest.mark.parametrize(
    "system", SYSTEMS, ids=[f"{name} {major}".replace(" ", "-") for name, _, major in SYSTEMS]
)
def test_each_system_installs_its_packages_from_its_repository(low, system):
    packages, repository = SYSTEMS[system]
    (installed,) = [state for state in low(**grains(*system)) if state["state"] == "pkg"]
    assert installed["fun"] == "installed"
    assert installed["pkgs"] == packages
    assert installed.get("enablerepo") == repository


@pytest.mark.parametrize("system", [("Rocky", "RedHat", 9), ("Debian", "Debian", 12)])
def test_the_states_run_in_their_order(low, system):
    assert [state["__id__"] for state in low(**grains(*system))] == ORDER


@pytest.mark.parametrize("sls", ["hakube", *(f"hakube.{subject}" for subject in SUBJECTS)])
def test_every_file_can_be_applied_alone_and_calls_only_states_that_exist(loaders, low, sls):
    states = low(sls, **DEBIAN_12)
    assert states
    for state in states:
        assert state["__id__"].startswith("hakube-")
        assert f"{state['state']}.{state['fun']}" in loaders.states
        assert needed(states, state["__id__"]) <= {state["__id__"] for state in states}


def test_the_cluster_needs_everything_that_stands_in_files(low):
    states = low(**DEBIAN_12)
    assert needed(states, "hakube-cluster-formed") == {
        *ORDER[: ORDER.index("hakube-cluster-formed")]
    } - {"hakube-restart", "hakube-watch", "hakube-guard"}


def test_what_runs_in_the_cluster_needs_the_cluster(low):
    states = low(**DEBIAN_12)
    assert "hakube-cluster-formed" in needed(states, "hakube-resources-managed")


def test_haproxys_file_is_checked_by_the_haproxy_that_was_installed(low):
    states = low(**DEBIAN_12)
    assert "hakube-install-packages" in needed(states, "hakube-haproxy-config")


def test_cleaning_turns_clients_away_before_haproxy_and_haproxy_before_the_kernel(low):
    states = low("hakube.clean", **DEBIAN_12)
    variables = {
        "hakube-kubeconfig-restored",
        "hakube-kubeenv-config-absent",
        "hakube-kubeenv-kubelet-absent",
    }
    assert needed(states, "hakube-haproxy-absent") == variables | {"hakube-pillar"}
    assert "hakube-haproxy-absent" in needed(states, "hakube-sysctl-absent")


def test_cleaning_takes_the_rules_out_of_the_cluster_before_the_daemon_that_feeds_them(low):
    states = low("hakube.clean", **DEBIAN_12)
    (rules,) = [state for state in states if state["__id__"] == "hakube-steering-absent"]
    config = resolve(example("minimal")["hakube"], Facts(names=("node1",)))
    steering = [it.id for it in topology.topology(config) if isinstance(it, Location)]
    assert rules["absent"] == {"locations": steering, "alerts": [alert.NAME]}
    assert "hakube-steering-absent" in needed(states, "hakube-watch-absent")
    assert "hakube-steering-absent" in needed(states, "hakube-probe-absent")
    daemons = {"hakube-watch-absent", "hakube-guard-absent"}
    assert daemons <= needed(states, "hakube-restart-absent")


def test_a_system_that_is_not_known_stops_at_the_gate(low):
    states = low(**grains("SUSE", "Suse", 15))
    assert [state["__id__"] for state in states] == ["hakube-pillar"]
