"""The manifest on a folder that stands for a machine: what an apply would write."""

import json

import pytest

from saltext_hakube.agents.probe.drift import Drift
from saltext_hakube.agents.probe.look import DOWN, UP
from saltext_hakube.core import guard, manifest, restart, watch
from saltext_hakube.core.config import Facts, resolve
from saltext_hakube.core.haproxy import document, process
from saltext_hakube.core.haproxy import wanted as sections
from saltext_hakube.host import files, kubeconfig
from saltext_hakube.host import manifest as host
from saltext_hakube.host.machine import Machine
from tests.unit.config.pillars import changed


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "etc/kubernetes").mkdir(parents=True)
    (tmp_path / "etc/kubernetes/scheduler.conf").write_text(
        "clusters:\n- name: a\n  cluster:\n    server: https://192.0.2.11:6443\n"
        "contexts:\n- name: c\n  context: {cluster: a}\ncurrent-context: c\n"
    )
    return Machine(tmp_path)


def config(**options):
    pillar = changed({name.replace("__", ":"): value for name, value in options.items()})
    return resolve(pillar, Facts(names=("node1",)))


def test_it_lists_all_that_an_apply_writes(machine):
    whole = host.whole(machine, config())
    assert set(restart.dropins("haproxy")) < set(whole)
    assert {watch.DAEMON.program, guard.DAEMON.config, guard.DAEMON.unit} < set(whole)
    parts, problems = host.parts(machine, config())
    assert problems == ()
    found = {part.path: part.pieces for part in parts}
    vip = config().vip.address
    assert found["/etc/sysctl.d/haproxy.conf"] == ("net.ipv4.ip_nonlocal_bind = 1\n",)
    assert found["/etc/kubernetes/config"] == (f"--master=https://{vip}:6443",)
    assert found["/etc/kubernetes/scheduler.conf"] == (f"server: https://{vip}:6443",)
    assert any("bind" in piece for piece in found["/etc/haproxy/haproxy.cfg"])


def test_what_is_turned_off_is_not_in_it(machine):
    off = {"reflex__restart": False, "reflex__guard": False, "reflex__announce": False}
    assert host.whole(machine, config(**off, watch__enabled=False)) == {}


def test_what_cannot_be_said_is_told_and_the_rest_is_looked_at(machine, tmp_path):
    (tmp_path / "etc/kubernetes/scheduler.conf").write_text("no kubeconfig")
    parts, problems = host.parts(machine, config())
    assert len(problems) == 1
    assert "/etc/kubernetes/scheduler.conf: is no kubeconfig" in problems[0]
    assert len(parts) == 4


def test_what_an_apply_has_written_is_as_applied(machine, tmp_path):
    """The same functions that the states use, so that a new file is no drift."""
    told = config()
    path = tmp_path / "files.json"
    parts, _ = host.parts(machine, told)
    here = [manifest.Part(str(machine.path(it.path)), it.pieces) for it in parts]
    path.write_bytes(manifest.text({}, [it for it in here if "haproxy.cfg" in it.path]))
    drift = Drift(str(path))
    assert drift.look().value == DOWN
    ours = sections.wanted(told.haproxy, told.vip.address, told.servers)
    new = document.with_sections(None, ours, base=process.BASE)
    files.write(machine.path(told.haproxy.config), new)
    assert drift.look().value == UP

    path.write_bytes(manifest.text({}, [it for it in here if "scheduler" in it.path]))
    assert drift.look().value == DOWN
    for change in kubeconfig.declared(machine, told):
        kubeconfig.apply(machine, change)
    assert drift.look().value == UP
    assert json.loads(path.read_bytes())["format"] == 1
