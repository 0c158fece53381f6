"""hakube_haproxy's states with the machine's own haproxy, on a folder that stands for ``/``."""

import pytest

DEBIAN = """global
	log /dev/log	local0
	stats socket /run/haproxy/admin.sock mode 660 level admin
	user haproxy
	group haproxy

defaults
	log	global
	mode	http
	option	httplog
        timeout connect 5000
        timeout client  50000
        timeout server  50000
"""
WEB = {
    "frontend web": ["mode tcp", "bind 127.0.0.1:8081", "default_backend web"],
    "backend web": ["mode tcp", "server one 127.0.0.1:8082 check"],
}


@pytest.fixture
def config(root):
    """haproxy.cfg of a fresh Debian."""
    path = root / "etc/haproxy/haproxy.cfg"
    path.parent.mkdir(parents=True)
    path.write_text(DEBIAN)
    return path


def test_declared_sections_appear_once_and_go_without_a_trace(states, config):
    ret = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert ret.result is True, ret.comment
    assert "+    bind 127.0.0.1:8081" in ret.changes["diff"]
    assert config.read_text().startswith(DEBIAN)

    again = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert again.result is True
    assert again.changes == {}

    gone = states.hakube_haproxy.config_absent("no web", owner="web")
    assert gone.result is True, gone.comment
    assert config.read_text() == DEBIAN
