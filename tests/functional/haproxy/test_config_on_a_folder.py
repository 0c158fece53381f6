"""hakube_haproxy with the machine's own haproxy, on a folder that stands for ``/``."""

import os
import shutil
import stat

import pytest

from saltext_hakube.host import run as door
from tests.functional.pillar import SMALLEST

pytestmark = pytest.mark.skipif(
    not shutil.which("haproxy", path=os.pathsep.join([*os.get_exec_path(), *door.SBIN])),
    reason="haproxy is not installed",
)

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
CA = "/etc/kubernetes/pki/ca.crt"


@pytest.fixture(scope="module")
def minion_config_overrides(minion_config_overrides):
    return {**minion_config_overrides, "id": "node1"}


@pytest.fixture(scope="module")
def pillar_data():
    return SMALLEST


@pytest.fixture
def config(root):
    """haproxy.cfg of a fresh Debian."""
    path = root / "etc/haproxy/haproxy.cfg"
    path.parent.mkdir(parents=True)
    path.write_text(DEBIAN)
    return path


@pytest.fixture
def authority(root, tmp_path):
    """A CA, where kubeadm puts it."""
    path = root / CA.lstrip("/")
    path.parent.mkdir(parents=True)
    key = tmp_path / "key"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca"
    door.run([*words.split(), "-keyout", str(key), "-out", str(path)])
    return path


