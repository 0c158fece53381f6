"""What the installed Kubernetes knows, and what it is told."""

import pytest

from saltext_hakube.core.preflight.finding import Unseen

from .world import VIP, but, is_fine, is_found, is_unseen, program

API, KCM, SCHEDULER = "kube-apiserver", "kube-controller-manager", "kube-scheduler"
INSECURE = {"haproxy:insecure": True, "kubernetes:version": "1.7"}
ONE, TWO = "https://192.0.2.11:2379", "https://192.0.2.11:2379,https://192.0.2.12:2379"
PROXY = {"HTTPS_PROXY": "http://proxy.example.com:3128"}

TRAPS = [
    (
        "insecure-frontend",
        "error",
        "hakube:haproxy:insecure",
        "is 1.20",
        program(API, (1, 20)),
        INSECURE,
    ),
    (
        "version-differs",
        "warning",
        "hakube:kubernetes:version",
        'write "1.31"',
        program(API, (1, 31)),
        {},
    ),
    (
        "removed-flag",
        "warning",
        f"unit {SCHEDULER}",
        "--logtostderr was removed in 1.26",
        program(SCHEDULER, logtostderr="true"),
        {},
    ),
    (
        "removed-flag",
        "warning",
        f"unit {API}",
        "--insecure-port was removed in 1.24",
        program(API, (1, 24), insecure_port="0"),
        {},
    ),
    (
        "removed-flag",
        "warning",
        "unit kubelet",
        "--network-plugin",
        program("kubelet", (1, 25), network_plugin="cni"),
        {},
    ),
    (
        "leader-election-off",
        "warning",
        f"unit {KCM}",
        "may work at once",
        program(KCM, leader_elect="false"),
        {},
    ),
    ("etcd-even", "warning", f"unit {API}", "2 members", program(API, etcd_servers=TWO), {}),
    ("etcd-alone", "warning", f"unit {API}", "192.0.2.11 only", program(API, etcd_servers=ONE), {}),
    ("http-proxy", "warning", f"unit {KCM}", "HTTPS_PROXY", program(KCM, environment=PROXY), {}),
    (
        "http-proxy",
        "warning",
        f"unit {KCM}",
        "NO_PROXY",
        program(KCM, environment={**PROXY, "NO_PROXY": "localhost"}),
        {},
    ),
]


@pytest.mark.parametrize(("code", "severity", "where", "words", "observed", "pillar"), TRAPS)
def test_the_trap_is_found_with_its_place_and_remedy(
    *, code, severity, where, words, observed, pillar
):
    is_found(code, severity, where, words, observed, pillar=pillar)


FINE = [
    ("insecure-frontend", program(API, (1, 19)), INSECURE),
    ("insecure-frontend", program(API, (1, 32)), {}),
    ("version-differs", program(API, (1, 20)), {"kubernetes:version": "v1.20.2"}),
    ("version-differs", program(API, Unseen("no answer")), {"kubernetes": {}}),
    ("removed-flag", program(SCHEDULER, (1, 25), logtostderr="true"), {}),
    ("removed-flag", program(API, (1, 23), insecure_port="0"), {}),
    ("leader-election-off", program(KCM, leader_elect="true"), {}),
    ("etcd-even", program(API, etcd_servers=ONE), {}),
    ("etcd-alone", program(API, etcd_servers=ONE), {"apiserver:servers": [{"node": "node1"}]}),
    ("http-proxy", program(KCM, environment={**PROXY, "NO_PROXY": f"localhost, {VIP}"}), {}),
    ("http-proxy", program(KCM, environment={**PROXY, "no_proxy": "192.0.2.0/24"}), {}),
    ("http-proxy", program(KCM, environment={"HTTP_PROXY": "http://proxy.example.com"}), {}),
]


@pytest.mark.parametrize(("code", "observed", "pillar"), FINE)
def test_what_only_looks_like_it_is_fine(code, observed, pillar):
    is_fine(code, observed, pillar)


@pytest.mark.parametrize("code", ["etcd-even", "etcd-alone"])
def test_an_etcd_on_the_apiservers_own_machine_says_nothing_of_the_others(code):
    is_unseen(code, "its own machine", program(API, etcd_servers="https://127.0.0.1:2379"))


def test_a_program_that_does_not_tell_its_version_is_not_judged():
    observed = program(API, Unseen("kube-apiserver --version did not end"), insecure_port="0")
    is_unseen("removed-flag", "did not end", observed)
    is_unseen("version-differs", "did not end", observed)


def test_components_that_are_not_there_are_not_known():
    gone = Unseen("no unit kube-scheduler on this machine")
    observed = but(programs={**but().programs, SCHEDULER: gone})
    is_unseen("removed-flag", "no unit", observed)
    is_unseen("leader-election-off", "no unit", observed)
    is_unseen("http-proxy", "no unit", observed)
