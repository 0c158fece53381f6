"""Units that Pacemaker manages, and room on the disks."""

import pytest

from saltext_hakube.core.preflight.finding import Unseen
from saltext_hakube.core.preflight.observed import Space

from .world import but, is_fine, is_found, is_unseen, units

POD = "/etc/kubernetes/manifests/kube-scheduler.yaml"
STATIC = but(manifests={"kube-scheduler": POD})


def missing(unit, **parts):
    return but(units=units(unit, known=False).units, **parts)


def space(folder, *numbers, **parts):
    return but(space={folder: Space(*numbers, **parts)})


TRAPS = [
    (
        "managed-unit-enabled",
        "warning",
        "haproxy",
        "hakube.install disables it",
        units("haproxy", enabled=True),
    ),
    ("unit-missing", "warning", "unit kube-scheduler", "no such unit", missing("kube-scheduler")),
    (
        "unit-missing",
        "warning",
        "unit kube-scheduler",
        POD,
        missing("kube-scheduler", manifests={"kube-scheduler": POD}),
    ),
    ("static-pod", "warning", POD, "the unit kube-scheduler", STATIC),
    ("disk-full", "error", "/var", "3 MB, 9000 inodes left", space("/var", 3, 9000)),
    ("disk-full", "error", "/var", "900 MB, 3 inodes left", space("/var", 900, 3)),
    ("disk-full", "error", "/etc", "read-only", space("/etc", 900, writable=False)),
    ("disk-full", "warning", "/var", "make room soon", space("/var", 60)),
]


@pytest.mark.parametrize(("code", "severity", "where", "words", "observed"), TRAPS)
def test_the_trap_is_found_with_its_place_and_remedy(code, severity, where, words, observed):
    is_found(code, severity, where, words, observed)


FINE = [
    ("managed-unit-enabled", units("haproxy", active=True)),
    # It comes with the installation.
    ("unit-missing", missing("haproxy")),
    # Only kubelet runs it: that the unit is missing has a code of its own.
    ("static-pod", missing("kube-scheduler", manifests={"kube-scheduler": POD})),
    ("static-pod", but(manifests={"kubelet": "/etc/kubernetes/manifests/kubelet.yaml"})),
    ("disk-full", space("/var", 150)),
]


@pytest.mark.parametrize(("code", "observed"), FINE)
def test_what_only_looks_like_it_is_fine(code, observed):
    is_fine(code, observed)


@pytest.mark.parametrize("code", ["managed-unit-enabled", "unit-missing", "static-pod"])
def test_where_systemd_does_not_run_nothing_is_known(code):
    is_unseen(code, "systemd", but(units=Unseen("systemd does not run here")))
