"""hakube_kubeconfig with real loaders, on a folder that stands for the machine."""

import json
import os

import pytest

from saltext_hakube.core.errors import HakubeError
from saltext_hakube.host import services

URL = "https://192.0.2.100:6443"
KUBELET = "/etc/kubernetes/kubelet.kubeconfig"
TEXT = """\
# made by hand
clusters:
- {name: k, cluster: {server: "https://192.0.2.1:6443", certificate-authority: /ca}}
contexts:
- {name: c, context: {cluster: k, user: u}}
current-context: c
users:
- name: u
  user: {token: s3cret}
"""
AFTER = TEXT.replace("https://192.0.2.1:6443", URL)


def pillar(**kubernetes):
    nodes = {f"node{i}": f"192.0.2.{i}" for i in (1, 2, 3)}
    return {
        "hakube": {
            "cluster": {"nodes": nodes, "password": "not-a-real-one"},
            "vip": {"address": "192.0.2.100"},
            "fencing": "none",
            "kubernetes": {"version": "1.32", **kubernetes},
        }
    }


def with_pillar(data):
    return pytest.mark.parametrize("pillar_data", [data], ids=[""], indirect=True)


@pytest.fixture(scope="module")
def pillar_data(request):
    return getattr(request, "param", pillar())


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {"id": "worker1", **minion_config_overrides}


@pytest.fixture
def files(root):
    folder = root / "etc/kubernetes"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def kubelet(files):
    file = files / "kubelet.kubeconfig"
    file.write_text(TEXT)
    file.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(file, 4321, 4321)
    return file


def test_the_files_that_are_there_point_at_the_vip_and_nothing_else_changes(states, kubelet):
    before = kubelet.stat()
    planned = states.hakube_kubeconfig.managed("any", test=True)
    assert (planned.result, kubelet.read_text()) == (None, TEXT)
    ret = states.hakube_kubeconfig.managed("any")
    assert ret.result is True
    assert ret.changes == planned.changes
    assert ret.changes == {
        KUBELET: {"k": {"server": {"old": "https://192.0.2.1:6443", "new": URL}}}
    }
    assert kubelet.read_text() == AFTER
    after = kubelet.stat()
    assert (after.st_mode & 0o777, after.st_uid) == (0o600, before.st_uid)
    assert "s3cret" not in str(ret.full_return)
    assert states.hakube_kubeconfig.managed("any").changes == {}


def test_a_file_that_an_environment_file_names_is_meant_too(states, files):
    (files / "scheduler").write_text('KUBE_SCHEDULER_ARGS="--v=2 --kubeconfig=/etc/x.conf"\n')
    (files / "kubelet").write_text("KUBELET_KUBECONFIG=/etc/y.conf\n")
    for name in ("x", "y"):
        (files.parent / f"{name}.conf").write_text(TEXT)
    assert states.hakube_kubeconfig.managed("any").changes.keys() == {"/etc/x.conf", "/etc/y.conf"}


def test_without_any_file_there_is_nothing_to_do(states, files):
    ret = states.hakube_kubeconfig.managed("any")
    assert (ret.result, ret.changes) == (True, {})
    assert ret.comment == "No kubeconfig file to change"


def test_a_file_that_is_named_has_to_be_there(states, files):
    ret = states.hakube_kubeconfig.managed(KUBELET)
    assert (ret.result, ret.comment) == (False, f"{KUBELET}: is not there")


@with_pillar(pillar(kubeconfigs=["/etc/one.conf"], certificate_authority="/etc/ca.crt"))
def test_the_pillar_names_files_and_the_ca(states, kubelet):
    (kubelet.parents[1] / "one.conf").write_text(TEXT)
    ret = states.hakube_kubeconfig.managed("any")
    assert ret.comment == "certificate_authority: /etc/ca.crt is not there"
    (kubelet.parents[1] / "ca.crt").write_text("-----BEGIN")
    ret = states.hakube_kubeconfig.managed("any")
    assert ret.changes["/etc/one.conf"]["k"]["certificate-authority"] == {
        "old": "/ca",
        "new": "/etc/ca.crt",
    }
    assert kubelet.read_text() == TEXT


def test_what_a_file_was_comes_back(states, kubelet, root):
    kubelet.write_text(TEXT)
    states.hakube_kubeconfig.managed("any")
    memory = root / "var/lib/hakube/kubeconfig.json"
    assert memory.stat().st_mode & 0o777 == 0o600
    assert "s3cret" not in memory.read_text()
    states.hakube_kubeconfig.managed(KUBELET, server="https://other")
    planned = states.hakube_kubeconfig.restored("any", test=True)
    assert planned.result is None
    ret = states.hakube_kubeconfig.restored("any")
    assert (ret.result, ret.changes) == (True, planned.changes)
    assert kubelet.read_text() == TEXT
    assert states.hakube_kubeconfig.restored("any").changes == {}
    assert not memory.exists()


def test_a_memory_that_is_broken_restores_nothing(states, kubelet, root):
    states.hakube_kubeconfig.managed("any")
    (root / "var/lib/hakube/kubeconfig.json").write_text(json.dumps([1]))
    assert states.hakube_kubeconfig.restored("any").changes == {}
    assert kubelet.read_text() == AFTER


