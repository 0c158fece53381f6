"""Which variables point at the VIP, and what a Kubernetes version allows."""

from types import SimpleNamespace

import msgspec
import pytest

from saltext_hakube.core import kubeobsolete, kubernetes
from saltext_hakube.core.kubernetes import Kubernetes, Versions

URL = "http://192.0.2.100:8080"


def frontends(insecure):
    return SimpleNamespace(insecure=insecure, insecure_port=8080, secure_port=6443)


@pytest.mark.parametrize(
    ("address", "insecure", "url"),
    [
        ("192.0.2.100", True, "http://192.0.2.100:8080"),
        ("192.0.2.100", False, "https://192.0.2.100:6443"),
        ("2001:db8::64", False, "https://[2001:db8::64]:6443"),
    ],
)
def test_the_url_is_plain_http_only_where_the_pillar_asks_for_it(address, insecure, url):
    assert kubernetes.url(address, frontends(insecure)) == url


def wanted(options, version=None, texts=None):
    found = kubernetes.wishes(options, URL, Versions(version, version), texts or {})
    return {(w.file, w.variable): f"--{w.flag}={w.value}" for w in found}


MASTER = "--master=http://192.0.2.100:8080"
API_SERVERS = "--api_servers=http://192.0.2.100:8080"


def test_without_a_version_the_files_are_those_of_the_document():
    assert wanted(Kubernetes()) == {
        ("/etc/kubernetes/config", "KUBE_MASTER"): MASTER,
        ("/etc/kubernetes/kubelet", "KUBELET_API_SERVER"): API_SERVERS,
    }


@pytest.mark.parametrize(
    ("layout", "version", "written"),
    [
        ("contrib", "1.7", True),
        ("contrib", "1.7.16", True),
        ("contrib", "1.8", False),
        ("contrib", "v1.10.3", False),
        ("contrib", "2.0", False),
        ("contrib", None, True),
        ("fedora", "1.7", True),
        ("fedora", None, False),
        ("arch", "1.7", False),
        ("arch", None, False),
    ],
)
def test_the_kubelets_flag_is_written_only_where_it_is_known(layout, version, written):
    options = kubernetes.filled(Kubernetes(layout=layout))
    files = {variable for _, variable in wanted(options, version)}
    assert ("KUBELET_API_SERVER" in files) is written
    assert ("KUBE_MASTER" in files) is (layout != "arch")
    warned = kubernetes.warnings(options, Versions(version, version))
    assert bool(warned) is (version is None and layout == "contrib")


def test_files_and_variables_are_what_the_pillar_calls_them():
    options = Kubernetes(
        config_file="/etc/kubernetes/kube.env",
        config_variable="MASTER",
        kubelet_file="/etc/kubernetes/kube.env",
    )
    assert wanted(options) == {
        ("/etc/kubernetes/kube.env", "MASTER"): MASTER,
        ("/etc/kubernetes/kube.env", "KUBELET_API_SERVER"): API_SERVERS,
    }


def test_a_components_own_master_would_count_so_it_is_set_too():
    texts = {
        "/etc/kubernetes/scheduler": 'A="--v=2"\nB="--v=2 --master http://old"\n',
        "/etc/kubernetes/apiserver": 'C="--master=x"\n',
    }
    found = wanted(Kubernetes(), "1.20", texts)
    assert found.keys() == {
        ("/etc/kubernetes/config", "KUBE_MASTER"),
        ("/etc/kubernetes/scheduler", "B"),
    }


@pytest.mark.parametrize(
    ("system", "present", "layout"),
    [
        ("Debian", [], "contrib"),
        ("CentOS", ["/etc/kubernetes/config"], "contrib"),
        ("Fedora", ["/etc/kubernetes/config"], "fedora"),
        ("Arch", [], "arch"),
        ("Arch", ["/etc/kubernetes/config"], "contrib"),
        ("Debian", ["/etc/kubernetes/kube-scheduler.env"], "arch"),
    ],
)
def test_the_layout_is_found_by_files_and_system(system, present, layout):
    assert kubernetes.filled(Kubernetes(), system, present).layout == layout
    assert kubernetes.filled(Kubernetes(layout="arch"), system, present).layout == "arch"


@pytest.mark.parametrize(
    ("pillar", "kubelet", "others", "expected"),
    [
        ("1.7", "1.32.1", "1.32.1", Versions("1.7", "1.7")),
        (None, "1.32.1", "1.20.2", Versions("1.32.1", "1.20.2")),
        (None, "1.32.1", None, Versions("1.32.1", "1.32.1")),
        (None, None, None, Versions(None, None)),
    ],
)
def test_the_version_is_the_pillars_else_that_of_the_installed_programs(
    pillar, kubelet, others, expected
):
    options = Kubernetes(version=pillar)
    assert kubernetes.versions(options, Versions(kubelet, others)) == expected


FILES = {
    "/etc/kubernetes/config": 'KUBE_LOGTOSTDERR="--logtostderr=true"\nP="--allow-privileged"',
    "/etc/kubernetes/kubelet": 'A="--api-servers=x --v=2"\nB="--allow_privileged=true"',
    "/etc/kubernetes/apiserver": 'C="--insecure-port=8080 --secure-port=1"',
    "/etc/kubernetes/scheduler": 'D="--address=127.0.0.1 --bind-address=x"',
}


@pytest.mark.parametrize(
    ("version", "refused"),
    [
        (None, ""),
        ("1.7", ""),
        ("1.8", "api-servers"),
        ("1.20", "api-servers allow-privileged"),
        ("1.23", "api-servers allow-privileged address"),
        ("1.25", "api-servers allow-privileged insecure-port address"),
        ("1.26", "logtostderr api-servers allow-privileged insecure-port address"),
    ],
)
def test_flags_are_refused_from_the_version_on_that_dropped_them(version, refused):
    found = list(kubeobsolete.find(Kubernetes(), Versions(version, version), FILES))
    assert [one.flag for one in found] == refused.split()
    assert all("\n" not in one.told() for one in found)


@pytest.mark.parametrize("version", ["1.20", "1.20.2", "v1.32.1", "1.100", "2.0"])
def test_the_insecure_frontend_is_refused_where_no_apiserver_serves_it(version):
    (problem,) = kubernetes.problems(Kubernetes(version=version), insecure=True)
    assert problem.startswith("hakube:haproxy:insecure: ")
    assert version in problem
    assert "\n" not in problem


@pytest.mark.parametrize(("version", "insecure"), [("1.19", True), ("1.20", False), (None, True)])
def test_the_insecure_frontend_is_no_problem_otherwise(version, insecure):
    assert kubernetes.problems(Kubernetes(version=version), insecure) == []


def test_the_insecure_frontend_is_refused_by_the_installed_version_too():
    versions = Versions(None, "1.32.1")
    (problem,) = kubernetes.problems(Kubernetes(), True, versions)
    assert "1.32.1" in problem


def test_two_meanings_of_one_variable_are_a_problem():
    options = Kubernetes(config_file="/e", kubelet_file="/e", kubelet_variable="KUBE_MASTER")
    (problem,) = kubernetes.problems(options, insecure=False)
    assert problem.startswith("hakube:kubernetes:kubelet_variable: ")


@pytest.mark.parametrize("version", [1.2, "latest", "1", "1.20 ", "1.20\n", ""])
def test_a_version_must_be_text_with_two_numbers(version):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"version": version}, Kubernetes)