@pytest.fixture
def no_haproxy(monkeypatch, tmp_path):
    """A machine without haproxy: its folder is not searched."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(door, "SBIN", ())


def snapshot(root):
    return {
        str(path.relative_to(root)): (path.is_file() and path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
    }


def test_declared_sections_appear_once_and_go_without_a_trace(states, config):
    config.chmod(0o640)
    ret = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert ret.result is True, ret.comment
    assert "+    bind 127.0.0.1:8081" in ret.changes["diff"]
    assert config.read_text().startswith(DEBIAN)
    assert stat.S_IMODE(config.stat().st_mode) == 0o640

    again = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert again.result is True
    assert again.changes == {}

    gone = states.hakube_haproxy.config_absent("no web", owner="web")
    assert gone.result is True, gone.comment
    assert config.read_text() == DEBIAN


def test_the_pillar_alone_gives_the_kubernetes_api(states, config, authority):
    ret = states.hakube_haproxy.config_managed("kubernetes-api")
    assert ret.result is True, ret.comment
    text = config.read_text()
    assert "    bind 192.0.2.100:6443\n" in text
    assert f"server secure-node3 192.0.2.13:6443 check check-ssl verify required ca-file {CA}" in (
        text
    )
    assert states.hakube_haproxy.config_managed("kubernetes-api").changes == {}


def test_sections_of_the_pillar_and_by_hand_live_side_by_side(states, config, authority):
    for _ in range(2):
        api = states.hakube_haproxy.config_managed("kubernetes-api")
        web = states.hakube_haproxy.config_managed("web", sections=WEB)
        assert api.result is True
        assert web.result is True
    assert api.changes == {}
    assert web.changes == {}
    states.hakube_haproxy.config_absent("no-kubernetes-api")
    assert "frontend web" in config.read_text()
    assert "apiserver-secure" not in config.read_text()


def test_under_test_nothing_is_touched_and_the_same_diff_is_shown(states, root, config):
    before = snapshot(root)
    planned = states.hakube_haproxy.config_managed("web", sections=WEB, test=True)
    assert planned.result is None
    assert snapshot(root) == before
    done = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert done.changes == planned.changes


def test_a_machine_without_haproxy_can_be_planned_for(states, root, no_haproxy):
    ret = states.hakube_haproxy.config_managed("kubernetes-api", test=True)
    assert ret.result is None
    assert "haproxy is not installed yet: the file will be checked when it is" in ret.comment
    assert "+global" in ret.changes["diff"]
    assert "+frontend apiserver-secure" in ret.changes["diff"]
    assert snapshot(root) == {}


def test_a_machine_without_haproxy_gets_no_unchecked_file(states, root, no_haproxy):
    ret = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert ret.result is False
    assert "haproxy is not installed on this machine" in ret.comment
    assert snapshot(root) == {}


def test_a_missing_file_is_made_whole_and_removed_again(states, root, authority):
    ret = states.hakube_haproxy.config_managed("kubernetes-api")
    assert ret.result is True, ret.comment
    path = root / "etc/haproxy/haproxy.cfg"
    assert path.read_text().count("\ndefaults\n") == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert states.hakube_haproxy.config_managed("kubernetes-api").changes == {}
    assert states.hakube_haproxy.config_absent("gone").result is True
    assert not path.exists()
    assert states.hakube_haproxy.config_absent("gone").changes == {}


def test_what_haproxy_refuses_does_not_reach_the_file(states, config):
    wrong = {"frontend web": ["mode tcp", "bnid 127.0.0.1:8081"]}
    ret = states.hakube_haproxy.config_managed("web", sections=wrong)
    assert ret.result is False
    assert "haproxy -c refuses the new /etc/haproxy/haproxy.cfg:" in ret.comment
    assert "unknown keyword 'bnid'" in ret.comment
    assert "/etc/haproxy/haproxy.cfg:" in ret.comment.splitlines()[-1]  # not that of a copy
    assert config.read_text() == DEBIAN


def test_a_missing_ca_is_told_in_so_many_words(states, config):
    ret = states.hakube_haproxy.config_managed("kubernetes-api")
    assert ret.result is False
    assert f"{CA} is not on this machine yet" in ret.comment
    assert "hakube:haproxy:ca_file" in ret.comment
    assert config.read_text() == DEBIAN


def test_under_test_a_refusal_is_a_warning(states, config):
    ret = states.hakube_haproxy.config_managed("kubernetes-api", test=True)
    assert ret.result is None
    assert any(f"{CA} is not on this machine yet" in warning for warning in ret.warnings)


def test_warnings_of_haproxy_are_no_errors(states, config):
    sections = {"frontend web": ["mode tcp", "bind 127.0.0.1:8081", "option forwardfor"]}
    ret = states.hakube_haproxy.config_managed("web", sections=sections)
    assert ret.result is True, ret.comment
    assert any("forwardfor" in warning for warning in ret.warnings)


def test_a_section_made_by_hand_is_taken_over_and_given_back(states, config):
    hand = DEBIAN + "frontend web\n    bind 127.0.0.1:8083\n    mode tcp\n"
    config.write_text(hand)
    ret = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert ret.result is True, ret.comment
    assert "The file's own 'frontend web' is replaced" in ret.comment
    states.hakube_haproxy.config_absent("no web", owner="web")
    assert config.read_text() == hand


def test_a_file_that_was_broken_before_is_told_as_that(states, config):
    config.write_text(DEBIAN + "frontend broken\n    no-such-word\n")
    before = config.read_bytes()
    ret = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert ret.result is False
    assert "as it is, before this change and after it; mend these lines" in ret.comment
    assert "no-such-word" in ret.comment
    assert config.read_bytes() == before


def test_a_broken_line_inside_of_ours_is_mended(states, config):
    assert states.hakube_haproxy.config_managed("web", sections=WEB).result is True
    good = config.read_text()
    config.write_text(good.replace("    mode tcp", "    mode nonsense"))
    assert config.read_text() != good
    assert states.hakube_haproxy.config_managed("web", sections=WEB).result is True
    assert config.read_text() == good


def test_ours_can_be_taken_out_of_a_file_that_haproxy_refuses(states, config):
    states.hakube_haproxy.config_managed("web", sections=WEB)
    config.write_text(config.read_text().replace(DEBIAN, "nonsense\n"))
    ret = states.hakube_haproxy.config_absent("no web", owner="web")
    assert ret.result is True, ret.comment
    assert config.read_text() == "nonsense\n"
    assert any("haproxy -c refuses" in warning for warning in ret.warnings)


def test_a_foreign_section_goes_only_when_it_is_named(states, config):
    config.write_text(DEBIAN + "listen old\n    bind 127.0.0.1:8083\n    mode tcp\n")
    ret = states.hakube_haproxy.config_managed("web", sections=WEB, absent=["listen old"])
    assert ret.result is True, ret.comment
    assert "listen old" not in config.read_text()
    assert (
        states.hakube_haproxy.config_managed("web", sections=WEB, absent=["listen old"]).changes
        == {}
    )


def test_passwords_around_a_change_are_not_shown(states, config):
    config.write_text(DEBIAN + "userlist u\n    user a insecure-password s3cr3t\n")
    ret = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert "s3cr3t" not in str(ret.raw)
    assert "s3cr3t" in config.read_text()


def test_the_arguments_of_the_unit_are_used(states, root, config):
    # RHEL 9 loads a second folder; what stands there can clash with ours.
    unit = root / "usr/lib/systemd/system/haproxy.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(
        '[Service]\nEnvironment="CONFIG=/etc/haproxy/haproxy.cfg" "DIR=/etc/haproxy/conf.d"\n'
        "ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -f $DIR -p /run/haproxy.pid $OPTIONS\n"
    )
    other = root / "etc/haproxy/conf.d/other.cfg"
    other.parent.mkdir()
    other.write_text("frontend web\n    mode tcp\n    bind 127.0.0.1:8084\n")
    ret = states.hakube_haproxy.config_managed("web", sections=WEB)
    assert ret.result is False
    assert "has the same name as frontend 'web'" in ret.comment
    other.unlink()
    assert states.hakube_haproxy.config_managed("web", sections=WEB).result is True


def test_a_file_in_a_folder_that_the_unit_loads_is_checked_with_its_neighbours(states, root):
    unit = root / "etc/systemd/system/haproxy.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/usr/sbin/haproxy -Ws -f /etc/haproxy/conf.d\n")
    folder = root / "etc/haproxy/conf.d"
    folder.mkdir(parents=True)
    (folder / "10-base.cfg").write_text(DEBIAN)
    arguments = {"sections": {**WEB, "global": []}, "config": "/etc/haproxy/conf.d/20-web.cfg"}
    ret = states.hakube_haproxy.config_managed("web", **arguments)
    assert ret.result is True, ret.comment
    (folder / "10-base.cfg").write_text("backend web\n    mode tcp\n")
    ret = states.hakube_haproxy.config_managed(
        "new", **{**arguments, "sections": {"backend x": []}}
    )
    assert ret.result is False
    assert "has the same name as backend 'web'" in ret.comment


def test_relative_paths_of_default_path_are_found(states, config):
    config.write_text(DEBIAN.replace("global\n", "global\n\tdefault-path config\n", 1))
    (config.parent / "page.http").write_text("HTTP/1.0 503 No\r\n\r\n")
    sections = {"frontend web": ["mode http", "bind 127.0.0.1:8085", "errorfile 503 page.http"]}
    ret = states.hakube_haproxy.config_managed("web", sections=sections)
    assert ret.result is True, ret.comment
    assert sorted(path.name for path in config.parent.iterdir()) == ["haproxy.cfg", "page.http"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"sections": {"frontned web": []}}, "sections: 'frontned web' does not start"),
        ({"sections": WEB, "absent": "listen x"}, "absent: must be a list"),
        ({"sections": WEB, "owner": "a b"}, "owner: 'a b' is wrong"),
        ({"sections": WEB, "config": "haproxy.cfg"}, "config: 'haproxy.cfg' is wrong"),
        ({"sections": WEB, "unit": 7}, "unit: 7 is wrong"),
        (
            {"sections": WEB, "absent": ["backend web"]},
            "/etc/haproxy/haproxy.cfg: 'backend web' is both declared and absent",
        ),
    ],
)
def test_wrong_arguments_are_named_and_change_nothing(states, config, arguments, told):
    ret = states.hakube_haproxy.config_managed("web", **arguments)
    assert ret.result is False
    assert told in ret.comment
    assert config.read_text() == DEBIAN


def test_the_execution_functions_answer_with_plain_data(modules, config):
    assert modules.hakube_haproxy.version()[0].isdigit()
    assert list(modules.hakube_haproxy.sections()) == [
        "global",
        "frontend apiserver-secure",
        "backend kube-apiservers-secure",
        "backend kube-apiservers-secure-unchecked",
        "frontend hakube-health",
    ]
    assert modules.hakube_haproxy.check() == {"valid": True, "errors": [], "warnings": []}
    modules.hakube_haproxy.apply(sections=WEB, owner="web")
    assert modules.hakube_haproxy.sections(owner="web") == WEB
    config.write_text("nonsense\n")
    assert modules.hakube_haproxy.check()["valid"] is False
