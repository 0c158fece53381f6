"""The probes together: real servers that answer, hang and go, and a stand-in for crm_mon."""

import base64
import os
import socket
import time

import pytest

from saltext_hakube.agents.probe import crm, probes
from saltext_hakube.agents.probe.get import Target
from saltext_hakube.agents.probe.probes import Probes
from saltext_hakube.agents.probe.settings import Component, Settings, Vip
from tests.unit.preflight.authority import needs_openssl

pytestmark = needs_openssl

CLUSTER = """\
<pacemaker-result><summary>
  <current_dc present="true" with_quorum="true"/><cluster_options maintenance-mode="false"/>
</summary>
<nodes><node name="node1" online="true"/><node name="node2" online="true"/></nodes>
<resources>
  <resource id="scheduler" role="Started"><node name="{scheduler}"/></resource>
  <resource id="controller" role="Started"><node name="node1"/></resource>
  <resource id="VIP" role="Started"><node name="node1"/></resource>
  <clone id="a"><resource id="apiserver" role="Started"><node name="node1"/></resource></clone>
</resources><status code="0"/></pacemaker-result>
"""


@pytest.fixture
def pacemaker(tmp_path, monkeypatch):
    """What crm_mon says is in a file; each time that it is asked is noted."""
    program = tmp_path / "bin/crm_mon"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho >> {tmp_path}/asked\ncat {tmp_path}/cluster\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(crm, "PAUSE", 0.1)
    monkeypatch.setattr(crm, "SPOOL", 0.05)
    monkeypatch.setattr(crm, "SOON", 0.01)
    monkeypatch.setattr(probes, "OFTEN", 0.2)
    (tmp_path / "spool").mkdir()

    def tell(scheduler="node1"):
        # At once: crm_mon may read it just now.
        new = tmp_path / "cluster.new"
        new.write_text(CLUSTER.format(scheduler=scheduler))
        new.replace(tmp_path / "cluster")

    tell()
    return tell


@pytest.fixture
def look(loop, pki, tmp_path, pacemaker):
    """Begin to look at these; what is seen of each."""

    def begin(**targets):
        nobody = Target("127.0.0.1", 1)
        kubeconfig = tmp_path / "kubeconfig"
        made = {
            name: Component(targets.get(name, nobody), resource, (str(kubeconfig),))
            for name, resource in (
                ("apiserver", "apiserver"),
                ("scheduler", "scheduler"),
                ("controllers", "controller"),
            )
        }
        settings = Settings(
            node="node1",
            sample="",
            interval=1.0,
            vip=Vip("192.0.2.100", None, None, 6443, "VIP"),
            ca=str(pki / "ca.crt"),
            api=nobody,
            **made,
            manifest=str(tmp_path / "files.json"),
            certificates=(),
            disks=(),
            spool=str(tmp_path / "spool"),
        )
        found = Probes(loop, settings)
        return lambda name: found.seen["probes"].get(name, {"value": None, "why": ""})

    return begin


def test_what_answers_is_up_and_what_hangs_is_down(server, look, until):
    with socket.create_server(("127.0.0.1", 0)) as quiet:
        seen = look(apiserver=server().target, controllers=Target(*quiet.getsockname()))
        until(lambda: seen("apiserver.livez")["value"] == seen("apiserver.readyz")["value"] == "up")
        until(lambda: seen("controller-manager.health")["value"] == "down")
    found = seen("controller-manager.health")
    assert found["evidence"] == {"how": ["silent"]}
    assert found["why"] == "it did not shake hands (TLS) within 1.5 s"
    until(lambda: seen("pacemaker.process")["value"] == seen("corosync.quorum")["value"] == "up")


def test_whether_what_is_gone_should_be_there_is_asked_of_pacemaker(
    server, look, until, pacemaker, tmp_path
):
    there = server()
    seen = look(scheduler=there.target)
    until(lambda: seen("scheduler.health")["value"] == "up")
    there.close()
    until(lambda: seen("scheduler.health")["value"] == "down")
    # One connection may have waited in its queue when it went: that one broke.
    until(lambda: seen("scheduler.health")["evidence"] == {"how": ["refused"]})
    pacemaker(scheduler="node2")
    (tmp_path / "spool/1-2.json").write_text("{}")
    until(lambda: seen("scheduler.health")["value"] == "unknown")
    assert seen("scheduler.health")["why"] == "it does not run here: it runs on node2"


def test_one_that_wants_to_know_who_asks_is_told(server, look, until, pki, tmp_path):
    there = server(clients=True, need=True)
    seen = look(apiserver=there.target)
    until(lambda: seen("apiserver.livez")["value"] == "unknown")
    assert "there is none of" in seen("apiserver.livez")["why"]
    data = [base64.b64encode((pki / f"client.{it}").read_bytes()).decode() for it in ("crt", "key")]
    text = "client-certificate-data: {}\nclient-key-data: {}\n".format(*data)
    (tmp_path / "kubeconfig").write_text(text)
    until(lambda: seen("apiserver.livez")["value"] == "up")


def test_an_alert_that_was_read_by_others_is_no_news(server, look, until, loop, tmp_path):
    asked = tmp_path / "asked"
    # What is refused would be asked about, too.
    seen = look(**{it: server().target for it in ("apiserver", "scheduler", "controllers")})
    until(lambda: seen("pacemaker.process")["value"] == seen("scheduler.health")["value"] == "up")
    alert = tmp_path / "spool/1-2.json"
    for change in (lambda: alert.write_text("{}"), alert.unlink):
        before = len(asked.read_text())
        change()
        end = time.monotonic() + 1
        until(lambda before=before, end=end: len(asked.read_text()) > before or loop.now() > end)
        assert (len(asked.read_text()) > before) is alert.exists()
