"""What the daemon is told: out of the pillar, and out of how the components are started here."""

import json

import pytest

from saltext_hakube.agents.probe.get import Target
from saltext_hakube.agents.probe.settings import settings
from saltext_hakube.core import probe
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.probe import Place
from saltext_hakube.host import probe as host
from saltext_hakube.host.machine import Machine
from tests.unit.config.pillars import changed

NOWHERE = Place({}, "")


def config(place=NOWHERE, node="node1", **options):
    pillar = changed({name.replace("__", ":"): value for name, value in options.items()})
    return json.loads(probe.config(resolve(pillar, Facts(names=(node,))), place))


def test_by_default_the_components_are_asked_where_kubernetes_puts_them():
    data = config()
    assert data["apiserver"]["port"] == 6443
    assert data["apiserver"]["resource"] == "apiserver"
    scheduler, controllers = data["scheduler"], data["controller-manager"]
    assert (scheduler["address"], scheduler["port"]) == ("127.0.0.1", 10259)
    assert (controllers["address"], controllers["port"]) == ("127.0.0.1", 10257)
    assert controllers["resource"] == "controller"
    assert scheduler["kubeconfigs"][:2] == [
        "/etc/kubernetes/scheduler.kubeconfig",
        "/etc/kubernetes/scheduler.conf",
    ]
    assert data["api"] == {"address": "/run/haproxy-hakube-api.sock", "port": 0}
    assert data["ca"] == "/etc/kubernetes/pki/ca.crt"


@pytest.mark.parametrize(
    ("flags", "address", "port"),
    [
        ({"bind-address": "0.0.0.0"}, "127.0.0.1", 10259),
        ({"bind-address": "::"}, "127.0.0.1", 10259),
        ({"bind-address": "192.0.2.11", "secure-port": "20259"}, "192.0.2.11", 20259),
        ({"bind-address": "$WHAT", "secure-port": "0"}, "127.0.0.1", 10259),
    ],
)
def test_their_command_lines_say_where_else(flags, address, port):
    data = config(Place({"scheduler": {**flags, "kubeconfig": "/k"}}, ""))["scheduler"]
    assert (data["address"], data["port"]) == (address, port)
    assert data["kubeconfigs"][0] == "/k"


def test_a_node_without_an_apiserver_has_none_to_look_at():
    assert config(apiserver__servers=[{"node": "node2"}])["apiserver"] is None


def test_where_haproxy_trusts_everybody_so_do_the_eyes():
    assert config(haproxy__verify="none")["ca"] is None
    assert config(haproxy__check="tcp")["ca"] is config(haproxy__plain=True)["ca"] is None
    assert config(haproxy__api_socket="none")["api"]["port"] == 6443


def test_all_certificates_that_somebody_names_are_looked_at():
    text = (
        "server a 192.0.2.1:1 ssl ca-file /etc/a.pem crt /etc/b.pem # crt /no\n  bind :1 crt /c\n"
    )
    flags = {"apiserver": {"tls-cert-file": "/served.crt"}}
    found = config(Place(flags, text))["certificates"]
    assert {"/served.crt", "/etc/a.pem", "/etc/b.pem", "/c", probe.PKI} <= set(found)
    assert "/etc/kubernetes/pki/ca.crt" in found
    assert "/etc/kubernetes/scheduler.conf" in found


def test_the_command_lines_are_those_of_the_units_or_manifests(tmp_path):
    unit = tmp_path / "etc/systemd/system/kube-scheduler.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(
        "[Service]\nEnvironmentFile=-/etc/kubernetes/scheduler\n"
        "ExecStart=/usr/bin/kube-scheduler $KUBE_SCHEDULER_ARGS\n"
    )
    environment = tmp_path / "etc/kubernetes/scheduler"
    environment.parent.mkdir(parents=True)
    environment.write_text('KUBE_SCHEDULER_ARGS="--secure-port=20259 --kubeconfig=/k"\n')
    manifest = tmp_path / "etc/kubernetes/manifests/kube-controller-manager.yaml"
    manifest.parent.mkdir()
    manifest.write_text("    - --secure-port=20257\n")
    found = host.place(Machine(tmp_path), resolve(changed({}), Facts(names=("node1",))))
    assert found.flags["scheduler"] == {"secure-port": "20259", "kubeconfig": "/k"}
    assert found.flags["controller-manager"] == {"secure-port": "20257"}
    assert found.flags["apiserver"] == {}


def test_the_daemon_reads_what_is_written_for_it(tmp_path):
    path = tmp_path / "probe.json"
    path.write_bytes(probe.config(resolve(changed({}), Facts(names=("node1",))), NOWHERE))
    found = settings(str(path))
    assert found.api == Target("/run/haproxy-hakube-api.sock", 0)
    assert found.scheduler.target == Target("127.0.0.1", 10259)
    assert found.sample == "/run/hakube/probe.json"
