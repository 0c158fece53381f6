"""A master's configuration, and minions that answer its jobs."""

import http.server
import json
import threading

import pytest
from salt import _logging

from saltext_hakube.healing import fleet, notify, people, registry
from tests.unit.healing.world import NODES, World


@pytest.fixture(scope="session", autouse=True)
def _quiet():
    # Else what Salt keeps for a console, which never comes, is printed when Python ends.
    _logging.shutdown_temp_handler()


@pytest.fixture
def world():
    return World()


@pytest.fixture
def pillars():
    """What the master has rendered: minion -> what stands under ``hakube``."""
    nodes = {name: {"addresses": [f"192.0.2.{i}"]} for i, name in enumerate(NODES, 11)}
    for name, node in nodes.items():
        node["minion"] = f"{name}.example"
    cluster = {"name": "k8s", "nodes": nodes, "password": "x"}
    return {f"{name}.example": {"cluster": cluster, "heal": {"mode": "act"}} for name in NODES}


@pytest.fixture
def opts(tmp_path, monkeypatch, world, pillars):
    """A master's. Its pillar is ``pillars``, and its minions are ``world``."""
    monkeypatch.setattr(registry, "pillars", lambda opts: dict(pillars))
    monkeypatch.setattr(fleet, "Asker", lambda opts: world)
    monkeypatch.setattr(people, "Asker", lambda opts: world)
    monkeypatch.setattr(fleet, "_slots", threading.BoundedSemaphore(fleet.SLOTS))
    return {"cachedir": str(tmp_path), "id": "master", "conf_file": str(tmp_path / "master")}


class Hook(http.server.BaseHTTPRequestHandler):
    got = None
    status = 200

    def do_POST(self):
        if self.path == "/hang":
            self.rfile.read()  # until the other side gives up
            return
        type(self).got = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def hook(monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(Hook, "got", None)
    monkeypatch.setattr(Hook, "status", 200)
    monkeypatch.setattr(notify, "LIMIT", 3.0)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