def test_get_shows_where_a_file_points_and_no_secret(modules, kubelet):
    assert modules.hakube_kubeconfig.get(KUBELET) == {
        "current": "k",
        "clusters": {
            "k": {
                "server": "https://192.0.2.1:6443",
                "certificate-authority": "/ca",
                "certificate-authority-data": False,
                "insecure-skip-tls-verify": False,
            }
        },
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"name": "/etc/x/"}, "name: '/etc/x/' is no absolute path"),
        ({"name": KUBELET, "server": "x:1"}, "server: 'x:1' is no URL"),
        ({"name": KUBELET, "certificate_authority": "x"}, "certificate_authority: 'x' is no"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(states, kubelet, arguments, says):
    ret = states.hakube_kubeconfig.managed(**arguments)
    assert ret.result is False
    assert says in ret.comment
    assert "\n" not in ret.comment


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: b: s3cret", b"[]", b""])
def test_a_file_that_is_no_kubeconfig_is_one_line_with_its_name(states, kubelet, content):
    kubelet.write_bytes(content)
    ret = states.hakube_kubeconfig.managed("any")
    assert ret.result is False
    assert ret.comment.startswith(f"{KUBELET}: ")
    assert "\n" not in ret.comment
    assert "s3cret" not in ret.comment
    assert kubelet.read_bytes() == content


@pytest.fixture
def restarts(monkeypatch):
    """Stand-ins for units and cluster, which a folder has not: what runs, what was restarted."""
    found = services.Plan(
        plain=(services.Service("kubelet"),),
        managed=(services.Service("kube-scheduler", "scheduler"),),
        notes=("a note",),
    )
    done = []
    monkeypatch.setattr(services, "plan", lambda _, files, *__, **___: found if files else NOTHING)
    monkeypatch.setattr(services, "listens", lambda *_: True)
    monkeypatch.setattr(services, "restart_plain", done.append)
    monkeypatch.setattr(
        services, "restart_managed", lambda service, *_, **__: done.append(service.unit)
    )
    monkeypatch.setattr(
        services, "recover", lambda service, *_, **__: done.append(f"-{service.unit}")
    )
    return done


NOTHING = services.Plan()


def node(pillar_data):
    pillar_data["hakube"]["cluster"]["nodes"] = {"worker1": "192.0.2.1", "b": "192.0.2.2"}
    return {**pillar_data, "hakube": {**pillar_data["hakube"], "fencing": {"f": {"agent": "a"}}}}


@with_pillar(node(pillar()))
def test_what_reads_a_changed_file_is_restarted_once(states, kubelet, restarts, root):
    planned = states.hakube_kubeenv.managed("any", test=True)
    assert restarts == []
    assert planned.changes["restart"] == ["kube-scheduler", "kubelet"]
    assert "would be restarted: kube-scheduler, kubelet" in planned.comment
    assert planned.warnings[-1] == "a note"
    ret = states.hakube_kubeenv.managed("any")
    assert ret.result is True, ret.comment
    assert ret.changes == planned.changes
    assert restarts == ["kube-scheduler", "kubelet"]
    assert states.hakube_kubeenv.managed("any").changes == {}
    assert not (root / "var/lib/hakube/restarts.json").exists()


@with_pillar(node(pillar()))
def test_who_is_sent_to_an_api_that_is_not_there_yet_is_not_restarted(
    states, kubelet, restarts, monkeypatch
):
    monkeypatch.setattr(services, "listens", lambda *_: False)
    ret = states.hakube_kubeenv.managed("any")
    assert ret.result is True, ret.comment
    assert restarts == ["kubelet"]
    assert "kube-scheduler: not restarted, for nobody listens at https://" in ret.warnings[-1]
    assert states.hakube_kubeenv.managed("any").changes == {}


@with_pillar(node(pillar()))
def test_what_does_not_come_back_gets_its_old_files_back(states, kubelet, restarts, monkeypatch):
    def fail(service, *_, **__):
        raise HakubeError(f"{service.unit} ended")

    monkeypatch.setattr(services, "restart_managed", fail)
    ret = states.hakube_kubeenv.managed("any")
    assert (ret.result, ret.changes) == (False, {})
    assert "kube-scheduler ended" in ret.comment
    assert "the old content is put back" in ret.comment
    assert restarts == ["-kube-scheduler"]
    assert kubelet.read_text() == TEXT
    assert not (kubelet.parent / "config").exists()


@with_pillar(node(pillar()))
def test_a_restart_that_a_killed_run_left_is_made_by_the_next(states, kubelet, restarts, root):
    states.hakube_kubeenv.managed("any")
    restarts.clear()
    (root / "var/lib/hakube/restarts.json").write_text(json.dumps({"files": [KUBELET]}))
    ret = states.hakube_kubeenv.managed("any")
    assert ret.changes == {"restart": ["kube-scheduler", "kubelet"]}
    assert restarts == ["kube-scheduler", "kubelet"]
    assert states.hakube_kubeenv.managed("any").changes == {}


@with_pillar(node(pillar(restart=False)))
def test_nothing_is_restarted_where_the_pillar_says_so(states, kubelet, restarts):
    assert "restart" not in states.hakube_kubeenv.managed("any").changes
    assert restarts == []
