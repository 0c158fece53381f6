"""Which variables point at the VIP, and what a Kubernetes version allows."""

from types import SimpleNamespace

import msgspec
import pytest

from saltext_hakube.core import kubernetes
from saltext_hakube.core.kubernetes import Kubernetes

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


def test_without_a_version_the_files_are_those_of_the_document():
    assert kubernetes.variables(Kubernetes(), URL) == {
        "/etc/kubernetes/config": {"KUBE_MASTER": "--master=http://192.0.2.100:8080"},
        "/etc/kubernetes/kubelet": {"KUBELET_API_SERVER": "--api_servers=http://192.0.2.100:8080"},
    }


@pytest.mark.parametrize(
    ("version", "known"),
    [("1.7", True), ("1.7.16", True), ("1.8", False), ("v1.10.3", False), ("2.0", False)],
)
def test_the_kubelets_flag_is_written_only_for_versions_that_have_it(version, known):
    options = Kubernetes(version=version)
    assert ("/etc/kubernetes/kubelet" in kubernetes.variables(options, URL)) is known
    assert (kubernetes.obsolete(options) == {}) is known


def test_files_and_variables_are_what_the_pillar_calls_them():
    options = Kubernetes(
        config_file="/etc/kubernetes/kube.env",
        config_variable="MASTER",
        kubelet_file="/etc/kubernetes/kube.env",
    )
    assert kubernetes.variables(options, URL) == {
        "/etc/kubernetes/kube.env": {
            "MASTER": "--master=http://192.0.2.100:8080",
            "KUBELET_API_SERVER": "--api_servers=http://192.0.2.100:8080",
        }
    }


@pytest.mark.parametrize("version", ["1.20", "1.20.2", "v1.32.1", "1.100", "2.0"])
def test_the_insecure_frontend_is_refused_where_no_apiserver_serves_it(version):
    (problem,) = kubernetes.problems(Kubernetes(version=version), insecure=True)
    assert problem.startswith("hakube:haproxy:insecure: ")
    assert version in problem
    assert "\n" not in problem


@pytest.mark.parametrize(("version", "insecure"), [("1.19", True), ("1.20", False), (None, True)])
def test_the_insecure_frontend_is_no_problem_otherwise(version, insecure):
    assert kubernetes.problems(Kubernetes(version=version), insecure) == []


def test_two_meanings_of_one_variable_are_a_problem():
    options = Kubernetes(config_file="/e", kubelet_file="/e", kubelet_variable="KUBE_MASTER")
    (problem,) = kubernetes.problems(options, insecure=False)
    assert problem.startswith("hakube:kubernetes:kubelet_variable: ")


@pytest.mark.parametrize("version", [1.2, "latest", "1", "1.20 ", "1.20\n", ""])
def test_a_version_must_be_text_with_two_numbers(version):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"version": version}, Kubernetes)
